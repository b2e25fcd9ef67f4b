"""Any single change, removal, swap or insertion in any table of the trail is found by `obieg audit check`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Boolean, DateTime, Engine, Integer, LargeBinary, Table, text
from sqlalchemy.exc import IntegrityError

from audit.checking import check_everything
from audit.models import (
    AuditCheckpointRow,
    AuditEntryRow,
    AuditKeyRow,
    AuditLeafRow,
    AuditLogRow,
    AuditPersonalRow,
    AuditStreamRow,
    AuditTileRow,
    AuditTimestampRow,
)
from audit.timestamps import Roots, accept, ask, check_timestamps
from core.clock import FixedClock
from core.messages import Event
from core.records import dataclass
from storage.orm import Base
from tests.audit_samples import AUDITOR, recording, write
from tests.integration.test_audit_checkpoints import Office
from tests.tsa import Authority
from webapp.personal_check import check_personal

ROWS = (AuditStreamRow, AuditEntryRow, AuditPersonalRow, AuditLeafRow, AuditTileRow, AuditLogRow, AuditCheckpointRow)
TABLES: dict[str, Table] = {row.__tablename__: Base.metadata.tables[row.__tablename__] for row in ROWS} | {
    row.__tablename__: Base.metadata.tables[row.__tablename__] for row in (AuditKeyRow, AuditTimestampRow)
}
NO_RECORD = {  # tables of the trail that record nothing
    "audit_publisher": "how far each place has come; what is there itself is compared",
    "audit_refusal": "refusals of this minute; they are a record once they are an entry",
}
UNPROVED = {  # columns that say nothing about what was recorded
    ("audit_log", "mark"): "where the next look for new entries begins; an entry below it without a place is found",
    ("audit_log", "barrier"): "when the mark may move",
    ("audit_log", "barrier_at"): "when the mark may move",
    ("audit_timestamp", "authority"): "the address that was asked; the certificate inside says who answered",
}
UNMISSED = {"audit_timestamp"}  # nothing says that there was one


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    type: ClassVar[str] = "test.told"
    personal: ClassVar[frozenset[str]] = frozenset({"person"})
    where: str
    person: str

    @property
    def stream(self) -> str:
        return self.where


class Trail(Office):
    """A trail with several chains, tiles, checkpoints, keys and time-stamps."""

    def __init__(self, engine: Engine, clock: FixedClock, folder: Path) -> None:
        super().__init__(engine, clock, folder, recording(engine, clock))
        self.roots = folder / "roots.pem"
        authority = Authority()
        self.roots.write_bytes(authority.root_pem)
        for number in range(3):
            for turn in range(5):
                told = [Told(where=f"case:{case}", person=f"P{number}{turn}{case}") for case in range(20)]
                write(self.units, *told)
            signed = self.sign()
            assert signed is not None
            asked = ask(signed.note)
            answer = authority.answer(asked.content)
            at = accept(asked, answer, signed.note, Roots(self.roots))
            with engine.begin() as connection:
                values = {"size": signed.size, "at": at, "authority": "https://tsa.example", "response": answer}
                connection.execute(TABLES["audit_timestamp"].insert().values(values))
            clock.advance(timedelta(minutes=5))
            if number < 2:
                self.rotate()
        self.sign()
        with engine.begin() as connection:
            for name in TABLES:
                connection.execute(text(f"CREATE TABLE kept_{name} AS TABLE {name}"))

    def findings(self) -> list[str]:
        with self.units.reading(AUDITOR) as view:
            found = check_everything(view, self.published.all())
            found += [*check_timestamps(view, Roots(self.roots)), *check_personal(view)]
        return [each.sentence for each in found]

    def after(self, table: str, places: dict[str, Any], statements: list[str]) -> list[str] | None:
        """What the check says; None where the database refuses or nothing changes. Then all is as it was."""
        try:
            with self.engine.begin() as connection:
                connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers
                done = [connection.execute(text(each), places).rowcount for each in statements]
            return self.findings() if any(done) else None
        except IntegrityError:
            return None
        finally:
            with self.engine.begin() as connection:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                connection.execute(text(f"DELETE FROM {table}"))
                connection.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The keys of the first row and of the last."""
        keys = [column.name for column in TABLES[table].primary_key]
        query = text(f"SELECT {', '.join(keys)} FROM {table} ORDER BY {', '.join(keys)}")
        with self.engine.connect() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
        return list({str(row): row for row in (found[0], found[-1])}.values())


@pytest.fixture
def trail(engine: Engine, clock: FixedClock, tmp_path: Path) -> Trail:
    return Trail(engine, clock, tmp_path)


def others(column: Any) -> Iterator[str]:
    """Values that a column does not have, as SQL."""
    name = column.name
    match column.type:
        case LargeBinary():
            yield f"set_byte({name}, 0, get_byte({name}, 0) # 1)"
            yield f"set_byte({name}, octet_length({name}) - 1, get_byte({name}, octet_length({name}) - 1) # 1)"
        case Boolean():
            yield f"NOT {name}"
        case Integer():
            yield f"{name} + 1000"
            yield f"{name} - 1"
        case DateTime():
            yield f"coalesce({name} + interval '1 microsecond', now())"
        case _:
            yield f"coalesce(left({name}, -1), '') || CASE right({name}, 1) WHEN 'x' THEN 'y' ELSE 'x' END"
    if column.nullable:
        given = "now()" if isinstance(column.type, DateTime) else "'x'"
        yield f"CASE WHEN {name} IS NULL THEN {given} END"


def at(row: dict[str, Any]) -> str:
    return " AND ".join(f"{name} = :{name}" for name in row)


Attempt = tuple[str, dict[str, Any], list[str]]  # what it is, the places of its statements, and these


def changed(table: str, row: dict[str, Any]) -> Iterator[Attempt]:
    for column in TABLES[table].columns:
        for other in others(column) if (table, column.name) not in UNPROVED else ():
            where = f"{at(row)} AND {column.name} IS DISTINCT FROM {other}"
            yield column.name, row, [f"UPDATE {table} SET {column.name} = {other} WHERE {where}"]


def removed(table: str, row: dict[str, Any]) -> Iterator[Attempt]:
    if table not in UNMISSED:
        yield "removed", row, [f"DELETE FROM {table} WHERE {at(row)}"]


def inserted(table: str, row: dict[str, Any]) -> Iterator[Attempt]:
    """A copy of a row under a key of its own."""
    columns = TABLES[table].columns
    own = {column.name for column in columns if column.unique or column.primary_key or column.name == "stream_seq"}
    copied = ", ".join(next(others(each)) if each.name in own else each.name for each in columns)
    yield "inserted", row, [f"INSERT INTO {table} SELECT {copied} FROM {table} WHERE {at(row)}"]


def swapped(table: str, one: dict[str, Any], other: dict[str, Any]) -> Iterator[Attempt]:
    """Two rows whose keys were exchanged."""
    keys = {f"{name}_{n}": value for n, row in enumerate((one, other)) for name, value in row.items()}
    places = [" AND ".join(f"{name} = :{name}_{n}" for name in one) for n in range(2)]
    rest = [column.name for column in TABLES[table].columns if column.name not in one]
    statements = [f"DELETE FROM {table} WHERE ({places[0]}) OR ({places[1]})"]
    for n in range(2):
        values = ", ".join([*(f":{name}_{n}" for name in one), *rest])
        columns = ", ".join([*one, *rest])
        statements.append(f"INSERT INTO {table} ({columns}) SELECT {values} FROM kept_{table} WHERE {places[1 - n]}")
    yield "swapped", keys, statements


def test_every_table_of_the_trail_is_tried_or_records_nothing() -> None:
    trail = {name for name in Base.metadata.tables if name.startswith("audit_")}

    assert trail == {*TABLES, *NO_RECORD}
    assert all(column in TABLES[table].columns for table, column in UNPROVED)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_any_single_change_removal_swap_or_insertion_is_found(trail: Trail, table: str) -> None:
    rows = trail.rows(table)
    attempts = [each for row in rows for act in (changed, removed, inserted) for each in act(table, row)]
    attempts += [each for pair in pairwise(rows) for each in swapped(table, *pair)]
    untouched = trail.findings()

    found = [(what, row, trail.after(table, row, statements)) for what, row, statements in attempts]

    assert untouched == []
    assert [f"{what}: {row}" for what, row, sentences in found if sentences == []] == []
    columns = {column.name for column in TABLES[table].columns if (table, column.name) not in UNPROVED}
    assert {what for what, _, sentences in found if sentences} >= columns
