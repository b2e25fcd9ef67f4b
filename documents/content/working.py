"""Works off what waits to be read: takes a batch, reads it outside any transaction, writes down what came of it."""

import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from core.errors import NotFound, Unavailable
from core.identity import SYSTEM
from documents.content.limits import Limits
from documents.content.readers import CannotRead, Readers
from documents.content.waiting import ATTEMPTS, Order, Outcome, give_back, is_waiting, request, take
from storage.blobs.store import CHUNK, BlobStore
from storage.unit_of_work import UnitFactory, UnitOfWork

logger = logging.getLogger(__name__)
TURN = 5.0  # seconds after which other jobs have their turn
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


def work_off(host: Host, step: Step[Any], *, turn: float = TURN) -> int:
    """Do what waits, for so many seconds, then let another job go on; returns how many versions were done.

    While the blob store is away everything waits: the clock asks again.
    """
    until = time.monotonic() + turn
    count = 0
    while True:
        with host.units.begin(SYSTEM) as unit:
            if step.after is not None and is_waiting(unit, step.after):
                unit.enqueue(request(step.name, at=unit.clock.now() + PAUSE))
                unit.commit()
                return count
            orders = take(unit, step.name, step.batch)
            unit.commit()
        if not orders:
            return count
        done = _do(host, step, orders)
        count += done
        if done < len(orders):
            return count
        if time.monotonic() > until:
            with host.units.begin(SYSTEM) as unit:
                unit.enqueue(request(step.name))
                unit.commit()
            return count


def _do(host: Host, step: Step[Any], orders: list[Order]) -> int:
    done: list[Any] = []
    try:
        for order in orders:
            done.append(_one(host, step, order))  # noqa: PERF401 -- those that were done count when one cannot be
    except Unavailable as error:
        extra = {"action": f"documents.{step.name}", "error": error.sentence, "waiting": len(orders) - len(done)}
        logger.warning("content waits to be read", extra=extra)
    with host.units.begin(SYSTEM) as unit:
        if done:
            step.record(unit, done)
        if len(done) < len(orders):
            give_back(unit, step.name, orders[len(done) :])
        unit.commit()
    return len(done)


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
    with tempfile.TemporaryFile(prefix="obieg-read-") as file:
        with store.open(digest) as source:
            while piece := source.read(CHUNK):
                file.write(piece)
        file.seek(0)
        yield file
