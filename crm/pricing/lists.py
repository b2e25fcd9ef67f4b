"""Entering price lists and reading them."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.checks import Findings, checked_version, one_at_a_time
from crm.models import CustomerRow, ProductRow
from crm.money import HUNDRED, plain
from crm.pricing.errors import PriceListNameTaken, PriceListNotFound
from crm.pricing.events import PriceListSaved
from crm.pricing.models import ListPriceRow, PriceListRow
from crm.segments.models import SegmentRow
from storage.unit_of_work import Reading, UnitOfWork

MOST_PRICES = 20_000
MOST = 500  # lists that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPrice:
    """What a product costs from a quantity on; `most_discount` is in per cent, None for no limit."""

    product_id: str
    price: Decimal
    from_quantity: Decimal = Decimal(0)
    most_discount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePriceList(Command):
    """Enter a list, or replace one whole; it is for a customer, a segment, or for all."""

    name: str
    currency: str
    valid_from: date
    prices: tuple[ListedPrice, ...]
    valid_until: date | None = None
    customer_id: str | None = None
    segment_id: str | None = None
    is_retired: bool = False
    price_list_id: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """A price list with whom it is for."""

    id: str
    name: str
    currency: str
    customer_id: str | None
    customer_name: str | None
    segment_id: str | None
    segment_name: str | None
    valid_from: date
    valid_until: date | None
    is_retired: bool
    count: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One price with its product."""

    product_id: str
    sku: str
    name: str
    unit: str
    from_quantity: Decimal
    price: Decimal
    most_discount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListDetail(PriceList):
    """The same with its prices, by article number and quantity."""

    prices: list[PriceLine]


@handles(SavePriceList, needs="offer.edit")
def save_price_list(command: SavePriceList, unit: UnitOfWork) -> str:
    """Its id. Raises `WrongFields`, `PriceListNameTaken`, `PriceListNotFound`, `ChangedMeanwhile`."""
    name = _checked(command, unit)
    row = None
    if command.price_list_id is not None:
        row = unit.session.get(PriceListRow, command.price_list_id)
        if row is None:
            raise PriceListNotFound(command.price_list_id)
        checked_version(f"The price list {row.name}", expected=command.expected_version, current=row.row_version)
    one_at_a_time(unit, "price lists")
    same = select(PriceListRow.id).where(PriceListRow.name == name, PriceListRow.id != (row.id if row else ""))
    if unit.session.scalars(same).first() is not None:
        raise PriceListNameTaken(name)
    before = _prices(unit, row.id) if row else {}
    if row is None:
        row = PriceListRow(id=new_id(), created_at=unit.clock.now(), created_by=unit.actor.id)
        unit.session.add(row)
    row.name, row.currency = name, command.currency.strip().upper()
    row.customer_id, row.segment_id = command.customer_id or None, command.segment_id or None
    row.valid_from, row.valid_until, row.is_retired = command.valid_from, command.valid_until, command.is_retired
    unit.session.flush()  # its prices name it without a relationship
    unit.session.execute(delete(ListPriceRow).where(ListPriceRow.price_list_id == row.id))
    unit.session.add_all(
        ListPriceRow(
            id=new_id(),
            price_list_id=row.id,
            product_id=each.product_id,
            from_quantity=each.from_quantity,
            price=each.price,
            most_discount=each.most_discount,
        )
        for each in command.prices
    )
    unit.session.flush()  # so that the changes can be told
    after = _prices(unit, row.id)
    changed = {key: [before.get(key), after.get(key)] for key in {*before, *after} if before.get(key) != after.get(key)}
    unit.emit(
        PriceListSaved(
            price_list_id=row.id,
            name=name,
            currency=row.currency,
            audience=row.customer_id or row.segment_id or "all",
            valid_from=row.valid_from.isoformat(),
            valid_until=row.valid_until.isoformat() if row.valid_until else None,
            is_retired=row.is_retired,
            prices=dict(sorted(changed.items())),
        )
    )
    return row.id


def price_lists(view: Reading, *, customer_id: str | None = None, limit: int = MOST) -> list[PriceList]:
    """The first lists by name; with a customer, those that are theirs alone."""
    require_read(view)
    wanted = select(PriceListRow).order_by(PriceListRow.name).limit(limit)
    if customer_id is not None:
        wanted = wanted.where(PriceListRow.customer_id == customer_id)
    rows = list(view.session.scalars(wanted))
    counted = (
        select(ListPriceRow.price_list_id, func.count())
        .where(ListPriceRow.price_list_id.in_([row.id for row in rows]))
        .group_by(ListPriceRow.price_list_id)
    )
    counts = dict(view.session.execute(counted).all()) if rows else {}
    return [PriceList(**_told(view, row), count=counts.get(row.id, 0)) for row in rows]


def price_list(view: Reading, price_list_id: str) -> PriceListDetail:
    """One list with its prices. Raises `PriceListNotFound`."""
    require_read(view)
    row = view.session.get(PriceListRow, price_list_id)
    if row is None:
        raise PriceListNotFound(price_list_id)
    wanted = (
        select(ListPriceRow, ProductRow)
        .join(ProductRow, ProductRow.id == ListPriceRow.product_id)
        .where(ListPriceRow.price_list_id == row.id)
        .order_by(ProductRow.sku, ListPriceRow.from_quantity)
    )
    prices = [
        PriceLine(
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            unit=product.unit,
            from_quantity=price.from_quantity,
            price=price.price,
            most_discount=price.most_discount,
        )
        for price, product in view.session.execute(wanted)
    ]
    return PriceListDetail(**_told(view, row), count=len(prices), prices=prices)


def _checked(command: SavePriceList, unit: UnitOfWork) -> str:
    findings = Findings()
    name = findings.text("/name", command.name, "The name", longest=100)
    findings.code("/currency", command.currency, "The currency", 3)
    if command.valid_until is not None and command.valid_until < command.valid_from:
        findings.add("/valid_until", "The last day is before the first.")
    if command.customer_id and command.segment_id:
        findings.add("/segment_id", "A list is for one customer or for a segment, not for both.")
    if command.customer_id and unit.session.get(CustomerRow, command.customer_id) is None:
        findings.add("/customer_id", "There is no such customer.")
    if command.segment_id and unit.session.get(SegmentRow, command.segment_id) is None:
        findings.add("/segment_id", "There is no such segment.")
    if len(command.prices) > MOST_PRICES:
        findings.add("/prices", f"A list has at most {MOST_PRICES} prices.")
        findings.refuse()
    _check_prices(command, unit, findings)
    findings.refuse()
    return name


def _check_prices(command: SavePriceList, unit: UnitOfWork, findings: Findings) -> None:
    wanted = {each.product_id for each in command.prices}
    known = set(unit.session.scalars(select(ProductRow.id).where(ProductRow.id.in_(wanted)))) if wanted else set()
    met: set[tuple[str, Decimal]] = set()
    for index, each in enumerate(command.prices):
        at, place = f"/prices/{index}", f"of price {index + 1}"
        findings.amount(f"{at}/price", each.price, f"The amount {place}")
        findings.amount(f"{at}/from_quantity", each.from_quantity, f"The quantity {place}", most=Decimal(9_999_999))
        if each.most_discount is not None:
            findings.amount(f"{at}/most_discount", each.most_discount, f"The discount {place}", most=HUNDRED)
        if each.product_id not in known:
            findings.add(f"{at}/product_id", f"The product {place} is unknown.")
        if (each.product_id, each.from_quantity) in met:
            findings.add(f"{at}/from_quantity", f"The product {place} has a price from this quantity on already.")
        met.add((each.product_id, each.from_quantity))


def _prices(view: Reading, price_list_id: str) -> dict[str, str]:
    """Product and quantity to price and limit, as texts."""
    wanted = select(ListPriceRow).where(ListPriceRow.price_list_id == price_list_id)
    return {
        f"{row.product_id} {plain(row.from_quantity)}": plain(row.price)
        + (f" ≤{plain(row.most_discount)}%" if row.most_discount is not None else "")
        for row in view.session.scalars(wanted)
    }


def _told(view: Reading, row: PriceListRow) -> dict[str, Any]:
    customer = view.session.get(CustomerRow, row.customer_id) if row.customer_id else None
    segment = view.session.get(SegmentRow, row.segment_id) if row.segment_id else None
    return {
        "id": row.id,
        "name": row.name,
        "currency": row.currency,
        "customer_id": row.customer_id,
        "customer_name": customer.name if customer else None,
        "segment_id": row.segment_id,
        "segment_name": segment.name if segment else None,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "is_retired": row.is_retired,
        "version": row.row_version,
    }
