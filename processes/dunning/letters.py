"""Letters that wait: one per customer, kind, way and currency, with every invoice that is due for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.ids import new_id
from crm.sales.models import InvoiceRow
from processes.dunning.claims import Law
from processes.dunning.models import IS_WAITING, DunningItemRow, DunningLetterRow
from storage.unit_of_work import UnitOfWork

WAITING, SENT, WITHDRAWN = "waiting", "sent", "withdrawn"
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
    """Put an invoice into the waiting letter of its customer, or into a new one; the letter's id."""
    same = {
        "customer_id": invoice.customer_id,
        "template": demand.template,
        "channel": demand.channel,
        "currency": invoice.currency,
    }
    made = insert(DunningLetterRow).values(id=new_id(), state=WAITING, queued_at=unit.clock.now(), **same)
    places = ["customer_id", "template", "channel", "currency"]
    unit.session.execute(made.on_conflict_do_nothing(index_elements=places, index_where=IS_WAITING))
    wanted = select(DunningLetterRow).filter_by(state=WAITING, **same).with_for_update()
    letter = unit.session.scalars(wanted.execution_options(populate_existing=True)).one()
    withdraw(unit, invoice.id, "another letter takes its place")
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
    unit.session.flush()
    return letter.id


def withdraw(unit: UnitOfWork, invoice_id: str, reason: str) -> int:
    """Take an invoice out of the letter that waits; how many letters that were, none or one."""
    wanted = select(DunningItemRow).filter_by(invoice_id=invoice_id, state=WAITING).with_for_update()
    rows = unit.session.scalars(wanted.execution_options(populate_existing=True)).all()
    for row in rows:
        row.state, row.reason = WITHDRAWN, reason
    unit.session.flush()
    return len(rows)


def items_of(unit: UnitOfWork, letter: DunningLetterRow) -> Sequence[DunningItemRow]:
    """The waiting items of a locked letter, locked."""
    wanted = select(DunningItemRow).filter_by(letter_id=letter.id, state=WAITING).order_by(DunningItemRow.id)
    return unit.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).all()


def total(items: Sequence[DunningItemRow]) -> Decimal:
    """What the items claim together."""
    return sum((each.balance for each in items), Decimal(0))
