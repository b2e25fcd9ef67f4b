"""Word templates and a catalogue that tests fill in."""

from __future__ import annotations

import io
from typing import Any

from docx import Document
from docx.shared import Mm

from documents.templates.shapes import DATE, LIST, MONEY, Field, listing, record

CATALOGUE = (
    record(
        "customer",
        "Customer",
        Field(name="name", title="Name", sample="Zażółć Gęślą sp. z o.o."),
        record("address", "Address", Field(name="street", title="Street", sample="ul. Łąkowa 5")),
    ),
    record(
        "offer",
        "Offer",
        Field(name="number", title="Number", sample="OF/2026/1"),
        Field(name="gross", title="Gross", kind=MONEY, sample="12345.6"),
        listing(
            "lines",
            "Lines",
            Field(name="description", title="Description", sample="Pompa obiegowa"),
            Field(name="net", title="Net", kind=MONEY, sample="1000"),
        ),
    ),
    Field(name="today", title="Today", kind=DATE, sample="2026-01-05"),
)
assert CATALOGUE[1].fields[2].kind == LIST


def letter(*paragraphs: str, table: bool = False, footer: str = "") -> bytes:
    """A Word template with these paragraphs, and a table that repeats the lines of an offer."""
    document = Document()
    document.add_heading("Oferta", level=1)
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        made = document.add_table(rows=4, cols=2, style="Table Grid")
        cells: Any = (
            ("Towar", "Netto"),
            ("{%tr for line in offer.lines %}", ""),
            ("{{ line.description }}", "{{ line.net|money }}"),
            ("{%tr endfor %}", ""),
        )
        for row, texts in zip(made.rows, cells, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    if footer:
        document.sections[0].footer.paragraphs[0].text = footer
    document.sections[0].page_width, document.sections[0].page_height = Mm(210), Mm(297)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()
