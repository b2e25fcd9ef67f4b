"""What `obieg audit check` asks of personal values: that each is there still, or that an entry says it was erased."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DataError

from audit.queries import ERASED
from audit.verify import Finding
from storage.unit_of_work import Reading

# of a document's own values its destruction is the erasure; those of an actor belong to the account
MISSING = text(f"""WITH erased AS (
    SELECT entry.at, said.subject FROM audit_entry AS entry
    CROSS JOIN LATERAL (SELECT convert_from(entry.content, 'UTF8')::jsonb -> 'data' AS data) AS told
    CROSS JOIN LATERAL (SELECT told.data ->> 'subject' AS subject
        UNION SELECT jsonb_array_elements_text(coalesce(told.data -> 'also', '[]'))) AS said
    WHERE entry.type = '{ERASED}'
    UNION SELECT entry.at, entry.stream FROM audit_entry AS entry WHERE entry.type = 'document.destroyed'
)
SELECT entry.stream, entry.stream_seq, entry.id, sealed.key FROM audit_entry AS entry
CROSS JOIN LATERAL (SELECT convert_from(entry.content, 'UTF8')::jsonb AS content) AS said
CROSS JOIN LATERAL jsonb_each_text(said.content -> 'personal') AS sealed
WHERE NOT EXISTS (SELECT FROM audit_personal AS kept WHERE kept.commitment = decode(sealed.value, 'hex'))
    AND NOT EXISTS (SELECT FROM erased WHERE erased.at >= entry.at AND erased.subject IN (
        CASE WHEN sealed.key LIKE 'actor.%' THEN 'account:' || entry.actor_id ELSE entry.stream END,
        CASE WHEN sealed.key NOT LIKE 'actor.%' THEN 'contact:' || (said.content -> 'data' ->> 'contact_id') END))
ORDER BY entry.stream, entry.stream_seq, sealed.key""")  # noqa: S608 -- our own words

UNNAMED = text("""SELECT subject, encode(commitment, 'hex') FROM audit_personal AS kept
WHERE NOT EXISTS (SELECT FROM audit_entry AS entry
    CROSS JOIN LATERAL jsonb_each_text(convert_from(entry.content, 'UTF8')::jsonb -> 'personal') AS sealed
    WHERE sealed.value = encode(kept.commitment, 'hex'))
ORDER BY subject, commitment""")

# whom a value is about tells what an erasure takes: the actor, else the stream or the person that the entry names
MOVED = text("""SELECT entry.stream, entry.stream_seq, entry.id, sealed.key, kept.subject FROM audit_entry AS entry
CROSS JOIN LATERAL (SELECT convert_from(entry.content, 'UTF8')::jsonb AS content) AS said
CROSS JOIN LATERAL jsonb_each_text(said.content -> 'personal') AS sealed
JOIN audit_personal AS kept ON kept.commitment = decode(sealed.value, 'hex')
WHERE NOT coalesce(kept.subject IN (
    CASE WHEN sealed.key LIKE 'actor.%' THEN 'account:' || entry.actor_id ELSE entry.stream END,
    CASE WHEN sealed.key NOT LIKE 'actor.%' THEN 'contact:' || (said.content -> 'data' ->> 'contact_id') END), false)
ORDER BY entry.stream, entry.stream_seq, sealed.key""")


def check_personal(view: Reading) -> Iterator[Finding]:
    """Personal values that are gone although nobody erased them, that no entry names, that became somebody else's."""
    try:
        with view.session.begin_nested():
            rows, unnamed, moved = (view.session.execute(each).all() for each in (MISSING, UNNAMED, MOVED))
    except DataError:
        sentence = "An entry was changed and cannot be read, so not all personal values were looked for."
        yield Finding(stream="audit:log", seq=None, entry_id=None, problem="changed", sentence=sentence)
        return
    for stream, seq, entry_id, name in rows:
        sentence = f"{stream}, entry {seq}: the personal value “{name}” was removed; nothing says that it was erased."
        yield Finding(stream=stream, seq=seq, entry_id=entry_id, problem="removed", sentence=sentence)
    for subject, commitment in unnamed:
        sentence = f"{subject}: the personal value {commitment} was inserted; no entry names it."
        yield Finding(stream=subject, seq=None, entry_id=None, problem="inserted", sentence=sentence)
    for stream, seq, entry_id, name, subject in moved:
        sentence = f"{stream}, entry {seq}: the personal value “{name}” was changed: it is kept as one of {subject}."
        yield Finding(stream=stream, seq=seq, entry_id=entry_id, problem="changed", sentence=sentence)
