"""Entering and changing products."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, checked_version, one_at_a_time, refuse_taken
from crm.erp.masters import refuse_foreign
from crm.errors import ProductExists, ProductNotFound, WrongFields
from crm.events import ProductChanged, ProductCreated
from crm.models import ProductRow
from crm.money import HUNDRED, plain
from crm.reach import words
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """All that is entered about a product; `cost` is what a unit costs us, where known."""

    sku: str
    name: str
    price: Decimal
    category: str | None = None
    unit: str = "pc"
    currency: str = "PLN"
    vat_rate: Decimal = Decimal(23)
    cost: Decimal | None = None
    is_active: bool = True
    external_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProduct(Command):
    """Enter a product."""

    article: Article


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProduct(Command):
    """Change fields of a product; offers and orders keep the values that they were made with."""

    product_id: str
    changes: dict[str, Any]
    expected_version: int | None = None
    by_erp: bool = False  # which changes what it is master of, and nobody else does


@handles(CreateProduct, needs="offer.edit")
def create_product(command: CreateProduct, unit: UnitOfWork) -> str:
    """Enter a product and return its id. Raises `WrongFields`, `ProductExists`."""
    article = checked(command.article)
    _refuse_duplicate(unit, article.sku)
    refuse_taken(unit, ProductRow, article.external_reference, "a product")
    row = ProductRow(id=new_id(), created_at=unit.clock.now())
    fill(row, article)
    unit.session.add(row)
    unit.emit(
        ProductCreated(
            product_id=row.id, sku=row.sku, name=row.name, price=plain(article.price), currency=article.currency
        )
    )
    return row.id


@handles(UpdateProduct, needs="offer.edit")
def update_product(command: UpdateProduct, unit: UnitOfWork) -> int:
    """Change a product and return its new row version. Raises `WrongFields`, `ProductExists`, `ChangedMeanwhile`."""
    row = unit.session.get(ProductRow, command.product_id)
    if row is None:
        raise ProductNotFound(command.product_id)
    checked_version(f"Product {row.sku}", expected=command.expected_version, current=row.row_version)
    names = [each.name for each in fields(Article)]
    unknown = command.changes.keys() - set(names)
    if unknown:
        raise WrongFields({f"/{name}": f"A product has no field {name}." for name in sorted(unknown)})
    before = Article(**{name: getattr(row, name) for name in names})
    after = checked(replace(before, **command.changes))
    if after.sku != before.sku:
        _refuse_duplicate(unit, after.sku)
    if after.external_reference != before.external_reference:
        refuse_taken(unit, ProductRow, after.external_reference, "a product")
    changes = {
        name: [_told(getattr(before, name)), _told(getattr(after, name))]
        for name in names
        if getattr(before, name) != getattr(after, name)
    }
    if changes:
        if not command.by_erp:
            refuse_foreign(unit, "crm.product", changes)
        fill(row, after)
        unit.emit(ProductChanged(product_id=row.id, changes=changes))
        unit.session.flush()  # the new row version is the answer
    return row.row_version


def checked(article: Article) -> Article:
    """The article in its normal form. Raises `WrongFields` with every fault."""
    findings, cost = Findings(), article.cost
    normal = replace(
        article,
        sku=findings.text("/sku", article.sku, "The article number", longest=64),
        name=findings.text("/name", article.name, "The name"),
        category=findings.optional("/category", article.category, "The category"),
        unit=findings.text("/unit", article.unit, "The unit", longest=16),
        price=findings.amount("/price", article.price, "The price"),
        currency=findings.code("/currency", article.currency, "The currency", 3),
        vat_rate=findings.amount("/vat_rate", article.vat_rate, "The VAT rate", most=HUNDRED),
        cost=None if cost is None else findings.amount("/cost", cost, "The cost"),
    )
    findings.refuse()
    return normal


def fill(row: ProductRow, article: Article) -> None:
    """Write a checked article into a row."""
    for each in fields(Article):
        setattr(row, each.name, getattr(article, each.name))
    row.search_text = words(article.sku, article.name, article.category)


def _refuse_duplicate(unit: UnitOfWork, sku: str) -> None:
    one_at_a_time(unit, f"product:{sku}")
    if unit.session.scalars(select(ProductRow.id).where(ProductRow.sku == sku)).first() is not None:
        raise ProductExists(sku)


def _told(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value
