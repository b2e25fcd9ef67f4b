"""Renditions: what was made of a version to show it; the original is never altered."""

from collections.abc import Iterable

import psycopg

from core.records import dataclass
from storage.blobs.store import BlobRef
from storage.unit_of_work import UnitOfWork

THUMBNAIL, PAGE, PDF, OCR_COPY = "thumbnail", "page", "pdf", "ocr"
KEEP = """
WITH old AS (
    SELECT digest FROM rendition WHERE document_id = %(id)s AND n = %(n)s AND kind = %(kind)s AND page = %(page)s
)
INSERT INTO rendition (document_id, n, kind, page, digest, size, media_type, width, height, made_at)
VALUES (%(id)s, %(n)s, %(kind)s, %(page)s, %(digest)s, %(size)s, %(media_type)s, %(width)s, %(height)s, %(at)s)
ON CONFLICT (document_id, n, kind, page) DO UPDATE SET digest = excluded.digest, size = excluded.size,
    media_type = excluded.media_type, width = excluded.width, height = excluded.height, made_at = excluded.made_at
RETURNING (SELECT digest FROM old WHERE digest <> %(digest)s)
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
        values = {
            "id": document_id,
            "n": n,
            "kind": each.kind,
            "page": each.page,
            "digest": each.blob.digest,
            "size": each.blob.size,
            "media_type": each.media_type,
            "width": width,
            "height": height,
            "at": unit.clock.now(),
        }
        for (replaced,) in unit.driver.execute(KEEP, values).fetchall():
            if replaced is not None:
                let_go(unit, replaced)


def let_go(unit: UnitOfWork, digest: str) -> None:
    """The sweeper removes what nothing claims; bytes that are something else as well stay."""
    try:
        with unit.driver.transaction():
            unit.driver.execute("DELETE FROM blob WHERE digest = %s", (digest,))
    except psycopg.errors.ForeignKeyViolation:
        return
