"""Reading customers, contacts, products and orders; every function asks for the right to read first.

Searching means: every word of the question begins a word of the record (name, city, tax id, number, phone), without
regard to capitals and diacritics. It is one look-up in a GIN index per page, whatever the number of records; the middle
of a word is not found.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from core.records import dataclass
from crm.access import require_read
from crm.company import today
from crm.errors import CustomerNotFound, OrderNotFound, ProductNotFound
from crm.models import (
    ContactRow,
    CustomerBalanceRow,
    CustomerRow,
    OrderLineRow,
    OrderRow,
    ProductRow,
)
from crm.money import line_net, rounded
from crm.order_states import OPEN_STATES
from crm.profiles import Profile, profile_of
from crm.reach import prefix_query
from storage.unit_of_work import Reading

Item = TypeVar("Item")
MOST = 200  # items of one page
OVERDUE = 30  # days after which a debt is called overdue in approvals
CATEGORIES_OF = 5000  # products that are looked at for their categories


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some items; `next` continues after them, None at the end; `total` counts all."""

    items: list[Item]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSummary:
    """A customer in a list."""

    id: str
    number: str
    name: str
    country: str
    city: str | None
    tax_id: str | None
    reliability: str
    abc_class: str | None
    key_account: bool
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at a customer."""

    id: str
    name: str
    job_title: str | None
    email: str | None
    phone: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a customer owes and has ordered, in the company's currency.

    `exposure` is what is owed plus open orders that no invoice covers yet.
    """

    receivable: Decimal
    open_orders: Decimal
    exposure: Decimal
    overdue_days: int
    as_of: date | None

    @property
    def is_overdue(self) -> bool:
        """Whether a debt is more than 30 days late."""
        return self.overdue_days > OVERDUE


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDetail:
    """A customer with everything that belongs to it; `dialled` has a number for each phone, None where unknown."""

    id: str
    number: str
    profile: Profile
    dialled: list[str | None]
    contacts: list[Contact]
    standing: Standing
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that we sell."""

    id: str
    sku: str
    name: str
    category: str | None
    unit: str
    price: Decimal
    currency: str
    vat_rate: Decimal
    cost: Decimal | None
    is_active: bool
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of an order; `net` is rounded to cents."""

    position: int
    product_id: str | None
    sku: str | None
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    discount: Decimal
    vat_rate: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order; `lines` is empty in lists."""

    id: str
    number: str
    customer_id: str
    state: str
    ordered_on: date
    due_on: date | None
    delivered_on: date | None
    owner: str | None
    currency: str
    freight: Decimal
    net: Decimal
    gross: Decimal
    invoiced: Decimal
    erp_number: str | None
    delivery_address: str | None
    external_reference: str | None
    lines: list[OrderLine]


def customers(view: Reading, q: str = "", *, after: str | None = None, limit: int = 50) -> Page[CustomerSummary]:
    """Customers by number; `q` searches name, legal name, city, tax id, number and phone."""
    require_read(view)
    wanted = select(CustomerRow).where(CustomerRow.merged_into.is_(None))
    if question := prefix_query(q):
        wanted = wanted.where(CustomerRow.search.bool_op("@@")(func.to_tsquery("simple", question)))
    rows, following, total = page(view, wanted, CustomerRow.number, after=after, limit=limit)
    return Page(items=[summary(row) for row in rows], next=following, total=total)


def customer(view: Reading, key: str) -> CustomerDetail:
    """A customer by id, number or external reference. Raises `CustomerNotFound`."""
    require_read(view)
    named = (CustomerRow.id == key) | (CustomerRow.number == key) | (CustomerRow.external_reference == key)
    row = kept(view, view.session.scalars(select(CustomerRow).where(named)).first())
    if row is None:
        raise CustomerNotFound(key)
    people = select(ContactRow).where(ContactRow.customer_id == row.id).order_by(ContactRow.name, ContactRow.id)
    return CustomerDetail(
        id=row.id,
        number=row.number,
        profile=profile_of(row),
        dialled=[phone.number for phone in row.phones],
        contacts=[
            Contact(
                id=each.id,
                name=each.name,
                job_title=each.job_title,
                email=each.email,
                phone=each.phone,
                version=each.row_version,
            )
            for each in view.session.scalars(people)
        ],
        standing=standing(view, row.id),
        version=row.row_version,
    )


def kept(view: Reading, row: CustomerRow | None) -> CustomerRow | None:
    """The customer itself, or the one that it was merged into, however often."""
    while row is not None and row.merged_into is not None:
        row = view.session.get(CustomerRow, row.merged_into)
    return row


def standing(view: Reading, customer_id: str) -> Standing:
    """What a customer owes and has ordered, with what was merged into it."""
    require_read(view)
    own = select(CustomerRow.id).where((CustomerRow.id == customer_id) | (CustomerRow.merged_into == customer_id))
    balances = select(
        func.coalesce(func.sum(CustomerBalanceRow.receivable), Decimal(0)),
        func.min(CustomerBalanceRow.oldest_due),
        func.max(CustomerBalanceRow.as_of),
    ).where(CustomerBalanceRow.customer_id.in_(own))
    owed, oldest, as_of = view.session.execute(balances).one()
    summed = select(func.coalesce(func.sum((OrderRow.gross - OrderRow.invoiced) * OrderRow.exchange_rate), 0)).where(
        OrderRow.customer_id == customer_id, OrderRow.state.in_(OPEN_STATES)
    )
    ordered = rounded(Decimal(view.session.scalars(summed).one()))
    late = (today(view) - oldest).days if oldest else 0
    return Standing(
        receivable=owed,
        open_orders=ordered,
        exposure=owed + ordered,
        overdue_days=max(late, 0),
        as_of=as_of,
    )


def products(view: Reading, q: str = "", *, after: str | None = None, limit: int = 50) -> Page[Product]:
    """Products that are sold, by article number; `q` searches article number, name and category."""
    require_read(view)
    wanted = select(ProductRow).where(ProductRow.is_active)
    if question := prefix_query(q):
        wanted = wanted.where(ProductRow.search.bool_op("@@")(func.to_tsquery("simple", question)))
    rows, following, total = page(view, wanted, ProductRow.sku, after=after, limit=limit)
    return Page(items=[_product(row) for row in rows], next=following, total=total)


def categories(view: Reading, q: str = "", *, limit: int = 50) -> list[str]:
    """Categories of products that are sold and fit `q`, in order; looks at the first few thousand products."""
    require_read(view)
    wanted = select(ProductRow.category).where(ProductRow.is_active, ProductRow.category.is_not(None))
    if question := prefix_query(q):
        wanted = wanted.where(ProductRow.search.bool_op("@@")(func.to_tsquery("simple", question)))
    some = wanted.order_by(ProductRow.sku).limit(CATEGORIES_OF).subquery()
    return [
        str(each) for each in view.session.scalars(select(some.c.category).distinct().order_by("category").limit(limit))
    ]


def product(view: Reading, key: str) -> Product:
    """A product by id or article number. Raises `ProductNotFound`."""
    require_read(view)
    row = view.session.scalars(select(ProductRow).where((ProductRow.id == key) | (ProductRow.sku == key))).first()
    if row is None:
        raise ProductNotFound(key)
    return _product(row)


def orders(view: Reading, customer_id: str, *, after: str | None = None, limit: int = 50) -> Page[Order]:
    """A customer's orders, the newest number first, without lines."""
    require_read(view)
    wanted = select(OrderRow).where(OrderRow.customer_id == customer_id)
    rows, following, total = page(view, wanted, OrderRow.number, after=after, limit=limit, newest_first=True)
    return Page(items=[_order(row, ()) for row in rows], next=following, total=total)


def order(view: Reading, key: str) -> Order:
    """An order with its lines, by id, number or external reference. Raises `OrderNotFound`."""
    require_read(view)
    named = (OrderRow.id == key) | (OrderRow.number == key) | (OrderRow.external_reference == key)
    row = view.session.scalars(select(OrderRow).where(named)).first()
    if row is None:
        raise OrderNotFound(key)
    return _order(row, row.lines)


def page(
    view: Reading,
    wanted: Select[Any],
    column: InstrumentedAttribute[str],
    *,
    after: str | None,
    limit: int,
    newest_first: bool = False,
) -> tuple[list[Any], str | None, int]:
    """Rows of one page in the order of a unique column, where the next page begins, and how many there are in all."""
    total = view.session.scalars(select(func.count()).select_from(wanted.subquery())).one()
    if after is not None:
        wanted = wanted.where(column < after if newest_first else column > after)
    size = max(1, min(limit, MOST))
    ordered = wanted.order_by(column.desc() if newest_first else column).limit(size + 1)
    rows = list(view.session.scalars(ordered))
    following = getattr(rows[size - 1], column.key) if len(rows) > size else None
    return rows[:size], following, total


def summary(row: CustomerRow) -> CustomerSummary:
    """A customer as lists show it."""
    return CustomerSummary(
        id=row.id,
        number=row.number,
        name=row.name,
        country=row.country,
        city=row.addresses[0].city if row.addresses else None,
        tax_id=row.tax_id,
        reliability=row.reliability,
        abc_class=row.abc_class,
        key_account=row.key_account,
        owner=row.owner,
    )


def _product(row: ProductRow) -> Product:
    return Product(
        id=row.id,
        sku=row.sku,
        name=row.name,
        category=row.category,
        unit=row.unit,
        price=row.price,
        currency=row.currency,
        vat_rate=row.vat_rate,
        cost=row.cost,
        is_active=row.is_active,
        version=row.row_version,
    )


def _order(row: OrderRow, lines: Iterable[OrderLineRow]) -> Order:
    return Order(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        state=row.state,
        ordered_on=row.ordered_on,
        due_on=row.due_on,
        delivered_on=row.delivered_on,
        owner=row.owner,
        currency=row.currency,
        freight=row.freight,
        net=row.net,
        gross=row.gross,
        invoiced=row.invoiced,
        erp_number=row.erp_number,
        delivery_address=row.delivery_address,
        external_reference=row.external_reference,
        lines=[
            OrderLine(
                position=line.position,
                product_id=line.product_id,
                sku=line.sku,
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                discount=line.discount,
                vat_rate=line.vat_rate,
                net=rounded(line_net(line)),
            )
            for line in lines
        ],
    )
