"""What a customer and we have agreed on and traded: service contracts, orders, deliveries, and the goods bought.

Totals count everything, one sum for each currency, and are kept by the database as orders come and change; lists have
the newest. So a page costs the same whatever the length of the history.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import lazyload

from core.records import dataclass
from crm.cards import customer_id_of
from crm.devices.models import ServiceContractRow
from crm.models import OrderRow
from crm.money import rounded
from crm.sales.models import GoodsRow, TurnoverRow
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """An amount, net, in one currency."""

    currency: str
    amount: Decimal


Totals = tuple[int, list[Sum]]  # how many, and what they are worth


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
    customer_id = customer_id_of(view, key)
    placed = (OrderRow.customer_id == customer_id, OrderRow.state != "cancelled")
    delivered = (*placed, OrderRow.delivered_on.is_not(None))
    count, sums = _turnover(view, customer_id, "goods")
    return Trade(
        contracts=_contracts(view, customer_id, limit),
        orders=_orders(view, _turnover(view, customer_id, "orders"), placed, OrderRow.ordered_on, limit),
        deliveries=_orders(view, _turnover(view, customer_id, "deliveries"), delivered, OrderRow.delivered_on, limit),
        purchases=Goods(count=count, sums=sums, items=_bought(view, customer_id, limit)),
    )


def _contracts(view: Reading, customer_id: str, most: int) -> Group:
    mine = ServiceContractRow.customer_id == customer_id
    currency, fee = ServiceContractRow.currency, func.sum(ServiceContractRow.fee)
    summed = select(currency, func.count(), fee).where(mine).group_by(currency).order_by(currency)
    count, sums = _totals(view, summed)
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


def _orders(view: Reading, totals: Totals, conditions: Sequence[Any], day: Any, most: int) -> Group:
    count, sums = totals
    rows = view.session.scalars(
        select(OrderRow)
        .options(lazyload(OrderRow.lines))  # of which nothing is shown
        .where(*conditions)
        .order_by(day.desc(), OrderRow.number.desc())
        .limit(most)
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


def _turnover(view: Reading, customer_id: str, kind: str) -> Totals:
    kept = select(TurnoverRow.currency, TurnoverRow.count, TurnoverRow.amount).where(
        TurnoverRow.customer_id == customer_id, TurnoverRow.kind == kind, TurnoverRow.count > 0
    )
    return _totals(view, kept.order_by(TurnoverRow.currency))


def _totals(view: Reading, wanted: Select[str, int, Decimal]) -> Totals:
    """Of rows of currency, count and sum."""
    found = view.session.execute(wanted).all()
    return sum(count for _, count, _ in found), [Sum(currency=each, amount=rounded(worth)) for each, _, worth in found]


def _bought(view: Reading, customer_id: str, most: int) -> list[Bought]:
    newest = (GoodsRow.last_on.desc(), GoodsRow.name, GoodsRow.unit, GoodsRow.currency, GoodsRow.digest)
    rows = view.session.scalars(
        select(GoodsRow).where(GoodsRow.customer_id == customer_id).order_by(*newest).limit(most)
    )
    return [
        Bought(
            product_id=row.product_id,
            sku=row.sku,
            name=row.name,
            quantity=row.quantity,
            unit=row.unit,
            times=row.times,
            last_on=row.last_on,
            amount=rounded(row.amount),
            currency=row.currency,
        )
        for row in rows
    ]
