"""Reading tickets: the list, one with what was said, and what its customer sees behind the link."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.records import dataclass
from crm.access import require_read
from crm.company import company
from crm.models import CustomerRow
from crm.paging import Part, keyset
from processes.helpdesk.errors import TicketNotFound
from processes.helpdesk.models import TicketMessageRow, TicketRow
from processes.helpdesk.tickets import CLOSED, MOST_SAID, by_link
from storage.unit_of_work import Reading

SUMMARY = (
    *("id", "number", "case_id", "customer_id", "kind", "channel", "state", "subject", "name", "email", "phone"),
    *("product_group", "opened_at", "opened_by", "closed_at", "link_until"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSummary:
    """A ticket, without what was said."""

    id: str
    number: str
    case_id: str | None
    customer_id: str | None
    customer_name: str | None
    kind: str
    channel: str
    state: str
    subject: str
    name: str
    email: str | None
    phone: str | None
    product_group: str | None
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    link_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that was said; `document_id` is the message that it came as."""

    is_ours: bool
    channel: str
    author: str
    text: str
    document_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(TicketSummary):
    """A ticket with what was said, in order."""

    said: list[Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPage:
    """What the customer sees: no names of ours but of those who answered, nothing of the case."""

    number: str
    subject: str
    state: str
    company: str
    opened_at: datetime
    link_until: datetime
    said: list[Said]
    may_reply: bool


def tickets(
    view: Reading,
    *,
    states: tuple[str, ...] = (),
    kind: str | None = None,
    customer_id: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Part[TicketSummary]:
    """Newest first. Raises `Forbidden`."""
    require_read(view)
    query = select(TicketRow)
    if states:
        query = query.where(TicketRow.state.in_(states))
    if kind is not None:
        query = query.where(TicketRow.kind == kind)
    if customer_id is not None:
        query = query.where(TicketRow.customer_id == customer_id)
    rows, following, total = keyset(view, query, (TicketRow.opened_at, TicketRow.id), after=after, limit=limit)
    names = _names(view, [row.customer_id for row in rows if row.customer_id])
    items = [TicketSummary(**_values(row), customer_name=names.get(row.customer_id or "")) for row in rows]
    return Part(items=items, next=following, total=total)


def ticket(view: Reading, key: str) -> Ticket:
    """One by id or number. Raises `TicketNotFound`, `Forbidden`."""
    require_read(view)
    row = view.session.scalars(select(TicketRow).where((TicketRow.id == key) | (TicketRow.number == key))).first()
    if row is None:
        raise TicketNotFound(key)
    names = _names(view, [row.customer_id] if row.customer_id else [])
    return Ticket(**_values(row), customer_name=names.get(row.customer_id or ""), said=_said(view, row))


def ticket_page(view: Reading, token: str) -> TicketPage:
    """For a view with the rights of the system: the token is the right. Raises `TicketLinkInvalid`."""
    row = by_link(view, token)
    return TicketPage(
        number=row.number,
        subject=row.subject,
        state=row.state,
        company=company(view).name,
        opened_at=row.opened_at,
        link_until=row.link_until,
        said=_said(view, row),
        may_reply=row.state != CLOSED,
    )


def _said(view: Reading, row: TicketRow) -> list[Said]:
    message = TicketMessageRow
    wanted = select(message).where(message.ticket_id == row.id).order_by(message.id).limit(2 * MOST_SAID)
    return [
        Said(
            is_ours=each.is_ours,
            channel=each.channel,
            author=each.author,
            text=each.text,
            document_id=each.document_id,
            at=each.at,
        )
        for each in view.session.scalars(wanted)
    ]


def _names(view: Reading, ids: list[str]) -> dict[str, str]:
    if not ids:
        return {}
    wanted = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id.in_(ids))
    return dict(view.session.execute(wanted).all())


def _values(row: TicketRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SUMMARY}
