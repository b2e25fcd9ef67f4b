"""The parts that work without being asked: workers that run jobs, and the clock that looks for what is due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from core.errors import DomainError
from core.identity import SYSTEM
from storage.jobs.worker import Pace, Worker
from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

BATCH = 200  # timers of one tick that are fired in one go


class Ticker:
    """Does something again and again in a thread of its own; a failure is logged and the next tick comes."""

    def __init__(self, name: str, seconds: float, action: Callable[[], object]) -> None:
        self._name, self._seconds, self._action = name, seconds, action
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the running tick."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._action()
            except DomainError as error:
                logger.warning("tick refused", extra={"action": self._name, "code": error.code})


def make_worker(application: Application, *, grace: float = 20) -> Worker:
    """Threads that run jobs; `grace` is how many seconds running ones get to finish at the end."""
    threads = application.settings.worker_threads
    return Worker(application.database.engine, application, threads=threads, pace=Pace(grace=grace))


def make_clock(application: Application) -> Ticker:
    """Fires due timers."""

    def tick() -> None:
        from engine.timers import FireDueTimers

        application.executor.execute(FireDueTimers(limit=BATCH), actor=SYSTEM)

    return Ticker("clock", application.settings.clock_tick, tick)
