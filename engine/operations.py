"""What administrators do to running instances, each with a reason: suspend, resume, move tokens."""

from dataclasses import dataclass

from sqlalchemy import select, update

from core.executor import handles
from core.messages import Command
from engine import store
from engine.calls import deferred_job
from engine.events import CaseResumed, CaseSuspended, TokensMoved
from engine.models import IncidentRow, InstanceRow, ServiceCallRow, TimerRow
from engine.reasons import given
from engine.running import Parking, Running, with_incidents
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
    """Take the tokens of one element away and put each on another, as if it had just come there."""

    instance_id: str
    source: str
    target: str
    reason: str


@handles(SuspendInstance, needs="case.administer")
def suspend_instance(command: SuspendInstance, unit: UnitOfWork) -> None:
    """Hold an instance; holding it twice changes nothing. Raises `InstanceNotFound`, `InstanceEnded`."""
    reason = given(command.reason)
    running = Running(unit, store.lock_instance(unit, command.instance_id), Parking(), even_suspended=True)
    if running.is_suspended:
        return
    _set_state(unit, command.instance_id, "suspended")
    hold_timers(unit, command.instance_id, held=True)
    unit.emit(CaseSuspended(instance_id=command.instance_id, reason=reason))


@handles(ResumeInstance, needs="case.administer")
def resume_instance(command: ResumeInstance, unit: UnitOfWork) -> str:
    """Let it go on; its state. Raises `InstanceNotFound`, `InstanceEnded`."""
    reason = given(command.reason)
    running = Running(unit, store.lock_instance(unit, command.instance_id), Parking(), even_suspended=True)
    if not running.is_suspended:
        return running.case.state
    state = running.case.state
    _set_state(unit, command.instance_id, state)
    hold_timers(unit, command.instance_id, held=False)
    for call in unit.session.scalars(
        select(ServiceCallRow.id).where(
            ServiceCallRow.instance_id == command.instance_id, ServiceCallRow.kind == "deferred"
        )
    ):
        unit.enqueue(deferred_job(command.instance_id, call))
    unit.emit(CaseResumed(instance_id=command.instance_id, reason=reason))
    return state


@handles(MoveTokens, needs="case.administer")
def move_tokens(command: MoveTokens, unit: UnitOfWork) -> int:
    """How many tokens moved. Raises `MoveRefused`, `InstanceNotFound`, `InstanceEnded`."""
    reason = given(command.reason)
    return with_incidents(unit, lambda parking: _move(command, reason, unit, parking))


def _move(command: MoveTokens, reason: str, unit: UnitOfWork, parking: Parking) -> int:
    running = Running(unit, store.lock_instance(unit, command.instance_id), parking, even_suspended=True)
    moved = running.case.move(command.source, command.target, f"moved to {command.target}: {reason}")
    running.save()
    if running.is_suspended and running.case.state not in {"completed", "cancelled"}:
        hold_timers(unit, command.instance_id, held=True)
    open_ones = select(IncidentRow).where(IncidentRow.instance_id == command.instance_id, IncidentRow.state == "open")
    for incident in unit.session.scalars(open_ones):
        if incident.token_id is not None and not running.case.has(incident.token_id):
            running.resolve(incident, f"moved to {command.target}: {reason}")
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


def _set_state(unit: UnitOfWork, instance_id: str, state: str) -> None:
    unit.session.execute(update(InstanceRow).where(InstanceRow.id == instance_id).values(state=state))


def hold_timers(unit: UnitOfWork, instance_id: str, *, held: bool) -> None:
    """Keep the timers of an instance from firing, or let them."""
    unit.session.execute(update(TimerRow).where(TimerRow.instance_id == instance_id).values(is_held=held))
