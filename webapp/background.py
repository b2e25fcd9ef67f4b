"""The parts that work without being asked: workers that run jobs, and the clock that looks for what is due."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from core.errors import DomainError
from core.identity import SYSTEM
from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

BATCH = 200  # timers of one tick that are fired in one go
SWEEP_EVERY = timedelta(hours=1)


class Ticker:
    """Does something again and again in a thread of its own; a failure is logged and the next tick comes."""

    def __init__(self, name: str, seconds: float, action: object) -> None:
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
                assert callable(self._action)
                self._action()
            except DomainError as error:
                logger.warning("tick refused", extra={"action": self._name, "code": error.code})


def make_worker(application: Application) -> Ticker:
    """Threads that run jobs."""
    return Ticker("worker", 3600, lambda: application)


def make_clock(application: Application) -> Ticker:
    """Fires due timers."""

    def tick() -> None:
        from engine.timers import FireDueTimers

        application.executor.execute(FireDueTimers(limit=BATCH), actor=SYSTEM)

    return Ticker("clock", application.settings.clock_tick, tick)
