"""Removals of outlived history: in batches in the background, with progress, until they are done or stopped."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select

from core.errors import Conflict, Forbidden
from core.executor import handles
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine.access import ADMINISTER
from engine.deferred import Host
from engine.errors import RemovalNotFound
from engine.events import RemovalStarted, RemovalStopped
from engine.models import RemovalRow
from engine.reasons import given
from engine.retention import count_outlived, remove_batch
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitOfWork

REMOVE = "engine.remove_history"
BATCH = 100  # cases that one transaction removes
TURN = 50  # batches until other jobs have their turn


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRemoval(Command):
    """Remove all finished cases that their processes keep no longer, in the background."""

    quiet: ClassVar[bool] = True
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveNextBatch(Command):
    """Remove the next cases of a removal that runs."""

    quiet: ClassVar[bool] = True
    removal_id: str
    limit: int = BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRemoval(Command):
    """Leave the rest; what is gone stays gone."""

    removal_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalView:
    """How a removal gets on: `found` cases had outlived their time; `state` is running, stopped or finished."""

    id: str
    state: str
    reason: str
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    found: int
    removed: int
    kept: int


@handles(StartRemoval, needs="case.administer")
def start_removal(command: StartRemoval, unit: UnitOfWork) -> str | None:
    """Its id, that of the one that runs already, or None where nothing has outlived its time."""
    reason = given(command.reason)
    running = unit.session.scalar(select(RemovalRow).where(RemovalRow.state == "running").limit(1))
    if running is not None:
        unit.enqueue(_job(running.id))  # its worker may have died for good
        return running.id
    found = count_outlived(unit)
    if not found:
        return None
    row = RemovalRow(
        id=new_id(),
        state="running",
        reason=reason,
        started_by=unit.actor.id,
        started_at=unit.clock.now(),
        ended_at=None,
        found=found,
        removed=0,
        kept=0,
        mark="",
    )
    unit.session.add(row)
    unit.enqueue(_job(row.id))
    unit.emit(RemovalStarted(removal_id=row.id, found=found, reason=reason))
    return row.id


def _job(removal_id: str) -> JobRequest:
    return JobRequest(name=REMOVE, arguments={"removal_id": removal_id}, lock=REMOVE)


@handles(RemoveNextBatch, needs="case.administer")
def remove_next_batch(command: RemoveNextBatch, unit: UnitOfWork) -> bool:
    """Whether there may be more to do."""
    row = unit.session.scalar(select(RemovalRow).where(RemovalRow.id == command.removal_id).with_for_update())
    if row is None or row.state != "running":
        return False
    batch = remove_batch(unit, row.mark, command.limit)
    row.removed, row.kept = row.removed + batch.removed, row.kept + batch.kept
    if batch.last is None:
        row.state, row.ended_at = "finished", unit.clock.now()
        return False
    row.mark = batch.last
    return True


@handles(StopRemoval, needs="case.administer")
def stop_removal(command: StopRemoval, unit: UnitOfWork) -> None:
    """Raises `RemovalNotFound`, `Conflict` where it is finished; stopping twice changes nothing."""
    reason = given(command.reason)
    row = unit.session.scalar(select(RemovalRow).where(RemovalRow.id == command.removal_id).with_for_update())
    if row is None:
        raise _unknown(command.removal_id)
    if row.state == "finished":
        raise Conflict("This removal is finished; there is nothing left to stop.")
    if row.state == "stopped":
        return
    row.state, row.ended_at = "stopped", unit.clock.now()
    unit.emit(RemovalStopped(removal_id=row.id, removed=row.removed, reason=reason))


@job(REMOVE)
def run_removal(host: Host, arguments: dict[str, Any]) -> None:
    """Remove batch after batch, then let other jobs have their turn."""
    removal_id = arguments["removal_id"]
    for _ in range(TURN):
        if not host.executor.execute(RemoveNextBatch(removal_id=removal_id), actor=SYSTEM):
            return
    with host.units.begin(SYSTEM) as unit:
        unit.enqueue(_job(removal_id))
        unit.commit()


def removal(view: Reading, removal_id: str) -> RemovalView:
    """How one gets on. Raises `Forbidden`, `RemovalNotFound`."""
    _check(view)
    row = view.session.get(RemovalRow, removal_id)
    if row is None:
        raise _unknown(removal_id)
    return _view(row)


def removals(view: Reading, limit: int = 20) -> list[RemovalView]:
    """The removals, newest first. Raises `Forbidden`."""
    _check(view)
    return [_view(row) for row in view.session.scalars(select(RemovalRow).order_by(RemovalRow.id.desc()).limit(limit))]


def _view(row: RemovalRow) -> RemovalView:
    return RemovalView(
        id=row.id,
        state=row.state,
        reason=row.reason,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        found=row.found,
        removed=row.removed,
        kept=row.kept,
    )


def _unknown(removal_id: str) -> RemovalNotFound:
    return RemovalNotFound(f"There is no removal {removal_id}.", removal=removal_id)


def _check(view: Reading) -> None:
    if not view.actor.may(ADMINISTER):
        raise Forbidden(f"You do not have the right to do this ({ADMINISTER}).", permission=ADMINISTER)
