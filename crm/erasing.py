"""Erasing a person at a customer (GDPR, article 17), and saying what stays and why.

The record stays under its id, so that what was agreed with the firm keeps its shape; nothing in it tells who it was.
Texts of activities and notes that name the person are not searched for: notes on the person go, activities keep their
subject and lose who took part. Messages that wait do not leave any more; those that are done keep when they went,
what they were about and which papers went along. What the person allowed and withdrew stays, because the law asks the
firm to prove it (article 7(1)). Files of imports that are over and files of exports go; documents are
evidence with retention of their own: those known to name the person are listed to whoever erases, and after it.
"""

from collections.abc import Collection
from typing import ClassVar, Protocol

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.messages import Event
from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityParticipantRow, ActivityRow
from crm.errors import ContactNotFound
from crm.events import CustomerEvent
from crm.imports.forgetting import KeptFile, files_with, forget_files, kept_exports
from crm.links.ends import End, LinkedRecords
from crm.models import ContactPositionRow, ContactRow, ContactTraceRow, CustomerNoteRow, CustomerNoteVersionRow
from crm.outbox.models import MessageRow
from crm.outbox.sending import cancel
from crm.outbox.words import CANCELLED, DELIVERED, FAILED, QUEUED, RETURNED, SENT
from crm.privacy.consents import forget_remarks
from crm.privacy.models import ConsentRow
from crm.segments.models import SegmentMemberRow
from crm.visits.recording import forget_person as forget_visits_of
from storage.unit_of_work import Reading, UnitOfWork

GONE = "Erased person"
SUBJECT = "contact:"
SETTLED = frozenset({SENT, DELIVERED, RETURNED, FAILED, CANCELLED})
WHY = "The person was erased."
ERASE = "person.erase"
DOCUMENT = "document"
MOST = 1000  # documents that are listed
SHORTEST = 5  # characters of what is looked for in files: less is in too many words
EMPTIED = (
    "job_title",
    "email",
    "phone",
    "mobile",
    "role",
    "birth_year",
    "birth_day",
    "preferences",
    "family",
    "external_reference",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactErased(CustomerEvent):
    """Nothing tells any more who this person was."""

    type: ClassVar[str] = "contact.erased"

    contact_id: str
    notes: int
    participations: int
    imports: list[str]  # whose files went
    exports: int
    documents: list[str]  # that are known to name the person, and stay
    consents: int = 0  # that stay as proof, without their remarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """A document that names a person."""

    id: str
    title: str


class NamingDocuments(Protocol):
    """Knows which documents name a person; the composition root fills it."""

    def naming(self, reading: Reading, contact_id: str, address: str | None, known: Collection[str]) -> Collection[str]:
        """Documents that are there, whoever may see them: linked to the person, messages from or to the address.

        Of `known` those that are there, too.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What an erasure takes, and what stays; files and documents are told to those who may erase.

    `documents` name the person and stay until their retention is over: messages from and to the person, papers linked
    to them. `hidden` is how many more there are that the reader may not see.
    """

    contact_id: str
    name: str
    is_erased: bool
    fields: list[str]
    notes: int
    activities: int
    imports: list[KeptFile]
    exports: int
    documents: list[Naming]
    hidden: int
    consents: int  # what the person allowed and withdrew stays as proof, without remarks


def remains(view: Reading, contact_id: str) -> Remains:
    """What erasing a person would take and leave. Raises `ContactNotFound`."""
    require_read(view)
    row = view.session.get(ContactRow, contact_id)
    if row is None:
        raise ContactNotFound(contact_id)
    notes = select(func.count()).where(CustomerNoteRow.contact_id == row.id)
    activities = select(func.count()).where(ActivityRow.contact_id == row.id)
    consents = select(func.count()).where(ConsentRow.contact_id == row.id)
    named = ["name", *(name for name in EMPTIED if getattr(row, name) is not None)]
    may_erase = view.actor.may(ERASE)
    papers = _documents(view, row) if may_erase else []
    titles = view.port(LinkedRecords).titles(view, [End(DOCUMENT, each) for each in papers]) if papers else {}
    return Remains(
        contact_id=row.id,
        name=row.name,
        is_erased=row.name == GONE,
        fields=named + [name for name in ("interests", "custom") if getattr(row, name)],
        notes=view.session.scalars(notes).one(),
        activities=view.session.scalars(activities).one(),
        imports=files_with(view, row.id, _texts(row)) if may_erase else [],
        exports=kept_exports(view) if may_erase else 0,
        documents=[Naming(id=end.id, title=title) for end, title in sorted(titles.items())],
        hidden=len(papers) - len(titles),
        consents=view.session.scalars(consents).one(),
    )


def forget_contact(unit: UnitOfWork, subject: str) -> Event | None:
    """Empty the record of a person, named as a data subject (`contact:ID`); None when there is no such person.

    For the composition root, inside the unit that erases the trail: whoever may do that was asked there.
    """
    row = unit.session.get(ContactRow, subject.removeprefix(SUBJECT), with_for_update=True)
    if row is None:
        return None
    files = forget_files(unit, row.id, _texts(row))
    papers = _documents(unit, row)
    if papers:
        traces = [{"contact_id": row.id, "document_id": each} for each in papers]
        unit.session.execute(insert(ContactTraceRow).values(traces).on_conflict_do_nothing())
    row.name = GONE
    for name in EMPTIED:
        setattr(row, name, None)
    row.interests, row.custom, row.is_active = [], {}, False
    own = select(CustomerNoteRow.id).where(CustomerNoteRow.contact_id == row.id)
    unit.session.execute(delete(CustomerNoteVersionRow).where(CustomerNoteVersionRow.note_id.in_(own)))
    notes = unit.session.execute(delete(CustomerNoteRow).where(CustomerNoteRow.contact_id == row.id))
    unit.session.execute(delete(ContactPositionRow).where(ContactPositionRow.contact_id == row.id))
    unit.session.execute(delete(SegmentMemberRow).where(SegmentMemberRow.contact_id == row.id))
    took = unit.session.execute(
        update(ActivityParticipantRow).where(ActivityParticipantRow.contact_id == row.id).values(name=None)
    )
    _forget_messages(unit, row.id)
    forget_visits_of(unit, row.id)
    consents = forget_remarks(unit, row.id)
    unit.session.flush()  # the index of search is written from what is stored
    return ContactErased(
        customer_id=row.customer_id,
        contact_id=row.id,
        notes=_count(notes),
        participations=_count(took),
        imports=files.imports,
        exports=files.exports,
        documents=papers,
        consents=consents,
    )


def messages_to(view: Reading, contact_id: str) -> Collection[str]:
    """The messages that went or go to a person."""
    return view.session.scalars(select(MessageRow.id).where(MessageRow.contact_id == contact_id)).all()


def _texts(row: ContactRow) -> list[str]:
    """What tells in a file that somebody is in it."""
    known = (row.name if row.name != GONE else None, row.email, row.phone, row.mobile)
    return [each for each in known if each and len(each) >= SHORTEST]


def _documents(view: Reading, row: ContactRow) -> list[str]:
    """Documents that name the person: now, or when they were erased; copies of our messages to them, too."""
    kept = select(ContactTraceRow.document_id).where(ContactTraceRow.contact_id == row.id)
    copies = select(MessageRow.document_id).where(MessageRow.contact_id == row.id, MessageRow.document_id.is_not(None))
    proofs = select(ConsentRow.evidence_id).where(ConsentRow.contact_id == row.id, ConsentRow.evidence_id.is_not(None))
    known = [each for each in view.session.scalars(kept.union(copies, proofs).limit(MOST)) if each]
    return sorted(view.port(NamingDocuments).naming(view, row.id, row.email, known))


def _forget_messages(unit: UnitOfWork, contact_id: str) -> None:
    """What is on its way at this moment is kept as it is: whoever sends it needs it."""
    mine = select(MessageRow).where(MessageRow.contact_id == contact_id).with_for_update()
    for row in unit.session.scalars(mine).all():
        if row.state == QUEUED and row.batch_id is None:
            cancel(unit, row, WHY)
        if row.state in SETTLED:
            row.recipient = row.recipient_name = GONE
            row.subject, row.text, row.answer, row.envelope, row.refused = "", "", None, {}, []


def _count(result: object) -> int:
    return int(getattr(result, "rowcount", 0))
