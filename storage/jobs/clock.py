"""The clock: of any number of processes one ticks, and another takes over within seconds when it is gone."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import psycopg
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from core.clock import SystemClock
from core.errors import DomainError
from core.records import dataclass

logger = logging.getLogger(__name__)
logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it would log every tick, and all that a long one skips

LOCK = 7_203_110_003  # advisory lock of a session: whoever holds it ticks
CHECK = 1.0  # seconds between looks whether the lock is still, or already, ours
TICKING = 1  # at a time, of the same name: a slow action delays its next tick instead of piling up
CONNECTION: dict[str, Any] = {  # a dead machine must lose the lock, and a cut-off one notice it, within seconds
    "autocommit": True,
    "application_name": "obieg clock",
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Something to do every so many seconds: a short command, or enqueuing what takes longer.

    The clock holds no state: what is due is in the database, so a tick that is missed is made up for by the next.
    In the seconds of a takeover two clocks may run the same action; it must not mind.
    """

    name: str
    every_seconds: float
    action: Callable[[], object]


class Ticker:
    """Ticks while it holds the lock, waits for it otherwise; `start` and `stop` from one thread.

    The lock belongs to a session of the database, so `OBIEG_DATABASE_URL` must not lead to a pooler that shares
    sessions between transactions.
    """

    def __init__(self, engine: Engine, ticks: Sequence[Tick], *, check: float = CHECK) -> None:
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._ticks = list(ticks)
        self._check = check
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_ticking = False

    def start(self) -> None:
        """Try for the lock in a thread of its own, until `stop`; while the database is away, wait for it."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._try_for_ever, name="obieg-clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tick no more; running actions finish, and another clock takes over."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _try_for_ever(self) -> None:
        is_known = False
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._url, **CONNECTION) as connection:
                    is_known = False
                    self._wait_and_tick(connection)
            except psycopg.Error as error:
                if not is_known:  # once, not every second
                    extra = {"action": "clock_lost_database", "error": str(error).strip()}
                    logger.warning("the clock waits for the database", extra=extra)
                is_known = True
                self._stopping.wait(self._check)

    def _wait_and_tick(self, connection: "psycopg.Connection[Any]") -> None:
        while not self._stopping.is_set():
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if row is not None and row[0]:
                with self._scheduler(connection):
                    while not self._stopping.wait(self._check):
                        connection.execute("SELECT 1")  # raises when the session, and with it the lock, is gone
                return
            self._stopping.wait(self._check)

    @contextmanager
    def _scheduler(self, connection: "psycopg.Connection[Any]") -> Iterator[None]:
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max(len(self._ticks), 1))},
            job_defaults={"coalesce": True, "max_instances": TICKING, "misfire_grace_time": None},
        )
        now = SystemClock().now()
        for tick in self._ticks:
            scheduler.add_job(
                self._run, "interval", [tick, connection], seconds=tick.every_seconds, name=tick.name, next_run_time=now
            )
        scheduler.start()
        self.is_ticking = True
        logger.info("the clock ticks here", extra={"action": "clock_started"})
        try:
            yield
        finally:
            self.is_ticking = False
            scheduler.shutdown(wait=True)
            logger.info("the clock ticks here no more", extra={"action": "clock_stopped"})

    def _run(self, tick: Tick, connection: "psycopg.Connection[Any]") -> None:
        try:
            connection.execute("SELECT 1")  # is the lock ours still? between two looks it may have gone
        except psycopg.Error:
            return
        try:
            tick.action()
        except DomainError as error:
            extra = {"action": tick.name, "code": error.code, "error": error.sentence}
            logger.warning("a tick was refused", extra=extra)
        except Exception:
            logger.exception("a tick failed", extra={"action": tick.name})
