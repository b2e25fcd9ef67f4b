"""Done apart: reads a Word template and says which fields it uses and what is wrong with it, and where."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import TemplateError, TemplateSyntaxError
from lxml import etree

from core.errors import InvalidInput
from documents.templates.blocks import left_out
from documents.templates.expressions import read
from documents.templates.shapes import field_of
from documents.templates.writing import environment

LARGEST = 100 << 20  # bytes of all parts, unpacked
MOST_PARTS = 2000
MOST_FINDINGS = 50
SHOWN = 90  # characters of the text around a trouble
PARAGRAPH = re.compile(r"<w:p([ >])")
MARKUP = re.compile(r"<[^>]+>")
SPACES = re.compile(r"\s+")
RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
BROKEN = (zipfile.BadZipFile, KeyError, ValueError, OSError, etree.LxmlError)


def run(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Look at `template.docx`; `order` has `catalogue` and `language`. Raises `InvalidInput` for what is no template.

    Answers `fields`, `findings` (each with place, field, sentence) and `left_out`, what our own PDF cannot show.
    """
    path = folder / "template.docx"
    unpack_carefully(path)
    catalogue = [field_of(each) for each in order["catalogue"]]
    try:
        template = DocxTemplate(path)
        template.render_init()
        sources = list(_sources(template))
        missing = left_out(template.docx)
    except BROKEN as error:
        raise InvalidInput("This is no Word document (.docx) that can be read.") from error
    known = environment(order["language"])
    fields: set[str] = set()
    findings: list[dict[str, str]] = []
    for part, source in sources:
        try:
            tree = known.parse(source)
            known.compile(tree)  # filters and tests that do not exist are found here
        except TemplateSyntaxError as error:
            findings.append(_finding(part, source, error.lineno, "", f"{_sentence(error)}"))
            continue
        except TemplateError as error:
            findings.append(_finding(part, source, 0, "", _sentence(error)))
            continue
        asked = read(known.parse(source), catalogue)
        fields |= asked.fields
        findings += [_finding(part, source, *trouble) for trouble in asked.troubles]
    return {"fields": sorted(fields), "findings": findings[:MOST_FINDINGS], "left_out": missing}


def unpack_carefully(path: Path) -> None:
    """Raise `InvalidInput` for an archive that is too large inside, or that would fetch or run something."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST:
                raise InvalidInput(f"The Word document unpacks to more than {LARGEST >> 20} MiB or {MOST_PARTS} parts.")
            for part in parts:
                name = part.filename.lower()
                if name.endswith("vbaproject.bin"):
                    raise InvalidInput("The Word document has macros. Save it as a plain Word document (.docx).")
                if name.endswith(".rels"):
                    _require_inside(archive.read(part))
    except (zipfile.BadZipFile, etree.LxmlError, ValueError, NotImplementedError, RuntimeError) as error:
        raise InvalidInput("This is no Word document (.docx) that can be read.") from error


def _require_inside(content: bytes) -> None:
    """Only hyperlinks may lead outside: anything else would be fetched by whoever opens a letter."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for each in etree.fromstring(content, parser).iter(RELATIONS):
        if each.get("TargetMode") == "External" and not str(each.get("Type")).endswith("/hyperlink"):
            what = str(each.get("Type")).rpartition("/")[2]
            raise InvalidInput(f"The Word document loads something from elsewhere ({what[:50]}). Put it into the file.")


def _sources(template: DocxTemplate) -> Iterator[tuple[str, str]]:
    """Each part as Jinja will see it, a paragraph per line, as docxtpl lays it out."""
    yield "the text", _lines(template.patch_xml(template.get_xml()))
    for name, kind in (("the header", template.HEADER_URI), ("the footer", template.FOOTER_URI)):
        for _, part in template.get_headers_footers(kind):
            yield name, _lines(template.patch_xml(template.get_part_xml(part)))


def _lines(source: str) -> str:
    return PARAGRAPH.sub(r"\n<w:p\1", source)


def _finding(part: str, source: str, line: int, field: str, sentence: str) -> dict[str, str]:
    lines = source.split("\n")
    text = SPACES.sub(" ", MARKUP.sub("", lines[line - 1] if 0 < line <= len(lines) else "")).strip()
    if len(text) > SHOWN:
        start = max(0, text.find(field.rpartition(".")[2]) - SHOWN // 2) if field else 0
        text = f"…{text[start : start + SHOWN]}…"
    place = f"in {part}, near “{text}”" if text else f"in {part}"
    return {"place": place, "field": field, "sentence": sentence}


def _sentence(error: TemplateError) -> str:
    return str(error.message or "an expression cannot be read").splitlines()[0][:300].rstrip(".") + "."
