"""Where and by when an order is delivered: a delivery address of the customer, and the lead time agreed with them."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.company import today
from crm.errors import WrongFields
from crm.models import CustomerRow, OrderRow
from crm.order_states import OPEN_STATES
from crm.orders import delivery_addresses
from crm.paging import Part, keyset
from crm.sales.accepting import lock_order
from crm.sales.errors import WrongOrderState
from crm.sales.events import OrderAddressed
from storage.unit_of_work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOrder(Command):
    """Say where an open order goes: one of the customer's delivery addresses as `addresses_of` tells it.

    The order keeps the text, whatever becomes of the customer's addresses.
    """

    order_id: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOrder:
    """An open order with the day by which it is to be delivered."""

    id: str
    number: str
    customer_id: str
    customer_name: str
    state: str
    owner: str | None
    net: Decimal
    currency: str
    ordered_on: date
    due_on: date
    days_late: int  # 0 for one that is not overdue


@handles(AddressOrder, needs="offer.edit")
def address_order(command: AddressOrder, unit: UnitOfWork) -> None:
    """Write it into the order. Raises `OrderNotFound`, `WrongOrderState`, `WrongFields`."""
    order = lock_order(unit, command.order_id)
    if order.state not in OPEN_STATES:
        raise WrongOrderState(order.number, state=order.state, wanted="sent to another address")
    if command.address not in delivery_addresses(unit.session.get_one(CustomerRow, order.customer_id)):
        raise WrongFields({"/address": "Choose one of the customer's delivery addresses."})
    if order.delivery_address == command.address:
        return
    order.delivery_address = command.address
    unit.emit(OrderAddressed(order_id=order.id, number=order.number, customer_id=order.customer_id))


def addresses_of(view: Reading, customer_id: str) -> list[str]:
    """The delivery addresses that an order of the customer can go to, each as one line."""
    require_read(view)
    return delivery_addresses(view.session.get_one(CustomerRow, customer_id))


def due_orders(view: Reading, *, overdue: bool = False, after: str | None = None, limit: int = 50) -> Part[DueOrder]:
    """Open orders by the day by which they are due, the earliest first; `overdue` leaves out those still in time."""
    require_read(view)
    day = today(view)
    wanted = select(OrderRow).where(OrderRow.state.in_(OPEN_STATES), OrderRow.due_on.is_not(None))
    if overdue:
        wanted = wanted.where(OrderRow.due_on < day)
    place = (OrderRow.due_on, OrderRow.id)
    rows, following, total = keyset(view, wanted, place, after=after, limit=limit, newest_first=False)  # type: ignore[arg-type]  # none without a day
    named = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id.in_({row.customer_id for row in rows}))
    names = {row.id: row.name for row in view.session.execute(named)} if rows else {}
    items = [
        DueOrder(
            id=row.id,
            number=row.number,
            customer_id=row.customer_id,
            customer_name=names[row.customer_id],
            state=row.state,
            owner=row.owner,
            net=row.net,
            currency=row.currency,
            ordered_on=row.ordered_on,
            due_on=row.due_on,
            days_late=max((day - row.due_on).days, 0),
        )
        for row in rows
    ]
    return Part(items=items, next=following, total=total)
