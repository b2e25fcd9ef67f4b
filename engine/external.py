"""External tasks: workers of a topic fetch service tasks under a lock, do them, and say how it went."""

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, select, text, update

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine import store
from engine.attempts import Parking, with_incidents
from engine.deferred import find_call, give_up, pause_of, postpone
from engine.errors import CallNotFound, NotYourCall
from engine.feel.values import decode, plain
from engine.models import ServiceCallRow
from engine.running import Running
from storage.unit_of_work import UnitOfWork

LONGEST_LOCK = 86_400.0  # seconds
MOST_AT_ONCE = 1000
MOST_RETRIES = 1000
FETCH = text(
    "UPDATE service_call c SET worker = :worker, locked_until = :until FROM ("
    " SELECT s.instance_id, s.id FROM service_call s WHERE s.kind = 'external' AND s.topic = ANY(:topics)"
    " AND s.due_at <= :now AND (s.locked_until IS NULL OR s.locked_until <= :now)"
    " AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.id = s.instance_id"
    "  AND (i.state = 'suspended' OR i.stopped_by IS NOT NULL))"
    " ORDER BY s.priority DESC, s.id LIMIT :limit FOR UPDATE SKIP LOCKED) taken"
    " WHERE c.instance_id = taken.instance_id AND c.id = taken.id"
    " RETURNING c.id, c.instance_id, c.element_id, c.definition_key, c.business_key, c.topic, c.inputs::text AS inputs,"
    " c.priority, c.retries, c.locked_until, c.error"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalTask:
    """A task that a worker has; `variables` are plain JSON, `retries` counts the tries that are left."""

    id: str
    instance_id: str
    element_id: str
    definition_key: str
    business_key: str | None
    topic: str
    variables: dict[str, Any]
    priority: int
    retries: int
    locked_until: datetime
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCall:
    """What a completion led to."""

    instance_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchExternalTasks(Command):
    """Take at most `limit` tasks of these topics for `lock_seconds`; nobody else gets them meanwhile."""

    worker: str
    topics: tuple[str, ...]
    lock_seconds: float = 60
    limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalCommand(Command):
    """Something that the worker that has a task says about it."""

    task_id: str
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendExternalLock(ExternalCommand):
    """Keep the task for so many seconds from now."""

    lock_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteExternalTask(ExternalCommand):
    """The work is done, and this is what it gave."""

    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowExternalError(ExternalCommand):
    """The work met an error that the process knows by its code."""

    code: str
    message: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailExternalTask(ExternalCommand):
    """The work could not be done; `retries` says how many more tries to allow, 0 for an incident at once.

    At most 1000; without it one less is left. The next one is allowed after `retry_seconds`, 0 to 86400.
    """

    message: str
    retries: int | None = None
    retry_seconds: float | None = None


@handles(FetchExternalTasks, needs="external.work")
def fetch_external_tasks(command: FetchExternalTasks, unit: UnitOfWork) -> tuple[ExternalTask, ...]:
    """The tasks, the most urgent first."""
    _check_whole("limit", command.limit, 1, MOST_AT_ONCE)
    now = unit.clock.now()
    rows = unit.session.execute(
        FETCH,
        {
            "worker": _checked(command.worker),
            "topics": list(command.topics),
            "now": now,
            "until": now + _span(command.lock_seconds),
            "limit": command.limit,
        },
    ).mappings()
    found = [_task(row) for row in rows]
    return tuple(sorted(found, key=lambda each: (-each.priority, each.id)))


def _task(row: RowMapping) -> ExternalTask:
    values = dict(row)
    return ExternalTask(variables=_variables(values.pop("inputs")), **values)


def _variables(inputs: str) -> dict[str, Any]:
    return {name: plain(value) for name, value in decode(json.loads(inputs)).items()}


@handles(ExtendExternalLock, needs="external.work")
def extend_external_lock(command: ExtendExternalLock, unit: UnitOfWork) -> datetime:
    """Until when the worker has the task now. Raises `CallNotFound`, `NotYourCall`."""
    call = _owned(command, unit)
    until = unit.clock.now() + _span(command.lock_seconds)
    unit.session.execute(
        update(ServiceCallRow)
        .where(ServiceCallRow.instance_id == call.instance_id, ServiceCallRow.id == call.id)
        .values(locked_until=until)
    )
    return until


@handles(CompleteExternalTask, needs="external.work")
def complete_external_task(command: CompleteExternalTask, unit: UnitOfWork) -> CompletedCall:
    """Go on behind the task. Raises `CallNotFound`, `NotYourCall`, `InvalidInput`."""
    return with_incidents(unit, lambda parking: _complete(command, unit, parking))


def _complete(command: CompleteExternalTask, unit: UnitOfWork, parking: Parking) -> CompletedCall:
    call, running = _locked(command, unit, parking)
    if not running.case.answer(call.id, command.variables):
        raise _unknown(command.task_id)
    running.save()
    return CompletedCall(instance_id=call.instance_id, state=running.case.state)


@handles(ThrowExternalError, needs="external.work")
def throw_external_error(command: ThrowExternalError, unit: UnitOfWork) -> CompletedCall:
    """Have the process catch it, or make an incident. Raises `CallNotFound`, `NotYourCall`, `InvalidInput`."""

    def attempt(parking: Parking) -> CompletedCall:
        call, running = _locked(command, unit, parking)
        sentence = command.message or f"The worker reported {command.code}."
        if not running.case.throw(call.id, command.code, sentence, command.variables):
            raise _unknown(command.task_id)
        running.save()
        return CompletedCall(instance_id=call.instance_id, state=running.case.state)

    return with_incidents(unit, attempt)


@handles(FailExternalTask, needs="external.work")
def fail_external_task(command: FailExternalTask, unit: UnitOfWork) -> int:
    """How many tries are left; with none the task is an incident. Raises `CallNotFound`, `NotYourCall`."""
    if command.retries is not None:
        _check_whole("retries", command.retries, 0, MOST_RETRIES)
    if command.retry_seconds is not None and not 0 <= command.retry_seconds <= LONGEST_LOCK:
        raise InvalidInput("The next try is made within 86400 seconds.", fields={"/retry_seconds": "0 to 86400"})
    call, running = _locked(command, unit, Parking())
    left = max(0, call.retries - 1 if command.retries is None else command.retries)
    if left == 0:
        give_up(running, call, "external_task_failed", command.message)
        return 0
    pause = pause_of(running.program.process.nodes[call.element_id].outside, call.retries)
    if command.retry_seconds is not None:
        pause = timedelta(seconds=command.retry_seconds)
    postpone(unit, call, retries=left, at=unit.clock.now() + pause, sentence=command.message)
    return left


def _locked(command: ExternalCommand, unit: UnitOfWork, parking: Parking) -> tuple[ServiceCallRow, Running]:
    """The task with its instance locked; what was read before the lock is read again."""
    place = select(ServiceCallRow.instance_id).where(ServiceCallRow.id == command.task_id)
    instance_id = unit.session.scalar(place)
    if instance_id is None:
        raise _unknown(command.task_id)
    locked = store.lock_instance(unit, instance_id)
    call = find_call(unit, instance_id, command.task_id)
    if call is None:
        raise _unknown(command.task_id)
    _check(call, command)
    return call, Running(unit, locked, parking)


def _owned(command: ExternalCommand, unit: UnitOfWork) -> ServiceCallRow:
    call = unit.session.scalar(select(ServiceCallRow).where(ServiceCallRow.id == command.task_id).with_for_update())
    if call is None or call.kind != "external":
        raise _unknown(command.task_id)
    _check(call, command)
    if call.locked_until is None or call.locked_until <= unit.clock.now():
        raise NotYourCall("The lock on this task has run out; fetch it again.", task=call.id)
    return call


def _check(call: ServiceCallRow, command: ExternalCommand) -> None:
    """Whoever fetched the task last may answer, also when the lock has run out and nobody else took it."""
    if call.kind != "external":
        raise _unknown(command.task_id)
    if call.worker != command.worker:
        raise NotYourCall("Another worker has this task, or nobody; fetch it first.", task=call.id)


def _unknown(task_id: str) -> CallNotFound:
    return CallNotFound(f"There is no external task {task_id}, or it is over.", task=task_id)


def _checked(worker: str) -> str:
    if not worker.strip():
        raise InvalidInput("Name the worker.", fields={"/worker": "A name is needed."})
    return worker


def _check_whole(name: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        sentence = f"{least} to {most}"
        raise InvalidInput(f"{name} is a whole number from {sentence}.", fields={f"/{name}": sentence})


def _span(seconds: float) -> timedelta:
    if not 0 < seconds <= LONGEST_LOCK:
        raise InvalidInput("A lock lasts between 0 and 86400 seconds.", fields={"/lock_seconds": "0 to 86400"})
    return timedelta(seconds=seconds)
