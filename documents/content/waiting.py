"""What waits to be read: asked for with the commit that files a version, taken in batches, given back or finished."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from core.messages import Event
from core.records import dataclass
from documents.events import DocumentFiled, DocumentVersionAdded
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork
from storage.writes import to_array

TEXT, PREVIEW, OCR = "text", "preview", "ocr"
JOBS = {TEXT: "documents.read_text", PREVIEW: "documents.make_previews", OCR: "documents.recognise_text"}
PRIORITIES = {TEXT: -1, PREVIEW: -2, OCR: -3}  # people's work comes first
# longer than a batch may take: whoever took it is dead then
LEASES = {TEXT: timedelta(minutes=5), PREVIEW: timedelta(minutes=20), OCR: timedelta(minutes=20)}
LATELY = timedelta(minutes=1)  # a batch that was taken before that does not hold back what comes after the step
ATTEMPTS = 3

WANT = """
INSERT INTO extraction (document_id, n, step, state, attempts, is_partial)
SELECT wanted.document_id, wanted.n, %({n}step)s, 'waiting', 0, false
FROM unnest(%({n}ids)s::text[], %({n}numbers)s::int[]) AS wanted (document_id, n)
ON CONFLICT (document_id, n, step) DO UPDATE SET state = 'waiting', attempts = 0, taken_at = NULL
"""
TAKE = """
UPDATE extraction SET state = 'taken', attempts = extraction.attempts + 1, taken_at = %(now)s
FROM (
    SELECT document_id, n FROM extraction
    WHERE step = %(step)s AND state IN ('waiting', 'taken') AND (state = 'waiting' OR taken_at < %(dead)s)
    ORDER BY document_id DESC, n DESC LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS chosen
JOIN document_version AS version USING (document_id, n)
WHERE extraction.document_id = chosen.document_id AND extraction.n = chosen.n AND extraction.step = %(step)s
RETURNING extraction.document_id, extraction.n, extraction.attempts,
    version.digest, version.size, version.media_type, version.file_name
"""
GIVE_BACK = """
UPDATE extraction SET state = 'waiting', attempts = attempts - 1, taken_at = NULL
FROM unnest(%s::text[], %s::int[]) AS given (document_id, n)
WHERE extraction.document_id = given.document_id COLLATE "C" AND extraction.n = given.n AND step = %s
    AND state = 'taken'
"""
IS_BUSY = """
SELECT EXISTS (
    SELECT FROM extraction
    WHERE step = %(step)s AND state IN ('waiting', 'taken') AND (state = 'waiting' OR taken_at > %(lately)s)
)
"""
STALLED = """
SELECT step FROM unnest(%(steps)s::text[], %(dead)s::timestamptz[]) AS step (step, dead)
WHERE EXISTS (SELECT FROM extraction WHERE extraction.step = step.step COLLATE "C" AND state = 'waiting')
    OR EXISTS (
        SELECT FROM extraction
        WHERE extraction.step = step.step COLLATE "C" AND state = 'taken' AND taken_at < step.dead
    )
"""
FINISH = """
UPDATE extraction SET state = ended.state, finding = ended.finding, pages = ended.pages,
    characters = ended.characters, is_partial = ended.is_partial, reader = ended.reader, finished_at = %(now)s,
    taken_at = NULL
FROM unnest(%(ids)s::text[], %(numbers)s::int[], %(attempts)s::int[], %(states)s::text[], %(findings)s::text[],
    %(pages)s::int[], %(characters)s::bigint[], %(partial)s::bool[], %(readers)s::text[])
    AS ended (document_id, n, attempts, state, finding, pages, characters, is_partial, reader)
WHERE extraction.document_id = ended.document_id COLLATE "C" AND extraction.n = ended.n AND step = %(step)s
    AND extraction.state = 'taken' AND extraction.attempts = ended.attempts
RETURNING extraction.document_id, extraction.n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A version to be read; `attempts` counts this one, and tells a reader that was given up from its successor."""

    document_id: str
    n: int
    attempts: int
    digest: str
    size: int  # bytes
    media_type: str
    file_name: str

    @property
    def version(self) -> tuple[str, int]:
        """The document and the number of its version."""
        return self.document_id, self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a step ended: `finding` says in a sentence why it did not do what it should."""

    order: Order
    has_failed: bool = False
    finding: str | None = None
    pages: int | None = None
    characters: int | None = None
    is_partial: bool = False
    reader: str | None = None


def note_versions(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Have every version read that this unit files."""
    filed = {
        (event.document_id, event.version): None
        for event in events
        if isinstance(event, DocumentFiled | DocumentVersionAdded)
    }
    if filed:
        unit.flush()  # the versions' rows come first
        want(unit, TEXT, filed)


def want(unit: UnitOfWork, step: str, versions: Collection[tuple[str, int]]) -> None:
    """Have a step done for versions, again where it was done already."""
    ids, numbers = [each[0] for each in versions], [each[1] for each in versions]
    unit.posted.ride(WANT, step=step, ids=to_array(ids), numbers=numbers)
    unit.enqueue(request(step))


def request(step: str, *, at: datetime | None = None) -> JobRequest:
    """The job that works off what waits, not before `at`; one that waits already is enough."""
    return JobRequest(name=JOBS[step], once=JOBS[step], priority=PRIORITIES[step], at=at)


def ask_again(unit: UnitOfWork) -> list[str]:
    """Have a worker look at every step in which something waits, such as for a blob store that was away."""
    now = unit.clock.now()
    values = {"steps": list(LEASES), "dead": [now - lease for lease in LEASES.values()]}
    found = [step for (step,) in unit.driver.execute(STALLED, values)]
    for step in found:
        unit.enqueue(request(step))
    return found


def take(unit: UnitOfWork, step: str, limit: int) -> list[Order]:
    """The newest versions that wait, which nobody else gets for a while; also those whose reader died."""
    now = unit.clock.now()
    values = {"step": step, "limit": limit, "now": now, "dead": now - LEASES[step]}
    return [
        Order(
            document_id=document_id,
            n=n,
            attempts=attempts,
            digest=digest,
            size=size,
            media_type=media_type,
            file_name=file_name,
        )
        for document_id, n, attempts, digest, size, media_type, file_name in unit.driver.execute(TAKE, values)
    ]


def is_busy(unit: UnitOfWork, step: str) -> bool:
    """Whether anything waits for a step, or is being done at this moment."""
    found = unit.driver.execute(IS_BUSY, {"step": step, "lately": unit.clock.now() - LATELY}).fetchone()
    return found is not None and bool(found[0])


def give_back(unit: UnitOfWork, step: str, orders: Iterable[Order]) -> None:
    """Let them wait again, as if nobody had tried."""
    given = list(orders)
    unit.driver.execute(GIVE_BACK, ([each.document_id for each in given], [each.n for each in given], step))


def finish(unit: UnitOfWork, step: str, outcomes: Sequence[Outcome], now: datetime) -> frozenset[tuple[str, int]]:
    """Write down how some ended; left out are those that somebody else has taken over, or whose document is gone."""
    values = {
        "step": step,
        "now": now,
        "ids": [each.order.document_id for each in outcomes],
        "numbers": [each.order.n for each in outcomes],
        "attempts": [each.order.attempts for each in outcomes],
        "states": ["failed" if each.has_failed else "done" for each in outcomes],
        "findings": [each.finding for each in outcomes],
        "pages": [each.pages for each in outcomes],
        "characters": [each.characters for each in outcomes],
        "partial": [each.is_partial for each in outcomes],
        "readers": [each.reader for each in outcomes],
    }
    return frozenset(unit.driver.execute(FINISH, values).fetchall())
