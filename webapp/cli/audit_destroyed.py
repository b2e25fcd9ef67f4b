"""What `obieg audit check` asks of versions that are gone: that each was destroyed under a certificate."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from storage.unit_of_work import Reading

FILED = """SELECT DISTINCT convert_from(entry.content, 'UTF8')::jsonb -> 'data' AS data FROM audit_entry AS entry
    WHERE entry.type IN ('document.filed', 'document.version_added')"""
LOST = text(f"""SELECT data ->> 'document_id', data ->> 'version', data ->> 'digest' FROM ({FILED}) AS filed
WHERE NOT EXISTS (SELECT FROM document_version AS version
        WHERE version.document_id = data ->> 'document_id' AND version.n = (data ->> 'version')::int)
    AND NOT EXISTS (SELECT FROM tombstone
        WHERE tombstone.document_id = data ->> 'document_id' AND tombstone.versions @>
            jsonb_build_array(jsonb_build_object('n', (data ->> 'version')::int, 'digest', data ->> 'digest')))
ORDER BY 1, 2""")  # noqa: S608 -- our own words
UNTOLD = text("""SELECT tombstone.document_id, disposal.number FROM tombstone
JOIN disposal ON disposal.id = tombstone.disposal_id
WHERE NOT EXISTS (SELECT FROM audit_entry AS entry WHERE entry.stream = 'document:' || tombstone.document_id
    AND entry.type = 'document.destroyed'
    AND convert_from(entry.content, 'UTF8')::jsonb -> 'data' @>
        jsonb_build_object('disposal_id', disposal.id, 'certificate', disposal.number)
    AND convert_from(entry.content, 'UTF8')::jsonb -> 'data' -> 'versions' = tombstone.versions)
ORDER BY tombstone.document_id""")


def lost_versions(view: Reading) -> Iterator[dict[str, Any]]:
    """Versions that were filed and are gone without a tombstone, and tombstones of which the trail knows nothing."""
    for document, n, digest in view.session.execute(LOST):
        sentence = f"Version {n} of the document {document} ({digest}) was removed: nothing says that it was destroyed."
        yield {"stream": f"document:{document}", "seq": None, "problem": "removed", "sentence": sentence}
    for document, certificate in view.session.execute(UNTOLD):
        sentence = f"The tombstone of the document {document} (certificate {certificate}) is unknown to the trail."
        yield {"stream": f"document:{document}", "seq": None, "problem": "inserted", "sentence": sentence}
