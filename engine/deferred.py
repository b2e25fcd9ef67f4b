"""Deferred service tasks: a job does the work without holding anything, then a second command goes on."""

import logging
import random
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select, update

from core.clock import Clock
from core.errors import DomainError, StaleState, Unavailable
from core.executor import Executor, handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from engine import store
from engine.attempts import Parking, with_incidents
from engine.bpmn.outside import Outside
from engine.calls import DEFERRED, deferred_job
from engine.errors import BpmnError, InstanceEnded, InstanceNotFound, InstanceSuspended
from engine.feel.values import decode
from engine.handlers import HANDLERS, ServiceCall
from engine.mishaps import fault_of, kept
from engine.models import InstanceRow, ServiceCallRow
from engine.patience import PATIENCE
from engine.running import Running
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitFactory, UnitOfWork

JITTER = 0.25  # of a pause, so that what failed together does not come back together
logger = logging.getLogger(__name__)


class Host(Protocol):
    """The program in which jobs run."""

    units: UnitFactory
    executor: Executor
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCall(Command):
    """The work of a service task was done outside; `values` are FEEL or JSON values."""

    instance_id: str
    call_id: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailCall(Command):
    """The work of a service task failed; a `final` failure is not tried again."""

    instance_id: str
    call_id: str
    code: str
    sentence: str
    final: bool = False


@handles(AnswerCall, needs="case.administer")
def answer_call(command: AnswerCall, unit: UnitOfWork) -> bool:
    """Go on behind the service task; False when nobody waits for the answer any more. Raises `InvalidInput`."""
    return with_incidents(unit, lambda parking: _answer(command, unit, parking), is_awaited=False)


def _answer(command: AnswerCall, unit: UnitOfWork, parking: Parking) -> bool:
    running = Running(unit, store.lock_instance(unit, command.instance_id), parking)
    if not running.case.answer(command.call_id, command.values):
        return False
    running.save()
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowFromCall(Command):
    """The work of a service task met an error that the process knows by its code."""

    instance_id: str
    call_id: str
    code: str
    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)


@handles(ThrowFromCall, needs="case.administer")
def throw_from_call(command: ThrowFromCall, unit: UnitOfWork) -> bool:
    """Have the process catch it, or make an incident; False when nobody waits for the work any more."""

    def attempt(parking: Parking) -> bool:
        running = Running(unit, store.lock_instance(unit, command.instance_id), parking)
        if not running.case.throw(command.call_id, command.code, command.sentence, command.values):
            return False
        running.save()
        return True

    return with_incidents(unit, attempt, is_awaited=False)


@handles(FailCall, needs="case.administer")
def fail_call(command: FailCall, unit: UnitOfWork) -> bool:
    """Try again after a pause, or leave it to a person; False when nobody waits for the work any more."""
    locked = store.lock_instance(unit, command.instance_id)
    call = find_call(unit, command.instance_id, command.call_id)
    if call is None:
        return False
    running = Running(unit, locked, Parking())
    if command.final or call.retries <= 1:
        give_up(running, call, command.code, command.sentence)
        return True
    at = unit.clock.now() + pause_of(running.program.process.nodes[call.element_id].outside, call.retries)
    postpone(unit, call, retries=call.retries - 1, at=at, sentence=command.sentence)
    if call.kind == "deferred":
        unit.enqueue(deferred_job(call.instance_id, call.id, at=at))
    return True


def find_call(unit: UnitOfWork, instance_id: str, call_id: str) -> ServiceCallRow | None:
    """The outside work of a locked instance, None when it is over."""
    wanted = select(ServiceCallRow).where(ServiceCallRow.instance_id == instance_id, ServiceCallRow.id == call_id)
    return unit.session.scalar(wanted)


def give_up(running: Running, call: ServiceCallRow, code: str, sentence: str) -> None:
    """Make an incident of outside work that failed for good."""
    name = running.program.process.nodes[call.element_id].name
    running.unit.session.expunge(call)  # `save` deletes its row
    running.case.fail(call.id, code, f"{name} failed: {sentence}")
    running.save()


def postpone(unit: UnitOfWork, call: ServiceCallRow, *, retries: int, at: datetime, sentence: str) -> None:
    """Have the work done again, not before `at`."""
    unit.session.execute(
        update(ServiceCallRow)
        .where(ServiceCallRow.instance_id == call.instance_id, ServiceCallRow.id == call.id)
        .values(retries=retries, due_at=at, error=sentence, worker=None, locked_until=None)
    )


def pause_of(outside: Outside | None, tries_left: int) -> timedelta:
    """How long to wait before the next try, a little more or less."""
    pauses = outside.pauses if outside is not None and outside.pauses else (10.0,)
    number = max(0, min(len(pauses), len(pauses) + 1 - tries_left))
    seconds = pauses[min(number, len(pauses) - 1)]
    return timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 -- jitter, not a secret


@job(DEFERRED)
def run_deferred(host: Host, arguments: dict[str, Any]) -> None:
    """Do the work of one deferred service task and go on with its case."""
    instance_id, call_id = arguments["instance_id"], arguments["call_id"]
    found = _read(host, instance_id, call_id)
    if found is None:
        return
    name, call = found
    told: AnswerCall | ThrowFromCall
    try:
        told = AnswerCall(instance_id=instance_id, call_id=call_id, values=_work(host, name, call))
    except BpmnError as error:
        told = ThrowFromCall(
            instance_id=instance_id,
            call_id=call_id,
            code=error.error,
            sentence=kept(error.sentence),
            values=error.variables,
        )
    except (Exception, SystemExit) as error:
        logger.warning("deferred task failed", extra={"action": name, "instance": instance_id}, exc_info=error)
        _tell(host, _failure(instance_id, call_id, name, error))
        return
    try:
        _tell(host, told)
    except DomainError as error:
        if isinstance(error, StaleState | Unavailable):
            raise  # the job comes again, and with it the same key
        _tell(host, _failure(instance_id, call_id, name, error))


def _read(host: Host, instance_id: str, call_id: str) -> tuple[str, ServiceCall] | None:
    with host.units.reading(SYSTEM) as view:
        row = view.session.scalar(
            select(ServiceCallRow)
            .join(InstanceRow, InstanceRow.id == ServiceCallRow.instance_id)
            .where(
                ServiceCallRow.instance_id == instance_id,
                ServiceCallRow.id == call_id,
                InstanceRow.state != "suspended",  # resuming asks again
                InstanceRow.stopped_by.is_(None),  # so does settling what stopped it
            )
        )
    if row is None:
        return None
    call = ServiceCall(
        instance_id=instance_id,
        element_id=row.element_id,
        business_key=row.business_key,
        inputs=decode(row.inputs),
        key=f"{instance_id}:{call_id}",
    )
    return row.topic, call


def _work(host: Host, name: str, call: ServiceCall) -> Mapping[str, Any]:
    handler = HANDLERS.find_deferred(name)
    if handler is None:
        raise HandlerUnknown(f"There is no handler {name}; is its process package installed?")
    return PATIENCE.wait_for(name, lambda: handler(_World(host), call), HANDLERS.limit_of(name)) or {}


class HandlerUnknown(DomainError):
    """No installed package has the handler that a diagram names."""

    code = "handler_unknown"


class _World:
    """What a deferred handler may use."""

    def __init__(self, host: Host) -> None:
        self.clock = host.clock
        self._units = host.units

    def port(self, kind: Any) -> Any:
        """The adapter that the composition root gave for a port."""
        return self._units.ports[kind]

    def reading(self) -> AbstractContextManager[Reading]:
        """A read-only view, as the system."""
        return self._units.reading(SYSTEM)


def _failure(instance_id: str, call_id: str, name: str, error: BaseException) -> FailCall:
    if isinstance(error, DomainError):
        final = not isinstance(error, StaleState | Unavailable)
        code, sentence = error.code, error.sentence
    else:
        final, code, sentence = False, "handler_error", fault_of(name, error)
    return FailCall(instance_id=instance_id, call_id=call_id, code=code, sentence=kept(sentence), final=final)


def _tell(host: Host, command: Command) -> None:
    try:
        host.executor.execute(command, actor=SYSTEM)
    except (InstanceEnded, InstanceNotFound, InstanceSuspended) as error:
        logger.info("nobody waits for the answer", extra={"action": type(command).__name__, "code": error.code})
