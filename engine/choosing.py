"""Ad-hoc sub-processes: what people can start inside them, starting it, and saying that they are done."""

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine import access, catalog, store
from engine.attempts import Parking, with_incidents
from engine.errors import InstanceNotFound, NotYourTask
from engine.events import ActivityChosen, ScopeFinished
from engine.models import InstanceRow
from engine.onlooking import Onlooker
from engine.openings import OpenTask
from engine.running import Running
from engine.runtime import Case, OpenScope
from engine.snapshots import state_of
from storage.unit_of_work import Reading, UnitOfWork

__all__ = ["Chosen", "FinishScope", "OpenScope", "StartActivity", "open_scopes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartActivity(Command):
    """Start an activity of an open ad-hoc sub-process; `scope_id` as `open_scopes` tells it."""

    instance_id: str
    scope_id: str
    element_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishScope(Command):
    """Say that an ad-hoc sub-process is done; what still runs is cancelled or waited for, as its diagram says."""

    instance_id: str
    scope_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What it led to: the instance's state and all its open tasks."""

    instance_id: str
    state: str
    tasks: tuple[OpenTask, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    candidates: tuple[str, ...]
    definition_key: str
    assignee: str | None = None


@handles(StartActivity, needs="task.work")
def start_activity(command: StartActivity, unit: UnitOfWork) -> Chosen:
    """Begin the activity and run on. Raises `ActivityNotOffered`, `NotYourTask`, `InstanceNotFound`."""

    def attempt(parking: Parking) -> Chosen:
        running, scope = _open(command.instance_id, command.scope_id, unit, parking)
        running.case.select(scope.id, command.element_id)
        running.save()
        unit.emit(
            ActivityChosen(
                instance_id=command.instance_id, scope_element_id=scope.element_id, element_id=command.element_id
            )
        )
        return _chosen(running)

    return with_incidents(unit, attempt)


@handles(FinishScope, needs="task.work")
def finish_scope(command: FinishScope, unit: UnitOfWork) -> Chosen:
    """Complete it and run on. Raises `ActivityNotOffered`, `NotYourTask`, `InstanceNotFound`."""

    def attempt(parking: Parking) -> Chosen:
        running, scope = _open(command.instance_id, command.scope_id, unit, parking)
        running.case.close(scope.id)
        running.save()
        unit.emit(ScopeFinished(instance_id=command.instance_id, element_id=scope.element_id))
        return _chosen(running)

    return with_incidents(unit, attempt)


def _open(instance_id: str, scope_id: str, unit: UnitOfWork, parking: Parking) -> tuple[Running, OpenScope]:
    locked = store.lock_instance(unit, instance_id)
    if not access.may_see_instance(unit, instance_id):
        raise InstanceNotFound(f"There is no case {instance_id}, or you are not involved in it.", instance=instance_id)
    running = Running(unit, locked, parking, asked_by_person=True)
    scope = running.case.open_scope(scope_id)
    if not access.may_work_on(unit.actor, _Offer(scope.candidates, locked.definition_key)):
        raise NotYourTask(f"{scope.name} is offered to other people: {', '.join(scope.candidates)}.")
    return running, scope


def _chosen(running: Running) -> Chosen:
    return Chosen(instance_id=running.locked.instance_id, state=running.case.state, tasks=running.open_tasks())


def open_scopes(view: Reading, instance_id: str) -> tuple[OpenScope, ...]:
    """The ad-hoc sub-processes of a case in which the asking person may start something. Raises `InstanceNotFound`."""
    visible = select(InstanceRow.definition_id, InstanceRow.definition_key, InstanceRow.state).where(
        InstanceRow.id == instance_id, access.visible_instances(view.actor)
    )
    row = view.session.execute(visible).first()
    if row is None:
        raise InstanceNotFound(f"There is no case {instance_id}, or you are not involved in it.", instance=instance_id)
    program = catalog.program(view, row.definition_id)
    is_open = row.state in {"running", "failed"} and any(node.ad_hoc for node in program.process.nodes.values())
    if not is_open or not view.actor.may("task.work"):
        return ()
    case = Case(program, Onlooker(view.clock.now()), state_of(view, instance_id))
    return tuple(
        each
        for each in case.open_scopes()
        if access.may_work_on(view.actor, _Offer(each.candidates, row.definition_key))
    )
