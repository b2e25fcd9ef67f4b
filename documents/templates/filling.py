"""Done apart: fills a Word template in for one record or many, and typesets each letter as PDF."""

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document

from core.errors import InvalidInput
from documents.sheets import typeset
from documents.templates.blocks import Reader
from documents.templates.checking import BROKEN, unpack_carefully
from documents.templates.writing import environment
from documents.word import TemplateRefused, render_docx

TEMPLATE = Path(__file__).with_name("letter.typ")
LARGEST = 50 << 20  # bytes of one letter


def run(order: dict[str, Any], folder: Path) -> list[str | None]:
    """Fill `template.docx` in for each of `records` into `0.docx`, `0.pdf` and so on; what refuses a letter, or None.

    `order` has `records`, `languages`, `at`, `title` and `pdf`, whether PDFs are wanted. Raises `InvalidInput`.
    """
    unpack_carefully(folder / "template.docx")
    template = (folder / "template.docx").read_bytes()
    told: list[str | None] = []
    for number, fields in enumerate(order["records"]):
        try:
            _letter(order, folder, number, template, fields)
            told.append(None)
        except InvalidInput as error:
            told.append(error.sentence)
    return told


def _letter(order: dict[str, Any], folder: Path, number: int, template: bytes, fields: dict[str, Any]) -> None:
    at = datetime.fromisoformat(order["at"])
    try:
        content = render_docx(template, fields, at=at, environment=environment(order["languages"][number]))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TemplateRefused(f"The Word template cannot be filled in: {str(error)[:200].rstrip('.')}.") from error
    if len(content) > LARGEST:
        raise TemplateRefused(f"A letter becomes larger than {LARGEST >> 20} MiB.")
    path = folder / f"{number}.docx"
    path.write_bytes(content)
    if order["pdf"]:
        (folder / f"{number}.pdf").write_bytes(
            pdf_of(path, folder, order | {"language": order["languages"][number]}, at)
        )


def pdf_of(path: Path, folder: Path, order: dict[str, Any], at: datetime) -> bytes:
    """The paragraphs, tables and pictures of a Word document as PDF. Raises `InvalidInput`."""
    try:
        read = Reader(Document(str(path)), folder).read()
    except (*BROKEN, zipfile.LargeZipFile, AttributeError, TypeError) as error:
        raise InvalidInput("The letter cannot be laid out as PDF; its Word document is unusual.") from error
    told = read | {"title": order["title"], "language": order["language"]}
    return typeset(TEMPLATE, told, folder, at=int(at.timestamp()))
