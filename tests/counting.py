"""A table with a version, a command that counts in it, and what its units leave behind; for tests of storage."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Engine, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.identity import SYSTEM
from core.messages import Command, Event
from core.records import dataclass
from storage.jobs.queue import JobRequest
from storage.jobs.registry import JobRegistry
from storage.unit_of_work import UnitFactory, UnitOfWork


class TestBase(DeclarativeBase):
    __test__ = False


class CounterRow(TestBase):
    __tablename__ = "counter"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    value: Mapped[int]
    revision: Mapped[int] = mapped_column()
    __mapper_args__: ClassVar[dict[str, Any]] = {"version_id_col": revision}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Event):
    type: ClassVar[str] = "counter.counted"
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Command):
    by: int = 1


registry = JobRegistry()
registry.job("note")(lambda _context, _arguments: None)


def record(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """What the audit does, as short as it can be."""
    for event in events:
        unit.session.execute(text("INSERT INTO said VALUES (:what)"), {"what": f"{event.type} {event.payload()}"})


def prepare(engine: Engine) -> None:
    TestBase.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE said (what text)"))
        connection.execute(text("INSERT INTO counter VALUES ('one', 0, 1)"))


def count(unit: UnitOfWork, by: int = 1) -> int:
    row = unit.session.get_one(CounterRow, "one")
    row.value += by
    unit.emit(Counted(value=row.value))
    unit.enqueue(JobRequest(name="note"))
    return row.value


def count_and_commit(units: UnitFactory) -> int:
    with units.begin(SYSTEM) as unit:
        value = count(unit)
        unit.commit()
        return value


def traces(engine: Engine) -> tuple[int, int, int]:
    """The counter's value, the number of events and the number of jobs."""
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT (SELECT value FROM counter WHERE id = 'one'),"
                " (SELECT count(*) FROM said), (SELECT count(*) FROM procrastinate_jobs)"
            )
        ).one()
    return row[0], row[1], row[2]
