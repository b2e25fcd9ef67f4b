"""One unit of work per command: state, events, trail and jobs become durable together or not at all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.clock import Clock, SystemClock
from core.errors import Unavailable
from core.identity import Actor
from core.ids import new_id
from core.messages import Event
from storage.blobs import staging
from storage.blobs.store import BlobRef, BlobStore
from storage.confining import WHOLE, Confining, refuse_limits
from storage.faults import is_lost, translate, translated
from storage.jobs.queue import JobQueue, JobRequest
from storage.prepared import PreparedStatements, fetch_once
from storage.writes import Writes

Port = TypeVar("Port")


class CommitInDoubt(Unavailable):
    """The database went away while it was saving; the work may be done or not, never by half."""

    code = "commit_in_doubt"

    def __init__(self) -> None:
        super().__init__(
            "The database went away while it was saving. Look whether your change is there before you repeat it."
        )


class Reading(Protocol):
    """What a query needs: a session to read with, who asks, the time, and others to ask."""

    actor: Actor
    clock: Clock

    @property
    def session(self) -> Session:
        """The session to read with."""

    def port(self, kind: type[Port]) -> Port:
        """The adapter that the composition root gave for a port."""


class Snapshot:
    """A read-only view for queries; see `UnitFactory.reading`."""

    def __init__(self, factory: "UnitFactory", engine: Engine, actor: Actor) -> None:
        self.actor = actor
        self.clock = factory.clock
        self._factory = factory
        self._engine = engine
        self._session: Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is None:
            return
        try:
            if error is None and self._session.in_transaction():
                # a ROLLBACK would make psycopg forget every prepared statement of the connection (psycopg 3.3)
                self._session.connection().connection.commit()
        finally:
            self._session.close()

    @property
    def session(self) -> Session:
        """The session to read with, made when it is first asked for; the database refuses to write in it."""
        if self._session is None:
            self._session = Session(self._engine, expire_on_commit=False, autoflush=False)
            if self.actor.limits:
                self._factory.confine(self._session, self.actor, None)
        return self._session

    def fetch(self, text: bytes, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query with `$1`, `$2`, …: in the session's transaction if there is one, or for itself."""
        if self._session is not None and self._session.in_transaction():
            return PreparedStatements.of(self._session.connection().connection).fetch_alone(text, values)
        try:
            return fetch_once(self._factory.engine, text, values)
        except psycopg.Error as error:
            if is_lost(error):
                self._factory.engine.dispose()  # the pool's other connections are as dead as this one
            raise

    def port(self, kind: type[Port]) -> Port:
        """The adapter that the composition root gave for a port."""
        found: Port = self._factory.ports[kind]
        return found


class UnitOfWork:
    """A session of its own, the events that happened in it and the jobs that follow; only `commit` commits."""

    def __init__(self, factory: "UnitFactory", actor: Actor) -> None:
        self.actor = actor
        self.clock = factory.clock
        self.id = new_id()
        self.events: list[Event] = []
        self._factory = factory
        self._requests: list[JobRequest] = []
        self._afterwards: list[Callable[[], None]] = []
        self._pooled: PoolProxiedConnection | None = None
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._posted: Writes | None = None
        self._is_ahead = False  # whether some may have been sent whose results were not looked at
        self._prepared: PreparedStatements | None = None
        self.revisions: dict[str, tuple[int, int]] = {}  # of what is locked, by stream: as found and as left
        self.begun: set[str] = set()  # streams of what was made in this unit: nothing has been told of it before
        self.permission: str | None = None  # that the command asked for
        self._whole: list[None] = []  # one for each part under way that is not confined
        self.made: dict[str, Any] = {}  # by stream, what was made as it is now: whoever needs it need not read it back

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Undo what was not committed; a stale row found in an autoflush surfaces here as `StaleState`."""
        self._close()
        if is_lost(error) or (isinstance(error, Unavailable) and is_lost(error.__cause__)):
            self._factory.engine.dispose()  # the pool's other connections are as dead as this one
        known = None if error is None else translate(error)
        if known is not None:
            raise known from error

    def _close(self) -> None:
        if self._pooled is None:
            return
        try:
            is_of_use = self._forget_posted()
            if self._connection is not None and not is_of_use:
                self._connection.invalidate()
            if self._session is not None:
                self._session.close()
            if self._connection is not None:
                self._connection.close()
            elif self._prepared is not None and (self._prepared.driver.broken or not is_of_use):
                self._pooled.invalidate()
            else:
                self._pooled.close()
        except DBAPIError:  # it is broken: it must not go back into the pool
            if self._connection is None:
                self._pooled.invalidate()
            elif not self._connection.closed:
                self._connection.invalidate()
                self._connection.close()

    def _open(self) -> PreparedStatements:
        """What executes the few statements that need no more; SQLAlchemy's connection costs a tenth of them."""
        if self._prepared is None:
            self._pooled = self._factory.engine.raw_connection()
            self._prepared = PreparedStatements.of(self._pooled)
            self._prepared.begin()
        return self._prepared

    @property
    def connection(self) -> Connection:
        """The connection of this transaction, for statements that need no objects."""
        self._settle()
        return self._dressed()

    def _dressed(self) -> Connection:
        if self._connection is None:
            self._open().touch()
            self._connection = Connection(self._factory.engine, self._pooled)
            self._connection.begin()
        return self._connection

    @property
    def session(self) -> Session:
        """The session of this transaction, made when it is first asked for: a tenth of a millisecond."""
        self._settle()
        if self._session is None:
            self._session = Session(self._dressed(), expire_on_commit=False, join_transaction_mode="rollback_only")
            if self.actor.limits:
                self._factory.confine(self._session, self.actor, self.permission)
                self._session.info[WHOLE] = self._whole
        return self._session

    @property
    def driver(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """The psycopg connection of this transaction; never commit or roll back on it."""
        self._settle()
        prepared = self._open()
        prepared.touch()
        return prepared.driver

    def flush(self) -> None:
        """Send what the session holds back, if there is a session."""
        if self._session is not None:
            self._settle()
            self._session.flush()

    def fetch(self, text: bytes, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query with `$1`, `$2`, …: a tenth of a millisecond faster than through `connection`."""
        self._settle()
        return self._open().fetch(text, values)

    def post(self, writes: Writes) -> None:
        """Have changes made before the next statement of this unit, at the latest when it commits.

        Those that were posted before are on their way while the next ones are thought out.
        """
        if self._posted is not None:
            before, self._posted = self._posted, None
            self._is_ahead = True
            with translated():
                before.send(self._open(), ahead=True)
        self._posted = writes

    @property
    def posted(self) -> Writes:
        """The changes that were posted and not sent yet, to add to."""
        if self._posted is None:
            self._posted = Writes()
        return self._posted

    def _settle(self) -> None:
        if self._posted is None and not self._is_ahead:
            return
        writes, is_ahead = self._posted, self._is_ahead
        self._posted, self._is_ahead = None, False
        with translated():
            prepared = self._open()
            if writes is not None:
                writes.send(prepared, ahead=is_ahead)
            if is_ahead:
                prepared.catch_up()

    def _forget_posted(self) -> bool:
        """Send no more of what is to be undone; whether the connection is of further use."""
        self._posted, self._is_ahead = None, False
        return self._prepared is None or self._prepared.give_up()

    def send(self) -> None:
        """Send what was posted now, for who has to know whether the database takes it."""
        self._settle()

    def emit(self, event: Event) -> None:
        """Say what happened; the trail and the policies hear of it at the commit."""
        self.events.append(event)

    def enqueue(self, request: JobRequest) -> None:
        """Have a job run after the commit."""
        self._requests.append(request)

    def claim(self, blob: BlobRef) -> None:
        """Make a stored blob belong to the database: from the commit on the sweeper leaves it alone.

        The blob must have been announced when it was stored (`Staging.announce`); raises `UploadExpired` when it was
        swept meanwhile.
        """
        staging.claim(self.fetch, blob, self.clock.now(), self._factory.ports.get(BlobStore))

    def port(self, kind: type[Port]) -> Port:
        """The adapter that the composition root gave for a port, such as `unit.port(BlobStore)`."""
        found: Port = self._factory.ports[kind]
        return found

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run something in memory once everything is durable; it must not fail and not touch the database."""
        self._afterwards.append(action)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the unit that is undone alone, events and jobs included, when it raises."""
        marks = len(self.events), len(self._requests), len(self._afterwards)
        nested = self.session.begin_nested()
        self.session.connection()  # sends the SAVEPOINT, which the session would put off until it is used itself
        try:
            with translated():
                yield
                self._settle()
        except BaseException:
            self._forget_posted()
            nested.rollback()
            self._open().doubt()
            del self.events[marks[0] :], self._requests[marks[1] :], self._afterwards[marks[2] :]
            raise
        nested.commit()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A part of the unit that is not confined to what the actor's rights reach: what the system does itself."""
        self._whole.append(None)
        try:
            yield
            if self.actor.limits:
                self.flush()  # what was done in this part is not looked at as what the actor does
        finally:
            self._whole.pop()

    def start_over(self) -> None:
        """Undo everything so far, events and jobs included, and go on in a new transaction: nothing is locked now."""
        self._forget_posted()
        if self._session is not None:
            self._session.rollback()
            self._session.close()
            self._session = None
        if self._prepared is not None:
            self._dressed().rollback()
            self._dressed().begin()
            self._prepared.begin()
        self.revisions.clear()
        self.begun.clear()
        self.made.clear()
        self.events.clear()
        self._requests.clear()
        self._afterwards.clear()

    def commit(self) -> None:
        """Write the trail and the jobs, then everything becomes durable in one COMMIT.

        Raises `StaleState`, `Unavailable`, `StorageFull`; nothing has changed then. Raises `CommitInDoubt` when the
        database goes away between our COMMIT and its answer: only it knows whether the unit is durable.
        """
        with translated(), self.whole():
            for record in self._factory.recorders:
                record(self, self.events)
            self._settle()
            if self._session is not None:
                self._session.flush()  # rows come before the jobs that will read them
            if self._requests:
                self._factory.queue.enqueue(self, self._requests)
        try:
            if self._connection is not None:
                self._connection.commit()
            elif self._prepared is not None:
                self._prepared.commit()
            if self._session is not None:
                self._session.commit()  # sends nothing: tells whoever listens to the session
        except (DBAPIError, psycopg.Error) as error:
            known = translate(error)
            raise CommitInDoubt() if isinstance(known, Unavailable) else known or error from error
        for action in self._afterwards:
            action()


Recorder = Callable[[UnitOfWork, Sequence[Event]], None]


class UnitFactory:
    """Opens units of work and read-only views on one database."""

    def __init__(
        self,
        engine: Engine,
        *,
        queue: JobQueue,
        clock: Clock | None = None,
        recorders: Sequence[Recorder] = (),
        ports: Mapping[type, Any] | None = None,
        confine: Confining = refuse_limits,
    ) -> None:
        self.engine = engine
        self._readonly = engine.execution_options(postgresql_readonly=True)
        self.queue = queue
        self.clock = clock or SystemClock()
        self.recorders = list(recorders)
        self.confine = confine
        self.ports: dict[type, Any] = dict(ports or {})

    def begin(self, actor: Actor) -> UnitOfWork:
        """A new unit; nothing is sent before its first statement."""
        return UnitOfWork(self, actor)

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[Snapshot]:
        """A view for queries; the database refuses to write in it. Raises `Unavailable`."""
        with translated(), Snapshot(self, self._readonly, actor) as snapshot:
            yield snapshot
