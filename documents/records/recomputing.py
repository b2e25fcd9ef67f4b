"""Computing the schedule anew for many documents: in batches in the background, with progress."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Protocol

from sqlalchemy import Select, func, select

from core.errors import Forbidden, NotFound
from core.executor import Executor, handles
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.models import DocumentRow
from documents.records.computing import AT_ONCE, compute
from documents.records.models import RetentionRunRow
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitFactory, UnitOfWork

RECOMPUTE = "documents.recompute_retention"
TURN = 50  # batches until other jobs have their turn


class Host(Protocol):
    """The program in which jobs run."""

    units: UnitFactory
    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class Recompute(Command):
    """Compute for all documents, or those of some types, until when they are kept; in the background."""

    reason: str
    document_types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputeNextBatch(Command):
    """Go on with a run."""

    quiet: ClassVar[bool] = True
    run_id: str
    limit: int = AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """How a run gets on: `done` of `found` documents; `state` is running or finished."""

    id: str
    state: str
    reason: str
    document_types: tuple[str, ...] | None
    found: int
    done: int
    started_by: str
    started_at: datetime
    ended_at: datetime | None


class RunNotFound(NotFound):
    """There is no such run."""

    code = "retention_run_not_found"


@handles(Recompute, needs="records.administer")
def recompute(command: Recompute, unit: UnitOfWork) -> str:
    """The id of the run."""
    types = None if command.document_types is None else frozenset(command.document_types)
    return start(unit, command.reason.strip() or "asked for", types)


def start(unit: UnitOfWork, reason: str, types: Collection[str] | None) -> str:
    """Have a worker do it once the unit is durable."""
    wanted = None if types is None else sorted(types)
    found = unit.session.scalar(select(func.count()).select_from(_documents(wanted).subquery())) or 0
    row = RetentionRunRow(
        id=new_id(),
        state="running",
        reason=reason,
        document_types=wanted,
        found=found,
        done=0,
        mark="",
        started_by=unit.actor.id,
        started_at=unit.clock.now(),
    )
    unit.session.add(row)
    unit.enqueue(_job(row.id))
    return row.id


def _documents(types: Collection[str] | None) -> Select[str]:
    query = select(DocumentRow.id).where(DocumentRow.destroyed_at.is_(None))
    return query if types is None else query.where(DocumentRow.type.in_(types))


def _job(run_id: str) -> JobRequest:
    return JobRequest(name=RECOMPUTE, arguments={"run_id": run_id}, lock=RECOMPUTE)


@handles(RecomputeNextBatch, needs="records.administer")
def recompute_next_batch(command: RecomputeNextBatch, unit: UnitOfWork) -> bool:
    """Whether there may be more to do."""
    row = unit.session.get(RetentionRunRow, command.run_id, with_for_update=True)
    if row is None or row.state != "running":
        return False
    query = _documents(row.document_types).where(DocumentRow.id > row.mark).order_by(DocumentRow.id)
    batch = list(unit.session.scalars(query.limit(command.limit)))
    compute(unit, batch)
    row.done += len(batch)
    if len(batch) < command.limit:
        row.state, row.ended_at = "finished", unit.clock.now()
        return False
    row.mark = batch[-1]
    return True


@job(RECOMPUTE)
def run_recomputation(host: Host, arguments: dict[str, Any]) -> None:
    """Compute batch after batch, then let other jobs have their turn."""
    for _ in range(TURN):
        if not host.executor.execute(RecomputeNextBatch(run_id=arguments["run_id"]), actor=SYSTEM):
            return
    with host.units.begin(SYSTEM) as unit:
        unit.enqueue(_job(arguments["run_id"]))
        unit.commit()


def run(view: Reading, run_id: str) -> RunView:
    """How one gets on. Raises `Forbidden`, `RunNotFound`."""
    _check(view)
    row = view.session.get(RetentionRunRow, run_id)
    if row is None:
        raise RunNotFound(f"There is no such run: {run_id}.", run=run_id)
    return _view(row)


def runs(view: Reading, limit: int = 10) -> list[RunView]:
    """The newest runs. Raises `Forbidden`."""
    _check(view)
    return [
        _view(row)
        for row in view.session.scalars(select(RetentionRunRow).order_by(RetentionRunRow.id.desc()).limit(limit))
    ]


def _check(view: Reading) -> None:
    if not view.actor.may("records.read"):
        raise Forbidden("You do not have the right to do this (records.read).", permission="records.read")


def _view(row: RetentionRunRow) -> RunView:
    return RunView(
        id=row.id,
        state=row.state,
        reason=row.reason,
        document_types=None if row.document_types is None else tuple(row.document_types),
        found=row.found,
        done=row.done,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
