"""Builds approval_sheet.docx, the Word template of the approval sheet: run it after changing the layout here."""

# ruff: noqa: INP001 -- a tool beside its product, not part of the package: templates need python-docx only here

from pathlib import Path

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Row
from docx.text.paragraph import Paragraph

TARGET = Path(__file__).with_name("approval_sheet.docx")
SOFT = RGBColor(0x61, 0x6E, 0x7C)
Row = tuple[str, ...]


def build() -> None:
    """Write the template."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin = section.bottom_margin = Mm(20)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10)
    soft(document.add_paragraph("{{ company }}"))
    document.add_heading("{{ title }}", level=1)
    soft(document.add_paragraph("{{ customer }}"))
    document.add_heading("Offer", level=2)
    table(document, None, ("{{ fact[0] }}", "{{ fact[1] }}"), "fact in facts")
    document.add_heading("Lines", level=2)
    lines = ("position", "sku", "description", "quantity", "unit_price", "discount", "vat_rate", "net")
    table(
        document,
        ("No.", "Article", "Description", "Quantity", "Price", "Disc. %", "VAT %", "Net"),
        tuple(f"{{{{ line.{name} }}}}" + (" {{ line.unit }}" if name == "quantity" else "") for name in lines),
        "line in lines",
        right={0, 3, 4, 5, 6, 7},
    )
    document.add_heading("Why approval was needed", level=2)
    document.add_paragraph(
        "{% if rules %}The rules of the approval matrix that applied:{% else %}"
        "No rule of the approval matrix applied; the offer is within all limits.{% endif %}"
    )
    rules = ("rule", "level", "group", "reason")
    table(document, ("Rule", "Level", "Group", "Reason"), fields("rule", rules), "rule in rules")
    document.add_heading("Decisions", level=2)
    document.add_paragraph("{% if not decisions %}Approved without a person's decision.{% endif %}")
    decisions = ("version", "level", "group", "decision", "by", "on", "comment")
    heads = ("Version", "Level", "Group", "Decision", "By", "On", "Comment")
    table(document, heads, fields("each", decisions), "each in decisions")
    document.add_heading("Evidence", level=2)
    document.add_paragraph("What was approved has the SHA-256 digest {{ digest }} over its lines and terms.")
    papers = ("title", "type", "version", "digest")
    table(document, ("Document", "Type", "Version", "SHA-256"), fields("each", papers), "each in documents")
    soft(document.add_paragraph("Made on {{ made }}."))
    document.save(str(TARGET))


def fields(item: str, names: Row) -> Row:
    """Placeholders of an item's fields."""
    return tuple(f"{{{{ {item}.{name} }}}}" for name in names)


def soft(paragraph: Paragraph) -> None:
    """Small and grey."""
    for run in paragraph.runs:
        run.font.size, run.font.color.rgb = Pt(9), SOFT


def table(document: Document, heads: Row | None, cells: Row, loop: str, *, right: set[int] | None = None) -> None:
    """A table with a row per item of `loop`, as docxtpl repeats rows."""
    rows = document.add_table(rows=0, cols=len(cells))
    rows.style = "Light List Accent 1" if heads else "Table Grid"
    rows.autofit = True
    if heads:
        for cell, text in zip(rows.add_row().cells, heads, strict=True):
            cell.text = text
        repeat_on_every_page(rows.rows[0])
    rows.add_row().cells[0].text = f"{{%tr for {loop} %}}"
    body = rows.add_row().cells
    rows.add_row().cells[0].text = "{%tr endfor %}"
    for index, (cell, text) in enumerate(zip(body, cells, strict=True)):
        cell.text = text
        if index in (right or set()):
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        for run in cell.paragraphs[0].runs:
            run.font.size = Pt(8.5)


def repeat_on_every_page(row: _Row) -> None:
    """Mark a row as the heading of its table."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)  # noqa: SLF001 -- python-docx 1.2 has no word for it


if __name__ == "__main__":
    build()
