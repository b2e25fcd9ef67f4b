"""Signals: everybody who waits for the name gets it, and processes that begin with it begin."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, field
from functools import partial
from typing import Any

from sqlalchemy import select, text

from core.errors import DomainError, InvalidInput, StaleState, Unavailable
from core.executor import handles
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine import chains, store
from engine.attempts import Parking, report_once, with_incidents
from engine.calls import BROADCAST, SIGNAL
from engine.chains import EndlessChain
from engine.deferred import Host
from engine.events import SignalReceived
from engine.feel.kinds import imported
from engine.feel.values import decode, encode
from engine.messages import first_time, remember
from engine.models import StartEventRow, SubscriptionRow
from engine.running import Running
from engine.starting import Beginning, begin
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

AT_ONCE = 100  # cases that one command reaches; jobs reach the others
LISTENERS = text(
    "SELECT DISTINCT s.instance_id FROM message_subscription s JOIN instance i ON i.id = s.instance_id"
    " WHERE s.kind = 'signal' AND s.name = :name AND i.state <> 'suspended'"
    " AND i.stopped_by IS NULL ORDER BY s.instance_id"
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """Whom a signal has reached and started; `queued` counts the cases that get it in a moment."""

    delivered: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    queued: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastSignal(Command):
    """Tell everybody who waits for a signal; `besides` is the case that sent it. An `event_id` has one effect."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    event_id: str | None = None
    besides: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalInstance(Command):
    """Tell one case of a signal."""

    instance_id: str
    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@handles(BroadcastSignal, needs="message.publish")
def broadcast_signal(command: BroadcastSignal, unit: UnitOfWork) -> Broadcast:
    """Reach everybody; a case in which it leads to a failure gets an incident and stops no other."""
    if not command.name.strip():
        raise InvalidInput("Name the signal.", fields={"/name": "A name is needed."})
    earlier = first_time(unit, command.event_id)
    if earlier is not None:
        return Broadcast(
            delivered=tuple(earlier["delivered"]), started=tuple(earlier["started"]), queued=earlier["queued"]
        )
    listeners = [each for each in unit.session.scalars(LISTENERS, {"name": command.name}) if each != command.besides]
    delivered = [each for each in listeners[:AT_ONCE] if _reach(each, command.name, command.payload, unit)]
    for each in (left := [each for each in listeners if each not in set(delivered)]):
        arguments = {
            "instance_id": each,
            "name": command.name,
            "payload": encode(imported(dict(command.payload))),
            "chain": chains.again(),
        }
        unit.enqueue(JobRequest(name=SIGNAL, arguments=arguments))
    answer = Broadcast(delivered=tuple(delivered), started=tuple(_starts(command, unit)), queued=len(left))
    remember(unit, command.event_id, asdict(answer))
    return answer


@handles(SignalInstance, needs="message.publish")
def signal_instance(command: SignalInstance, unit: UnitOfWork) -> bool:
    """Reach one case; False when it no longer waits for the signal."""

    def attempt(parking: Parking) -> bool:
        locked = store.lock_instance(unit, command.instance_id)
        return _deliver(locked, command.name, command.payload, unit, parking)

    try:
        return with_incidents(unit, attempt, is_awaited=False)
    except EndlessChain as endless:
        unit.start_over()
        _stop(endless, unit)
        return False


def _stop(endless: EndlessChain, unit: UnitOfWork) -> None:
    """A circle goes no further; who threw the signal last has an incident."""
    chain = chains.current()
    if chain is not None and chain.sender is not None:
        store.lock_instance(unit, chain.sender)
        report_once(unit, chain.sender, chain.element, chains.SIGNALS, endless.sentence)


def _reach(instance_id: str, name: str, payload: Mapping[str, Any], unit: UnitOfWork) -> bool:
    """Whether the case has got it now; one that somebody works on has its turn by a job."""

    def attempt(parking: Parking) -> bool:
        locked = store.lock_idle_instance(unit, instance_id)
        return locked is not None and _deliver(locked, name, payload, unit, parking)

    try:
        return with_incidents(unit, attempt, alone=False, is_awaited=False)
    except (StaleState, Unavailable):
        raise
    except DomainError as error:
        extra = {"action": "BroadcastSignal", "instance": instance_id, "code": error.code}
        logger.warning("signal not delivered", extra=extra)
        return False


def _deliver(locked: store.Locked, name: str, payload: Mapping[str, Any], unit: UnitOfWork, parking: Parking) -> bool:
    if locked.ended_at is not None:
        return False
    waits = select(SubscriptionRow.element_id).where(
        SubscriptionRow.instance_id == locked.instance_id,
        SubscriptionRow.kind == "signal",
        SubscriptionRow.name == name,
    )
    element = unit.session.scalar(waits.limit(1))
    if element is None:
        return False
    running = Running(unit, locked, parking)
    with chains.link(unit, f"the signal {name} reached {locked.definition_key}", chains.ARRIVALS):
        running.case.broadcast_signal(name, payload)
        unit.emit(SignalReceived(instance_id=locked.instance_id, element_id=element, name=name))
        running.save()
    return True


def _starts(command: BroadcastSignal, unit: UnitOfWork) -> list[str]:
    wanted = (StartEventRow.kind == "signal") & (StartEventRow.name == command.name)
    found = []
    for event in unit.session.scalars(select(StartEventRow).where(wanted)).all():
        beginning = Beginning(
            instance_id=new_id(), definition_id=event.definition_id, variables=command.payload, at=event.element_id
        )
        began = f"the signal {command.name} began {event.definition_key}"
        try:
            with chains.link(unit, began, chains.BEGINNINGS):
                with_incidents(unit, partial(begin, beginning, unit), alone=False, is_awaited=False)
        except (StaleState, Unavailable):
            raise
        except EndlessChain as endless:
            _stop(endless, unit)
            continue
        except DomainError as error:  # a process that cannot begin is no fault of who told the signal
            extra = {"action": "BroadcastSignal", "definition": event.definition_key, "code": error.code}
            logger.warning("signal started nothing", extra=extra)
            continue
        unit.emit(SignalReceived(instance_id=beginning.instance_id, element_id=event.element_id, name=command.name))
        found.append(beginning.instance_id)
    return found


@job(BROADCAST)
def broadcast_sent(host: Host, arguments: dict[str, Any]) -> None:
    """Broadcast what a case has thrown."""
    command = BroadcastSignal(
        name=arguments["name"],
        payload=decode(arguments["payload"]),
        event_id=f"sent:{arguments['id']}",
        besides=arguments["besides"],
    )
    with chains.following(arguments.get("chain")):
        host.executor.execute(command, actor=SYSTEM)


@job(SIGNAL)
def signal_one(host: Host, arguments: dict[str, Any]) -> None:
    """Tell one case."""
    command = SignalInstance(
        instance_id=arguments["instance_id"], name=arguments["name"], payload=decode(arguments["payload"])
    )
    with chains.following(arguments.get("chain")):
        host.executor.execute(command, actor=SYSTEM)
