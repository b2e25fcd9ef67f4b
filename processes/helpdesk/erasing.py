"""What tickets know of a person goes when the person is erased."""

from sqlalchemy import func, select, update

from crm.models import ContactRow
from processes.helpdesk.models import TicketMessageRow, TicketRow
from storage.unit_of_work import Reading, UnitOfWork

SUBJECT = "contact:"
GONE = "(erased)"


def tickets_of(view: Reading, contact_id: str) -> list[str]:
    """The tickets that came from the address of a person, or were answered there."""
    address = select(func.lower(ContactRow.email)).where(ContactRow.id == contact_id, ContactRow.email.is_not(None))
    return list(view.session.scalars(select(TicketRow.id).where(TicketRow.email.in_(address))))


def forget_tickets(unit: UnitOfWork, subject: str) -> None:
    """Empty the tickets of a person, named as a data subject; while the person's address is still known."""
    ids = tickets_of(unit, subject.removeprefix(SUBJECT))
    if not ids:
        return
    about = {"name": GONE, "email": None, "phone": None, "subject": GONE, "link_until": unit.clock.now()}
    unit.session.execute(update(TicketRow).where(TicketRow.id.in_(ids)).values(about))
    said = update(TicketMessageRow).where(TicketMessageRow.ticket_id.in_(ids))
    unit.session.execute(said.values(text=GONE))
    unit.session.execute(said.where(~TicketMessageRow.is_ours).values(author=GONE))
