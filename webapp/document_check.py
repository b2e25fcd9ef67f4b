"""What `obieg audit check` asks of documents: that rows and bytes are those that the trail tells of, and no others."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from sqlalchemy import func, select, text
from sqlalchemy.exc import DataError

from audit.verify import Finding
from core.errors import DomainError
from storage.blobs.store import BlobStore
from storage.models import BlobRow, BlobUploadRow
from storage.unit_of_work import Reading

UNKNOWN = text("""SELECT version.document_id, version.n, version.digest FROM document_version AS version
WHERE NOT EXISTS (SELECT FROM audit_entry AS entry
    CROSS JOIN LATERAL (SELECT convert_from(entry.content, 'UTF8')::jsonb AS all_of_it) AS said
    WHERE entry.stream = 'document:' || version.document_id
    AND entry.type IN ('document.filed', 'document.version_added') AND entry.actor_id = version.created_by
    AND said.all_of_it -> 'data' @> jsonb_build_object('version', version.n, 'digest', version.digest,
        'size', version.size, 'media_type', version.media_type, 'reason', version.reason,
        'created_at', to_char(version.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    AND NOT EXISTS (SELECT FROM audit_personal AS kept  -- gone once it was erased
        WHERE kept.commitment = decode(said.all_of_it -> 'personal' ->> 'file_name', 'hex')
        AND convert_from(kept.content, 'UTF8')::jsonb #>> '{}' <> version.file_name))
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
STATES = text("""SELECT document.id, document.state, coalesce(told.state, 'draft') FROM document
LEFT JOIN LATERAL (SELECT convert_from(entry.content, 'UTF8')::jsonb -> 'data' ->> 'state' AS state
    FROM audit_entry AS entry
    WHERE entry.stream = 'document:' || document.id AND entry.type = 'document.state_changed'
    ORDER BY entry.stream_seq DESC LIMIT 1) AS told ON true
WHERE document.state <> coalesce(told.state, 'draft') ORDER BY document.id""")
HIDDEN = text("""SELECT document.id FROM document
WHERE (document.destroyed_at IS NOT NULL) <> EXISTS (SELECT FROM tombstone WHERE tombstone.document_id = document.id)
    OR document.destroyed_at IS NULL AND document.latest IS DISTINCT FROM
        (SELECT max(version.n) FROM document_version AS version WHERE version.document_id = document.id)
ORDER BY document.id""")
LINKS = """SELECT entry.stream, one.kind, one.target, one.role FROM audit_entry AS entry
    CROSS JOIN LATERAL (SELECT convert_from(entry.content, 'UTF8')::jsonb -> 'data' AS data) AS said
    CROSS JOIN LATERAL (
        SELECT said.data ->> 'kind' AS kind, said.data ->> 'target' AS target, said.data ->> 'role' AS role
        WHERE entry.type = 'document.linked'
        UNION SELECT each ->> 'kind', each ->> 'id', each ->> 'role'
        FROM jsonb_array_elements(said.data -> 'links') AS each WHERE entry.type = 'document.filed'
    ) AS one WHERE entry.type IN ('document.linked', 'document.filed')"""
TAKEN_BACK = """EXISTS (SELECT FROM audit_entry AS taken
    WHERE taken.stream = told.stream AND taken.type = 'document.unshared' AND told.kind = 'group'
        AND convert_from(taken.content, 'UTF8')::jsonb -> 'data' ->> 'group' = told.target
        AND NOT EXISTS (SELECT FROM audit_entry AS again
            WHERE again.stream = told.stream AND again.type = 'document.linked' AND again.stream_seq > taken.stream_seq
                AND convert_from(again.content, 'UTF8')::jsonb -> 'data' ->> 'kind' = 'group'
                AND convert_from(again.content, 'UTF8')::jsonb -> 'data' ->> 'target' = told.target))"""
LINKED = text(f"""SELECT link.document_id, link.kind, link.target FROM document_link AS link
WHERE NOT EXISTS (SELECT FROM ({LINKS} AND entry.stream = 'document:' || link.document_id) AS told
        WHERE (told.kind, told.target, told.role) = (link.kind, link.target, link.role) AND NOT {TAKEN_BACK})
    AND NOT (link.kind = 'case' AND EXISTS (SELECT FROM audit_entry AS entry
        WHERE entry.stream = 'document:' || link.document_id AND entry.case_id = link.target
            AND entry.type = 'document.linked'))
ORDER BY link.document_id, link.id""")  # noqa: S608 -- our own words
UNLINKED = text(f"""SELECT DISTINCT substr(told.stream, 10), told.kind, told.target FROM ({LINKS}) AS told
WHERE NOT EXISTS (SELECT FROM document_link AS link WHERE 'document:' || link.document_id = told.stream
    AND (link.kind, link.target, link.role) = (told.kind, told.target, told.role)) AND NOT {TAKEN_BACK}
ORDER BY 1, 2, 3""")  # noqa: S608 -- our own words
KEYS = text("""SELECT DISTINCT key.conrelid::regclass::text, attribute.attname FROM pg_constraint AS key
JOIN pg_attribute AS attribute ON attribute.attrelid = key.conrelid AND attribute.attnum = key.conkey[1]
WHERE key.contype = 'f' AND key.confrelid = 'blob'::regclass ORDER BY 1, 2""")
AT_ONCE = 500  # blobs of the store that the database is asked about together
PIECE = 1 << 20  # bytes in memory at a time
Progress = Callable[[int, int], None]  # bytes read so far, bytes in all


SENTENCES = (
    (UNKNOWN, "changed", "Version {1} of the document {0}, with the content {2}, is not as the trail tells of it."),
    (LOST, "removed", "Version {1} of the document {0} ({2}) was removed: nothing says that it was destroyed."),
    (UNTOLD, "inserted", "The tombstone of the document {0} (certificate {1}) is unknown to the trail."),
    (STATES, "changed", "The document {0} says that it is {1}; the trail says {2}."),
    (HIDDEN, "changed", "The document {0} hides versions: it does not show the newest, or says that it was destroyed."),
    (LINKED, "inserted", "The link from the document {0} to {1} {2} is unknown to the trail."),
    (UNLINKED, "removed", "The link from the document {0} to {1} {2} was removed, or is not the one that was made."),
)


def check_versions(view: Reading) -> Iterator[Finding]:
    """Documents whose versions, state or links are not those that the trail tells of, or that are hidden or gone."""
    for query, problem, sentence in SENTENCES:
        try:
            with view.session.begin_nested():
                rows = view.session.execute(query).all()
        except DataError:
            why = "An entry that tells of documents was changed and cannot be read, so not all documents were compared."
            yield _finding("audit:log", "changed", why)
            return
        for row in rows:
            yield _finding(f"document:{row[0]}", problem, sentence.format(*row))


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


def check_blobs(view: Reading, blobs: BlobStore) -> Iterator[Finding]:
    """Content that nobody put there: in the database without anything that names it, or in the store alone."""
    named = " UNION ALL ".join(
        f"SELECT 1 FROM {table} WHERE {table}.{column} = blob.digest"  # noqa: S608 -- names out of the catalogue
        for table, column in view.session.execute(KEYS)
    )
    orphans = text(f"SELECT blob.digest FROM blob WHERE NOT EXISTS ({named}) ORDER BY blob.digest")  # noqa: S608
    for (digest,) in view.session.execute(orphans):
        yield _finding(f"blob:{digest}", "inserted", f"Blob {digest} was inserted: nothing in the database names it.")
    listing = blobs.listing()
    while batch := [blob.digest for blob, _ in islice(listing, AT_ONCE)]:
        for digest in _strange(view, blobs, batch):
            sentence = (
                f"Blob {digest} was inserted: the database does not know it. An upload that a crash cut short can "
                "leave one; the sweeper takes it away after a day."
            )
            yield _finding(f"blob:{digest}", "inserted", sentence)


def _strange(view: Reading, blobs: BlobStore, digests: Sequence[str]) -> Iterator[str]:
    """Those that nobody has claimed or announced, and that are there still: others come and go meanwhile."""
    kept = select(BlobRow.digest).where(BlobRow.digest.in_(digests))
    coming = select(BlobUploadRow.digest).where(BlobUploadRow.digest.in_(digests))
    with view.session.connection().engine.connect() as connection:  # sees this moment
        known = set(connection.scalars(kept.union(coming)))
    for digest in sorted(set(digests) - known):
        try:
            blobs.size(digest)
        except DomainError:
            continue
        yield digest


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
