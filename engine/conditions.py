"""Conditional start events: a program reports data, and every process whose condition is true on them begins.

A condition that makes cases has no case whose variables it could look at; what it looks at is what is reported.
"""

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine import catalog
from engine.attempts import with_incidents
from engine.bpmn.expressions import Value
from engine.feel.kinds import imported
from engine.messages import first_time, remember
from engine.models import StartEventRow
from engine.starting import Beginning, begin, trigger_of
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The cases that began."""

    started: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData(Command):
    """Tell the processes that begin with a condition of these data. An `event_id` has one effect."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    event_id: str | None = None


@handles(ReportData, needs="message.publish")
def report_data(command: ReportData, unit: UnitOfWork) -> Reported:
    """Begin a case, with the data as its variables, for each condition that is true on them. Raises `InvalidInput`."""
    earlier = first_time(unit, command.event_id)
    if earlier is not None:
        return Reported(started=tuple(earlier["started"]))
    variables = imported(dict(command.variables))
    rows = unit.session.scalars(select(StartEventRow).where(StartEventRow.kind == "conditional")).all()
    started = []
    for row in rows:
        condition = trigger_of(catalog.program(unit, row.definition_id).process, row).condition
        if condition is not None and _holds(condition, variables, unit):
            each = Beginning(
                instance_id=new_id(), definition_id=row.definition_id, variables=variables, at=row.element_id
            )
            with_incidents(unit, lambda parking, each=each: begin(each, unit, parking), alone=False)  # type: ignore[misc]
            started.append(each.instance_id)
    answer = Reported(started=tuple(started))
    remember(unit, command.event_id, asdict(answer))
    return answer


def _holds(condition: Value, variables: Mapping[str, Any], unit: UnitOfWork) -> bool:
    return condition.evaluate(variables, unit.clock.now()) is True
