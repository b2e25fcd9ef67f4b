"""What a customer and we have agreed on and traded: service contracts, orders, deliveries, and the goods bought.

Totals count everything, one sum for each currency; lists have the newest, so that a page costs the same whatever the
length of the history.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core.records import dataclass
from crm.cards import customer_id_of
from crm.devices.models import ServiceContractRow
from crm.models import OrderLineRow, OrderRow
from storage.unit_of_work import Reading

NET = OrderLineRow.quantity * OrderLineRow.unit_price * (100 - OrderLineRow.discount) / 100  # as `crm.money.line_net`


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """An amount, net, in one currency."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """One contract, order or delivery; a delivery opens the order that it belongs to."""

    record: str
    id: str
    number: str
    day: date | None
    state: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """A product that was ordered, over all orders in a currency; `product_id` is None for what is none of ours."""

    product_id: str | None
    sku: str | None
    name: str
    quantity: Decimal
    unit: str
    times: int  # orders
    last_on: date
    amount: Decimal  # net
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All of one kind: how many, what they are worth, and the newest of them."""

    count: int
    sums: list[Sum]
    items: list[Traded]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """The products that were bought, those bought last first."""

    count: int
    sums: list[Sum]
    items: list[Bought]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Contracts by their fee, orders that were not cancelled, those delivered in part or whole, and what was bought."""

    contracts: Group
    orders: Group
    deliveries: Group
    purchases: Goods


def trade(view: Reading, key: str, *, limit: int = 50) -> Trade:
    """Of a customer, with at most `limit` items of each list. Raises `CustomerNotFound`, `Forbidden`."""
    customer_id, most = customer_id_of(view, key), limit
    placed = (OrderRow.customer_id == customer_id, OrderRow.state != "cancelled")
    delivered = (*placed, OrderRow.delivered_on.is_not(None))
    return Trade(
        contracts=_contracts(view, customer_id, most),
        orders=_orders(view, placed, OrderRow.ordered_on, most),
        deliveries=_orders(view, delivered, OrderRow.delivered_on, most),
        purchases=_purchases(view, placed, most),
    )


def _contracts(view: Reading, customer_id: str, most: int) -> Group:
    mine = ServiceContractRow.customer_id == customer_id
    count, sums = _totals(view, ServiceContractRow, ServiceContractRow.fee, (mine,))
    rows = view.session.scalars(
        select(ServiceContractRow).where(mine).order_by(ServiceContractRow.number.desc()).limit(most)
    )
    items = [
        Traded(
            record="crm.service_contract",
            id=row.id,
            number=row.number,
            day=row.starts_on,
            state="ended" if row.ended_reason else "agreed",
            amount=row.fee,
            currency=row.currency,
        )
        for row in rows
    ]
    return Group(count=count, sums=sums, items=items)


def _orders(view: Reading, conditions: Sequence[Any], day: Any, most: int) -> Group:
    count, sums = _totals(view, OrderRow, OrderRow.net, conditions)
    rows = view.session.scalars(
        select(OrderRow).where(*conditions).order_by(day.desc(), OrderRow.number.desc()).limit(most)
    )
    items = [
        Traded(
            record="crm.order",
            id=row.id,
            number=row.number,
            day=getattr(row, day.key),
            state=row.state,
            amount=row.net,
            currency=row.currency,
        )
        for row in rows
    ]
    return Group(count=count, sums=sums, items=items)


def _totals(view: Reading, table: Any, amount: Any, conditions: Sequence[Any]) -> tuple[int, list[Sum]]:
    wanted = select(table.currency, func.count(), func.sum(amount)).where(*conditions).group_by(table.currency)
    found = view.session.execute(wanted.order_by(table.currency)).all()
    return sum(count for _, count, _ in found), [Sum(currency=each, amount=worth) for each, _, worth in found]


def _purchases(view: Reading, conditions: Sequence[Any], most: int) -> Goods:
    lines = select(OrderLineRow).join(OrderRow, OrderRow.id == OrderLineRow.order_id).where(*conditions)
    net = func.round(func.sum(NET), 2)
    by_currency = lines.with_only_columns(OrderRow.currency, net).group_by(OrderRow.currency)
    sums = view.session.execute(by_currency.order_by(OrderRow.currency)).all()
    goods = (OrderLineRow.product_id, OrderLineRow.sku, OrderLineRow.description, OrderLineRow.unit, OrderRow.currency)
    last = func.max(OrderRow.ordered_on)
    counted = (func.sum(OrderLineRow.quantity), func.count(OrderRow.id.distinct()), last, net)
    wanted = lines.with_only_columns(*goods, *counted).group_by(*goods)
    count = view.session.scalars(
        select(func.count()).select_from(lines.with_only_columns(*goods).distinct().subquery())
    )
    rows = view.session.execute(wanted.order_by(last.desc(), *goods[2:]).limit(most))
    names = ("product_id", "sku", "name", "unit", "currency", "quantity", "times", "last_on", "amount")
    return Goods(
        count=count.one(),
        sums=[Sum(currency=currency, amount=amount) for currency, amount in sums],
        items=[Bought(**dict(zip(names, row, strict=True))) for row in rows],
    )
