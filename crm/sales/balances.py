"""What a customer owes by the ledger, kept ready for approvals and lists; worked out anew from the open items alone."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from crm.checks import one_at_a_time
from crm.company import today
from crm.models import CustomerBalanceRow
from crm.money import rounded
from crm.payments.models import PaymentRow
from crm.sales.models import InvoiceRow
from storage.unit_of_work import UnitOfWork


def refresh_balance(unit: UnitOfWork, customer_id: str) -> None:
    """Add up a customer's open items; whoever changes them at the same time waits, so that neither is forgotten."""
    one_at_a_time(unit, f"balance:{customer_id}")
    unit.session.flush()  # the sum is the database's
    summed = select(
        func.coalesce(func.sum(InvoiceRow.balance * InvoiceRow.exchange_rate), 0),
        func.min(InvoiceRow.due_on).filter(InvoiceRow.balance > 0),
    ).where(InvoiceRow.customer_id == customer_id, InvoiceRow.balance != 0)
    owed, oldest = unit.session.execute(summed).one()
    spare = select(func.coalesce(func.sum(PaymentRow.unallocated * PaymentRow.exchange_rate), 0)).where(
        PaymentRow.customer_id == customer_id, PaymentRow.unallocated != 0
    )
    owed -= unit.session.scalars(spare).one()
    row = {"receivable": rounded(owed), "oldest_due": oldest, "as_of": today(unit)}
    written = insert(CustomerBalanceRow).values(customer_id=customer_id, **row)
    unit.session.execute(written.on_conflict_do_update(index_elements=["customer_id"], set_=row))
    known = unit.session.identity_map.get(unit.session.identity_key(CustomerBalanceRow, customer_id))
    if known is not None:
        unit.session.expire(known)
