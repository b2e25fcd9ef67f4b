"""What a product costs on a day: lists of the customer, then of groups, then of all, then its own price."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, or_, select

from core.records import dataclass
from crm.access import require_read
from crm.company import today
from crm.models import CustomerRow, OfferRow, OfferVersionRow, ProductRow
from crm.pricing.models import ListPriceRow, PriceListRow
from crm.queries import Product
from crm.segments.models import SegmentRow
from crm.segments.rules import customers_of
from storage.unit_of_work import Reading

PERSONAL, GROUP, GENERAL, BASE, MANUAL = "personal", "group", "general", "base", "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price, where it comes from, and the most discount that the list allows."""

    price: Decimal
    source: str  # personal, group, general, base
    list_name: str | None = None
    most_discount: Decimal | None = None

    @property
    def told(self) -> str:
        """The source as a line of an offer keeps it."""
        return f"{self.source}: {self.list_name}" if self.list_name else self.source


class Prices:
    """The prices of one customer, currency and day; a few statements, however many products are asked for."""

    def __init__(self, view: Reading, customer_id: str | None, currency: str, day: date) -> None:
        self._view = view
        self._currency = currency
        self.lists = _lists(view, customer_id, currency, day)
        self._known: dict[str, list[tuple[int, ListPriceRow]]] = {}

    def load(self, products: Iterable[str]) -> None:
        """Read what the lists say of some products."""
        fresh = set(products) - self._known.keys()
        self._known |= {each: [] for each in fresh}
        if not fresh or not self.lists:
            return
        ranks = {row.id: rank for rank, (_, row) in enumerate(self.lists)}
        wanted = select(ListPriceRow).where(ListPriceRow.price_list_id.in_(ranks), ListPriceRow.product_id.in_(fresh))
        for row in self._view.session.scalars(wanted):
            self._known[row.product_id].append((ranks[row.price_list_id], row))

    def quote(self, product: ProductRow, quantity: Decimal) -> Quote | None:
        """The price of one unit of so many; None where nothing is priced in the currency."""
        self.load([product.id])
        fitting = [(rank, row) for rank, row in self._known[product.id] if row.from_quantity <= quantity]
        if fitting:
            rank, row = min(fitting, key=lambda each: (each[0], -each[1].from_quantity))
            source, found = self.lists[rank]
            return Quote(price=row.price, source=source, list_name=found.name, most_discount=row.most_discount)
        if product.currency != self._currency:  # a price in another currency is no price to start from
            return None
        return Quote(price=product.price, source=BASE)


def price_of(
    view: Reading, product: ProductRow, *, customer_id: str | None, currency: str, day: date, quantity: Decimal
) -> Quote | None:
    """What one unit of so many costs a customer on a day."""
    require_read(view)
    return Prices(view, customer_id, currency, day).quote(product, quantity)


def _lists(view: Reading, customer_id: str | None, currency: str, day: date) -> list[tuple[str, PriceListRow]]:
    """The lists that are valid for the customer, the strongest first: personal, group, general; the newest of each."""
    mine: ColumnElement[bool] = PriceListRow.customer_id.is_(None)
    if customer_id is not None:
        mine = or_(mine, PriceListRow.customer_id == customer_id)
    wanted = select(PriceListRow).where(
        mine,
        PriceListRow.currency == currency,
        PriceListRow.valid_from <= day,
        or_(PriceListRow.valid_until.is_(None), PriceListRow.valid_until >= day),
        ~PriceListRow.is_retired,
    )
    rows = list(view.session.scalars(wanted.order_by(PriceListRow.valid_from.desc(), PriceListRow.id.desc())))
    found: dict[str, list[tuple[str, PriceListRow]]] = {PERSONAL: [], GROUP: [], GENERAL: []}
    belongs: dict[str, bool] = {}
    for row in rows:
        if row.customer_id is not None:
            found[PERSONAL].append((PERSONAL, row))
        elif row.segment_id is None:
            found[GENERAL].append((GENERAL, row))
        elif customer_id is not None:
            if row.segment_id not in belongs:
                belongs[row.segment_id] = _is_in(view, row.segment_id, customer_id)
            if belongs[row.segment_id]:
                found[GROUP].append((GROUP, row))
    return [*found[PERSONAL], *found[GROUP], *found[GENERAL]]


def _is_in(view: Reading, segment_id: str, customer_id: str) -> bool:
    segment = view.session.get_one(SegmentRow, segment_id)
    asked = select(CustomerRow.id).where(CustomerRow.id == customer_id, customers_of(view, segment))
    return view.session.scalars(asked).first() is not None


def quotes_for(view: Reading, offer_id: str, products: Iterable[Product]) -> dict[str, tuple[Quote, str]]:
    """What one piece of some products costs the customer of an offer today, with the currency; by product."""
    require_read(view)
    found = view.session.execute(
        select(OfferRow.customer_id, OfferVersionRow.currency)
        .join(OfferVersionRow, (OfferVersionRow.offer_id == OfferRow.id) & (OfferVersionRow.n == OfferRow.version))
        .where((OfferRow.id == offer_id) | (OfferRow.number == offer_id))
    ).first()
    ids = [each.id for each in products]
    if found is None or not ids:
        return {}
    prices = Prices(view, found.customer_id, found.currency, today(view))
    prices.load(ids)
    rows = view.session.scalars(select(ProductRow).where(ProductRow.id.in_(ids)))
    quoted = {row.id: prices.quote(row, Decimal(1)) for row in rows}
    return {key: (quote, found.currency) for key, quote in quoted.items() if quote is not None}
