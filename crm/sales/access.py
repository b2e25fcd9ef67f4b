"""Who may see invoices, payments and what customers owe."""

from core.errors import Forbidden
from crm.access import FINANCIAL
from storage.unit_of_work import Reading

EDITORS = ("invoice.edit", "payment.edit")


def require_finance(view: Reading) -> None:
    """Raise `Forbidden` unless the reader may see what customers owe."""
    if not any(view.actor.may(right) for right in (FINANCIAL, *EDITORS)):
        raise Forbidden(f"You do not have the right to see invoices and payments ({FINANCIAL}).", permission=FINANCIAL)
