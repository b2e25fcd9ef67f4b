"""The service level of a case: how much working time it may take, and how much it has taken where time counts.

Nothing is stored: both follow from the history and the calendar, so that a pause, a holiday that is added or a service
level that changes on the way are right by themselves.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from core.records import dataclass
from engine.bpmn.model import Node, Process
from engine.feel import compile_expression
from engine.feel.calendar import calendar
from engine.feel.values import decode, plain
from engine.models import InstanceRow, TokenLogRow
from engine.spiff.moments import in_working_time
from storage.unit_of_work import Reading

SCOPES = frozenset({"subProcess", "transaction", "adHocSubProcess", "multiInstanceBody", "loopBody", "compensation"})
_WORKED = compile_expression("obieg.business hours(start, end)")
_SPAN = compile_expression("if value instance of string then duration(value) else value")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """Time allowed, in which a day is a business day, and working hours used, as ISO 8601 durations.

    `due_at` is None while the time does not run.
    """

    allowed: str
    used: str
    is_running: bool
    is_exceeded: bool
    due_at: datetime | None


def service_level(view: Reading, row: InstanceRow, process: Process, state: Mapping[str, Any]) -> ServiceLevel | None:
    """That of a case with this stored state; None where its process promises nothing, or its expression no duration."""
    if process.sla is None:
        return None
    now = view.clock.now()
    value = process.sla.evaluate({name: decode(each) for name, each in state["variables"].items()}, now)
    allowed = _SPAN.evaluate({"value": value}, now=now).value
    if not isinstance(allowed, timedelta):
        return None
    visits = view.session.execute(
        select(TokenLogRow.element_id, TokenLogRow.type, TokenLogRow.entered_at, TokenLogRow.left_at)
        .where(TokenLogRow.instance_id == row.id)
        .order_by(TokenLogRow.entered_at)
    ).all()
    counted = [(entered, left) for element, kind, entered, left in visits if _counts(process, element, kind)]
    hours = _hours(allowed)
    used = sum((_worked(start, end) for start, end in _joined(counted, row.ended_at or now)), timedelta())
    is_running = row.ended_at is None and any(left is None for _, left in counted)
    return ServiceLevel(
        allowed=str(plain(allowed)),
        used=str(plain(used)),
        is_running=is_running,
        is_exceeded=used > hours,
        due_at=in_working_time(_days(max(hours - used, timedelta())), now) if is_running else None,
    )


def _workday() -> timedelta:
    opens, closes = calendar().opens, calendar().closes
    return timedelta(hours=closes.hour - opens.hour, minutes=closes.minute - opens.minute)


def _hours(allowed: timedelta) -> timedelta:
    """A duration in working hours: each of its days is one business day."""
    return allowed.days * _workday() + (allowed - timedelta(days=allowed.days))


def _days(hours: timedelta) -> timedelta:
    """Working hours as business days and the rest, as durations are counted."""
    return timedelta(days=hours // _workday()) + hours % _workday()


def _counts(process: Process, element: str, kind: str) -> bool:
    """Whether time at an element counts: neither it nor what is around it says no; a scope counts by its content."""
    if kind in SCOPES:
        return False
    node: Node | None = process.nodes.get(element)
    while node is not None:
        if not node.counts:
            return False
        node = process.nodes.get(node.scope)
    return True


def _joined(
    intervals: Iterable[tuple[datetime, datetime | None]], end: datetime
) -> Iterable[tuple[datetime, datetime]]:
    """Without overlaps, in the order of their start: what goes on side by side takes its time once."""
    start: datetime | None = None
    until = end
    for entered, left in intervals:
        over = left or end
        if start is None:
            start, until = entered, over
        elif entered > until:
            yield start, until
            start, until = entered, over
        else:
            until = max(until, over)
    if start is not None:
        yield start, until


def _worked(start: datetime, end: datetime) -> timedelta:
    found = _WORKED.evaluate({"start": start, "end": end}, now=end).value
    return found if isinstance(found, timedelta) else timedelta()
