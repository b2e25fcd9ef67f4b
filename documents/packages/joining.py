"""Done apart: many small PDFs that we made ourselves, one behind the other, with a bookmark for each."""

from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from core.errors import InvalidInput


def run(order: dict[str, Any], folder: Path) -> dict[str, int]:
    """Join `0.pdf`, `1.pdf` and so on, as many as `names`, into `out.pdf`; the number of pages."""
    writer = PdfWriter()
    pages = 0
    for number, name in enumerate(order["names"]):
        try:
            source = PdfReader(folder / f"{number}.pdf")
            for page in source.pages:
                writer.add_page(page)
            writer.add_outline_item(title=name[:200], page_number=pages)
            pages += len(source.pages)
        except PyPdfError as error:
            raise InvalidInput(f"The letter to {name} cannot be joined to the others.") from error
    writer.add_metadata({"/Title": order["title"]})
    writer.compress_identical_objects()
    writer.write(folder / "out.pdf")
    return {"pages": pages}
