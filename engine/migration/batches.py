"""Batches of migrations: many instances, one after the other in the background, each for itself and all or nothing.

What a batch has still to do is in the database, so that it can be stopped, resumed and taken up by another worker.
"""

import logging
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar

from sqlalchemy import func, insert, literal, select, update

from core.errors import Conflict, DomainError, InvalidInput, StaleState, StorageFull, Unavailable
from core.executor import Executor, handles
from core.identity import SYSTEM, Actor
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine.attempts import with_incidents
from engine.deferred import Host
from engine.errors import MigrationNotFound
from engine.migration.events import MigrationResumed, MigrationStarted, MigrationStopped
from engine.migration.instances import MigrateInstance, migrate, refused, versions
from engine.migration.models import MigrationItemRow, MigrationRow
from engine.migration.plans import check_plan
from engine.models import InstanceRow
from engine.reasons import given
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

MIGRATE = "engine.migrate"
TURN = 200  # instances of a batch until other jobs have their turn
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMigration(Command):
    """Take these running instances of a version, or all of them, to another version in the background."""

    before_id: str
    after_id: str
    reason: str
    mapping: dict[str, str | None] = field(default_factory=dict)
    instance_ids: tuple[str, ...] | None = None
    restart_timers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMigration(Command):
    """Leave the rest of a batch where it is; what was migrated stays so."""

    migration_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeMigration(Command):
    """Go on with a stopped batch; with `refused_too` also with what was refused, because its obstacle is gone."""

    migration_id: str
    reason: str
    refused_too: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateNext(Command):
    """Take the next instance of a running batch to the new version."""

    quiet: ClassVar[bool] = True
    migration_id: str


@handles(StartMigration, needs="case.administer")
def start_migration(command: StartMigration, unit: UnitOfWork) -> str:
    """The batch's id. Raises `MigrationRefused` for a wrong plan, `DefinitionNotFound`, `InvalidInput`."""
    reason = given(command.reason)
    known = versions(unit, command.before_id, command.after_id, command.mapping)
    problems = check_plan(known.plan)
    if problems:
        raise refused(problems)
    row = MigrationRow(
        id=new_id(),
        definition_key=known.before.key,
        before_id=known.before.id,
        after_id=known.after.id,
        mapping=dict(command.mapping),
        restart_timers=command.restart_timers,
        reason=reason,
        state="running",
        started_by=unit.actor.id,
        started_at=unit.clock.now(),
        ended_at=None,
    )
    unit.session.add(row)
    unit.session.flush()  # its instances are written by a statement
    count = _fill(command, row, unit)
    if count == 0:
        raise InvalidInput(f"No instance is running in version {known.before.version} of {known.before.name}.")
    unit.enqueue(_job(row.id))
    unit.emit(
        MigrationStarted(
            migration_id=row.id,
            definition_key=row.definition_key,
            before=row.before_id,
            after=row.after_id,
            elements=row.mapping,
            instances=count,
            reason=reason,
        )
    )
    return row.id


def _fill(command: StartMigration, row: MigrationRow, unit: UnitOfWork) -> int:
    chosen = select(literal(row.id), InstanceRow.id, literal("waiting")).where(
        InstanceRow.definition_id == row.before_id, InstanceRow.ended_at.is_(None)
    )
    if command.instance_ids is not None:
        wanted = set(command.instance_ids)
        found = set(unit.session.scalars(chosen.with_only_columns(InstanceRow.id).where(InstanceRow.id.in_(wanted))))
        if wanted - found:
            missing = ", ".join(sorted(wanted - found)[:5])
            sentence = f"These are no running instances of that version: {missing}; leave them out."
            raise InvalidInput(sentence, fields={"/instance_ids": sentence})
        chosen = chosen.where(InstanceRow.id.in_(wanted))
    statement = insert(MigrationItemRow).from_select(["migration_id", "instance_id", "state"], chosen)
    written = unit.session.execute(statement.returning(MigrationItemRow.instance_id))
    return len(written.all())


def _job(migration_id: str) -> JobRequest:
    return JobRequest(name=MIGRATE, arguments={"migration_id": migration_id}, lock=f"{MIGRATE}:{migration_id}")


@handles(StopMigration, needs="case.administer")
def stop_migration(command: StopMigration, unit: UnitOfWork) -> None:
    """Raises `MigrationNotFound`, `Conflict` where it is over; stopping twice changes nothing."""
    reason = given(command.reason)
    row = _locked(command.migration_id, unit)
    if row.state == "finished":
        raise Conflict("This migration is finished; there is nothing left to stop.")
    if row.state == "stopped":
        return
    row.state, row.ended_at = "stopped", unit.clock.now()
    unit.emit(MigrationStopped(migration_id=row.id, definition_key=row.definition_key, reason=reason))


@handles(ResumeMigration, needs="case.administer")
def resume_migration(command: ResumeMigration, unit: UnitOfWork) -> None:
    """Raises `MigrationNotFound`, `Conflict` where nothing is left to do; one that runs is looked at once more."""
    reason = given(command.reason)
    row = _locked(command.migration_id, unit)
    if row.state == "running":
        unit.enqueue(_job(row.id))
        return
    items = MigrationItemRow.migration_id == row.id
    if command.refused_too:
        again = update(MigrationItemRow).where(items, MigrationItemRow.state == "refused")
        unit.session.execute(again.values(state="waiting", sentence=None, ended_at=None))
    if not _count(unit, row.id):
        raise Conflict("No instance of this migration is left to do.")
    row.state, row.ended_at = "running", None
    unit.enqueue(_job(row.id))
    unit.emit(MigrationResumed(migration_id=row.id, definition_key=row.definition_key, reason=reason))


@handles(MigrateNext, needs="case.administer")
def migrate_next(command: MigrateNext, unit: UnitOfWork) -> bool:
    """Whether there was one to do. An instance that cannot follow the plan is left as it is, with the reason."""
    row = unit.session.get(MigrationRow, command.migration_id)
    if row is None or row.state != "running":
        return False
    waiting = (
        select(MigrationItemRow)
        .where(MigrationItemRow.migration_id == row.id, MigrationItemRow.state == "waiting")
        .order_by(MigrationItemRow.instance_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    item = unit.session.scalar(waiting)
    if item is None:
        if not _count(unit, row.id):  # else another worker is at the last ones
            over = update(MigrationRow).where(MigrationRow.id == row.id, MigrationRow.state == "running")
            unit.session.execute(over.values(state="finished", ended_at=unit.clock.now()))
        return False
    item.state, item.sentence = _attempt(row, item.instance_id, unit)
    item.ended_at = unit.clock.now()
    return True


def _attempt(row: MigrationRow, instance_id: str, unit: UnitOfWork) -> tuple[str, str | None]:
    command = MigrateInstance(
        instance_id=instance_id,
        definition_id=row.after_id,
        mapping=row.mapping,
        reason=row.reason,
        restart_timers=row.restart_timers,
        before_id=row.before_id,
        batch=row.id,
    )
    try:
        with_incidents(unit, lambda parking: migrate(command, unit, parking), alone=False)
    except (StaleState, Unavailable, StorageFull):
        raise  # of the installation, not of this instance: the batch comes back to it
    except DomainError as error:
        return "refused", error.sentence
    return "done", None


def _locked(migration_id: str, unit: UnitOfWork) -> MigrationRow:
    row = unit.session.scalar(select(MigrationRow).where(MigrationRow.id == migration_id).with_for_update())
    if row is None:
        raise MigrationNotFound(f"There is no migration {migration_id}.", migration=migration_id)
    return row


def _count(unit: UnitOfWork, migration_id: str) -> int:
    left = select(func.count()).where(
        MigrationItemRow.migration_id == migration_id, MigrationItemRow.state == "waiting"
    )
    return unit.session.scalar(left) or 0


def work_off(
    executor: Executor, migration_id: str, told: Callable[[], None], *, most: int | None = None, actor: Actor = SYSTEM
) -> bool:
    """Migrate instance after instance, `told` is called after each; False when `most` were done and some are left."""
    done = 0
    while executor.execute(MigrateNext(migration_id=migration_id), actor=actor):
        told()
        done += 1
        if done == most:
            return False
    return True


@job(MIGRATE)
def run_migration(host: Host, arguments: dict[str, Any]) -> None:
    """Do a part of a batch, then let other jobs have their turn."""
    migration_id = arguments["migration_id"]
    if work_off(host.executor, migration_id, lambda: None, most=TURN):
        return
    with host.units.begin(SYSTEM) as unit:
        unit.enqueue(_job(migration_id))
        unit.commit()
