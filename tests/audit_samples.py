"""What tests of the trail share: an event, people, and units of work that record."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Engine

from audit.erasing import ErasureBlocks, Subjects
from audit.queries import TrailRights
from audit.recorder import record
from audit.verify import Finding, check_chains
from core.clock import Clock
from core.identity import Actor
from core.messages import Event
from core.records import dataclass
from storage.unit_of_work import Reading, UnitFactory

ANNA = Actor(id="anna", name="Anna Kowalska", address="10.0.0.7")
AUDITOR = Actor(id="auditor", name="Ewa Lis", permissions=frozenset({"audit.read"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    type: ClassVar[str] = "test.noted"
    personal: ClassVar[frozenset[str]] = frozenset({"person"})
    where: str
    note: Any
    person: str
    case_id: str | None = None

    @property
    def stream(self) -> str:
        return self.where

    @property
    def case(self) -> str | None:
        return self.case_id

    @property
    def data_subject(self) -> str:
        return f"person:{self.person}"


class OpenCases:
    """Grants a set of cases to everybody."""

    def __init__(self, *cases: str) -> None:
        self.cases = cases

    def may_see_case(self, reading: Reading, case_id: str) -> bool:
        return case_id in self.cases


class NoHolds:
    def holds(self, reading: Reading, subject: str) -> tuple[str, ...]:
        return ()


class NoOthers:
    """Everybody has one name."""

    def same(self, reading: Reading, subject: str) -> tuple[str, ...]:
        return ()


class NoJobs:
    def enqueue(self, unit: object, requests: object) -> None:
        raise AssertionError("no jobs here")


def recording(engine: Engine, clock: Clock) -> UnitFactory:
    """Units of work that write the trail; everybody may see the case `case-1`."""
    ports = {TrailRights: OpenCases("case-1"), ErasureBlocks: NoHolds(), Subjects: NoOthers()}
    return UnitFactory(engine, queue=NoJobs(), clock=clock, recorders=[record], ports=ports)


def noted(where: str = "case:1", *, note: Any = "n", person: str = "Jan", case: str | None = None) -> Noted:
    return Noted(where=where, note=note, person=person, case_id=case)


def write(units: UnitFactory, *events: Event, actor: Actor = ANNA) -> None:
    with units.begin(actor) as unit:
        for each in events:
            unit.emit(each)
        unit.commit()


def check(units: UnitFactory) -> list[Finding]:
    with units.reading(AUDITOR) as view:
        return check_chains(view)
