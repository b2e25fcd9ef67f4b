"""Firing what is due: in the order in which it fell due, each instance for itself."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from sqlalchemy import delete, select, update

from core.errors import DomainError, StaleState
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine import catalog, chains, store
from engine.attempts import Parking, with_incidents
from engine.errors import InstanceSuspended
from engine.events import TimerFired
from engine.models import StartEventRow, TimerRow
from engine.running import Running
from engine.starting import Beginning, begin, next_moment
from storage.unit_of_work import UnitOfWork

PATIENCE = 2.0  # seconds that one transaction spends on timers of which one fails
POSTPONED = timedelta(minutes=1)
IS_START_DUE = b"SELECT 1 FROM start_event WHERE due_at <= $1 LIMIT 1"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FireDueTimers(Command):
    """Fire at most `limit` timers that are due, the oldest first; answers how many fired."""

    quiet: ClassVar[bool] = True
    limit: int = 100


@handles(FireDueTimers, needs="case.administer")
def fire_due_timers(command: FireDueTimers, unit: UnitOfWork) -> int:
    """Fire what is due; an instance that somebody works on right now has its turn the next time.

    A step that fails behind a timer becomes an incident of its instance and stops nobody else.
    """
    try:
        fired = _fire_together(command.limit, unit)
        unit.send()
    except StaleState:
        raise
    except DomainError:  # one of them fails, or must not fire: find out which, each for itself
        unit.start_over()
        fired = _fire_apart(command.limit, unit)
    return fired + _start_due(command.limit, unit)


def _fire_apart(limit: int, unit: UnitOfWork) -> int:
    """Fire each for itself; after a while the rest has its turn in the next transaction, which locks none of these."""
    fired, until = 0, time.monotonic() + PATIENCE
    for timer in _due(limit, unit):
        fired += _fire(*timer, unit)
        if time.monotonic() >= until:
            break
    return fired


def _due(limit: int, unit: UnitOfWork) -> list[tuple[str, str, datetime]]:
    """The timers that have been due the longest; those of called cases have an index of their own."""
    found: list[tuple[str, str, datetime]] = []
    for is_called in (TimerRow.is_called, ~TimerRow.is_called):
        query = (
            select(TimerRow.instance_id, TimerRow.id, TimerRow.due_at)
            .where(TimerRow.due_at <= unit.clock.now(), ~TimerRow.is_held, is_called)
            .order_by(TimerRow.due_at, TimerRow.id)
            .limit(limit)
        )
        found += [(instance_id, timer_id, due_at) for instance_id, timer_id, due_at in unit.session.execute(query)]
    return sorted(found, key=lambda timer: (timer[2], timer[1]))[:limit]


def _fire_together(limit: int, unit: UnitOfWork) -> int:
    """Fire what is due and nobody works on, all or nothing; several at once each take others."""
    fired = 0
    touched: set[str] = set()
    for due in store.lock_due(unit, unit.clock.now(), limit):
        instance = due.locked.instance_id
        family = due.locked.root_id or instance
        if family in touched:  # it may have changed since it was read
            fired += _attempt(instance, due.timer_id, due.due_at, unit, Parking())
        else:
            touched.add(family)
            running = Running(unit, due.locked, Parking(), snapshot=due.snapshot)
            fired += _let_go(running, due.timer_id, due.due_at)
    return fired


def _start_due(limit: int, unit: UnitOfWork) -> int:
    """Begin the cases whose start event is due; one that cannot begin is logged and waits for its next time."""
    now = unit.clock.now()
    if not unit.fetch(IS_START_DUE, now):  # a session would cost several times as much as all the rest of a look
        return 0
    due = (
        select(StartEventRow)
        .where(StartEventRow.due_at <= now)
        .order_by(StartEventRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = unit.session.scalars(due).all()
    for row in rows:
        beginning = Beginning(instance_id=new_id(), definition_id=row.definition_id, at=row.element_id)
        try:
            with_incidents(unit, partial(begin, beginning, unit), alone=False, is_awaited=False)
        except DomainError as error:
            extra = {"action": "FireDueTimers", "definition": row.definition_key, "code": error.code}
            logger.warning("start timer failed", extra=extra)
        process = catalog.program(unit, row.definition_id).process
        row.due_at, row.left = next_moment(process, row, now)
    return len(rows)


def _fire(instance_id: str, timer_id: str, due_at: datetime, unit: UnitOfWork) -> bool:
    try:
        return with_incidents(
            unit, lambda parking: _attempt(instance_id, timer_id, due_at, unit, parking), alone=False, is_awaited=False
        )
    except InstanceSuspended:
        _hold(instance_id, timer_id, unit)
        return False
    except DomainError as error:
        logger.warning(
            "timer postponed", extra={"action": "FireDueTimers", "instance": instance_id, "code": error.code}
        )
        _postpone(instance_id, timer_id, unit)
        return False


def _attempt(instance_id: str, timer_id: str, due_at: datetime, unit: UnitOfWork, parking: Parking) -> bool:
    locked = store.lock_idle_instance(unit, instance_id)
    if locked is None:
        return False
    timer = (TimerRow.instance_id == instance_id) & (TimerRow.id == timer_id)
    if unit.session.scalar(select(TimerRow.id).where(timer)) is None:
        return False  # fired or disarmed before we had the lock
    return _let_go(Running(unit, locked, parking), timer_id, due_at)


def _let_go(running: Running, timer_id: str, due_at: datetime) -> bool:
    unit, instance_id = running.unit, running.locked.instance_id
    element, is_of_diagram = running.case.waiting_at(timer_id), not running.case.is_apart(timer_id)
    with chains.following(None if element is None else running.case.origin(timer_id)):
        if element is None or not running.case.fire(timer_id):
            unit.session.execute(delete(TimerRow).where(TimerRow.instance_id == instance_id, TimerRow.id == timer_id))
            return False
        if is_of_diagram:
            unit.emit(TimerFired(instance_id=instance_id, element_id=element, due_at=due_at.isoformat()))
        running.save()
    return True


def _hold(instance_id: str, timer_id: str, unit: UnitOfWork) -> None:
    """Its instance was suspended at the same moment; resuming lets it go."""
    unit.session.execute(
        update(TimerRow).where(TimerRow.instance_id == instance_id, TimerRow.id == timer_id).values(is_held=True)
    )


def _postpone(instance_id: str, timer_id: str, unit: UnitOfWork) -> None:
    """A timer that cannot fire must not stand in front of all others for ever."""
    unit.session.execute(
        update(TimerRow)
        .where(TimerRow.instance_id == instance_id, TimerRow.id == timer_id)
        .values(due_at=unit.clock.now() + POSTPONED)
    )
