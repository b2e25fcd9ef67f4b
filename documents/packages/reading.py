"""Done apart: turns one document of a package into pages, or says why it cannot be one of them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from core.errors import InvalidInput
from documents.sheets import typeset
from documents.templates.checking import unpack_carefully
from documents.templates.filling import TEMPLATE as LETTER
from documents.templates.filling import pdf_of

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
A4 = (595.28, 841.89)  # points
MARGIN = 36
MOST_PIXELS = 60_000_000
MOST_LINES = 5000
BROKEN = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError)


def pages_of(part: dict[str, Any], path: Path, folder: Path, order: dict[str, Any]) -> PdfReader | None:
    """The pages of a document; None for what can only be attached. Raises `InvalidInput` with its title."""
    try:
        made = _made(part, path, folder, order)
        return None if made is None else _opened(made)
    except InvalidInput as error:
        raise InvalidInput(f"“{part['title']}”, version {part['n']}: {error.sentence}", title=part["title"]) from error


def _made(part: dict[str, Any], path: Path, folder: Path, order: dict[str, Any]) -> Path | None:
    kind = part["media_type"]
    target = folder / f"{path.name}.pages.pdf"
    if kind == PDF:
        return path
    if kind in PICTURES:
        _picture(path, target)
    elif kind == WORD:
        unpack_carefully(path)
        target.write_bytes(
            pdf_of(
                path,
                folder,
                {"title": part["title"], "language": order["language"]},
                datetime.fromisoformat(order["at"]),
            )
        )
    elif kind == "text/plain":
        target.write_bytes(_text(path, part["title"], folder, order))
    else:
        return None
    return target


def _opened(path: Path) -> PdfReader:
    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            raise InvalidInput("it is encrypted. Ask for a version without a password.")
        count = len(reader.pages)
        with pypdfium2.PdfDocument(path) as other:  # what only one of two can read is not passed on
            if count == 0 or len(other) != count:
                raise InvalidInput("it is broken: its pages cannot be counted.")
    except (*BROKEN, pypdfium2.PdfiumError) as error:
        raise InvalidInput("it is broken: its pages cannot be read.") from error
    return reader


def _picture(path: Path, target: Path) -> None:
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidInput("the picture has too many pixels.")
            shown = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput("the picture is broken.") from error
    width, height = A4 if shown.height >= shown.width else (A4[1], A4[0])
    scale = min((width - 2 * MARGIN) / shown.width, (height - 2 * MARGIN) / shown.height, 1.0)
    across, down = shown.width * scale, shown.height * scale
    canvas = Canvas(str(target), pagesize=(width, height))
    canvas.drawImage(ImageReader(shown), (width - across) / 2, (height - down) / 2, across, down)
    canvas.save()


def _text(path: Path, title: str, folder: Path, order: dict[str, Any]) -> bytes:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    if len(lines) > MOST_LINES:
        raise InvalidInput(f"the text has more than {MOST_LINES} lines.")
    run: dict[str, Any] = {
        "field": None,
        "bold": False,
        "italic": False,
        "underline": False,
        "size": 9.5,
        "color": None,
        "family": "mono",
        "pictures": [],
        "page_break": False,
        "link": None,
    }
    block: dict[str, Any] = {
        "kind": "paragraph",
        "heading": 0,
        "align": "left",
        "label": None,
        "indent": 0,
        "before": 0,
        "after": 0,
        "page_break": False,
    }
    body = [block | {"runs": [run | {"text": line}]} for line in lines]
    page = {"width": 210, "height": 297, "left": 20, "right": 20, "top": 20, "bottom": 20}
    told = {"page": page, "after": 0, "header": [], "footer": [], "body": body, "title": title}
    return typeset(LETTER, told | {"language": order["language"]}, folder)
