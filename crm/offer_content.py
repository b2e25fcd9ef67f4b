"""What an offer says: lines and terms as they are entered, their normal form, and their digest."""

import hashlib
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import rfc8785

from core.ids import new_id
from core.records import dataclass
from crm.checks import Findings
from crm.company import today
from crm.errors import ProductNotFound
from crm.models import OfferLineRow, OfferVersionRow, ProductRow
from crm.money import HUNDRED, plain, totals
from crm.pricing.prices import MANUAL, Prices
from storage.unit_of_work import UnitOfWork

MOST_LINES = 1000
LINE_FIELDS = ("sku", "description", "quantity", "unit", "unit_price", "discount", "vat_rate", "unit_cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as somebody enters it; what is left out comes from the product."""

    quantity: Decimal
    product_id: str | None = None
    sku: str | None = None
    description: str | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)  # per cent
    vat_rate: Decimal | None = None  # per cent
    unit_cost: Decimal | None = None
    price_source: str | None = None  # where the price came from, found out when the line is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys on which day: what price lists go by."""

    customer_id: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of an offer."""

    payment_days: int = 14
    is_prepaid: bool = False
    valid_until: date | None = None
    delivery_terms: str | None = None
    has_special_terms: bool = False
    is_special_build: bool = False
    note: str | None = None


def checked_terms(terms: Terms) -> Terms:
    """The terms in their normal form. Raises `WrongFields`."""
    findings = Findings()
    normal = replace(
        terms,
        payment_days=findings.whole("/payment_days", terms.payment_days, "The payment term", most=365),
        delivery_terms=findings.optional("/delivery_terms", terms.delivery_terms, "The delivery terms"),
        note=findings.optional("/note", terms.note, "The note", longest=4000),
    )
    findings.refuse()
    return normal


def line_rows(
    unit: UnitOfWork, lines: tuple[Line, ...], currency: str, buyer: Buyer | None = None, *, limited: bool = True
) -> list[OfferLineRow]:
    """Rows of checked lines, completed from their products and the buyer's price lists.

    `limited` refuses discounts above what a price list allows. Raises `WrongFields`, `ProductNotFound`.
    """
    findings = Findings()
    if len(lines) > MOST_LINES:
        findings.add("/lines", f"An offer has at most {MOST_LINES} lines.")
        findings.refuse()
    prices = (
        Prices(unit, buyer.customer_id, currency, buyer.day) if buyer else Prices(unit, None, currency, today(unit))
    )
    prices.load(line.product_id for line in lines if line.product_id is not None)
    rows = []
    for index, line in enumerate(lines):
        whole, most = _completed(unit, line, currency, prices)
        rows.append(_row(findings, index, whole))
        if limited and most is not None and rows[-1].discount > most:
            limit = f"The discount of line {index + 1} is above the {plain(most)} % that its price list allows."
            findings.add(f"/lines/{index}/discount", limit)
    findings.refuse()
    return rows


def _completed(unit: UnitOfWork, line: Line, currency: str, prices: Prices) -> tuple[Line, Decimal | None]:
    """The line with what its product tells, and the most discount that a price list allows."""
    if line.product_id is None:
        return replace(line, price_source=None), None
    product = unit.session.get(ProductRow, line.product_id)
    if product is None:
        raise ProductNotFound(line.product_id)
    same_currency = product.currency == currency  # a cost in another currency is none to start from
    quantity = line.quantity if line.quantity.is_finite() else Decimal(1)  # what is no number is refused below
    quote = prices.quote(product, quantity)
    listed = quote.price if quote else None
    known: dict[str, Any] = {
        "sku": product.sku,
        "description": product.name,
        "unit": product.unit,
        "unit_price": listed,
        "vat_rate": product.vat_rate,
        "unit_cost": product.cost if same_currency else None,
    }
    whole = replace(line, **{name: value for name, value in known.items() if getattr(line, name) is None})
    is_listed = quote is not None and whole.unit_price == quote.price
    told = quote.told if quote is not None and is_listed else MANUAL
    return replace(whole, price_source=told), quote.most_discount if quote is not None else None


def _row(findings: Findings, index: int, line: Line) -> OfferLineRow:
    at = f"/lines/{index}"
    place = f"of line {index + 1}"
    quantity = findings.amount(f"{at}/quantity", line.quantity, f"The quantity {place}", most=Decimal(9_999_999))
    if quantity == 0:
        findings.add(f"{at}/quantity", f"The quantity {place} must be above zero.")
    cost = line.unit_cost
    return OfferLineRow(
        id=new_id(),
        position=index + 1,
        product_id=line.product_id,
        sku=findings.optional(f"{at}/sku", line.sku, f"The article number {place}", longest=64),
        description=findings.text(f"{at}/description", line.description, f"The description {place}", longest=1000),
        quantity=quantity,
        unit=findings.text(f"{at}/unit", line.unit or "pc", f"The unit {place}", longest=16),
        unit_price=findings.amount(f"{at}/unit_price", line.unit_price, f"The price {place}"),
        discount=findings.amount(f"{at}/discount", line.discount, f"The discount {place}", most=HUNDRED),
        vat_rate=findings.amount(f"{at}/vat_rate", line.vat_rate, f"The VAT rate {place}", most=HUNDRED),
        price_source=line.price_source,
        unit_cost=None if cost is None else findings.amount(f"{at}/unit_cost", cost, f"The cost {place}"),
    )


def lines_of(version: OfferVersionRow) -> tuple[Line, ...]:
    """The lines of a version, as they would be entered."""
    return tuple(Line(**{each.name: getattr(row, each.name) for each in fields(Line)}) for row in version.lines)


def terms_of(version: OfferVersionRow) -> Terms:
    """The terms of a version, as they would be entered."""
    return Terms(**{each.name: getattr(version, each.name) for each in fields(Terms)})


def write_terms(version: OfferVersionRow, terms: Terms) -> None:
    """Write checked terms into a version."""
    for each in fields(Terms):
        setattr(version, each.name, getattr(terms, each.name))


def write_lines(version: OfferVersionRow, rows: list[OfferLineRow]) -> None:
    """Give a version its lines and the totals that follow from them."""
    version.lines = rows
    sums = totals(rows)
    version.net, version.vat, version.gross = sums.net, sums.vat, sums.gross


def digest(version: OfferVersionRow) -> str:
    """SHA-256 over lines and terms in canonical JSON (RFC 8785): equal content, equal digest."""
    content: dict[str, Any] = {
        "currency": version.currency,
        "terms": {name: _told(value) for name, value in _pairs(terms_of(version)) if name != "note"},
        "lines": [{name: _told(getattr(row, name)) for name in LINE_FIELDS} for row in version.lines],
    }
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def _pairs(terms: Terms) -> list[tuple[str, Any]]:
    return [(each.name, getattr(terms, each.name)) for each in fields(Terms)]


def _told(value: Any) -> Any:
    match value:
        case Decimal():
            return plain(value)
        case date():
            return value.isoformat()
        case _:
            return value
