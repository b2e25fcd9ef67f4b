"""Printing letters: a batch in postal order, reprints, and the moment when the post has them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.errors import Forbidden
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.company import company
from crm.models import CustomerRow
from crm.numbering import yearly_number
from crm.outbox import words as known
from crm.outbox.errors import BatchNotFound, NothingToPrint, WrongMessageState
from crm.outbox.events import BatchFailed, BatchMade, BatchPosted, BatchPrinted, MessageSent
from crm.outbox.models import BatchRow, MessageRow
from crm.outbox.ports import Holds
from crm.outbox.queueing import values_of
from crm.outbox.reaching import why_blocked
from crm.outbox.sending import cancel, note_activity
from storage.jobs.queue import JobRequest
from storage.unit_of_work import Reading, UnitOfWork

PRINT_JOB = "outbox.print"
MOST = 1000  # letters of one batch
PDF = "application/pdf"
MAKING, PRINTED, POSTED, BROKEN = "making", "printed", "posted", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeBatch(Command):
    """Put the letters that wait together, in postal order, and have them printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintAgain(Command):
    """Have the pages of a batch made once more; they say that they are a reprint."""

    batch_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostBatch(Command):
    """The letters were handed to the post."""

    batch_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBatchFailed(Command):
    """The pages of a batch cannot be made."""

    batch_id: str
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPapers:
    """The documents of a batch: its pages, the posting book, the labels; and the digest of the pages."""

    pages_id: str
    book_id: str
    labels_id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLetter:
    """A letter in a batch."""

    id: str
    position: int
    envelope: dict[str, Any]
    subject: str
    text: str
    enclosures: tuple[str, ...]
    pages: tuple[str, ...]  # digests of the PDFs that are printed behind the text, or are the letter
    tracking_number: str | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A print batch."""

    id: str
    number: str
    state: str
    letters: int
    prints: int
    document_id: str | None
    book_id: str | None
    labels_id: str | None
    finding: str | None
    made_at: datetime
    made_by: str
    posted_at: datetime | None


@handles(MakeBatch, needs=known.ADMINISTER)
def make_batch(command: MakeBatch, unit: UnitOfWork) -> str:
    """The id of the batch; a worker makes its pages. Raises `NothingToPrint`."""
    del command
    now = unit.clock.now()
    wanted = (
        select(MessageRow)
        .where(MessageRow.state == known.QUEUED, MessageRow.channel == known.LETTER)
        .where(MessageRow.batch_id.is_(None), MessageRow.due_at <= now)
        .order_by(MessageRow.due_at, MessageRow.id)
        .limit(MOST)
    )
    rows = [row for row in unit.session.scalars(wanted.with_for_update(skip_locked=True)) if _may_go(unit, row)]
    if not rows:
        raise NothingToPrint
    home = company(unit).country
    rows.sort(key=lambda row: _postal_order(row, home))
    batch = BatchRow(
        id=new_id(), number=yearly_number(unit, "PB"), state=MAKING, letters=len(rows), prints=0,
        made_at=now, made_by=unit.actor.id,
    )  # fmt: skip
    unit.session.add(batch)
    unit.session.flush()  # the letters name the batch without a relationship
    for position, row in enumerate(rows, start=1):
        row.batch_id, row.position, row.state = batch.id, position, known.SENDING
    unit.emit(BatchMade(batch_id=batch.id, number=batch.number, letters=[row.id for row in rows]))
    unit.enqueue(JobRequest(name=PRINT_JOB, arguments={"batch_id": batch.id}))
    return batch.id


@handles(PrintAgain, needs=known.ADMINISTER)
def print_again(command: PrintAgain, unit: UnitOfWork) -> None:
    """Raises `BatchNotFound`, `WrongMessageState` while the pages are being made."""
    batch = _locked(unit, command.batch_id)
    if batch.state == MAKING:
        raise WrongMessageState(state="being made", wanted="printed again")
    if batch.state == BROKEN:
        batch.state, batch.finding = MAKING, None
    unit.emit(BatchMade(batch_id=batch.id, number=batch.number, letters=[]))
    unit.enqueue(JobRequest(name=PRINT_JOB, arguments={"batch_id": batch.id}))


@handles(PostBatch, needs=known.ADMINISTER)
def post_batch(command: PostBatch, unit: UnitOfWork) -> int:
    """How many letters left; none while some are to be taken out of the pile first, which the batch then names.

    Raises `BatchNotFound`, `WrongMessageState` before they are printed; again is harmless.
    """
    batch = _locked(unit, command.batch_id)
    if batch.state == POSTED:
        return 0
    if batch.state != PRINTED:
        raise WrongMessageState(state="not printed", wanted="posted")
    now = unit.clock.now()
    wanted = select(MessageRow).where(MessageRow.batch_id == batch.id).order_by(MessageRow.id)
    rows = unit.session.scalars(wanted.with_for_update()).all()
    left = [row for row in rows if row.state == known.SENDING]
    if [row for row in left if not _may_go(unit, row)]:
        return 0
    for row in left:
        row.state, row.sent_at, row.settled_at = known.SENT, now, now
        row.answer, row.attempts = f"handed to the post with batch {batch.number}", batch.prints
        row.document_id = batch.document_id
        note_activity(unit, row)
        unit.emit(
            MessageSent(
                **values_of(row),
                recipient=row.recipient,
                outside_id=row.tracking_number,
                digest=row.digest,
                answer=row.answer,
                refused=[],
                attempts=row.attempts,
                document_id=row.document_id,
            )
        )
    batch.state, batch.posted_at = POSTED, now
    unit.emit(BatchPosted(batch_id=batch.id, number=batch.number, letters=len(left)))
    return len(left)


@handles(NoteBatchFailed, needs=known.ADMINISTER)
def note_batch_failed(command: NoteBatchFailed, unit: UnitOfWork) -> None:
    """The letters stay in it until it is printed again."""
    batch = _locked(unit, command.batch_id)
    if batch.state == MAKING:
        batch.state = BROKEN
    batch.finding = command.finding[:1000]
    unit.emit(BatchFailed(batch_id=batch.id, number=batch.number, finding=batch.finding))


def note_printed(unit: UnitOfWork, batch_id: str, papers: BatchPapers) -> None:
    """Keep what was printed with the batch and its letters."""
    batch = _locked(unit, batch_id)
    batch.prints += 1
    batch.document_id, batch.book_id, batch.labels_id = papers.pages_id, papers.book_id, papers.labels_id
    batch.finding = None
    if batch.state != POSTED:
        batch.state = PRINTED
    for row in unit.session.scalars(select(MessageRow).where(MessageRow.batch_id == batch.id)):
        row.digest = row.digest or papers.digest
    unit.emit(
        BatchPrinted(
            batch_id=batch.id,
            number=batch.number,
            prints=batch.prints,
            document_id=papers.pages_id,
            digest=papers.digest,
        )
    )


def batches(view: Reading, *, limit: int = 50) -> list[Batch]:
    """Newest first. Raises `Forbidden`."""
    _require(view)
    query = select(BatchRow).order_by(BatchRow.made_at.desc(), BatchRow.id.desc()).limit(limit)
    return [_told(row) for row in view.session.scalars(query)]


def batch(view: Reading, batch_id: str) -> tuple[Batch, list[BatchLetter]]:
    """One batch with its letters in postal order. Raises `BatchNotFound`, `Forbidden`."""
    _require(view)
    row = view.session.get(BatchRow, batch_id)
    if row is None:
        raise BatchNotFound(batch_id)
    letters = select(MessageRow).where(MessageRow.batch_id == row.id).order_by(MessageRow.position)
    return _told(row), [
        BatchLetter(
            id=each.id,
            position=each.position or 0,
            envelope=each.envelope,
            subject=each.subject,
            text=each.text,
            enclosures=tuple(f"{paper.file_name} ({paper.version})" for paper in each.papers),
            pages=tuple(paper.digest for paper in each.papers if paper.media_type == PDF),
            tracking_number=each.tracking_number,
            state=each.state,
        )
        for each in view.session.scalars(letters)
    ]


def waiting(view: Reading) -> int:
    """How many letters wait to be printed. Raises `Forbidden`."""
    _require(view)
    query = select(func.count()).where(
        MessageRow.state == known.QUEUED, MessageRow.channel == known.LETTER, MessageRow.due_at <= view.clock.now()
    )
    return view.session.scalar(query) or 0


def _may_go(unit: UnitOfWork, row: MessageRow) -> bool:
    """The last look before a letter is printed."""
    customer = unit.session.get(CustomerRow, row.customer_id) if row.customer_id else None
    why = unit.port(Holds).why_not(unit, row.id) or why_blocked(unit, customer, row.purpose)
    if row.not_after is not None and row.not_after < unit.clock.now():
        why = f"it was to leave before {row.not_after.isoformat()}"
    if why is not None:
        cancel(unit, row, why)
    return why is None


def _postal_order(row: MessageRow, home: str) -> tuple[Any, ...]:
    """Our own country first, then by country, postal code, place, street and name."""
    place = row.envelope
    country = str(place.get("country") or home)
    words = [str(place.get(name) or "").casefold() for name in ("postal_code", "city", "street", "name")]
    return (country != home, country, *words, row.id)


def _locked(unit: UnitOfWork, batch_id: str) -> BatchRow:
    row = unit.session.get(BatchRow, batch_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise BatchNotFound(batch_id)
    return row


def _require(view: Reading) -> None:
    if not view.actor.may(known.ADMINISTER):
        sentence = f"You do not have the right to print letters ({known.ADMINISTER})."
        raise Forbidden(sentence, permission=known.ADMINISTER)


def _told(row: BatchRow) -> Batch:
    return Batch(
        id=row.id,
        number=row.number,
        state=row.state,
        letters=row.letters,
        prints=row.prints,
        document_id=row.document_id,
        book_id=row.book_id,
        labels_id=row.labels_id,
        finding=row.finding,
        made_at=row.made_at,
        made_by=row.made_by,
        posted_at=row.posted_at,
    )
