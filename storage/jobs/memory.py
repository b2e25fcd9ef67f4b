"""Jobs in memory: the fake that passes the same contract as the real queue."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from core.clock import Clock, SystemClock
from storage.jobs.queue import JobRequest, Transaction
from storage.jobs.registry import JOBS, JobRegistry

_numbers = itertools.count(1)


@dataclass(slots=True)
class _Waiting:
    number: int
    request: JobRequest
    tried: int = 0

    def order(self) -> tuple[int, int]:
        return -self.request.priority, self.number


class MemoryQueue:
    """Keeps jobs in a list and runs them when asked; for tests and scenarios."""

    def __init__(self, *, clock: Clock | None = None, registry: JobRegistry = JOBS) -> None:
        self._clock = clock or SystemClock()
        self._registry = registry
        self._waiting: list[_Waiting] = []
        self.failed: list[tuple[JobRequest, BaseException]] = []

    @property
    def waiting(self) -> list[JobRequest]:
        """The jobs that wait, in the order in which they would run."""
        return [entry.request for entry in sorted(self._waiting, key=_Waiting.order)]

    def enqueue(self, unit: Transaction, requests: Sequence[JobRequest]) -> None:
        """Add the jobs when the unit's session commits."""
        for request in requests:
            self._registry.of(request.name)
        _Pending(unit.session, list(requests), self._add)

    def run(self, context: Any) -> int:
        """Run what is due until nothing is, failed jobs too when their pause is over; returns how many ran."""
        count = 0
        while (entry := self._next()) is not None:
            count += 1
            self._try(entry, context)
        return count

    def _add(self, requests: list[JobRequest]) -> None:
        for request in requests:
            self._add_one(request)

    def _add_one(self, request: JobRequest) -> None:
        if request.once is None or all(entry.request.once != request.once for entry in self._waiting):
            self._waiting.append(_Waiting(next(_numbers), request))

    def _next(self) -> _Waiting | None:
        locked: set[str] = set()
        for entry in sorted(self._waiting, key=_Waiting.order):
            if entry.request.lock is not None and entry.request.lock in locked:
                continue
            if _is_due(entry.request.at, self._clock.now()):
                return entry
            if entry.request.lock is not None:
                locked.add(entry.request.lock)  # order first: what waits holds back what came later
        return None

    def _try(self, entry: _Waiting, context: Any) -> None:
        kind = self._registry.of(entry.request.name)
        self._waiting.remove(entry)
        try:
            kind.function(context, dict(entry.request.arguments))
        except Exception as error:  # noqa: BLE001 -- the worker loop
            entry.tried += 1
            pause = kind.pause(error, entry.tried)
            if pause is None:
                self.failed.append((entry.request, error))
                return
            entry.request = replace(entry.request, at=self._clock.now() + timedelta(seconds=pause))
            if entry.request.once not in {other.request.once for other in self._waiting} - {None}:
                self._waiting.append(entry)
        except BaseException:  # the worker was killed: somebody else will find the job
            self._waiting.append(entry)
            raise


class _Pending:
    """Requests that wait for the outcome of a session's transaction."""

    def __init__(self, session: Session, requests: list[JobRequest], add: Callable[[list[JobRequest]], None]) -> None:
        self._requests, self._add = requests, add
        event.listen(session, "after_commit", self._committed)
        event.listen(session, "after_rollback", self._rolled_back)

    def _committed(self, session: Session) -> None:
        if not session.in_nested_transaction():  # releasing a savepoint is no commit
            requests, self._requests = self._requests, []
            self._add(requests)

    def _rolled_back(self, _: Session) -> None:
        self._requests = []


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is None or at <= now
