"""Messages: each goes to exactly one receiver by name and key, starts a case, or waits for somebody to receive it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from core.errors import DomainError, InvalidInput
from core.executor import handles
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine import chains, store
from engine.attempts import Parking, raise_incident, with_incidents
from engine.calls import PUBLISH, ROUTE
from engine.chains import EndlessChain
from engine.correlating import keys_in
from engine.deferred import Host
from engine.events import MessageExpired, MessageReceived
from engine.feel.kinds import imported
from engine.feel.values import decode, encode
from engine.models import InstanceRow, MessageEventRow, MessageRow, MessageStartRow, StartEventRow, SubscriptionRow
from engine.running import Running
from engine.starting import PART, Beginning, begin
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

TIME_TO_LIVE = timedelta(days=1)  # of a message that nobody has received, where its sender does not say
UNDELIVERED = "message_undelivered"
LINGERED = timedelta(minutes=1)  # a stored message that waited longer ends its chain: its circle holds nobody up
MAXIMUM_TRIES = 100  # receivers that vanish between looking and locking
RECEIVER = text(
    "SELECT s.instance_id, s.id, s.element_id, s.key FROM message_subscription s"
    " JOIN instance i ON i.id = s.instance_id"
    " WHERE s.kind = 'message' AND s.name = :name AND (s.key IS NULL OR s.key = ANY(:keys)) AND i.state <> 'suspended'"
    " AND i.stopped_by IS NULL ORDER BY s.id LIMIT 1"
)
WAITING = text(
    "SELECT m.id FROM message m WHERE m.state = 'waiting' AND ("
    " EXISTS (SELECT 1 FROM message_subscription s JOIN instance i ON i.id = s.instance_id"
    "  WHERE s.kind = 'message' AND s.name = m.name AND i.state <> 'suspended' AND i.stopped_by IS NULL"
    "  AND (s.key IS NULL OR EXISTS (SELECT 1 FROM jsonb_each_text(m.keys) k WHERE k.value = s.key)))"
    " OR EXISTS (SELECT 1 FROM start_event e WHERE e.kind = 'message' AND e.name = m.name"
    "  AND NOT EXISTS (SELECT 1 FROM message_start t JOIN instance j ON j.id = t.instance_id"
    "   WHERE t.definition_key = e.definition_key AND t.name = m.name AND t.key = m.keys::text"
    "   AND j.ended_at IS NULL))) ORDER BY m.id LIMIT :limit"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Who got a message: at most one case, or one that it started; `stored` while it waits for somebody."""

    delivered: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    stored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishMessage(Command):
    """Send a message to whoever waits for its name and one of its keys, the oldest first.

    `ttl` says how long it waits for a receiver, nothing at all with zero; with `needs_receiver` an incident tells
    that nobody came. The same `event_id` again has no effect and the same answer.
    """

    name: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)
    event_id: str | None = None
    ttl: timedelta = TIME_TO_LIVE
    needs_receiver: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMessages(Command):
    """Deliver at most `limit` stored messages whose receivers have come, and let the others expire."""

    quiet: ClassVar[bool] = True
    limit: int = 100


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message on its way; keys are texts."""

    name: str
    keys: dict[str, str]
    payload: Mapping[str, Any]
    event_id: str | None


@handles(PublishMessage, needs="message.publish")
def publish_message(command: PublishMessage, unit: UnitOfWork) -> Published:
    """Deliver a message, start a case with it, or keep it. Raises `InvalidInput`."""
    keys = keys_in(unit, _name(command.name), command.payload) | keys_of(command.keys)
    letter = _Letter(command.name, keys, command.payload, command.event_id)
    router = _Router(unit, letter)
    try:
        return with_incidents(unit, lambda parking: _publish(command, router, unit, parking), is_awaited=False)
    except EndlessChain as endless:
        unit.start_over()
        return _stop(command, letter, endless, unit)


def _stop(command: PublishMessage, letter: "_Letter", endless: EndlessChain, unit: UnitOfWork) -> Published:
    """The message goes no further; an operator sends it again, or drops it."""
    answer = Published(stored=True)
    if first_time(unit, command.event_id) is None:
        stopped = _keep(command, letter, unit, state="expired")
        raise_incident(unit, stopped, letter.name, None, chains.MESSAGES, endless.sentence)
        remember(unit, command.event_id, asdict(answer))
    return answer


def _publish(command: PublishMessage, router: "_Router", unit: UnitOfWork, parking: Parking) -> Published:
    earlier = first_time(unit, command.event_id)
    if earlier is not None:
        return Published(
            delivered=tuple(earlier["delivered"]), started=tuple(earlier["started"]), stored=earlier["stored"]
        )
    answer = router.route(parking)
    if not (answer.delivered or answer.started) and command.ttl > timedelta():
        _keep(command, router.letter, unit)
        answer = Published(stored=True)
    remember(unit, command.event_id, {**asdict(answer), "chain": chains.again()} if answer.stored else asdict(answer))
    return answer


def _keep(command: PublishMessage, letter: "_Letter", unit: UnitOfWork, *, state: str = "waiting") -> str:
    now = unit.clock.now()
    row = MessageRow(
        id=new_id(),
        name=letter.name,
        keys=letter.keys,
        payload=encode(imported(dict(letter.payload))),
        event_id=letter.event_id,
        state=state,
        needs_receiver=command.needs_receiver,
        published_at=now,
        published_by=unit.actor.id,
        expires_at=now + command.ttl,
    )
    unit.session.add(row)
    return row.id


class _Router:
    """Finds the one receiver; a second attempt after a failed step goes to the same."""

    def __init__(self, unit: UnitOfWork, letter: _Letter) -> None:
        self.letter = letter
        self._unit = unit
        self._chosen: str | None = None

    def route(self, parking: Parking) -> Published:
        """Deliver to the oldest matching subscription, else start a case."""
        for _ in range(MAXIMUM_TRIES):
            found = self._unit.session.execute(
                RECEIVER, {"name": self.letter.name, "keys": list(self.letter.keys.values())}
            ).first()
            if found is None:
                break
            if self._deliver(found.instance_id, found.id, found.element_id, parking):
                return Published(delivered=(found.instance_id,))
        started = self._start(parking)
        return Published(started=() if started is None else (started,))

    def _deliver(self, instance_id: str, subscription: str, element: str, parking: Parking) -> bool:
        locked = store.lock_instance(self._unit, instance_id)
        mine = (SubscriptionRow.instance_id == instance_id) & (SubscriptionRow.id == subscription)
        if self._unit.session.scalar(select(SubscriptionRow.id).where(mine)) is None:
            return False  # somebody was faster
        if self._chosen != subscription:
            parking.clear()  # what failed before was in another case
        self._chosen = subscription
        running = Running(self._unit, locked, parking)
        came = f"the message {self.letter.name} reached {locked.definition_key}"
        with chains.link(self._unit, came, chains.ARRIVALS):
            if not running.case.deliver_message(subscription, self.letter.payload):
                self._unit.session.execute(delete(SubscriptionRow).where(mine))
                return False
            self._tell(instance_id, element)
            running.save()
        return True

    def _start(self, parking: Parking) -> str | None:
        wanted = StartEventRow.kind.in_(("message", PART)) & (StartEventRow.name == self.letter.name)
        event = self._unit.session.scalar(select(StartEventRow).where(wanted).order_by(StartEventRow.definition_id))
        if event is None:
            return None
        parts = self._parts(event) if event.kind == PART else []
        if parts is None:
            return None
        if self._chosen != event.definition_id:
            parking.clear()
        self._chosen = event.definition_id
        instance_id = new_id()
        if self.letter.keys and not self._take_start(event.definition_key, instance_id):
            return None
        variables: dict[str, Any] = dict(self.letter.keys)
        for part in parts:
            variables |= decode(part.payload)
            self._unit.session.delete(part)
        variables |= self.letter.payload
        beginning = Beginning(
            instance_id=instance_id, definition_id=event.definition_id, variables=variables, at=event.element_id
        )
        began = f"the message {self.letter.name} began {event.definition_key}"
        with chains.link(self._unit, began, chains.BEGINNINGS):
            begin(beginning, self._unit, parking)
        self._tell(instance_id, event.element_id)
        return instance_id

    def _parts(self, event: StartEventRow) -> list[MessageRow] | None:
        """The stored messages that make a case together with this one; None while some of them are missing.

        They have the same keys. The rows of the start event are locked, so that two that come at once see one another.
        """
        of_it = (StartEventRow.definition_key == event.definition_key) & (StartEventRow.element_id == event.element_id)
        rows = self._unit.session.scalars(select(StartEventRow).where(of_it).with_for_update()).all()
        found = []
        for name in sorted({row.name for row in rows} - {self.letter.name}):
            same = (MessageRow.name == name) & (MessageRow.keys == self.letter.keys) & (MessageRow.state == "waiting")
            oldest = select(MessageRow).where(same).order_by(MessageRow.id).limit(1).with_for_update()
            part = self._unit.session.scalar(oldest)
            if part is None:
                return None
            found.append(part)
        return found

    def _take_start(self, definition_key: str, instance_id: str) -> bool:
        """Whether no case runs that a message with the same keys has started."""
        key = self._unit.session.scalar(
            text("SELECT CAST(:keys AS jsonb)::text"), {"keys": json.dumps(self.letter.keys)}
        )
        mine = {"definition_key": definition_key, "name": self.letter.name, "key": key}
        fresh = insert(MessageStartRow).values(**mine, instance_id=instance_id).on_conflict_do_nothing()
        if self._unit.session.execute(fresh.returning(MessageStartRow.key)).first() is not None:
            return True
        row = self._unit.session.get_one(MessageStartRow, tuple(mine.values()), with_for_update=True)
        running = select(InstanceRow.id).where(InstanceRow.id == row.instance_id, InstanceRow.ended_at.is_(None))
        if self._unit.session.scalar(running) is not None:
            return False
        row.instance_id = instance_id
        return True

    def _tell(self, instance_id: str, element: str) -> None:
        self._unit.emit(
            MessageReceived(
                instance_id=instance_id,
                element_id=element,
                name=self.letter.name,
                keys=self.letter.keys,
                event_id=self.letter.event_id,
            )
        )


@handles(RouteMessages, needs="message.publish")
def route_messages(command: RouteMessages, unit: UnitOfWork) -> int:
    """How many stored messages found their receiver or expired."""
    found = list(unit.session.scalars(WAITING, {"limit": command.limit}))
    routed = sum(_route_stored(message, unit) for message in found)
    return routed + _expire(command.limit, unit)


class _NobodyThere(DomainError):
    """The receiver has gone again; the message stays."""


def _route_stored(message_id: str, unit: UnitOfWork) -> bool:
    routers: list[_Router] = []

    def attempt(parking: Parking) -> bool:
        row = unit.session.scalar(
            select(MessageRow)
            .where(MessageRow.id == message_id, MessageRow.state == "waiting")
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return False
        if not routers:
            routers.append(_Router(unit, _Letter(row.name, dict(row.keys), decode(row.payload), row.event_id)))
        has_lingered = unit.clock.now() - row.published_at >= LINGERED
        with chains.following(None if has_lingered else _chain_of(unit, row.event_id)):
            answer = routers[0].route(parking)
        if not (answer.delivered or answer.started):
            raise _NobodyThere("Nobody waits for this message.")
        unit.session.execute(delete(MessageRow).where(MessageRow.id == message_id))
        return True

    try:
        return with_incidents(unit, attempt, alone=False, is_awaited=False)
    except EndlessChain as endless:
        row = unit.session.get_one(MessageRow, message_id)
        row.state = "expired"
        raise_incident(unit, row.id, row.name, None, chains.MESSAGES, endless.sentence)
        return True
    except DomainError:
        return False


def _chain_of(unit: UnitOfWork, event_id: str | None) -> dict[str, Any] | None:
    """What a stored message followed from."""
    found = select(MessageEventRow.answer["chain"]).where(MessageEventRow.event_id == event_id)
    return None if event_id is None else unit.session.scalar(found)


def _expire(limit: int, unit: UnitOfWork) -> int:
    over = select(MessageRow).where(MessageRow.state == "waiting", MessageRow.expires_at <= unit.clock.now())
    rows = list(unit.session.scalars(over.limit(limit).with_for_update(skip_locked=True)))
    for row in rows:
        unit.emit(MessageExpired(message_id=row.id, name=row.name, keys=dict(row.keys)))
        if row.needs_receiver:
            row.state = "expired"
            sentence = f"Nobody received the message {row.name} with {row.keys} in time."
            raise_incident(unit, row.id, row.name, None, UNDELIVERED, sentence)
        else:
            unit.session.delete(row)
    return len(rows)


def send_again(message_id: str, unit: UnitOfWork, until: datetime) -> None:
    """Let an expired message wait once more."""
    unit.session.execute(
        update(MessageRow).where(MessageRow.id == message_id).values(state="waiting", expires_at=until)
    )


def drop(message_id: str, unit: UnitOfWork) -> None:
    """Forget an expired message."""
    unit.session.execute(delete(MessageRow).where(MessageRow.id == message_id))


def keys_of(keys: Mapping[str, Any]) -> dict[str, str]:
    """The keys as texts, as subscriptions hold them. Raises `InvalidInput` for what cannot be compared."""
    for name, value in keys.items():
        if value is None or isinstance(value, bool | list | dict) or not str(value):
            sentence = f"The key {name} is {value!r}; it must be a text or a number."
            raise InvalidInput(sentence, fields={f"/keys/{name}": "a text or a number"})
    return {name: str(keys[name]) for name in sorted(keys)}


def _name(name: str) -> str:
    if not name.strip():
        raise InvalidInput("Name the message.", fields={"/name": "A name is needed."})
    return name


def first_time(unit: UnitOfWork, event_id: str | None) -> dict[str, Any] | None:
    """None when this event has had no effect yet, else what it was answered; waits for whoever handles it now."""
    if event_id is None:
        return None
    fresh = insert(MessageEventRow).values(event_id=event_id, received_at=unit.clock.now(), answer={})
    if unit.session.execute(fresh.on_conflict_do_nothing().returning(MessageEventRow.event_id)).first() is not None:
        return None
    answer: dict[str, Any] = unit.session.execute(
        select(MessageEventRow.answer).where(MessageEventRow.event_id == event_id)
    ).scalar_one()
    return answer


def remember(unit: UnitOfWork, event_id: str | None, answer: dict[str, Any]) -> None:
    """Keep what an event was answered."""
    if event_id is not None:
        unit.session.execute(update(MessageEventRow).where(MessageEventRow.event_id == event_id).values(answer=answer))


@job(PUBLISH)
def publish_sent(host: Host, arguments: dict[str, Any]) -> None:
    """Publish what a case has sent; its id makes sure that it has one effect."""
    key = arguments.get("key")
    ttl = arguments.get("ttl_seconds")
    command = PublishMessage(
        name=arguments["name"],
        keys=arguments.get("keys") or ({} if key is None else {"key": key}),
        payload=decode(arguments["payload"]),
        event_id=f"sent:{arguments['id']}",
        ttl=TIME_TO_LIVE if ttl is None else timedelta(seconds=ttl),
        needs_receiver=arguments.get("needs_receiver", False),
    )
    with chains.following(arguments.get("chain")):
        host.executor.execute(command, actor=SYSTEM)


@job(ROUTE)
def route_stored(host: Host, arguments: dict[str, Any]) -> None:
    """Deliver stored messages to those who have begun to wait for them."""
    del arguments
    host.executor.execute(RouteMessages(), actor=SYSTEM)
