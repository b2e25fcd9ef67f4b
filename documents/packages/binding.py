"""Done apart: binds documents into one PDF with a cover, contents that lead to them, and the originals attached."""

from pathlib import Path
from typing import Any

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import ArrayObject, DictionaryObject, Fit, NameObject

from core.errors import InvalidInput
from documents.packages.drawing import front, front_pages, stamp
from documents.packages.reading import BROKEN, pages_of

MOST_PAGES = 5000
RUNS = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/ResetForm", "/GoToR", "/GoToE", "/Rendition"}


def run(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Bind the files `0`, `1`, … into `out.pdf`; says at which page each part begins and how many it has.

    `order`: `title`, `company`, `author`, `made`, `language`, `at`, `stamps`, `attach` and `parts`, each with `title`,
    `n`, `digest`, `media_type`, `file_name` and `file`, the name of the file to make pages of. Raises `InvalidInput`
    that names the document.
    """
    parts = [dict(each) for each in order["parts"]]
    opened = [pages_of(part, folder / part["file"], folder, order) for part in parts]
    first = front_pages(len(parts)) + 1
    for part, reader in zip(parts, opened, strict=True):
        part["pages"] = len(reader.pages) if reader else 0
        part["first_page"] = first if reader else None
        first += part["pages"]
    total = first - 1
    if total > MOST_PAGES:
        raise InvalidInput(f"The package would have {total} pages; {MOST_PAGES} are the most.")
    writer = PdfWriter()
    cover, places = front(order, parts, total)
    for page in cover.pages:
        writer.add_page(page)
    for number, (part, reader) in enumerate(zip(parts, opened, strict=True), 1):
        if reader is not None:
            _add(writer, reader, part, f"{order['title']} · {number}. {part['title']}", total, stamps=order["stamps"])
    for place in places:
        writer.add_annotation(place.page, Link(rect=place.box, target_page_index=place.target, fit=Fit.fit()))
    _describe(writer, order, parts, folder)
    writer.write(folder / "out.pdf")
    return {"pages": total, "parts": [{name: part[name] for name in ("first_page", "pages")} for part in parts]}


def _add(writer: PdfWriter, reader: PdfReader, part: dict[str, Any], text: str, total: int, *, stamps: bool) -> None:
    facts = f"{text} · version {part['n']} · {part['digest'][:16]}"
    try:
        for number, page in enumerate(reader.pages):
            tamed = tame(writer.add_page(page))
            if stamps:
                stamp(tamed, facts, f"{part['first_page'] + number} / {total}")
    except BROKEN as error:
        sentence = f"“{part['title']}”, version {part['n']}: it is broken: a page cannot be taken over."
        raise InvalidInput(sentence, title=part["title"]) from error
    writer.add_outline_item(title=part["title"][:200], page_number=part["first_page"] - 1)


def tame(page: PageObject) -> PageObject:
    """The page without anything that runs, sends or opens something when it is looked at."""
    if "/AA" in page:
        del page[NameObject("/AA")]
    if "/Annots" not in page:
        return page
    kept, listed = ArrayObject(), page["/Annots"].get_object()
    for each in listed if isinstance(listed, ArrayObject) else ():
        found = each.get_object()
        if not isinstance(found, DictionaryObject) or found.get("/Subtype") in {"/FileAttachment", "/Screen", "/Movie"}:
            continue
        found.pop("/AA", None)
        action = found.get("/A")
        action = action.get_object() if action is not None else None
        if isinstance(action, DictionaryObject) and (action.get("/S") in RUNS or "/Next" in action):
            del found["/A"]
        kept.append(each)
    page[NameObject("/Annots")] = kept
    return page


def _describe(writer: PdfWriter, order: dict[str, Any], parts: list[dict[str, Any]], folder: Path) -> None:
    writer.add_metadata({"/Title": order["title"], "/Author": order["author"], "/Creator": "Obieg"})
    if order["attach"]:
        for number, part in enumerate(parts):
            writer.add_attachment(f"{number + 1:02} {part['file_name']}", (folder / str(number)).read_bytes())
    if writer.page_mode is None:
        writer.page_mode = "/UseOutlines"
