"""What the ERP says beyond sales documents: master data, prices, payments, stock, parts, the cost of an hour.

Master data is taken for the fields that the ERP is master of; what names others is refused as a whole, so that nobody
thinks that it was taken.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import or_, select

from crm.checks import Findings
from crm.company import company, today
from crm.customers import UpdateCustomer, update_customer
from crm.erp import words as known
from crm.erp.events import CostRateTold, StockTold
from crm.erp.masters import mastered
from crm.erp.models import CostRateRow, StockRow
from crm.erp.supply import ReceiveParts, receive_parts
from crm.errors import CustomerNotFound, ProductNotFound, WrongFields
from crm.models import CustomerRow, ProductRow
from crm.payments.importing import PostPayment, post_payment
from crm.products import Article, UpdateProduct, update_product
from crm.profiles import Profile
from storage.unit_of_work import UnitOfWork

Record = tuple[str, str]  # entity and id
ACCOUNT = "erp"  # where payments that the ERP tells of were made
STOCK, COST_RATE = "crm.product", "account"


def _customer(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """Fields of a customer, by our number or by the ERP's (`external_reference`)."""
    row = _customer_row(unit, _text(content, "number") or _text(content, "customer"))
    given = {name: value for name, value in content.items() if name not in {"number", "customer"}}
    changes = _values(unit, known.CUSTOMER, Profile, given)
    update_customer(UpdateCustomer(customer_id=row.id, changes=changes, by_erp=True), unit)
    return known.CUSTOMER, row.id


def _product(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """Fields of a product, by its article number."""
    row = _product_row(unit, content)
    given = {name: value for name, value in content.items() if name != "sku"}
    changes = _values(unit, known.PRODUCT, Article, given)
    update_product(UpdateProduct(product_id=row.id, changes=changes, by_erp=True), unit)
    return known.PRODUCT, row.id


def _price(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """The base price of a product; price lists of groups and customers stay ours."""
    wanted = {name: content[name] for name in ("sku", "price", "currency", "cost") if _text(content, name)}
    if "price" not in wanted:
        raise WrongFields({"/price": "Say the price."})
    return _product(unit, wanted)


def _payment(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """A payment; it finds its invoices by the reference, as one of a bank statement does."""
    findings = Findings()
    reference = findings.text("/reference", _text(content, "reference"), "The reference", longest=1000)
    key = findings.text("/payment", _text(content, "payment"), "The ERP's number of the payment", longest=50)
    findings.refuse()
    named = _text(content, "customer")
    order = PostPayment(
        amount=_number(content, "amount"),
        currency=_text(content, "currency") or company(unit).currency,
        booked_on=_day(content, "booked_on") or today(unit),
        reference=reference,
        account=ACCOUNT,
        customer_id=_customer_row(unit, named).id if named else None,
        payer_name=_text(content, "payer_name") or None,
        key=f"erp:{key}",
    )
    return "crm.payment", post_payment(order, unit)


def _stock(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """How much of a product is there now; it replaces what was said before."""
    product = _product_row(unit, content)
    place, quantity = _text(content, "place")[:100] or "main", _number(content, "quantity", least=None)
    row = unit.session.get(StockRow, (product.id, place), with_for_update=True)
    if row is None:
        row = StockRow(product_id=product.id, place=place)
        unit.session.add(row)
    row.quantity, row.told_at = quantity, unit.clock.now()
    unit.emit(StockTold(product_id=product.id, place=place, quantity=str(quantity)))
    return STOCK, product.id


def _parts(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """Ordered parts are here."""
    number = _text(content, "order")
    if not number:
        raise WrongFields({"/order": "Say the number of the order of parts."})
    return known.PARTS_ORDER, receive_parts(ReceiveParts(number=number, received_on=_day(content, "received_on")), unit)


def _cost_rate(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """What an hour of an employee costs from a day on, in the company's currency."""
    findings = Findings()
    account = findings.text("/employee", _text(content, "employee"), "The employee", longest=64)
    findings.refuse()
    since, hourly = _day(content, "valid_from") or today(unit), _number(content, "hourly")
    row = unit.session.get(CostRateRow, (account, since), with_for_update=True)
    if row is None:
        row = CostRateRow(account=account, valid_from=since)
        unit.session.add(row)
    row.hourly = hourly
    unit.emit(CostRateTold(account=account, valid_from=since.isoformat(), hourly=str(hourly)))
    return COST_RATE, account[:26]


def _values(unit: UnitOfWork, entity: str, shape: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values by field, as the record has them. Raises `WrongFields` for fields that are not the ERP's."""
    theirs, hints, found, wrong = set(mastered(unit, entity)), get_type_hints(shape), {}, {}
    for name, value in given.items():
        if name not in theirs:
            wrong[f"/{name}"] = f"The CRM is master of {name}; say in the settings that the ERP is."
            continue
        try:
            found[name] = TypeAdapter(hints[name]).validate_python(None if value == "" else value)
        except ValidationError:
            wrong[f"/{name}"] = f"{str(value)[:80]!r} is no value of {name}."
    if wrong or not found:
        raise WrongFields(wrong or {"/": "It says nothing that could be taken over."})
    return found


def _customer_row(unit: UnitOfWork, key: str) -> CustomerRow:
    named = or_(CustomerRow.number == key, CustomerRow.external_reference == key)
    row = unit.session.scalars(select(CustomerRow).where(named)).first() if key else None
    if row is None:
        raise CustomerNotFound(key or "without a number")
    return row


def _product_row(unit: UnitOfWork, content: Mapping[str, Any]) -> ProductRow:
    sku = _text(content, "sku")
    row = unit.session.scalars(select(ProductRow).where(ProductRow.sku == sku)).first()
    if row is None:
        raise ProductNotFound(sku or "without an article number")
    return row


def _number(content: Mapping[str, Any], name: str, least: Decimal | None = Decimal(0)) -> Decimal:
    try:
        found = Decimal(_text(content, name).replace(",", "."))
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= 10**10 or (least is not None and found < least):
        raise WrongFields({f"/{name}": f"{name} must be a number such as 12.50."})
    return found


def _day(content: Mapping[str, Any], name: str) -> date | None:
    text = _text(content, name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise WrongFields({f"/{name}": f"{name} must be a day such as 2026-01-31."}) from error


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return "" if value is None else str(value).strip()


AREAS: Mapping[str, Callable[[UnitOfWork, Mapping[str, Any]], Record]] = {
    known.CUSTOMER_DATA: _customer,
    known.PRODUCT_DATA: _product,
    known.PRICE: _price,
    known.PAYMENT: _payment,
    known.STOCK: _stock,
    known.PARTS: _parts,
    known.COST_RATE: _cost_rate,
}
