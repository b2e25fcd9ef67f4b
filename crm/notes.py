"""Notes on customers and the people there: of a kind, for everybody or their author alone; older texts stay."""

from datetime import datetime

from sqlalchemy import ColumnElement, select

from core.errors import Forbidden
from core.executor import handles
from core.identity import Actor
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.checks import Findings, checked_version
from crm.customer_events import NoteEdited, NoteWritten
from crm.errors import ContactNotFound, CustomerNotFound, NoteNotFound
from crm.models import ContactRow, CustomerNoteRow, CustomerNoteVersionRow, CustomerRow
from crm.queries import Page, page
from storage.unit_of_work import Reading, UnitOfWork

VISIBILITIES = ("everyone", "private")
LONGEST = 20_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteNote(Command):
    """Write something down; a private note is its author's alone."""

    customer_id: str
    text: str
    kind: str = "general"
    visibility: str = "everyone"
    contact_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditNote(Command):
    """Write a note anew; what it said before is kept."""

    note_id: str
    text: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteText:
    """What a note said from a time on."""

    n: int
    text: str
    written_at: datetime
    written_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note as it is now, and what it said before, oldest first."""

    id: str
    customer_id: str
    contact_id: str | None
    kind: str
    visibility: str
    text: str
    author: str
    author_name: str
    created_at: datetime
    changed_at: datetime
    version: int
    earlier: list[NoteText]


@handles(WriteNote, needs="customer.read")
def write_note(command: WriteNote, unit: UnitOfWork) -> str:
    """Keep a note and return its id. Raises `WrongFields`, `CustomerNotFound`, `ContactNotFound`."""
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    if command.contact_id is not None:
        person = unit.session.get(ContactRow, command.contact_id)
        if person is None or person.customer_id != command.customer_id:
            raise ContactNotFound(command.contact_id)
    findings = Findings()
    text = findings.text("/text", command.text, "The note", longest=LONGEST)
    kind = findings.text("/kind", command.kind, "The kind of a note", longest=64)
    visibility = findings.choice("/visibility", command.visibility, "Who sees it", VISIBILITIES)
    findings.refuse()
    now, actor = unit.clock.now(), unit.actor
    row = CustomerNoteRow(
        id=new_id(),
        customer_id=command.customer_id,
        contact_id=command.contact_id,
        kind=kind,
        visibility=visibility,
        author=actor.id,
        author_name=actor.name,
        created_at=now,
        n=1,
    )
    row.versions = [CustomerNoteVersionRow(n=1, text=text, written_at=now, written_by=actor.id)]
    unit.session.add(row)
    unit.emit(NoteWritten(customer_id=row.customer_id, note_id=row.id, kind=kind, visibility=visibility))
    return row.id


@handles(EditNote, needs="customer.read")
def edit_note(command: EditNote, unit: UnitOfWork) -> None:
    """Keep a new text. Raises `NoteNotFound`, `ChangedMeanwhile`, `WrongFields`; `Forbidden` for others' notes."""
    row = unit.session.get(CustomerNoteRow, command.note_id)
    if row is None or not _is_visible(row, unit.actor):
        raise NoteNotFound(command.note_id)
    if row.author != unit.actor.id and not unit.actor.may("customer.edit"):
        raise Forbidden("Only its author and people who edit customers may change a note.", permission="customer.edit")
    checked_version("The note", expected=command.expected_version, current=row.row_version)
    findings = Findings()
    text = findings.text("/text", command.text, "The note", longest=LONGEST)
    findings.refuse()
    if text == row.versions[-1].text:
        return
    row.n += 1
    row.versions.append(
        CustomerNoteVersionRow(n=row.n, text=text, written_at=unit.clock.now(), written_by=unit.actor.id)
    )
    unit.emit(NoteEdited(customer_id=row.customer_id, note_id=row.id, n=row.n))


def notes(
    view: Reading,
    customer_id: str,
    *,
    contact_id: str | None = None,
    q: str = "",
    after: str | None = None,
    limit: int = 20,
) -> Page[Note]:
    """The notes that the reader may see, the newest first; `q` must stand in the text."""
    require_read(view)
    wanted = select(CustomerNoteRow).where(CustomerNoteRow.customer_id == customer_id, visible(view.actor))
    if contact_id is not None:
        wanted = wanted.where(CustomerNoteRow.contact_id == contact_id)
    if q:
        said = CustomerNoteVersionRow.note_id == CustomerNoteRow.id
        wanted = wanted.where(select(CustomerNoteVersionRow.n).where(said, _contains(q)).exists())
    rows, following, total = page(view, wanted, CustomerNoteRow.id, after=after, limit=limit, newest_first=True)
    return Page(items=[_note(row) for row in rows], next=following, total=total)


def note(view: Reading, note_id: str) -> Note:
    """One note with its earlier texts. Raises `NoteNotFound`, also for what is somebody else's alone."""
    require_read(view)
    row = view.session.get(CustomerNoteRow, note_id)
    if row is None or not _is_visible(row, view.actor):
        raise NoteNotFound(note_id)
    return _note(row)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The condition that a note may be seen by somebody."""
    return (CustomerNoteRow.visibility == "everyone") | (CustomerNoteRow.author == actor.id)


def _is_visible(row: CustomerNoteRow, actor: Actor) -> bool:
    return row.visibility == "everyone" or row.author == actor.id


def _contains(q: str) -> ColumnElement[bool]:
    return CustomerNoteVersionRow.text.icontains(q, autoescape=True)


def _note(row: CustomerNoteRow) -> Note:
    *earlier, newest = row.versions
    return Note(
        id=row.id,
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        kind=row.kind,
        visibility=row.visibility,
        text=newest.text,
        author=row.author,
        author_name=row.author_name,
        created_at=row.created_at,
        changed_at=newest.written_at,
        version=row.row_version,
        earlier=[
            NoteText(n=each.n, text=each.text, written_at=each.written_at, written_by=each.written_by)
            for each in earlier
        ],
    )
