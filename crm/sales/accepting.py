"""What a customer's yes does: the offer is accepted, and exactly one order comes of it."""

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.company import today
from crm.errors import OrderNotFound, WrongOfferState
from crm.models import OrderRow
from crm.offer_content import lines_of
from crm.offers import lock_offer, newest_version
from crm.orders import EnterOrder, enter_order
from crm.sales.errors import WrongOrderState
from crm.sales.events import OfferAccepted, OrderMoved
from storage.unit_of_work import UnitOfWork

ACCEPTABLE = {"approved", "sent"}
MOVES = {  # the states of an order, and what follows each
    "open": {"partly_delivered", "done", "cancelled"},
    "partly_delivered": {"done", "cancelled"},
    "done": set[str](),
    "cancelled": set[str](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer(Command):
    """Note that the customer accepts an offer (by id or number); again is harmless, whoever says it twice."""

    offer_id: str
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOfOffer:
    """The order that an offer became."""

    id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOrder(Command):
    """Say how far an order is: partly_delivered, done or cancelled; a state that it has already is no change."""

    order_id: str
    state: str
    reason: str | None = None


@handles(AcceptOffer, needs="offer.edit")
def accept_offer(command: AcceptOffer, unit: UnitOfWork) -> OrderOfOffer:
    """Accept the offer and return its order, made now or before. Raises `WrongOfferState`."""
    offer = lock_offer(unit, command.offer_id)
    known = unit.session.scalars(select(OrderRow).where(OrderRow.offer_id == offer.id)).first()
    if known is not None:
        return OrderOfOffer(id=known.id, number=known.number)
    if offer.state not in ACCEPTABLE:
        raise WrongOfferState(offer.number, state=offer.state, wanted="accepted")
    version = newest_version(unit, offer)
    order_id = enter_order(
        EnterOrder(
            customer_id=offer.customer_id,
            lines=lines_of(version),
            ordered_on=today(unit),
            owner=offer.owner,
            currency=version.currency,
            exchange_rate=version.exchange_rate,
            payment_days=version.payment_days,
            offer_id=offer.id,
        ),
        unit,
    )
    order = unit.session.get_one(OrderRow, order_id)
    offer.state = version.state = "accepted"
    offer.changed_at = unit.clock.now()
    unit.emit(
        OfferAccepted(
            offer_id=offer.id,
            number=offer.number,
            version=version.n,
            case_id=command.case_id,
            order_id=order.id,
            order_number=order.number,
        )
    )
    return OrderOfOffer(id=order.id, number=order.number)


@handles(MoveOrder, needs="offer.edit")
def move_order(command: MoveOrder, unit: UnitOfWork) -> None:
    """Move the order on. Raises `OrderNotFound`, `WrongOrderState`."""
    order = lock_order(unit, command.order_id)
    if order.state == command.state:
        return
    if command.state not in MOVES[order.state]:
        raise WrongOrderState(order.number, state=order.state, wanted=command.state)
    before, order.state = order.state, command.state
    if command.state == "done":
        order.delivered_on = order.delivered_on or today(unit)
    unit.emit(
        OrderMoved(
            order_id=order.id,
            number=order.number,
            customer_id=order.customer_id,
            before=before,
            state=order.state,
            reason=command.reason,
        )
    )


def lock_order(unit: UnitOfWork, key: str) -> OrderRow:
    """The order by id, number or external reference, locked until the unit ends. Raises `OrderNotFound`."""
    named = (OrderRow.id == key) | (OrderRow.number == key) | (OrderRow.external_reference == key)
    wanted = select(OrderRow).where(named).with_for_update().execution_options(populate_existing=True)
    order = unit.session.scalars(wanted).first()
    if order is None:
        raise OrderNotFound(key)
    return order
