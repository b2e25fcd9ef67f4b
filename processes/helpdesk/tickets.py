"""Opening tickets, and what customers and we say in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from core.errors import DomainError
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time
from crm.models import ContactRow, CustomerRow
from crm.numbering import yearly_number
from crm.outbox import words as outbox
from crm.outbox.errors import NoWayToReach
from crm.outbox.queueing import About, Letterhead, QueueMessage, queue
from crm.reach import is_email
from processes.helpdesk.errors import TicketClosed, TicketLinkInvalid, TicketNotFound
from processes.helpdesk.events import TicketLinkChanged, TicketMoved, TicketNoted, TicketOpened, TicketReplied
from processes.helpdesk.models import TicketMessageRow, TicketRow
from processes.helpdesk.ports import TicketLinks
from processes.sales_cycle.parties import party
from storage.jobs.queue import JobRequest
from storage.unit_of_work import Reading, UnitOfWork

TELL = "helpdesk.tell"
EDIT = "activity.edit"
QUESTION, FAULT, SUGGESTION, NEW_PRODUCT = "question", "fault", "suggestion", "new_product"
KINDS = (QUESTION, FAULT, SUGGESTION, NEW_PRODUCT)
MAIL, WEB, PHONE = "mail", "web", "phone"
CHANNELS = (MAIL, WEB, PHONE)
OPEN, WAITING, ANSWERED, CLOSED = "open", "waiting", "answered", "closed"
LINK_WORKS = timedelta(days=30)  # after our last message
LONGEST_SUBJECT, LONGEST_NAME, LONGEST_TEXT = 200, 200, 20_000  # characters
MOST_SAID = 200  # messages of one ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket(Command):
    """Somebody wants something of us; `document_id` is the message that it came as, which opens one ticket only."""

    channel: str
    subject: str
    text: str
    kind: str = QUESTION
    name: str = ""
    email: str | None = None
    phone: str | None = None
    customer_id: str | None = None  # id or number
    product_group: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTicket:
    """The ticket."""

    id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyByLink(Command):
    """What the customer says on the page of the ticket."""

    token: str
    text: str

    def __repr__(self) -> str:
        """Without the token, which is a secret of the customer's."""
        return "ReplyByLink()"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyToTicket(Command):
    """What the customer says otherwise: by mail, or to somebody on the phone who writes it down."""

    ticket_id: str
    text: str
    channel: str
    author: str = ""
    document_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewTicketLink(Command):
    """Make a new link; the one before works no longer. The answer is its address."""

    ticket_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeTicketLink(Command):
    """Let nobody in by the link."""

    ticket_id: str


@handles(OpenTicket, needs=EDIT)
def open_ticket(command: OpenTicket, unit: UnitOfWork) -> OpenedTicket:
    """Number it and begin its case. Raises `WrongFields`, `CustomerNotFound`."""
    findings = Findings()
    channel = findings.choice("/channel", command.channel, "The channel", CHANNELS)
    kind = findings.choice("/kind", command.kind, "The kind", KINDS)
    subject = findings.text("/subject", " ".join(command.subject.split()), "The subject", longest=LONGEST_SUBJECT)
    text = findings.text("/text", command.text, "The text", longest=LONGEST_TEXT)
    email = (command.email or "").strip().lower() or None
    if email is not None and not is_email(email):
        findings.add("/email", f"{email} is not an e-mail address.")
    if channel == WEB and email is None:
        findings.add("/email", "Say by which e-mail address you are reached.")
    findings.refuse()
    if command.document_id is not None:
        one_at_a_time(unit, f"ticket:{command.document_id}")
        known = _said_by(unit, command.document_id)
        if known is not None:
            return OpenedTicket(id=known.id, number=known.number)
    customer = _customer(unit, command.customer_id, email, command.phone)
    now = unit.clock.now()
    row = TicketRow(
        id=new_id(),
        number=yearly_number(unit, "T"),
        customer_id=customer.id if customer else None,
        kind=kind,
        channel=channel,
        state=OPEN,
        subject=subject,
        product_group=(command.product_group or "").strip()[:LONGEST_NAME] or None,
        name=" ".join(command.name.split())[:LONGEST_NAME] or (email or (customer.name if customer else "Unknown")),
        email=email,
        phone=(command.phone or "").strip()[:40] or None,
        link_id=new_id(),
        link_until=now + LINK_WORKS,
        opened_at=now,
        opened_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.session.flush()  # what is said refers to it
    _say(unit, row, text, channel=channel, author=row.name, document_id=command.document_id)
    told = {
        name: getattr(row, name) for name in ("kind", "channel", "customer_id", "subject", "name", "email", "phone")
    }
    unit.emit(TicketOpened(**_about(row), **told))
    tell(unit, "ticket.opened", row.id, {"ticket_id": row.id}, once=f"opened:{row.id}")
    return OpenedTicket(id=row.id, number=row.number)


@handles(ReplyByLink, needs=None)
def reply_by_link(command: ReplyByLink, unit: UnitOfWork) -> str:
    """The number of the ticket. Raises `TicketLinkInvalid`, `TicketClosed`, `WrongFields`."""
    row = by_link(unit, command.token, is_locked=True)
    reply(unit, row, command.text, channel=WEB, author=row.name)
    return row.number


@handles(ReplyToTicket, needs=EDIT)
def reply_to_ticket(command: ReplyToTicket, unit: UnitOfWork) -> str:
    """The number of the ticket. Raises `TicketNotFound`, `TicketClosed`, `WrongFields`."""
    row = locked(unit, command.ticket_id)
    if command.document_id is None or _said_by(unit, command.document_id) is None:
        author = " ".join(command.author.split())[:LONGEST_NAME] or row.name
        reply(unit, row, command.text, channel=command.channel, author=author, document_id=command.document_id)
    return row.number


@handles(RenewTicketLink, needs=EDIT)
def renew_ticket_link(command: RenewTicketLink, unit: UnitOfWork) -> str:
    """The address. Raises `TicketNotFound`, and what keeps links from working."""
    row = locked(unit, command.ticket_id)
    row.link_id, row.link_until = new_id(), unit.clock.now() + LINK_WORKS
    unit.emit(TicketLinkChanged(**_about(row), until=row.link_until.isoformat()))
    links = unit.port(TicketLinks)
    return links.address(links.token(row.link_id))


@handles(RevokeTicketLink, needs=EDIT)
def revoke_ticket_link(command: RevokeTicketLink, unit: UnitOfWork) -> None:
    """Raises `TicketNotFound`."""
    row = locked(unit, command.ticket_id)
    row.link_id, row.link_until = new_id(), unit.clock.now()
    unit.emit(TicketLinkChanged(**_about(row), until=None))


def locked(unit: UnitOfWork, ticket_id: str) -> TicketRow:
    """The ticket, locked until the unit ends. Raises `TicketNotFound`, also where its customer is out of reach."""
    row = unit.session.get(TicketRow, ticket_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise TicketNotFound(ticket_id)
    return row


def by_link(view: Reading, token: str, *, is_locked: bool = False) -> TicketRow:
    """The ticket of a link: the token is the right. Raises `TicketLinkInvalid`."""
    link_id = view.port(TicketLinks).link(token)
    wanted = select(TicketRow).where(TicketRow.link_id == (link_id or ""))
    row = view.session.scalars(wanted.with_for_update() if is_locked else wanted).first()
    if row is None or row.link_until <= view.clock.now():
        raise TicketLinkInvalid
    return row


def reply(
    unit: UnitOfWork, row: TicketRow, text: str, *, channel: str, author: str, document_id: str | None = None
) -> None:
    """Keep what the customer says; a case that waits for it goes on."""
    findings = Findings()
    said = findings.text("/text", text, "The text", longest=LONGEST_TEXT)
    findings.choice("/channel", channel, "The channel", CHANNELS)
    if (
        len(unit.session.scalars(select(TicketMessageRow.id).where(TicketMessageRow.ticket_id == row.id)).all())
        >= MOST_SAID
    ):
        findings.add("/text", f"More than {MOST_SAID} messages are too many for one ticket. Write to us anew.")
    findings.refuse()
    if row.state == CLOSED:
        raise TicketClosed(row.number)
    message = _say(unit, row, said, channel=channel, author=author, document_id=document_id)
    unit.emit(TicketReplied(**_about(row), is_ours=False, channel=channel, author=author))
    if row.state in {WAITING, ANSWERED}:
        move(unit, row, state=OPEN)
        tell(unit, "ticket.replied", row.id, {"said": said}, once=f"replied:{message.id}")


def answer(unit: UnitOfWork, row: TicketRow, text: str, *, author: str) -> None:
    """Keep what we say, and have it leave with the customer's link."""
    _say(unit, row, text, channel=MAIL if row.email else PHONE, author=author, is_ours=True)
    unit.emit(TicketReplied(**_about(row), is_ours=True, channel=MAIL if row.email else PHONE, author=author))
    send(unit, row, text)


def send(unit: UnitOfWork, row: TicketRow, text: str) -> None:
    """A mail with the number in its subject and the link under its text; where none can go, the trail says so."""
    row.link_until = unit.clock.now() + LINK_WORKS
    links = unit.port(TicketLinks)
    try:
        address = links.address(links.token(row.link_id))
        text = f"{text}\n\n{address}\n"
    except DomainError as refusal:  # nobody has said where customers reach us: the mail goes without a link
        note(unit, row, "no_link", refusal.sentence)
    order = QueueMessage(
        customer_id=row.customer_id,
        contact_id=_person(unit, row),
        channel=outbox.EMAIL,
        recipient=row.email,
        subject=f"[{row.number}] {row.subject}",
        text=text,
        about=About(entity="crm.customer", id=row.customer_id) if row.customer_id else None,
        case_id=row.case_id,
        letterhead=Letterhead(is_automatic=True),
    )
    try:
        queue(order, unit)
    except NoWayToReach as refusal:
        note(unit, row, "not_reached", refusal.sentence)


def move(unit: UnitOfWork, row: TicketRow, *, state: str | None = None, kind: str | None = None) -> None:
    """Another state or kind."""
    row.state, row.kind = state or row.state, kind or row.kind
    row.closed_at = unit.clock.now() if row.state == CLOSED else None
    unit.emit(TicketMoved(**_about(row), state=row.state, kind=row.kind))


def note(unit: UnitOfWork, row: TicketRow, what: str, text: str | None = None) -> None:
    """Write it into the trail of the ticket."""
    unit.emit(TicketNoted(**_about(row), what=what, note=text))


def tell(unit: UnitOfWork, name: str, key: str, content: dict[str, str | None], *, once: str) -> None:
    """Have a message published after the commit; the same `once` has one effect."""
    arguments = {"name": name, "key": key, "content": content, "once": once}
    unit.enqueue(JobRequest(name=TELL, arguments=arguments, lock=f"{TELL}:{key}"))


def _customer(unit: UnitOfWork, key: str | None, email: str | None, phone: str | None) -> CustomerRow | None:
    """Whom it is from: named, or known by address or number; nobody is entered for it."""
    if not (key or email or phone):
        return None
    told = {"customer_id": key, "email": email, "phone": phone}
    found, is_ambiguous = party(unit, {name: value for name, value in told.items() if value})
    return None if is_ambiguous and not key else found


def _person(unit: UnitOfWork, row: TicketRow) -> str | None:
    """The person at the customer who has the ticket's address."""
    if row.customer_id is None or row.email is None:
        return None
    mine = (ContactRow.customer_id == row.customer_id) & (func.lower(ContactRow.email) == row.email)
    found: str | None = unit.session.scalar(select(ContactRow.id).where(mine).order_by(ContactRow.id).limit(1))
    return found


def _say(
    unit: UnitOfWork,
    row: TicketRow,
    text: str,
    *,
    channel: str,
    author: str,
    document_id: str | None = None,
    is_ours: bool = False,
) -> TicketMessageRow:
    said = TicketMessageRow(
        id=new_id(),
        ticket_id=row.id,
        is_ours=is_ours,
        channel=channel,
        author=author,
        text=text,
        document_id=document_id,
        at=unit.clock.now(),
    )
    unit.session.add(said)
    return said


def _said_by(unit: UnitOfWork, document_id: str) -> TicketRow | None:
    said = select(TicketMessageRow.ticket_id).where(TicketMessageRow.document_id == document_id)
    return unit.session.scalars(select(TicketRow).where(TicketRow.id.in_(said))).first()


def _about(row: TicketRow) -> dict[str, Any]:
    return {"ticket_id": row.id, "number": row.number, "case_id": row.case_id}
