"""Imports the Northwind trading firm from its SQLite file: customers, contacts, products, and orders with lines.

Everything keeps its old key as external reference, so importing again adds only what is new.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.errors import InvalidInput
from core.executor import Executor, handles
from core.identity import Actor
from core.messages import Command
from crm.checks import one_at_a_time
from crm.company import SetCurrencyRate, set_currency_rate
from crm.contacts import CreateContact, create_contact
from crm.customers import CreateCustomer, create_customer
from crm.models import CurrencyRateRow, CustomerRow, OrderRow, ProductRow
from crm.offer_content import Line
from crm.orders import EnterOrder, enter_order
from crm.products import Article, CreateProduct, create_product
from crm.profiles import Address, Phone, Profile
from storage.unit_of_work import UnitOfWork

BATCH = 100  # records that commit together
CURRENCY = "USD"
PLANNING_RATE = Decimal(4)  # the file has no rates; thresholds of approvals need one
FIRST_DAY = date(1990, 1, 1)
UNKNOWN_COUNTRY = "ZZ"
COUNTRIES = {
    "Argentina": "AR",
    "Austria": "AT",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Denmark": "DK",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Ireland": "IE",
    "Italy": "IT",
    "Mexico": "MX",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "UK": "GB",
    "USA": "US",
    "Venezuela": "VE",
}
Row = dict[str, Any]
Progress = Callable[[int, int], None]  # records done, records in all


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNorthwind(Command):
    """Take over some rows of one table, as the file has them; those that are known already are left alone."""

    kind: str  # customers, products or orders
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many records were added."""

    customers: int = 0
    products: int = 0
    orders: int = 0
    lines: int = 0


def reference(kind: str, key: Any) -> str:
    """The external reference of a record of the file: `northwind:customer:ALFKI`."""
    return f"northwind:{kind}:{str(key).strip()}"


def import_northwind(
    executor: Executor, path: Path, *, actor: Actor, progress: Progress = lambda _done, _total: None
) -> Imported:
    """Import the whole file in batches, each of which is there completely or not at all."""
    tables = read_northwind(path)
    total, done = sum(map(len, tables.values())), 0
    added = dict.fromkeys((*tables, "lines"), 0)
    for kind, rows in tables.items():
        for start in range(0, len(rows), BATCH):
            batch = tuple(rows[start : start + BATCH])
            records, lines = executor.execute(ImportNorthwind(kind=kind, rows=batch), actor=actor)
            added[kind] += records
            added["lines"] += lines
            done += len(batch)
            progress(done, total)
    return Imported(**added)


def read_northwind(path: Path) -> dict[str, list[Row]]:
    """The rows of the file by kind; orders have their lines under `lines` and their seller under `owner`.

    Raises `InvalidInput` for any other file.
    """
    try:
        return _read(path)
    except sqlite3.Error as error:
        raise InvalidInput(
            f"{path} is not the SQLite file of the Northwind sample: {error}. Nothing was imported."
        ) from error


def _read(path: Path) -> dict[str, list[Row]]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        file.row_factory = sqlite3.Row
        customers = _rows(file, "SELECT * FROM Customers ORDER BY CustomerID")
        products = _rows(
            file,
            "SELECT ProductID, ProductName, QuantityPerUnit, UnitPrice, Discontinued, CategoryName FROM Products"
            " LEFT JOIN Categories USING (CategoryID) ORDER BY ProductID",
        )
        orders = _rows(
            file,
            "SELECT o.*, e.FirstName || ' ' || e.LastName AS owner FROM Orders o"
            " LEFT JOIN Employees e USING (EmployeeID) ORDER BY OrderID",
        )
        lines: dict[int, list[Row]] = {}
        for line in _rows(file, 'SELECT * FROM "Order Details" ORDER BY OrderID, ProductID'):
            lines.setdefault(line["OrderID"], []).append(line)
    for order in orders:
        order["lines"] = lines.get(order["OrderID"], [])
    return {"customers": customers, "products": products, "orders": orders}


@handles(ImportNorthwind, needs="customer.edit")
def take_over(command: ImportNorthwind, unit: UnitOfWork) -> tuple[int, int]:
    """Add what is new; returns how many records and, of orders, lines were added."""
    one_at_a_time(unit, f"northwind:{command.kind}")
    take = {"customers": _customers, "products": _products, "orders": _orders}[command.kind]
    counts = list(take(unit, command.rows))
    return len(counts), sum(counts)


def _customers(unit: UnitOfWork, rows: tuple[Row, ...]) -> Iterator[int]:
    known = _known(unit, CustomerRow, [reference("customer", row["CustomerID"]) for row in rows])
    for row in rows:
        key = reference("customer", row["CustomerID"])
        if key in known:
            continue
        created = create_customer(CreateCustomer(profile=_profile(row, key)), unit)
        unit.session.flush()  # the contact looks its customer up
        if row["ContactName"]:
            contact = CreateContact(
                customer_id=created.id,
                name=row["ContactName"],
                job_title=row["ContactTitle"],
                external_reference=reference("contact", row["CustomerID"]),
            )
            create_contact(contact, unit)
        yield 0


def _profile(row: Row, key: str) -> Profile:
    country = COUNTRIES.get(row["Country"], UNKNOWN_COUNTRY)
    address = Address(
        street=row["Address"] or "",
        postal_code=row["PostalCode"] or "",
        city=row["City"] or "",
        region=row["Region"],
        country=country,
    )
    phones = [Phone(number=row["Phone"])] if row["Phone"] else []
    phones += [Phone(number=row["Fax"], kind="fax")] if row["Fax"] else []
    return Profile(
        name=row["CompanyName"],
        country=country,
        region=row["Region"],
        currency=CURRENCY,
        external_reference=key,
        addresses=(address,) if row["Address"] and row["City"] else (),
        phones=tuple(phones),
    )


def _products(unit: UnitOfWork, rows: tuple[Row, ...]) -> Iterator[int]:
    known = _known(unit, ProductRow, [reference("product", row["ProductID"]) for row in rows])
    for row in rows:
        key = reference("product", row["ProductID"])
        if key in known:
            continue
        article = Article(
            sku=f"NW-{row['ProductID']:03d}",
            name=row["ProductName"],
            price=_decimal(row["UnitPrice"]),
            category=row["CategoryName"],
            unit="pc",
            currency=CURRENCY,
            vat_rate=Decimal(0),
            is_active=row["Discontinued"] != "1",
            external_reference=key,
        )
        create_product(CreateProduct(article=article), unit)
        yield 0


def _orders(unit: UnitOfWork, rows: tuple[Row, ...]) -> Iterator[int]:
    rate = _rate(unit)
    known = _known(unit, OrderRow, [reference("order", row["OrderID"]) for row in rows])
    buyers = _known(unit, CustomerRow, [reference("customer", row["CustomerID"]) for row in rows])
    wanted = {reference("product", line["ProductID"]) for row in rows for line in row["lines"]}
    products = _known(unit, ProductRow, sorted(wanted))
    for row in rows:
        key = reference("order", row["OrderID"])
        if key in known:
            continue
        delivered = _day(row["ShippedDate"])
        order = EnterOrder(
            customer_id=buyers[reference("customer", row["CustomerID"])],
            lines=tuple(_line(line, products) for line in row["lines"]),
            ordered_on=date.fromisoformat(row["OrderDate"][:10]),
            due_on=_day(row["RequiredDate"]),
            delivered_on=delivered,
            state="done" if delivered else "open",
            owner=row["owner"],
            currency=CURRENCY,
            exchange_rate=rate,
            freight=_decimal(row["Freight"]),
            delivery_address=_delivery(row),
            external_reference=key,
        )
        enter_order(order, unit)
        yield len(row["lines"])


def _line(line: Row, products: dict[str, str]) -> Line:
    return Line(
        product_id=products[reference("product", line["ProductID"])],
        quantity=Decimal(line["Quantity"]),
        unit_price=_decimal(line["UnitPrice"]),
        discount=_decimal(line["Discount"]) * 100,
        vat_rate=Decimal(0),
    )


def _delivery(row: Row) -> str | None:
    parts = (row["ShipName"], row["ShipAddress"], f"{row['ShipPostalCode'] or ''} {row['ShipCity'] or ''}".strip())
    return ", ".join(part for part in (*parts, row["ShipCountry"]) if part) or None


def _rate(unit: UnitOfWork) -> Decimal:
    known = select(CurrencyRateRow.rate).where(CurrencyRateRow.currency == CURRENCY).limit(1)
    rate = unit.session.scalars(known).first()
    if rate is None:
        rate = PLANNING_RATE
        command = SetCurrencyRate(
            currency=CURRENCY, valid_from=FIRST_DAY, rate=rate, source="planning rate of the Northwind import"
        )
        set_currency_rate(command, unit)
    return rate


def _known(
    unit: UnitOfWork, table: type[CustomerRow] | type[ProductRow] | type[OrderRow], references: list[str]
) -> dict[str, str]:
    wanted = select(table.external_reference, table.id).where(table.external_reference.in_(references))
    return {key: identifier for key, identifier in unit.session.execute(wanted) if key is not None}


def _rows(file: sqlite3.Connection, query: str) -> list[Row]:
    return [dict(row) for row in file.execute(query)]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))  # SQLite keeps 9.8 as a float; its shortest form is what was meant
