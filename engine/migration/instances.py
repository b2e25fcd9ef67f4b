"""Taking one instance to another version: locked, checked, moved and saved in one unit, or left as it is."""

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sqlalchemy import String as Text
from sqlalchemy import TableClause, column, delete, select, table, update, values

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine import catalog, store
from engine.attempts import Parking, with_incidents
from engine.bpmn.model import Node
from engine.calls import ROUTE
from engine.errors import DefinitionNotFound, MigrationRefused, StepFailed
from engine.feel.values import plain
from engine.holding import hold_timers
from engine.live_cases import live_cases
from engine.migration.events import CaseMigrated
from engine.migration.moving import Moved, check_instance, element_of, moved
from engine.migration.plans import Plan, Problem, check_plan, generated
from engine.models import (
    DefinitionRow,
    IncidentRow,
    InstanceRow,
    ServiceCallRow,
    SubscriptionRow,
    TimerRow,
    TokenLogRow,
    WorkItemRow,
)
from engine.reasons import given
from engine.running import Running
from engine.runtime import Case
from engine.spiff.migrating import TakenOver
from engine.state_parts import read_whole
from storage.jobs.queue import JobRequest
from storage.unit_of_work import Reading, UnitOfWork

KEEPING = (WorkItemRow, TimerRow, SubscriptionRow, ServiceCallRow, TokenLogRow, IncidentRow)  # name the element


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateInstance(Command):
    """Take an instance to another version of its process.

    `mapping` says which element takes over from which, None for a wait that is given up; what it does not name is
    mapped to the element with the same id where that is of the same kind. `restart_timers` counts running timers anew
    from the new diagram; they keep their moments otherwise. `before_id` is the version that the mapping is for, where
    somebody else may have migrated the instance since it was made.
    """

    instance_id: str
    definition_id: str
    reason: str
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    restart_timers: bool = False
    before_id: str | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """The version that is left and the one that takes over."""

    before: DefinitionRow
    after: DefinitionRow
    plan: Plan


def versions(view: Reading, before_id: str, after_id: str, mapping: Mapping[str, str | None]) -> Versions:
    """Both versions, with the plan that they and the mapping make. Raises `DefinitionNotFound`, `MigrationRefused`."""
    before, after = catalog.definition(view, before_id), catalog.definition(view, after_id)
    for row in (before, after):
        if row.kind != "process":
            raise DefinitionNotFound(f"{row.name} is a {row.kind}; only processes have instances.", definition=row.id)
    if before.key != after.key:
        raise MigrationRefused(f"{after.name} ({after.key}) is no version of {before.name} ({before.key}).")
    if before.id == after.id:
        raise MigrationRefused(f"This is version {after.version} of {after.name} already; choose another version.")
    old, new = catalog.program(view, before_id).process, catalog.program(view, after_id).process
    return Versions(before, after, Plan(old, new, generated(old, new, mapping)))


@handles(MigrateInstance, needs="case.administer")
def migrate_instance(command: MigrateInstance, unit: UnitOfWork) -> str:
    """Its state afterwards. Raises `MigrationRefused`, `InstanceNotFound`, `InstanceEnded`, `DefinitionNotFound`."""
    given(command.reason)
    return with_incidents(unit, lambda parking: migrate(command, unit, parking))


def migrate(command: MigrateInstance, unit: UnitOfWork, parking: Parking) -> str:
    """Do it in this unit."""
    locked = store.lock_instance(unit, command.instance_id)
    if command.before_id not in {None, locked.definition_id}:
        row = catalog.definition(unit, locked.definition_id)
        raise MigrationRefused(f"It is in version {row.version} by now, for which the plan was not made.")
    target = dataclasses.replace(locked, definition_id=command.definition_id)
    known = versions(unit, locked.definition_id, command.definition_id, command.mapping)
    running = Running(unit, target, parking, even_suspended=True, even_stopped=True)
    snapshot = read_whole(unit, command.instance_id)
    state = translated(snapshot, known.plan)
    live_cases.take((locked.instance_id, locked.revision))  # it is another version's now
    case = Case(running.program, running.surroundings(), state.snapshot)
    running.create(case)
    try:
        taken = case.take_over(known.plan.fresh(), restart_timers=command.restart_timers)
    except StepFailed as failure:
        raise refused([Problem(element=failure.element, sentence=failure.sentence)]) from failure
    _rename(unit, command.instance_id, known.plan)
    _rewrite(running, known, taken, state)
    case.go_on(is_held=running.is_suspended)
    running.save()
    if running.is_suspended:
        hold_timers(unit, [command.instance_id], held=True)
    unit.emit(
        CaseMigrated(
            instance_id=command.instance_id,
            before=known.before.id,
            before_version=known.before.version,
            after=known.after.id,
            after_version=known.after.version,
            elements=places(snapshot, known.plan),
            batch=command.batch,
            reason=command.reason.strip(),
        )
    )
    return case.state if case.has_ended else running.state


def translated(snapshot: Mapping[str, Any], plan: Plan) -> Moved:
    """The state in terms of the new version. Raises `MigrationRefused` with all problems."""
    problems = check_plan(plan) or check_instance(snapshot, plan)
    if problems:
        raise refused(problems)
    return moved(snapshot, plan)


def refused(problems: list[Problem]) -> MigrationRefused:
    """The error that tells the first problem and lists all."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    told = [problem.to_json() for problem in problems]
    return MigrationRefused(f"Nothing was migrated: {problems[0].sentence}{more}", problems=told)


def places(snapshot: Mapping[str, Any], plan: Plan) -> dict[str, str | None]:
    """Where the instance's tokens and waits are, and where the plan takes them."""
    elements = dict.fromkeys(element_of(name) for _, name, *_ in snapshot["tokens"])
    return {element: plan.image(element) for element in elements}


def _rename(unit: UnitOfWork, instance_id: str, plan: Plan) -> None:
    """Rows of what waits name the new elements; the rows of what is over stay as they are."""
    renamed = [(old, new) for old, new in plan.images().items() if old != new]
    if not renamed:
        return
    pairs = values(column("old", Text), column("new", Text), name="pairs").data(renamed)
    for kind in KEEPING:
        mapped: TableClause = table(kind.__tablename__, column("instance_id"), column("element_id"))
        condition = (mapped.c.instance_id == instance_id) & (mapped.c.element_id == pairs.c.old)
        if kind is TokenLogRow:
            mapped = table(kind.__tablename__, *map(column, ("instance_id", "element_id", "left_at")))
            condition = (mapped.c.instance_id == instance_id) & (mapped.c.element_id == pairs.c.old)
            condition &= mapped.c.left_at.is_(None)
        unit.session.execute(update(mapped).where(condition).values(element_id=pairs.c.new))
    called = (InstanceRow.parent_id == instance_id) & (InstanceRow.parent_element == pairs.c.old)
    unit.session.execute(update(InstanceRow).where(called).values(parent_element=pairs.c.new))


def _rewrite(running: Running, known: Versions, taken: TakenOver, state: Moved) -> None:
    """What open tasks, timers, subscriptions and outside work are according to the new diagram."""
    unit, instance_id, nodes = running.unit, running.locked.instance_id, known.plan.new.nodes
    unit.session.execute(update(InstanceRow).where(InstanceRow.id == instance_id).values(definition_id=known.after.id))
    for task in running.case.open_tasks():
        _rewrite_task(running, task.id, nodes[task.element_id])
    for timer in taken.timers:
        _set(unit, TimerRow, instance_id, timer.id, due_at=timer.due_at)
    for each in taken.subscriptions:
        _set(unit, SubscriptionRow, instance_id, each.id, kind=each.kind, name=each.name, key=each.key)
    if any(each.kind == "message" for each in taken.subscriptions):
        unit.enqueue(JobRequest(name=ROUTE))  # a stored message may be waiting for what is listened for now
    for row in (TimerRow, SubscriptionRow):
        unit.session.execute(delete(row).where(row.instance_id == instance_id, row.id.in_(state.dropped)))
    _rewrite_calls(unit, instance_id, nodes)
    here = (TokenLogRow.instance_id == instance_id) & TokenLogRow.left_at.is_(None)
    for visit in unit.session.scalars(select(TokenLogRow).where(here)):
        visit.name = nodes[visit.element_id].name


def _rewrite_task(running: Running, token: str, node: Node) -> None:
    """Name, form and search columns; whose it is and when it is due was decided when it came, and stays."""
    unit, locked = running.unit, running.locked
    form = node.work.form if node.work else None
    seen = running.case.seen_by(token)
    _set(
        unit,
        WorkItemRow,
        locked.instance_id,
        token,
        definition_id=locked.definition_id,
        name=node.name,
        form_id=catalog.find(unit, "form", form, locked.mark) if form else None,
        search={name: plain(seen[name]) for name in running.program.process.searchable if name in seen},
    )


def _rewrite_calls(unit: UnitOfWork, instance_id: str, nodes: Mapping[str, Node]) -> None:
    for row in unit.session.scalars(select(ServiceCallRow).where(ServiceCallRow.instance_id == instance_id)):
        node = nodes[row.element_id]
        assert node.outside is not None
        row.topic = node.outside.topic or node.handler or row.topic


def _set(unit: UnitOfWork, row: Any, instance_id: str, identifier: str, **new: Any) -> None:
    unit.session.execute(update(row).where(row.instance_id == instance_id, row.id == identifier).values(**new))
