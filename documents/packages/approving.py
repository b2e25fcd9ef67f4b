"""Done apart: a page that says who decided what on a version, behind a copy of its pages, the original attached."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter

from documents.packages.binding import tame
from documents.packages.reading import PDF, pages_of
from documents.sheets import typeset

TEMPLATE = Path(__file__).with_name("approval.typ")


def run(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make `out.pdf` of the file `0`: its pages where it is a PDF, and the page of approvals.

    `order`: `part`, `page` (what the template shows), `at`, `language`. Raises `InvalidInput`.
    """
    part = order["part"]
    writer = PdfWriter()
    if part["media_type"] == PDF:
        reader = pages_of(part, folder / "0", folder, order)
        assert reader is not None
        for page in reader.pages:
            tame(writer.add_page(page))
    copied = len(writer.pages)
    (folder / "approval.pdf").write_bytes(
        typeset(TEMPLATE, order["page"], folder, at=int(datetime.fromisoformat(order["at"]).timestamp()))
    )
    for page in PdfReader(folder / "approval.pdf").pages:
        writer.add_page(page)
    writer.add_outline_item(title="Approvals", page_number=copied)
    writer.add_attachment(part["file_name"], (folder / "0").read_bytes())
    writer.add_metadata({"/Title": order["page"]["title"], "/Creator": "Obieg"})
    writer.write(folder / "out.pdf")
    return {"copied": copied, "pages": len(writer.pages)}
