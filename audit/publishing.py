"""Brings checkpoints to their places, each with a state of its own, so that one that is away delays no other."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from audit.checkpoints import LogForked, newest, require_beginnings, verifiers
from audit.models import AuditCheckpointRow, AuditPublisherRow, AuditTimestampRow
from audit.places import Publisher, Receipt, Signed
from audit.verify import Finding, require_auditor
from core.clock import Clock
from core.errors import DomainError
from core.executor import Executor, handles
from core.identity import SYSTEM
from core.messages import Command, Event
from core.records import dataclass
from storage.faults import translated
from storage.unit_of_work import Reading, UnitOfWork

AT_ONCE = 200  # checkpoints of one turn
LEASE = timedelta(minutes=10)  # after which another process may try, should the one that began have died
SOONEST, LATEST = timedelta(seconds=30), timedelta(hours=1)  # between two tries at a place that fails
IDLE = timedelta(minutes=1)  # until a place that has everything is looked after again
WORRYING = 3  # failures in a row after which auditors are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """How far a place has come; `waiting` are the checkpoints that it does not have and should."""

    name: str
    place: str
    size: int
    published_at: datetime | None
    failures: int
    failing_since: datetime | None
    problem: str | None
    next_at: datetime
    waiting: int

    @property
    def is_failing(self) -> bool:
        """Whether somebody should look."""
        return self.failures >= WORRYING


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPublication(Command):
    """Write down how a try at a place ended; `size` is what it has now."""

    quiet: ClassVar[bool] = True
    name: str
    size: int
    next_at: datetime
    receipts: tuple[tuple[int, Receipt], ...] = ()
    problem: str | None = None
    is_forked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherEvent(Event):
    """Something about a place that keeps checkpoints."""

    name: str
    place: str
    size: int  # of the newest checkpoint there

    @property
    def stream(self) -> str:
        """The log's own stream."""
        return "audit:log"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingFailed(PublisherEvent):
    """Checkpoints could not be brought to a place several times over."""

    type: ClassVar[str] = "audit.publishing_failed"
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingCaughtUp(PublisherEvent):
    """A place that had failed has the checkpoints again."""

    type: ClassVar[str] = "audit.publishing_caught_up"


def publish(executor: Executor, engine: Engine, clock: Clock, publisher: Publisher, *, now: bool = False) -> str | None:
    """Bring a place what it does not have, if its turn has come, or at once; the problem, if there was one.

    No transaction is open while the place is talked to.
    """
    with translated(), engine.begin() as connection:
        have = _claim(connection, publisher, clock.now(), at_once=now)
        if have is None:
            return None
        due, keys = _due(connection, publisher, have), "".join(f"{key}\n" for key in verifiers(connection))
    if not due:
        return _record(executor, publisher, have, clock.now() + min(timedelta(seconds=publisher.every), IDLE))
    receipts: list[tuple[int, Receipt]] = []
    problem, is_forked = None, False
    try:
        _compare(engine, publisher)
        for signed in due:
            receipt = publisher.publish(signed, keys)
            have = signed.size
            if receipt is not None:
                receipts.append((signed.size, receipt))
    except DomainError as error:
        problem, is_forked = error.sentence, isinstance(error, LogForked)
    wait = timedelta(seconds=publisher.every if len(due) < AT_ONCE else 0)
    return _record(
        executor, publisher, have, clock.now() + wait, receipts=receipts, problem=problem, is_forked=is_forked
    )


def publications(view: Reading) -> list[Publication]:
    """Where checkpoints are published, and how far; needs `audit.read`. Raises `Forbidden`."""
    require_auditor(view)
    row, signed = AuditPublisherRow, AuditCheckpointRow
    waiting = select(func.count()).where(signed.size > row.size).scalar_subquery()
    query = select(row, waiting).order_by(row.name)
    return [
        Publication(
            name=each.name,
            place=each.place,
            size=each.size,
            published_at=each.published_at,
            failures=each.failures,
            failing_since=each.failing_since,
            problem=each.problem,
            next_at=each.next_at,
            waiting=number,
        )
        for each, number in view.session.execute(query)
    ]


def lost(view: Reading, publisher: Publisher, sizes: Collection[int | None]) -> Finding | None:
    """What is to be said when a place that keeps every checkpoint has others than these; needs `audit.read`.

    `sizes` are those of the checkpoints that were read there. Raises `Forbidden`.
    """
    require_auditor(view)
    row, signed = AuditPublisherRow, AuditCheckpointRow
    is_here = (row.name == publisher.name) & (row.place == publisher.place)
    query = select(signed.size).join(row, is_here & (signed.size <= row.size)).order_by(signed.size)
    missing = [each for each in view.session.scalars(query) if each not in sizes] if publisher.complete else []
    if not missing:
        return None
    number = f"{len(missing)} checkpoints were" if len(missing) > 1 else "A checkpoint was"
    sentence = f"{number} removed from {publisher.place}, the first of {missing[0]} entries."
    return Finding(stream="audit:log", seq=missing[0], entry_id=None, problem="removed", sentence=sentence)


def keep_known(engine: Engine, clock: Clock, publishers: Sequence[Publisher]) -> None:
    """Forget the state of places that the settings name no more; nobody waits for them."""
    with translated(), engine.begin() as connection:
        known = [each.name for each in publishers]
        connection.execute(delete(AuditPublisherRow).where(AuditPublisherRow.name.not_in(known)))
        for each in publishers:
            _know(connection, each, clock.now())


def _know(connection: Connection, publisher: Publisher, now: datetime) -> None:
    fresh = upsert(AuditPublisherRow).values(
        name=publisher.name,
        place=publisher.place,
        size=0,
        failures=0,
        is_forked=False,
        next_at=now,
    )
    row, moved = AuditPublisherRow, {"place": publisher.place, "size": 0, "next_at": now, "is_forked": False}
    same = fresh.on_conflict_do_update(index_elements=["name"], set_=moved, where=row.place != publisher.place)
    connection.execute(same)


def _claim(connection: Connection, publisher: Publisher, now: datetime, *, at_once: bool) -> int | None:
    """The size that the place has, if it is our turn to go there; nobody else goes before the lease has run out."""
    _know(connection, publisher, now)
    row = AuditPublisherRow
    ours = update(row).where(row.name == publisher.name).values(next_at=now + LEASE)
    return connection.scalar((ours if at_once else ours.where(row.next_at <= now)).returning(row.size))


def _due(connection: Connection, publisher: Publisher, have: int) -> list[Signed]:
    if not publisher.complete:
        last = newest(connection)
        return [last] if last is not None and last.size > have else []
    row = AuditCheckpointRow.__table__.c
    query = select(row.size, row.root, row.at, row.note).where(row.size > have).order_by(row.size).limit(AT_ONCE)
    return [Signed(*each) for each in connection.execute(query)]


def _compare(engine: Engine, publisher: Publisher) -> None:
    """Raises `LogForked` when the place has seen another log."""
    published = publisher.latest()
    if published is not None:
        with translated(), engine.connect() as connection:
            require_beginnings(connection, [(f"the published checkpoint in {publisher.place}", published)])


def _record(
    executor: Executor,
    publisher: Publisher,
    size: int,
    next_at: datetime,
    *,
    receipts: Sequence[tuple[int, Receipt]] = (),
    problem: str | None = None,
    is_forked: bool = False,
) -> str | None:
    command = RecordPublication(
        name=publisher.name,
        size=size,
        next_at=next_at,
        receipts=tuple(receipts),
        problem=problem,
        is_forked=is_forked,
    )
    executor.execute(command, actor=SYSTEM)
    return problem


@handles(RecordPublication, needs="account.administer")
def record_publication(command: RecordPublication, unit: UnitOfWork) -> None:
    """Auditors are told when it has failed for the third time, and when it goes on."""
    row = unit.session.get_one(AuditPublisherRow, command.name, with_for_update=True)
    now = unit.clock.now()
    for size, receipt in command.receipts:
        values = {"size": size, "at": receipt.at, "authority": receipt.authority, "response": receipt.response}
        unit.session.execute(upsert(AuditTimestampRow).values(values).on_conflict_do_nothing())
    if command.size > row.size:
        row.size, row.published_at = command.size, now
    if command.problem is None:
        if row.failures >= WORRYING:
            unit.emit(PublishingCaughtUp(name=row.name, place=row.place, size=row.size))
        row.failures, row.failing_since, row.next_at = 0, None, command.next_at
    else:
        row.failures += 1
        row.failing_since = row.failing_since or now
        row.next_at = now + min(SOONEST * 2 ** min(row.failures - 1, 10), LATEST)
        if row.failures == WORRYING:
            unit.emit(PublishingFailed(name=row.name, place=row.place, size=row.size, problem=command.problem))
    row.problem, row.is_forked = command.problem, command.is_forked
