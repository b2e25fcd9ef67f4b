"""Files that say how the tables of another firm's database become our records, and reading its tables by one."""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from core.errors import InvalidInput
from core.records import dataclass

Row = dict[str, Any]
COLUMNS = {  # what each table must say, and what it may say beside
    "customers": (
        {"name", "country"},
        {"region", "street", "postal_code", "city", "phone", "fax", "contact_name", "contact_title"},
    ),
    "products": ({"name", "price"}, {"category", "is_discontinued"}),
    "orders": (
        {"customer", "ordered_on"},
        {
            *("owner", "due_on", "delivered_on", "freight"),
            *("ship_name", "ship_street", "ship_postal_code", "ship_city", "ship_country"),
        },
    ),
    "lines": ({"order", "product", "quantity", "price"}, {"discount"}),
}
WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")


class WrongMapping(InvalidInput):
    """A mapping file cannot be used."""

    code = "wrong_mapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: `columns` maps our names to theirs, each a list that is joined by a space."""

    table: str
    key: str
    join: Mapping[str, str] = field(default_factory=dict)  # table to the column that both have
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """How the tables of a database become our records."""

    origin: str
    currency: str
    planning_rate: Decimal
    tables: Mapping[str, Table]
    countries: Mapping[str, str]  # their name of a country to ISO 3166


def mapping_of(text: str) -> TableMapping:
    """The mapping that a file says. Raises `WrongMapping` that names what is wrong."""
    try:
        said = yaml.safe_load(text)
        rate = Decimal(str(said.get("planning_rate", 1)))
    except (yaml.YAMLError, AttributeError, InvalidOperation) as error:
        raise WrongMapping(f"The mapping file is no YAML with tables and columns: {error}.") from error
    unknown = said.keys() - {"origin", "currency", "planning_rate", "countries", *COLUMNS}
    if unknown:
        raise WrongMapping(f"Nobody knows {', '.join(sorted(map(str, unknown)))} in a mapping file.")
    origin, currency = str(said.get("origin", "")), str(said.get("currency", ""))
    if not WORD.fullmatch(origin) or len(currency) != 3 or rate <= 0:
        raise WrongMapping(
            "A mapping file needs an origin of small letters, a currency such as USD and a rate above 0."
        )
    return TableMapping(
        origin=origin,
        currency=currency,
        planning_rate=rate,
        tables={kind: _table(kind, said.get(kind)) for kind in COLUMNS},
        countries={str(name): str(code) for name, code in (said.get("countries") or {}).items()},
    )


def rows_of(file: sqlite3.Connection, table: Table) -> list[Row]:
    """The rows of a table under our names, the key as `key`, in the order of the key. Raises `sqlite3.Error`."""
    chosen = [f"{_joined(table, theirs)} AS {_quoted(ours)}" for ours, theirs in table.columns.items()]
    key = _column(table, table.key)
    joins = "".join(
        f" LEFT JOIN {_quoted(other)} ON {_quoted(other)}.{_quoted(by)} = {_quoted(table.table)}.{_quoted(by)}"
        for other, by in table.join.items()
    )
    # names are quoted, and a name that the file does not have is an error of SQLite: it takes "x" for a text only where
    # no table is named before it
    query = f"SELECT {', '.join((f'{key} AS key', *chosen))} FROM {_quoted(table.table)}{joins} ORDER BY {key}"  # noqa: S608 -- quoted above
    return [dict(row) for row in file.execute(query)]


def _table(kind: str, said: Any) -> Table:
    needed, optional = COLUMNS[kind]
    if not isinstance(said, dict) or not isinstance(said.get("columns"), dict):
        raise WrongMapping(f"The mapping file does not say which table and columns are {kind}.")
    columns = {
        str(ours): tuple(map(str, theirs)) if isinstance(theirs, list) else (str(theirs),)
        for ours, theirs in said["columns"].items()
    }
    missing, unknown = needed - columns.keys(), columns.keys() - needed - optional
    if missing or unknown or not said.get("table") or not said.get("key"):
        told = f"nobody knows {', '.join(sorted(unknown))}" if unknown else f"missing are {', '.join(sorted(missing))}"
        raise WrongMapping(f"The mapping of {kind} is wrong: {told if missing or unknown else 'name table and key'}.")
    join = {str(other): str(by) for other, by in (said.get("join") or {}).items()}
    return Table(table=str(said["table"]), key=str(said["key"]), join=join, columns=columns)


def _joined(table: Table, theirs: tuple[str, ...]) -> str:
    return " || ' ' || ".join(_column(table, each) for each in theirs)


def _column(table: Table, name: str) -> str:
    other, dot, column = name.partition(".")
    if dot and other in table.join:
        return f"{_quoted(other)}.{_quoted(column)}"
    return f"{_quoted(table.table)}.{_quoted(name)}"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
