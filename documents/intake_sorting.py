"""The scan inbox: what came by itself is looked at, named, linked and so filed by a person, or set aside."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Select, delete, func, select

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import DOCUMENT
from documents.events import DocumentEvent
from documents.intake_arrivals import FAILED, INBOX
from documents.intake_models import ArrivalRow
from documents.links import DocumentLink, LinkDocument, link_document
from documents.mail.letters import ATTACHMENT
from documents.mail.models import MailFetchRow
from documents.metadata import EditDocument, edit_document
from documents.models import DocumentLinkRow, DocumentRow, DocumentVersionRow
from documents.words import words
from storage.unit_of_work import Reading, UnitOfWork

SORT = "document.sort"
LONGEST_REASON = 500  # characters
MOST = 50  # arrivals of a page


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Something that waits to be sorted; `suggested` are kinds and ids of what it may belong to."""

    document_id: str
    title: str
    file_name: str
    media_type: str
    digest: str
    size: int  # bytes
    source: str
    origin: str
    type: str | None
    suggested: tuple[tuple[str, str], ...]
    finding: str | None
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPage:
    """What waits, oldest first; `next` goes into `after`."""

    items: tuple[Arrival, ...]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadMail:
    """A message that stays in its mailbox, and why."""

    mailbox: str
    uid: int
    finding: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SortArrival(Command):
    """File what waits: what it is called, what it is, and what it belongs to."""

    document_id: str
    title: str = ""
    type: str | None = None
    links: tuple[DocumentLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside(Command):
    """Take something out of the inbox that belongs nowhere; the document stays, for who may see all."""

    document_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSorted(DocumentEvent):
    """Somebody took a document out of the inbox: `filed` where it belongs, or set `aside`."""

    type: ClassVar[str] = "document.sorted"
    outcome: str
    reason: str | None


class ArrivalNotFound(NotFound):
    """Nothing of this id ever waited."""

    code = "arrival_not_found"


class AlreadySorted(Conflict):
    """Somebody else was faster."""

    code = "already_sorted"


@handles(SortArrival, needs=SORT)
def sort_arrival(command: SortArrival, unit: UnitOfWork) -> None:
    """Raises `ArrivalNotFound`, `AlreadySorted`, `InvalidInput`, and what editing and linking raise."""
    row = _waiting(unit, command.document_id)
    if not command.links:
        raise InvalidInput(
            "Choose what it belongs to: a case, a customer, an offer. Set it aside when it belongs nowhere.",
            fields={"/links": "choose at least one"},
        )
    edit_document(EditDocument(document_id=row.document_id, title=command.title or None, type=command.type), unit)
    attached = select(DocumentLinkRow.document_id).where(
        DocumentLinkRow.kind == DOCUMENT, DocumentLinkRow.target == row.document_id, DocumentLinkRow.role == ATTACHMENT
    )
    following = list(unit.session.scalars(attached))
    for link in command.links:
        link_document(LinkDocument(document_id=row.document_id, link=link), unit)
        for each in following:
            along = DocumentLink(kind=link.kind, id=link.id, role=ATTACHMENT)
            link_document(LinkDocument(document_id=each, link=along), unit)
    _close(unit, row, "filed", None)


@handles(SetAside, needs=SORT)
def set_aside(command: SetAside, unit: UnitOfWork) -> None:
    """Raises `ArrivalNotFound`, `AlreadySorted`, `InvalidInput`."""
    row = _waiting(unit, command.document_id)
    reason = words("reason", command.reason, LONGEST_REASON)
    if reason is None:
        raise InvalidInput("Say why it belongs nowhere.", fields={"/reason": "say why"})
    _close(unit, row, "aside", reason)


def arrivals(view: Reading, *, after: str | None = None, limit: int = MOST) -> ArrivalPage:
    """What waits to be sorted, oldest first. Raises `Forbidden`."""
    require_sorter(view)
    waiting = ArrivalRow.closed_at.is_(None)
    query = _arrivals().where(waiting).order_by(ArrivalRow.document_id).limit(limit + 1)
    rows = view.session.execute(query if after is None else query.where(ArrivalRow.document_id > after)).all()
    total = view.session.scalar(select(func.count()).select_from(ArrivalRow).where(waiting)) or 0
    shown = rows[:limit]
    return ArrivalPage(
        items=tuple(_shown(*row) for row in shown),
        next=shown[-1][0].document_id if len(rows) > limit else None,
        total=total,
    )


def arrival(view: Reading, document_id: str) -> Arrival:
    """One that waits. Raises `Forbidden`, `ArrivalNotFound`, `AlreadySorted`."""
    require_sorter(view)
    found = view.session.execute(_arrivals().where(ArrivalRow.document_id == document_id)).first()
    if found is None:
        raise ArrivalNotFound(f"The inbox never had a document {document_id}.", id=document_id)
    _require_open(found[0])
    return _shown(*found)


def following(view: Reading, document_id: str) -> str | None:
    """The next one that waits behind a document, else the first one; None when nothing waits."""
    waiting = select(func.min(ArrivalRow.document_id)).where(ArrivalRow.closed_at.is_(None))
    return view.session.scalar(waiting.where(ArrivalRow.document_id > document_id)) or view.session.scalar(waiting)


def unread_mail(view: Reading, limit: int = 20) -> list[UnreadMail]:
    """Messages that stay in their mailbox because they cannot be read, newest first. Raises `Forbidden`."""
    require_sorter(view)
    query = select(MailFetchRow).where(MailFetchRow.state == FAILED).order_by(MailFetchRow.at.desc()).limit(limit)
    return [
        UnreadMail(mailbox=row.mailbox, uid=row.uid, finding=row.finding or "", at=row.at)
        for row in view.session.scalars(query)
    ]


def require_sorter(view: Reading) -> None:
    """Raise `Forbidden` unless the actor sorts what comes in."""
    if not view.actor.may(SORT):
        raise Forbidden(f"You do not have the right to sort what comes in ({SORT}).", permission=SORT)


def _arrivals() -> Select[ArrivalRow, DocumentRow, DocumentVersionRow]:
    return (
        select(ArrivalRow, DocumentRow, DocumentVersionRow)
        .join(DocumentRow, DocumentRow.id == ArrivalRow.document_id)
        .join(
            DocumentVersionRow,
            (DocumentVersionRow.document_id == DocumentRow.id) & (DocumentVersionRow.n == DocumentRow.latest),
        )
    )


def _waiting(unit: UnitOfWork, document_id: str) -> ArrivalRow:
    row = unit.session.get(ArrivalRow, document_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ArrivalNotFound(f"The inbox never had a document {document_id}.", id=document_id)
    _require_open(row)
    return row


def _require_open(row: ArrivalRow) -> None:
    if row.closed_at is not None:
        raise AlreadySorted(
            f"{row.closed_by} has sorted this meanwhile. Go on with the next one.", id=row.document_id, by=row.closed_by
        )


def _close(unit: UnitOfWork, row: ArrivalRow, outcome: str, reason: str | None) -> None:
    row.outcome, row.closed_at, row.closed_by = outcome, unit.clock.now(), unit.actor.id
    unit.session.flush()  # what was linked above comes before what is taken away here
    unit.session.execute(
        delete(DocumentLinkRow).where(DocumentLinkRow.document_id == row.document_id, DocumentLinkRow.kind == INBOX)
    )
    document = unit.session.get_one(DocumentRow, row.document_id)
    version = unit.session.get_one(DocumentVersionRow, (document.id, document.latest))
    unit.emit(
        DocumentSorted(
            document_id=document.id,
            version=version.n,
            digest=version.digest,
            title=document.title,
            document_type=document.type,
            outcome=outcome,
            reason=reason,
        )
    )


def _shown(row: ArrivalRow, document: DocumentRow, version: DocumentVersionRow) -> Arrival:
    return Arrival(
        document_id=row.document_id,
        title=document.title,
        file_name=version.file_name,
        media_type=version.media_type,
        digest=version.digest,
        size=version.size,
        source=row.source,
        origin=row.origin,
        type=row.type,
        suggested=tuple((each["kind"], each["id"]) for each in row.suggested),
        finding=row.finding,
        arrived_at=row.arrived_at,
    )
