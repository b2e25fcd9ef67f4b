"""Imports a trading firm from its SQLite file: customers, contacts, products, and orders with lines.

A mapping file says which table and column is what; the one of Northwind is ours. Everything keeps its old key as
external reference, so importing again adds only what is new.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.errors import InvalidInput
from core.executor import Executor, handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from crm.checks import one_at_a_time
from crm.company import SetCurrencyRate, set_currency_rate
from crm.contacts import CreateContact, create_contact
from crm.customers import CreateCustomer, create_customer
from crm.models import CurrencyRateRow, CustomerRow, OrderRow, ProductRow
from crm.offer_content import Line
from crm.orders import EnterOrder, enter_order
from crm.products import Article, CreateProduct, create_product
from crm.profiles import Address, Phone, Profile
from crm.table_mappings import Row, TableMapping, mapping_of, rows_of
from storage.unit_of_work import UnitOfWork

BATCH = 100  # records that commit together
MAPPING = Path(__file__).with_suffix(".yaml")
FIRST_DAY = date(1990, 1, 1)
UNKNOWN_COUNTRY = "ZZ"
Progress = Callable[[int, int], None]  # records done, records in all


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNorthwind(Command):
    """Take over some rows of one table, as the file has them; those that are known already are left alone."""

    kind: str  # customers, products or orders
    rows: tuple[Row, ...]
    mapping: TableMapping = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many records were added."""

    customers: int = 0
    products: int = 0
    orders: int = 0
    lines: int = 0


@cache
def northwind() -> TableMapping:
    """The mapping of the Northwind sample."""
    return mapping_of(MAPPING.read_text(encoding="utf-8"))


def import_northwind(
    executor: Executor,
    path: Path,
    *,
    actor: Actor,
    progress: Progress = lambda _done, _total: None,
    mapping: TableMapping | None = None,
) -> Imported:
    """Import the whole file in batches, each of which is there completely or not at all."""
    mapping = mapping or northwind()
    tables = read_northwind(path, mapping)
    total, done = sum(map(len, tables.values())), 0
    added = dict.fromkeys((*tables, "lines"), 0)
    for kind, rows in tables.items():
        for start in range(0, len(rows), BATCH):
            batch = tuple(rows[start : start + BATCH])
            records, lines = executor.execute(ImportNorthwind(kind=kind, rows=batch, mapping=mapping), actor=actor)
            added[kind] += records
            added["lines"] += lines
            done += len(batch)
            progress(done, total)
    return Imported(**added)


def read_northwind(path: Path, mapping: TableMapping | None = None) -> dict[str, list[Row]]:
    """The rows of the file by kind, under our names; orders have their lines under `lines`.

    Raises `InvalidInput` for any other file.
    """
    try:
        return _read(path, mapping or northwind())
    except sqlite3.Error as error:
        what = "the SQLite file that the mapping describes" if mapping else "the SQLite file of the Northwind sample"
        raise InvalidInput(f"{path} is not {what}: {error}. Nothing was imported.") from error


def _read(path: Path, mapping: TableMapping) -> dict[str, list[Row]]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        file.row_factory = sqlite3.Row
        found = {kind: rows_of(file, table) for kind, table in mapping.tables.items()}
    lines: dict[Any, list[Row]] = {}
    for line in found.pop("lines"):
        lines.setdefault(line["order"], []).append(line)
    for order in found["orders"]:
        order["lines"] = lines.get(order["key"], [])
    return found


@handles(ImportNorthwind, needs="customer.edit")
def take_over(command: ImportNorthwind, unit: UnitOfWork) -> tuple[int, int]:
    """Add what is new; returns how many records and, of orders, lines were added."""
    one_at_a_time(unit, f"{command.mapping.origin}:{command.kind}")
    take = {"customers": _customers, "products": _products, "orders": _orders}[command.kind]
    counts = list(take(unit, command.rows, command.mapping))
    return len(counts), sum(counts)


def _customers(unit: UnitOfWork, rows: tuple[Row, ...], mapping: TableMapping) -> Iterator[int]:
    known = _known(unit, CustomerRow, [_reference(mapping, "customer", row["key"]) for row in rows])
    for row in rows:
        key = _reference(mapping, "customer", row["key"])
        if key in known:
            continue
        created = create_customer(CreateCustomer(profile=_profile(row, key, mapping)), unit)
        unit.session.flush()  # the contact looks its customer up
        if row.get("contact_name"):
            contact = CreateContact(
                customer_id=created.id,
                name=row["contact_name"],
                job_title=row.get("contact_title"),
                external_reference=_reference(mapping, "contact", row["key"]),
            )
            create_contact(contact, unit)
        yield 0


def _profile(row: Row, key: str, mapping: TableMapping) -> Profile:
    country = mapping.countries.get(row["country"], UNKNOWN_COUNTRY)
    address = Address(
        street=row.get("street") or "",
        postal_code=row.get("postal_code") or "",
        city=row.get("city") or "",
        region=row.get("region"),
        country=country,
    )
    phones = [Phone(number=row["phone"])] if row.get("phone") else []
    phones += [Phone(number=row["fax"], kind="fax")] if row.get("fax") else []
    return Profile(
        name=row["name"],
        country=country,
        region=row.get("region"),
        currency=mapping.currency,
        external_reference=key,
        addresses=(address,) if address.street and address.city else (),
        phones=tuple(phones),
    )


def _products(unit: UnitOfWork, rows: tuple[Row, ...], mapping: TableMapping) -> Iterator[int]:
    known = _known(unit, ProductRow, [_reference(mapping, "product", row["key"]) for row in rows])
    for row in rows:
        key = _reference(mapping, "product", row["key"])
        if key in known:
            continue
        article = Article(
            sku=f"{_initials(mapping)}-{str(row['key']).zfill(3)}",
            name=row["name"],
            price=_decimal(row["price"]),
            category=row.get("category"),
            unit="pc",
            currency=mapping.currency,
            vat_rate=Decimal(0),
            is_active=str(row.get("is_discontinued") or "0") != "1",
            external_reference=key,
        )
        create_product(CreateProduct(article=article), unit)
        yield 0


def _orders(unit: UnitOfWork, rows: tuple[Row, ...], mapping: TableMapping) -> Iterator[int]:
    rate = _rate(unit, mapping)
    known = _known(unit, OrderRow, [_reference(mapping, "order", row["key"]) for row in rows])
    buyers = _known(unit, CustomerRow, [_reference(mapping, "customer", row["customer"]) for row in rows])
    wanted = {_reference(mapping, "product", line["product"]) for row in rows for line in row["lines"]}
    products = _known(unit, ProductRow, sorted(wanted))
    for row in rows:
        key = _reference(mapping, "order", row["key"])
        if key in known:
            continue
        delivered = _day(row.get("delivered_on"))
        order = EnterOrder(
            customer_id=buyers[_reference(mapping, "customer", row["customer"])],
            lines=tuple(
                _line(line, products[_reference(mapping, "product", line["product"])]) for line in row["lines"]
            ),
            ordered_on=date.fromisoformat(row["ordered_on"][:10]),
            due_on=_day(row.get("due_on")),
            delivered_on=delivered,
            state="done" if delivered else "open",
            owner=row.get("owner"),
            currency=mapping.currency,
            exchange_rate=rate,
            freight=_decimal(row.get("freight") or 0),
            delivery_address=_delivery(row),
            external_reference=key,
        )
        enter_order(order, unit)
        yield len(row["lines"])


def _reference(mapping: TableMapping, kind: str, key: Any) -> str:
    """The external reference of a record of the file: `northwind:customer:ALFKI`."""
    return f"{mapping.origin}:{kind}:{str(key).strip()}"


def _initials(mapping: TableMapping) -> str:
    return "NW" if mapping.origin == northwind().origin else mapping.origin.upper()


def _line(line: Row, product_id: str) -> Line:
    return Line(
        product_id=product_id,
        quantity=Decimal(str(line["quantity"])),
        unit_price=_decimal(line["price"]),
        discount=_decimal(line.get("discount") or 0) * 100,
        vat_rate=Decimal(0),
    )


def _delivery(row: Row) -> str | None:
    city = f"{row.get('ship_postal_code') or ''} {row.get('ship_city') or ''}".strip()
    parts = (row.get("ship_name"), row.get("ship_street"), city, row.get("ship_country"))
    return ", ".join(part for part in parts if part) or None


def _rate(unit: UnitOfWork, mapping: TableMapping) -> Decimal:
    known = select(CurrencyRateRow.rate).where(CurrencyRateRow.currency == mapping.currency).limit(1)
    rate = unit.session.scalars(known).first()
    if rate is None:
        rate = mapping.planning_rate
        source = f"planning rate of the {mapping.origin} import"
        set_currency_rate(
            SetCurrencyRate(currency=mapping.currency, valid_from=FIRST_DAY, rate=rate, source=source), unit
        )
    return rate


def _known(
    unit: UnitOfWork, table: type[CustomerRow] | type[ProductRow] | type[OrderRow], references: list[str]
) -> dict[str, str]:
    wanted = select(table.external_reference, table.id).where(table.external_reference.in_(references))
    return {key: identifier for key, identifier in unit.session.execute(wanted) if key is not None}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))  # SQLite keeps 9.8 as a float; its shortest form is what was meant
