"""Who may see what of customers and offers."""

from core.errors import Forbidden
from core.identity import Actor
from storage.unit_of_work import Reading

READ = "customer.read"
FINANCIAL = "customer.finance"  # limits, terms, accounts, debts
PRIVATE = "contact.private"  # what people told of themselves: preferences, interests, family
CONFIGURE = "crm.administer"
READERS = (
    READ,
    "customer.edit",
    "offer.edit",
    "invoice.edit",
    "payment.edit",
    "activity.edit",
)  # whoever may edit sees what there is to edit


def may_read(actor: Actor) -> bool:
    """Whether somebody may see customers, products, offers and orders at all."""
    return any(actor.may(right) for right in READERS)


def require_read(view: Reading) -> None:
    """Raise `Forbidden` unless the reader may see customers and offers."""
    if not may_read(view.actor):
        raise Forbidden(f"You do not have the right to see customers and offers ({READ}).", permission=READ)


def require_settings(view: Reading) -> None:
    """Raise `Forbidden` unless the reader may see value lists, fields and kinds, which are not about any customer."""
    if not view.actor.may(CONFIGURE):
        require_read(view)
