"""Who may see invoices, payments and what customers owe."""

from core.errors import Forbidden
from core.identity import Actor
from crm.access import FINANCIAL
from storage.unit_of_work import Reading

EDITORS = ("invoice.edit", "payment.edit")


def may_see_finance(actor: Actor) -> bool:
    """Whether somebody may see what customers owe."""
    return any(actor.may(right) for right in (FINANCIAL, *EDITORS))


def require_finance(view: Reading) -> None:
    """Raise `Forbidden` unless the reader may see what customers owe."""
    if not may_see_finance(view.actor):
        raise Forbidden(f"You do not have the right to see invoices and payments ({FINANCIAL}).", permission=FINANCIAL)
