"""PDF: text and pictures of pages, by PDFium."""

from importlib.metadata import version
from typing import Any

import pypdfium2
import pypdfium2.raw

from documents.content.reading.found import Collected, File, Found, Unreadable

IN_MEMORY = 64 << 20  # bytes; a larger file is read piece by piece
FEW = 8  # characters of a page that is a picture and nothing else
LOOKED_AT = 50  # pages of which at least one must be a picture for the file to be worth recognising
LIBRARY = f"pypdfium2 {version('pypdfium2')}"


def opened(file: File) -> Any:
    """The document. Raises `Unreadable`."""
    source = file.bytes() if file.size <= IN_MEMORY else file.source
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise Unreadable("it is protected by a password") from error
        raise Unreadable("the PDF is damaged") from error


def read(file: File) -> Found:
    """The text of all pages; says whether there is only the picture of one."""
    document = opened(file)
    count = len(document)
    found = Collected(file.limits.characters)
    damaged = 0
    for number in range(min(count, file.limits.pages)):
        try:
            text = _text(document, number)
        except pypdfium2.PdfiumError:
            damaged += 1
            continue
        if not found.add(text):
            break
    if damaged and damaged == min(count, file.limits.pages):
        raise Unreadable("no page of the PDF can be opened")
    text = found.text()
    return Found(
        text=text,
        pages=count,
        is_partial=found.is_full or count > file.limits.pages or damaged > 0,
        wants_ocr=len(text) < FEW * count and _has_picture(document, count),
        library=LIBRARY,
    )


def _text(document: Any, number: int) -> str:
    page = document[number]
    try:
        read_page = page.get_textpage()
        try:
            return str(read_page.get_text_bounded())
        finally:
            read_page.close()
    finally:
        page.close()


def _has_picture(document: Any, count: int) -> bool:
    for number in range(min(count, LOOKED_AT)):
        page = document[number]
        try:
            if any(True for _ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
                return True
        finally:
            page.close()
    return False


def draw(file: File, number: int, width: int, height: int) -> Any:
    """A page as a Pillow image that fits into so many pixels; pages count from 1."""
    document = opened(file)
    if not 1 <= number <= len(document):
        raise Unreadable(f"there is no page {number}")
    try:
        page = document[number - 1]
        across, down = page.get_size()
        scale = min(width / max(across, 1), height / max(down, 1))
        if across * scale < 1 or down * scale < 1:
            raise Unreadable("the page is a line")
        return page.render(scale=scale).to_pil()
    except pypdfium2.PdfiumError as error:
        raise Unreadable(f"page {number} cannot be drawn") from error
