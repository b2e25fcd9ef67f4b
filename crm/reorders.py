"""Turning what a customer ordered before into a new offer."""

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.errors import OrderNotFound
from crm.models import OrderLineRow, OrderRow
from crm.offer_content import Line
from crm.offers import CreatedOffer, CreateOffer, create_offer
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFromOrder(Command):
    """Draft an offer with the lines, prices and discounts of an order, named by id, number or external reference."""

    order: str


@handles(OfferFromOrder, needs="offer.edit")
def offer_from_order(command: OfferFromOrder, unit: UnitOfWork) -> CreatedOffer:
    """Draft the offer. Raises `OrderNotFound`, `RateMissing`."""
    key = command.order
    named = (OrderRow.id == key) | (OrderRow.number == key) | (OrderRow.external_reference == key)
    order = unit.session.scalars(select(OrderRow).where(named)).first()
    if order is None:
        raise OrderNotFound(key)
    lines = tuple(_line(line) for line in order.lines)
    return create_offer(CreateOffer(customer_id=order.customer_id, lines=lines, currency=order.currency), unit)


def _line(line: OrderLineRow) -> Line:
    return Line(
        product_id=line.product_id,
        sku=line.sku,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        discount=line.discount,
        vat_rate=line.vat_rate,
        unit_cost=line.unit_cost,
    )
