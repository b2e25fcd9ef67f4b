"""A mapping file says which table of another firm is what, and one that is wrong is refused with what is wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crm.northwind import MAPPING, northwind, read_northwind
from crm.table_mappings import WrongMapping, mapping_of

TABLES = """
CREATE TABLE "My Clients" (Code TEXT, Title TEXT, Land TEXT);
CREATE TABLE Goods (Id INTEGER, Label TEXT, Price REAL);
CREATE TABLE Sales (Id INTEGER, Client TEXT, Day TEXT, SellerId INTEGER);
CREATE TABLE Seller (SellerId INTEGER, First TEXT, Last TEXT);
CREATE TABLE Positions (Sale INTEGER, Good INTEGER, Pieces INTEGER, Price REAL);
INSERT INTO "My Clients" VALUES ('A1', 'Żółw', 'Polska');
INSERT INTO Goods VALUES (7, 'Pompa', 9.8);
INSERT INTO Seller VALUES (3, 'Ewa', 'Maj');
INSERT INTO Sales VALUES (1, 'A1', '2026-01-05', 3);
INSERT INTO Positions VALUES (1, 7, 2, 9.8);
"""
SAID = """
origin: shop
currency: PLN
countries: {Polska: PL}
customers: {table: My Clients, key: Code, columns: {name: Title, country: Land}}
products: {table: Goods, key: Id, columns: {name: Label, price: Price}}
orders:
  table: Sales
  join: {Seller: SellerId}
  key: Id
  columns: {customer: Client, ordered_on: Day, owner: [Seller.First, Seller.Last]}
lines: {table: Positions, key: Good, columns: {order: Sale, product: Good, quantity: Pieces, price: Price}}
"""


def test_tables_of_another_firm_are_read_under_our_names(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(TABLES)
        file.commit()

    found = read_northwind(path, mapping_of(SAID))

    assert found["customers"] == [{"key": "A1", "name": "Żółw", "country": "Polska"}]
    (order,) = found["orders"]
    assert (order["owner"], order["lines"]) == (
        "Ewa Maj",
        [{"key": 7, "order": 1, "product": 7, "quantity": 2, "price": 9.8}],
    )


def test_the_mapping_of_the_sample_is_kept_here_and_is_right() -> None:
    assert MAPPING.exists()
    assert (northwind().currency, northwind().countries["Norway"], len(northwind().tables)) == ("USD", "NO", 4)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("origin: shop", "origin: Sh op", "origin of small letters"),
        ("name: Title, ", "", "customers is wrong: missing are name"),
        ("name: Label", "label: Label", "products is wrong: nobody knows label"),
        ("lines:", "rows:", "Nobody knows rows"),
        ("table: Sales", "tables: Sales", "name table and key"),
        ("customers: {", "customers: [{", "no YAML"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_is_wrong(before: str, after: str, told: str) -> None:
    assert before in SAID

    with pytest.raises(WrongMapping, match=told):
        mapping_of(SAID.replace(before, after))


def test_a_name_of_the_mapping_never_becomes_sql(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(TABLES)

    with pytest.raises(Exception, match="not the SQLite file that the mapping describes"):
        read_northwind(path, mapping_of(SAID.replace("name: Title", "name: '\" || (SELECT 1) || \"'")))
