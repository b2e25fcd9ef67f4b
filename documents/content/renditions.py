"""Renditions: what was made of a version to show it; the original is never altered."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.blobs.store import BlobRef
from storage.unit_of_work import UnitOfWork

THUMBNAIL, PAGE, PDF, OCR_COPY = "thumbnail", "page", "pdf", "ocr"
KEEP = """
INSERT INTO rendition (document_id, n, kind, page, digest, size, media_type, width, height, made_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (document_id, n, kind, page) DO UPDATE SET digest = excluded.digest, size = excluded.size,
    media_type = excluded.media_type, width = excluded.width, height = excluded.height, made_at = excluded.made_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A rendition that is in the blob store; `page` 0 means all of the version."""

    kind: str
    page: int
    blob: BlobRef
    media_type: str
    pixels: tuple[int, int] | None = None


def keep(unit: UnitOfWork, document_id: str, n: int, made: Iterable[Made]) -> None:
    """Make renditions belong to a version; one of the same kind and page is replaced."""
    for each in made:
        unit.claim(each.blob)
        width, height = each.pixels or (None, None)
        values = (each.blob.digest, each.blob.size, each.media_type, width, height, unit.clock.now())
        unit.driver.execute(KEEP, (document_id, n, each.kind, each.page, *values))
