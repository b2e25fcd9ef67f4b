"""Letters that wait: one per customer, kind, way and currency, with every invoice that is due for it.

Locks are taken in one order everywhere: a message of the outbox, invoices by id, a letter, its items.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.ids import new_id
from core.records import dataclass
from crm.sales.models import InvoiceRow
from processes.dunning.claims import Law
from processes.dunning.models import IS_WAITING, DunningDispatchRow, DunningItemRow, DunningLetterRow
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork

WAITING, MADE, SENT, WITHDRAWN = "waiting", "made", "sent", "withdrawn"
RECALL, COPIES = "dunning.recall", "dunning.copies"
COPIED = frozenset({"email_sms", "letter_email"})  # ways on which a mail or SMS follows
INTEREST = "INT"  # the template of notes of interest, which go out after everything is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a step wants to send for one invoice."""

    instance_id: str
    template: str
    channel: str
    law: Law
    reached: int | None


def queue(unit: UnitOfWork, invoice: InvoiceRow, demand: Demand) -> str:
    """Put a locked invoice into the waiting letter of its customer, or into a new one; the letter's id."""
    withdraw(unit, invoice.id, "another letter takes its place")
    letter = _waiting(
        unit,
        customer_id=invoice.customer_id,
        template=demand.template,
        channel=demand.channel,
        currency=invoice.currency,
    )
    unit.session.add(
        DunningItemRow(
            id=new_id(),
            letter_id=letter.id,
            invoice_id=invoice.id,
            instance_id=demand.instance_id,
            balance=invoice.balance,
            law=demand.law.name,
            difference=demand.law.difference,
            has_compensation=demand.law.has_compensation,
            reached=demand.reached,
            state=WAITING,
        )
    )
    unit.session.flush()  # the print run counts what stands in a letter
    return letter.id


def _waiting(unit: UnitOfWork, **same: str) -> DunningLetterRow:
    """The letter of this kind that waits, locked."""
    made = insert(DunningLetterRow).values(id=new_id(), state=WAITING, queued_at=unit.clock.now(), **same)
    places = ["customer_id", "template", "channel", "currency"]
    unit.session.execute(made.on_conflict_do_nothing(index_elements=places, index_where=IS_WAITING))
    wanted = select(DunningLetterRow).filter_by(state=WAITING, **same).with_for_update()
    return unit.session.scalars(wanted.execution_options(populate_existing=True)).one()


def withdraw(unit: UnitOfWork, invoice_id: str, reason: str) -> int:
    """Keep a locked invoice out of every letter that has not left; how many letters that were.

    What is in the outbox already is marked, and a job takes its message back: whoever sends it in the same moment
    sees the mark.
    """
    open_ones = select(DunningItemRow.letter_id).where(
        DunningItemRow.invoice_id == invoice_id, DunningItemRow.state.in_((WAITING, MADE))
    )
    held = locked(unit, *unit.session.scalars(open_ones))
    count = 0
    for letter in held:
        for item in items_of(unit, letter, WAITING, MADE):
            if item.invoice_id != invoice_id or (item.state == MADE and item.reason):
                continue
            item.reason = reason
            count += 1
            if item.state == WAITING:
                item.state = WITHDRAWN
            else:
                recall(unit, letter)
    unit.session.flush()  # another item of the invoice may wait only once this one does not
    return count


def recall(unit: UnitOfWork, letter: DunningLetterRow) -> None:
    """Have the messages of a letter looked at again, after the commit."""
    wanted = select(DunningDispatchRow.message_id).where(DunningDispatchRow.letter_id == letter.id)
    for message_id in unit.session.scalars(wanted):
        unit.enqueue(JobRequest(name=RECALL, arguments={"message_id": message_id}))


def put_back(unit: UnitOfWork, letter: DunningLetterRow, items: Sequence[DunningItemRow]) -> None:
    """Let items wait for another letter, because this one is not sent."""
    if not items:
        return
    other = _waiting(
        unit,
        customer_id=letter.customer_id,
        template=letter.template,
        channel=letter.channel,
        currency=letter.currency,
    )
    for item in items:
        item.letter_id, item.state = other.id, WAITING


def locked(unit: UnitOfWork, *ids: str) -> Sequence[DunningLetterRow]:
    """Letters by id, locked in one order."""
    wanted = select(DunningLetterRow).where(DunningLetterRow.id.in_(set(ids))).order_by(DunningLetterRow.id)
    return unit.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).all()


def items_of(unit: UnitOfWork, letter: DunningLetterRow, *states: str) -> Sequence[DunningItemRow]:
    """The items of a locked letter in these states, locked."""
    wanted = select(DunningItemRow).where(DunningItemRow.letter_id == letter.id, DunningItemRow.state.in_(states))
    ordered = wanted.order_by(DunningItemRow.id).with_for_update()
    return unit.session.scalars(ordered.execution_options(populate_existing=True)).all()
