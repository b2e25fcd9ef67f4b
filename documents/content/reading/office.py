"""Word, PowerPoint and OpenDocument texts."""

import io
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from documents.content.reading import archive
from documents.content.reading.found import Collected, File, Found, Unreadable

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
ROW = f"{WORD}tr"
BREAKS = {f"{WORD}tab": "\t", f"{WORD}br": "\n", f"{WORD}cr": "\n"}
XML_PARTS = (".xml", ".rels")


def read_word(file: File) -> Found:
    """Paragraphs, tables, headers, footers, notes and text boxes of a DOCX."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    packed = archive.opened(file)
    for name in packed.namelist():
        if name.endswith(XML_PARTS):
            refuse_entities(archive.part(packed, name))
    file.source.seek(0)
    try:
        document = Document(io.BytesIO(file.bytes()))
    except (PackageNotFoundError, KeyError, ValueError, AttributeError) as error:
        raise Unreadable("it is not a whole Word document") from error
    found = Collected(file.limits.characters)
    for paragraph in _paragraphs(document):
        if not found.add(paragraph):
            break
    return Found(text=found.text(), is_partial=found.is_full, library=f"python-docx {version('python-docx')}")


def refuse_entities(content: bytes) -> None:
    """Raise `Unreadable` for XML that declares anything: Word never writes that, bombs and spies do."""
    head = content[:4096].replace(b"\x00", b"")
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Unreadable("the XML inside declares entities, which no such document needs")


def _paragraphs(document: Any) -> Iterator[str]:
    yield from _texts(document.element.body)
    seen = set()
    for part in document.part.package.iter_parts():
        kind = part.partname.rpartition("/")[2].rstrip("0123456789.xml")
        if kind.startswith(("header", "footer", "footnote", "endnote", "comment")) and part.partname not in seen:
            seen.add(part.partname)
            yield from _texts(part.element if hasattr(part, "element") else archive.xml(part.blob))


def _texts(root: Any) -> Iterator[str]:
    """Paragraphs, and the rows of tables with a tab between cells."""
    for element in root.iter(f"{WORD}p", ROW):
        if next(element.iterancestors(ROW), None) is not None:
            continue  # its row tells it
        if element.tag == ROW:
            cells = (" ".join(_paragraph_texts(cell)) for cell in element.iter(f"{WORD}tc"))
            yield "\t".join(cells)
        else:
            yield from _own_text(element)


def _paragraph_texts(root: Any) -> Iterator[str]:
    for paragraph in root.iter(f"{WORD}p"):
        yield from _own_text(paragraph)


def _own_text(paragraph: Any) -> Iterator[str]:
    pieces = [
        BREAKS.get(each.tag) or (each.text or "")
        for each in paragraph.iter(f"{WORD}t", *BREAKS)
        if next(each.iterancestors(f"{WORD}p")) is paragraph  # and not of a text box inside it
    ]
    if pieces:
        yield "".join(pieces)


def read_slides(file: File) -> Found:
    """The texts of a PPTX, slide by slide."""
    packed = archive.opened(file)
    names = [name for name in packed.namelist() if name.startswith("ppt/slides/slide") and name.endswith(".xml")]
    names.sort(key=lambda name: (len(name), name))
    found = Collected(file.limits.characters)
    for name in names[: file.limits.pages]:
        for paragraph in archive.xml(archive.part(packed, name)).iter(f"{DRAWING}p"):
            found.add("".join(each.text or "" for each in paragraph.iter(f"{DRAWING}t")))
        found.add("")
    return Found(text=found.text(), pages=len(names), is_partial=found.is_full, library="lxml")


def read_opendocument(file: File) -> Found:
    """The paragraphs of an ODT or ODP."""
    root = archive.xml(archive.part(archive.opened(file), "content.xml"))
    found = Collected(file.limits.characters)
    for paragraph in root.iter(f"{TEXT}p", f"{TEXT}h"):
        if not found.add("".join(paragraph.itertext())):
            break
    return Found(text=found.text(), is_partial=found.is_full, library="lxml")
