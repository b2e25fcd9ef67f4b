"""Keeps the record of an opportunity: its process writes it, and whoever sells says what they expect."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import select

from core.errors import Conflict, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command, Event
from core.records import dataclass
from crm.checks import Findings, checked_version
from crm.money import plain
from processes.sales_cycle.models import OpportunityRow
from storage.unit_of_work import UnitOfWork

OPEN, WON, LOST, CANCELLED = "open", "won", "lost", "cancelled"
STATES = (OPEN, WON, LOST, CANCELLED)
HUNDRED = Decimal(100)


class OpportunityNotFound(NotFound):
    """There is none, or it is out of reach."""

    code = "opportunity_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no opportunity {key}.", opportunity=key)


class OpportunityClosed(Conflict):
    """It was won or lost."""

    code = "opportunity_closed"

    def __init__(self, number: str, state: str) -> None:
        super().__init__(f"{number} is {state}; nothing of it is expected any more.", opportunity=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityChanged(Event):
    """An opportunity was opened, or something of it is another now; fields with what they were and are."""

    type: ClassVar[str] = "opportunity.changed"

    opportunity_id: str
    case_id: str
    number: str
    changes: dict[str, list[str | None]]
    reason: str | None = None

    @property
    def stream(self) -> str:
        """The opportunity's own."""
        return f"opportunity:{self.opportunity_id}"

    @property
    def case(self) -> str | None:
        """The case that follows it."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOpportunity(Command):
    """Say what is expected of an open opportunity: value, likelihood in per cent, the day of the decision."""

    opportunity_id: str
    value: Any
    probability: Any
    close_expected: Any
    expected_version: int | None = None


@handles(UpdateOpportunity, needs="offer.edit")
def update_opportunity(command: UpdateOpportunity, unit: UnitOfWork) -> int:
    """Keep it and return the version of the record. A next offer in the case says its value anew.

    Raises `OpportunityNotFound`, `OpportunityClosed`, `ChangedMeanwhile`, `WrongFields` by pointers such as `/value`.
    """
    wanted = select(OpportunityRow).where(OpportunityRow.id == command.opportunity_id)
    row = unit.session.scalars(wanted.with_for_update()).first()
    if row is None:
        raise OpportunityNotFound(command.opportunity_id)
    if row.state != OPEN:
        raise OpportunityClosed(row.number, row.state)
    checked_version("The opportunity", expected=command.expected_version, current=row.row_version)
    findings = Findings()
    value = _amount(findings, "/value", command.value, "The value", places=2)
    likely = findings.amount("/probability", command.probability, "The probability", most=HUNDRED, places=2)
    day = _day(findings, command.close_expected)
    findings.refuse()
    _change(unit, row, {"value": value, "probability": likely, "close_expected": day})
    return row.row_version


def open_record(unit: UnitOfWork, case_id: str, number: str, facts: Mapping[str, Any]) -> None:
    """Enter it; `facts` are columns."""
    row = OpportunityRow(
        id=new_id(),
        number=number,
        case_id=case_id,
        state=OPEN,
        offers=0,
        opened_at=unit.clock.now(),
        row_version=1,
        **facts,
    )
    unit.session.add(row)
    told = {name: [None, _told(value)] for name, value in facts.items() if value is not None}
    unit.emit(OpportunityChanged(opportunity_id=row.id, case_id=case_id, number=number, changes=told))


def note(unit: UnitOfWork, case_id: str, **facts: Any) -> None:
    """Columns that the case knows better now; nothing where it has no record, as cases from before have none."""
    row = unit.session.scalars(_of(case_id)).first()
    if row is not None:
        _change(unit, row, facts)


def count_offer(unit: UnitOfWork, case_id: str) -> None:
    """The customer got a version of the offer."""
    row = unit.session.scalars(_of(case_id)).first()
    if row is not None:
        _change(unit, row, {"offers": row.offers + 1})


def close(unit: UnitOfWork, case_id: str, state: str, **facts: Any) -> None:
    """It is won, lost or cancelled; one that is closed stays as it is."""
    row = unit.session.scalars(_of(case_id)).first()
    if row is not None and row.state == OPEN:
        row.closed_at = unit.clock.now()
        likely = {WON: HUNDRED, LOST: Decimal(0)}.get(state, row.probability)
        _change(unit, row, facts | {"state": state, "probability": likely})


def _of(case_id: str) -> Any:
    return select(OpportunityRow).where(OpportunityRow.case_id == case_id).with_for_update()


def _change(unit: UnitOfWork, row: OpportunityRow, facts: Mapping[str, Any]) -> None:
    changes: dict[str, list[str | None]] = {}
    for name, value in facts.items():
        before = getattr(row, name)
        if before != value:
            changes[name] = [_told(before), _told(value)]
            setattr(row, name, value)
    if changes:
        row.row_version += 1
        unit.emit(OpportunityChanged(opportunity_id=row.id, case_id=row.case_id, number=row.number, changes=changes))


def _told(value: Any) -> str | None:
    if isinstance(value, Decimal):
        return plain(value)
    return None if value is None else str(value)


def _amount(findings: Findings, pointer: str, value: Any, label: str, *, places: int) -> Decimal | None:
    if value is None or str(value).strip() == "":
        return None
    return findings.amount(pointer, str(value).replace(",", "."), label, places=places)


def _day(findings: Findings, value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    if not str(value).strip():
        return None
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        findings.add("/close_expected", "The expected decision: write a day such as 2026-03-01.")
        return None
