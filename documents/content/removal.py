"""Takes away what was read out of documents that are destroyed."""

from collections.abc import Collection

from storage.unit_of_work import UnitOfWork

REMOVE = (
    "DELETE FROM document_text WHERE document_id = ANY(%s)",
    "DELETE FROM extraction WHERE document_id = ANY(%s)",
)
RENDITIONS = "DELETE FROM rendition WHERE document_id = ANY(%s) RETURNING digest"


def forget_content(unit: UnitOfWork, document_ids: Collection[str]) -> frozenset[str]:
    """Remove text, findings and renditions of documents; returns the digests of the renditions, whose blobs may go."""
    ids = list(document_ids)
    for statement in REMOVE:
        unit.driver.execute(statement, (ids,))
    return frozenset(digest for (digest,) in unit.driver.execute(RENDITIONS, (ids,)))
