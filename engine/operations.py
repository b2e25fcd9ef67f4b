"""What administrators do to running instances, each with a reason: suspend, resume, move tokens."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select, update

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine import holding, store
from engine.attempts import Parking, with_incidents
from engine.errors import InstanceSuspended
from engine.events import CaseResumed, CaseSuspended, TokensMoved
from engine.models import IncidentRow, InstanceRow
from engine.reasons import given
from engine.running import Running
from engine.store import Locked
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendInstance(Command):
    """Hold everything in an instance: nobody completes its tasks, no timer fires, no message comes."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeInstance(Command):
    """Let a suspended instance go on; what fell due meanwhile happens now."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTokens(Command):
    """Take the tokens of one element away and put each on another, as if it had just come there.

    In a suspended instance the other element begins when the instance is resumed.
    """

    instance_id: str
    source: str
    target: str
    reason: str


@handles(SuspendInstance, needs="case.administer")
def suspend_instance(command: SuspendInstance, unit: UnitOfWork) -> None:
    """Hold an instance and what it called; doing it twice changes nothing.

    Raises `InstanceNotFound`, `InstanceEnded`.
    """
    reason = given(command.reason)
    running = _any(unit, store.lock_instance(unit, command.instance_id))
    if running.is_suspended:
        return
    held = [command.instance_id, *holding.live_called(unit, command.instance_id)]
    _set_state(unit, held, "suspended")
    holding.hold_timers(unit, held, held=True)
    for each in held:
        unit.emit(CaseSuspended(instance_id=each, reason=reason))


@handles(ResumeInstance, needs="case.administer")
def resume_instance(command: ResumeInstance, unit: UnitOfWork) -> str:
    """Let it and what it called go on; its state. Raises `InstanceNotFound`, `InstanceEnded`, `InstanceSuspended`."""
    reason = given(command.reason)
    return with_incidents(unit, lambda _parking: _resume(command.instance_id, reason, unit))


def _resume(instance_id: str, reason: str, unit: UnitOfWork) -> str:
    running = _any(unit, store.lock_instance(unit, instance_id))
    if not running.is_suspended:
        return running.case.state
    _check_caller(running.locked, unit)
    held = [running, *(_any(unit, store.lock_related(unit, each)) for each in holding.live_called(unit, running.id))]
    held = [each for each in held if each.is_suspended]
    for each in held:
        _set_state(unit, [each.id], each.case.state if each.locked.stopped_by is None else "failed")
        unit.emit(CaseResumed(instance_id=each.id, reason=reason))
    if running.locked.stopped_by is None:
        holding.hold_timers(unit, [each.id for each in held], held=False)
        holding.ask_again(unit, [each.id for each in held])
    for about in holding.about_to_move(unit, [each.id for each in held]):
        with_incidents(unit, partial(_go_on, about, unit), alone=False)
    return store.lock_related(unit, instance_id).instance_state


def _go_on(instance_id: str, unit: UnitOfWork, parking: Parking) -> None:
    """What was changed while it was held has set something going."""
    locked = store.lock_related(unit, instance_id)
    if locked.ended_at is None:  # nothing in its caller has cancelled it
        running = Running(unit, locked, parking, even_stopped=True)  # as what is moved in a stopped case begins at once
        running.case.go_on()
        running.save()


def _any(unit: UnitOfWork, locked: Locked) -> Running:
    return Running(unit, locked, Parking(), even_suspended=True, even_stopped=True)


def _check_caller(locked: Locked, unit: UnitOfWork) -> None:
    if locked.parent_id is not None and store.lock_related(unit, locked.parent_id).instance_state == "suspended":
        sentence = "The case that called this one is suspended; resume that one, and this one goes on with it."
        raise InstanceSuspended(sentence, instance=locked.parent_id)


@handles(MoveTokens, needs="case.administer")
def move_tokens(command: MoveTokens, unit: UnitOfWork) -> int:
    """How many tokens moved. Raises `MoveRefused`, `InstanceNotFound`, `InstanceEnded`."""
    reason = given(command.reason)
    return with_incidents(unit, lambda parking: _move(command, reason, unit, parking))


def _move(command: MoveTokens, reason: str, unit: UnitOfWork, parking: Parking) -> int:
    locked = store.lock_instance(unit, command.instance_id)
    running = Running(unit, locked, parking, even_suspended=True, even_stopped=True)
    told = f"moved to {command.target}: {reason}"
    moved = running.case.move(command.source, command.target, told, is_held=running.is_suspended)
    open_ones = select(IncidentRow).where(IncidentRow.instance_id == command.instance_id, IncidentRow.state == "open")
    for incident in unit.session.scalars(open_ones):
        if incident.token_id is not None and not running.case.has(incident.token_id):
            running.resolve(incident, told)
    running.save()
    unit.emit(
        TokensMoved(
            instance_id=command.instance_id,
            source=command.source,
            target=command.target,
            count=moved,
            reason=reason,
        )
    )
    return moved


def _set_state(unit: UnitOfWork, instances: Sequence[str], state: str) -> None:
    unit.session.execute(update(InstanceRow).where(InstanceRow.id.in_(instances)).values(state=state))
