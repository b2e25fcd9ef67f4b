"""The last look before anything of dunning leaves the firm: what was paid, credited or disputed stays here.

The outbox asks while it holds the message; the invoices are locked here, as a payment locks them. So of a payment and
a letter one commits first: either the letter has left before the payment was posted, or it never does.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import select

from core.executor import Executor
from core.identity import SYSTEM
from crm.outbox.sending import RecheckMessage
from crm.sales.models import InvoiceRow
from crm.sales.settling import lock_invoices
from processes.dunning import letters
from processes.dunning.events import LetterWithdrawn
from processes.dunning.models import DunningDispatchRow, DunningItemRow, DunningLetterRow, DunningRow
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


class DunningHolds:
    """Adapter of the outbox's port `Holds`."""

    def why_not(self, unit: UnitOfWork, message_id: str) -> str | None:
        """Why a message of dunning must stay here; what else stood in its letter waits for another one."""
        dispatch = unit.session.get(DunningDispatchRow, message_id)
        if dispatch is None:
            return None
        named = select(DunningItemRow.invoice_id).where(
            DunningItemRow.letter_id == dispatch.letter_id,
            DunningItemRow.state.in_((letters.MADE, letters.SENT)),
        )
        invoices = {row.id: row for row in lock_invoices(unit, *unit.session.scalars(named))}
        (letter,) = letters.locked(unit, dispatch.letter_id)
        items = letters.items_of(unit, letter, letters.MADE, letters.SENT)
        if letter.state not in {letters.MADE, letters.SENT} or not items:
            return "The letter was taken back."
        bad = {}
        for item in items:
            reason = item.reason or why_not(unit, letter, item, invoices[item.invoice_id])
            if reason is not None:
                bad[item.id] = f"Invoice {invoices[item.invoice_id].number}: {reason}."
        if not bad:
            return None
        if letter.state == letters.MADE:
            _take_apart(unit, letter, items, invoices)
        return " ".join(bad.values())


def _take_apart(
    unit: UnitOfWork, letter: DunningLetterRow, items: Sequence[DunningItemRow], invoices: dict[str, InvoiceRow]
) -> None:
    """Nothing of it has left: what is still to be claimed waits again, and its other messages are taken back, too."""
    good = [each for each in items if not withdrawn(unit, letter, each, invoices[each.invoice_id])]
    letter.state = letters.WITHDRAWN
    unit.session.flush()  # the items below go into the letter that waits
    letters.put_back(unit, letter, good)
    letters.recall(unit, letter)


def withdrawn(unit: UnitOfWork, letter: DunningLetterRow, item: DunningItemRow, invoice: InvoiceRow) -> bool:
    """Whether an item must not go out; it is taken out of its letter then."""
    reason = item.reason or why_not(unit, letter, item, invoice)
    if reason is None:
        return False
    is_told = item.reason is not None  # whoever marked it has told so
    item.state, item.reason = letters.WITHDRAWN, reason
    if is_told:
        return True
    unit.emit(LetterWithdrawn(invoice_id=item.invoice_id, instance_id=item.instance_id, reason=reason))
    return True


def why_not(unit: UnitOfWork, letter: DunningLetterRow, item: DunningItemRow, invoice: InvoiceRow) -> str | None:
    """Why an invoice must not stand in a letter any more; it is locked, so the answer holds until the commit."""
    if invoice.balance != item.balance:
        return "something was paid or credited since"
    if invoice.dispute is not None:
        return "the invoice is disputed"
    if letter.template == letters.INTEREST:
        return None  # its case has ended with it
    row = unit.session.get(DunningRow, item.invoice_id)
    if row is None or not row.is_running or row.instance_id != item.instance_id:
        return "its dunning has ended"
    return None


@job(letters.RECALL)
def recall_message(host: Host, arguments: dict[str, Any]) -> None:
    """Take a message back that must not leave, unless it has left."""
    host.executor.execute(RecheckMessage(message_id=str(arguments["message_id"])), actor=SYSTEM)
