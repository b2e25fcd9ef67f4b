"""What `obieg audit check` asks of documents: that versions and bytes are those that the trail tells of."""

from collections.abc import Callable, Iterator

from sqlalchemy import func, select, text

from audit.verify import Finding
from core.errors import DomainError
from storage.blobs.store import BlobStore
from storage.models import BlobRow
from storage.unit_of_work import Reading

UNKNOWN = text("""SELECT version.document_id, version.n, version.digest FROM document_version AS version
WHERE NOT EXISTS (SELECT FROM audit_entry AS entry WHERE entry.stream = 'document:' || version.document_id
    AND entry.type IN ('document.filed', 'document.version_added') AND entry.actor_id = version.created_by
    AND convert_from(entry.content, 'UTF8')::jsonb -> 'data' @> jsonb_build_object('version', version.n,
        'digest', version.digest, 'size', version.size, 'media_type', version.media_type))
ORDER BY version.document_id, version.n""")
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
PIECE = 1 << 20  # bytes in memory at a time
Progress = Callable[[int, int], None]  # bytes read so far, bytes in all


def check_versions(view: Reading) -> Iterator[Finding]:
    """Versions that are not as they were filed, those that are gone without a tombstone, and unknown tombstones."""
    for document, n, digest in view.session.execute(UNKNOWN):
        sentence = (
            f"Version {n} of the document {document}, with the content {digest}, is not as the trail tells of it."
        )
        yield _finding(f"document:{document}", "changed", sentence)
    for document, n, digest in view.session.execute(LOST):
        sentence = f"Version {n} of the document {document} ({digest}) was removed: nothing says that it was destroyed."
        yield _finding(f"document:{document}", "removed", sentence)
    for document, certificate in view.session.execute(UNTOLD):
        sentence = f"The tombstone of the document {document} (certificate {certificate}) is unknown to the trail."
        yield _finding(f"document:{document}", "inserted", sentence)


def check_content(view: Reading, blobs: BlobStore, progress: Progress) -> Iterator[Finding]:
    """Blobs whose bytes are not those of their digest, are gone, or are more or fewer than were stored."""
    total = view.session.scalar(select(func.coalesce(func.sum(BlobRow.size), 0))) or 0
    done = 0
    for blob in view.session.scalars(select(BlobRow).order_by(BlobRow.digest).execution_options(yield_per=500)):
        problem = _problem(blobs, blob.digest, blob.size)
        done += blob.size
        progress(done, total)
        if problem is not None:
            yield _finding(f"blob:{blob.digest}", "content", problem)


def _problem(blobs: BlobStore, digest: str, size: int) -> str | None:
    """Read it whole, which verifies the digest; what is wrong as a sentence."""
    read = 0
    try:
        with blobs.open(digest) as source:
            while piece := source.read(PIECE):
                read += len(piece)
    except DomainError as error:
        return f"Blob {digest}: {error.sentence}"
    return None if read == size else f"Blob {digest} has {read} bytes; {size} were stored."


def _finding(stream: str, problem: str, sentence: str) -> Finding:
    return Finding(stream=stream, seq=None, entry_id=None, problem=problem, sentence=sentence)
