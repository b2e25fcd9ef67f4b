"""Entering orders, with or without an offer before them."""

from datetime import date, timedelta
from decimal import Decimal

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.blocking import refuse_blocked
from crm.checks import Findings, refuse_taken
from crm.company import exchange_rate
from crm.errors import CustomerNotFound, WrongFields
from crm.events import OrderEntered
from crm.models import CustomerRow, OfferLineRow, OrderLineRow, OrderRow
from crm.money import plain, totals
from crm.numbering import yearly_number
from crm.offer_content import Buyer, Line, line_rows
from crm.order_states import OPEN_STATES, STATES
from crm.planning.ports import WorkingDays
from crm.queries import kept
from storage.unit_of_work import UnitOfWork

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOrder(Command):
    """Enter an order; without a currency it is the customer's, without a rate that of the day is looked up.

    An open one without a day is due after the customer's lead time, counted in the firm's working days; without an
    address it goes to the customer's delivery address, where there is just one.
    """

    customer_id: str
    lines: tuple[Line, ...]
    ordered_on: date
    due_on: date | None = None
    delivered_on: date | None = None
    state: str = "open"
    owner: str | None = None
    currency: str | None = None
    exchange_rate: Decimal | None = None
    freight: Decimal = Decimal(0)
    payment_days: int | None = None
    offer_id: str | None = None
    delivery_address: str | None = None
    external_reference: str | None = None


@handles(EnterOrder, needs="offer.edit")
def enter_order(command: EnterOrder, unit: UnitOfWork) -> str:
    """Enter an order, for the customer that a merged one became, and return its id.

    A blocked customer has no new open order but that of an offer, which binds us as it was made.

    Raises `CustomerNotFound`, `CustomerBlocked`, `WrongFields`, `RateMissing`.
    """
    customer = kept(unit, unit.session.get(CustomerRow, command.customer_id))
    if customer is None:
        raise CustomerNotFound(command.customer_id)
    if command.offer_id is None and command.state in OPEN_STATES:
        refuse_blocked(unit, customer)
    findings = Findings()
    currency = findings.code("/currency", command.currency or customer.currency, "The currency", 3)
    state = findings.choice("/state", command.state, "The state", STATES)
    freight = findings.amount("/freight", command.freight, "The freight", places=2)
    if not command.lines:
        findings.add("/lines", "An order has at least one line.")
    findings.refuse()
    refuse_taken(unit, OrderRow, command.external_reference, "an order")
    lines = line_rows(
        unit, command.lines, currency, Buyer(customer_id=customer.id, day=command.ordered_on), limited=False
    )
    sums = totals(lines)
    rate = command.exchange_rate or exchange_rate(unit, currency, command.ordered_on)
    order = OrderRow(
        id=new_id(),
        number=yearly_number(unit, "SO"),
        customer_id=customer.id,
        state=state,
        ordered_on=command.ordered_on,
        due_on=command.due_on or _usual_due(unit, customer, command),
        delivered_on=command.delivered_on,
        owner=command.owner,
        currency=currency,
        exchange_rate=rate,
        freight=freight,
        net=sums.net,
        gross=sums.gross,
        payment_days=command.payment_days,
        offer_id=command.offer_id,
        delivery_address=command.delivery_address or _only_address(customer, command),
        external_reference=command.external_reference,
        created_at=unit.clock.now(),
        lines=[_line(line) for line in lines],
    )
    unit.session.add(order)
    unit.emit(
        OrderEntered(
            order_id=order.id,
            number=order.number,
            customer_id=customer.id,
            net=plain(sums.net),
            currency=currency,
            external_reference=command.external_reference,
        )
    )
    return order.id


def delivery_addresses(customer: CustomerRow) -> list[str]:
    """The addresses that a customer has for deliveries, each as one line."""
    kept = [each for each in customer.addresses if each.kind == "delivery"]
    lines = ((each.street, f"{each.postal_code} {each.city}".strip(), each.country) for each in kept)
    return list(dict.fromkeys(", ".join(part for part in line if part) for line in lines))


def _only_address(customer: CustomerRow, command: EnterOrder) -> str | None:
    known = delivery_addresses(customer) if command.state in OPEN_STATES else []
    return known[0] if len(known) == 1 else None


def _usual_due(unit: UnitOfWork, customer: CustomerRow, command: EnterOrder) -> date | None:
    """The order's day and the agreed lead time in working days; None where none is agreed or nothing is left to do."""
    left, day = customer.lead_days, command.ordered_on
    if left is None or command.state not in OPEN_STATES:
        return None
    office = unit.port(WorkingDays)
    while left > 0:
        if day == date.max:
            raise WrongFields({"/ordered_on": "This day is too far away to count the lead time from."})
        day += DAY
        left -= office.hours(day) is not None
    return day


def _line(line: OfferLineRow) -> OrderLineRow:
    return OrderLineRow(
        id=new_id(),
        position=line.position,
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
