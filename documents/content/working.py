"""Works off what waits to be read: takes a batch, reads it outside any transaction, writes down what came of it."""

import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError

from core.errors import NotFound, StaleState, Unavailable
from core.identity import SYSTEM
from documents.content.limits import Limits
from documents.content.readers import CannotRead, Readers
from documents.content.waiting import ATTEMPTS, Order, Outcome, give_back, is_busy, request, take
from storage.blobs.store import CHUNK, BlobStore
from storage.faults import Unstorable
from storage.unit_of_work import UnitFactory, UnitOfWork

logger = logging.getLogger(__name__)
TURN = 5.0  # seconds after which other jobs have their turn
LINGER = 0.1  # seconds
BATCH_TIME = 2.0  # seconds after which a batch is written down as far as it came
IN_MEMORY = 1 << 20  # bytes
PAUSE = timedelta(seconds=2)  # until a step looks again whether the one before it is done
Done = TypeVar("Done")


class Host(Protocol):
    """What a job of ours needs of the program that it runs in."""

    @property
    def units(self) -> UnitFactory:
        """Units of work, and the ports."""


class Step(Protocol, Generic[Done]):
    """One kind of reading."""

    name: str
    batch: int
    after: str | None  # the step that goes first: while anything waits for it, this one does too

    def do(self, host: Host, order: Order) -> Done:
        """Read one version, without a transaction. Raises `CannotRead`, `Unavailable`."""

    def failed(self, order: Order, reason: str) -> Done:
        """What to write down instead."""

    def record(self, unit: UnitOfWork, done: list[Done]) -> None:
        """Write down what came of a batch."""


def work_off(host: Host, step: Step[Any], *, turn: float = TURN, linger: float = 0) -> int:
    """Do what waits, for so many seconds, then let another job go on; returns how many versions were done.

    After a small batch it lingers for some seconds, so that under a steady stream batches grow: each has a price of its
    own. While the blob store is away everything waits: the clock asks again.
    """
    until = time.monotonic() + turn
    count = 0
    while True:
        with host.units.begin(SYSTEM) as unit:
            if step.after is not None and is_busy(unit, step.after):
                unit.enqueue(request(step.name, at=unit.clock.now() + PAUSE))
                unit.commit()
                return count
            orders = take(unit, step.name, step.batch)
            unit.commit()
        if not orders:
            return count
        done, is_away = _do(host, step, orders)
        count += done
        if is_away:
            return count
        if time.monotonic() > until:
            with host.units.begin(SYSTEM) as unit:
                unit.enqueue(request(step.name))
                unit.commit()
            return count
        if linger and len(orders) < step.batch:
            time.sleep(linger)


def _do(host: Host, step: Step[Any], orders: list[Order]) -> tuple[int, bool]:
    """How many were done, and whether the blob store is away."""
    done: list[Any] = []
    is_away = False
    until = time.monotonic() + BATCH_TIME
    try:
        for order in orders:
            done.append(_one(host, step, order))
            if time.monotonic() > until:  # what was read is worth keeping; the rest is anybody's
                break
    except Unavailable as error:
        is_away = True
        extra = {"action": f"documents.{step.name}", "error": error.sentence, "waiting": len(orders) - len(done)}
        logger.warning("content waits to be read", extra=extra)
    _keep(host, step, done, orders)
    return len(done), is_away


def _keep(host: Host, step: Step[Any], done: list[Any], orders: list[Order]) -> None:
    """Write down what came of a batch; what the database refuses of one version must not take the others with it."""
    try:
        _record(host, step, done, orders[len(done) :])
    except (DBAPIError, psycopg.Error, StaleState, Unstorable):
        _record(host, step, [], orders[len(done) :])
        for each, order in zip(done, orders, strict=False):
            _keep_one(host, step, each, order)


def _keep_one(host: Host, step: Step[Any], done: Any, order: Order) -> None:
    try:
        _record(host, step, [done])
    except (DBAPIError, psycopg.Error, Unstorable) as error:
        extra = {"action": f"documents.{step.name}", "document": order.document_id, "version": order.n}
        logger.warning("what was read cannot be stored", extra={**extra, "error": str(error)})
        _record(host, step, [step.failed(order, "the database cannot store what was read")])


def _record(host: Host, step: Step[Any], done: list[Any], given_back: Sequence[Order] = ()) -> None:
    with host.units.begin(SYSTEM) as unit:
        if done:
            step.record(unit, done)
        if given_back:
            give_back(unit, step.name, given_back)
        unit.commit()


def _one(host: Host, step: Step[Any], order: Order) -> Any:
    if order.attempts > ATTEMPTS:
        return step.failed(order, "whoever read it was stopped each time")
    try:
        return step.do(host, order)
    except CannotRead as error:
        return step.failed(order, str(error))
    except NotFound:
        return step.failed(order, "its stored content is missing or damaged; it has to come back from a backup")


def readers_of(host: Host) -> Readers:
    """The worker processes of this program."""
    found: Readers = host.units.ports[Readers]
    return found


def has_failed(order: Order, sentence: str) -> Outcome:
    """The outcome of a step that did not do what it should."""
    return Outcome(order=order, has_failed=True, finding=sentence)


@contextmanager
def spooled(host: Host, digest: str, size: int, limits: Limits) -> Iterator[BinaryIO]:
    """The content in a file without a name, which the worker process gets to read.

    Raises `CannotRead` for what is too large, `Unavailable`, `BlobMissing`, `BlobDamaged`.
    """
    if size > limits.largest_file:
        raise CannotRead(f"it has {size / (1 << 20):.0f} MB; files of up to {limits.largest_file >> 20} MB are read")
    store: BlobStore = host.units.ports[BlobStore]
    with _nameless(size) as file:
        with store.open(digest) as source:
            while piece := source.read(CHUNK):
                file.write(piece)
        file.seek(0)
        yield file


def _nameless(size: int) -> BinaryIO:
    """A file without a name: a small one in memory, where the system has such files."""
    if size <= IN_MEMORY and hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("obieg-read"), "w+b")
    return tempfile.TemporaryFile(prefix="obieg-read-")
