"""The parts that work without being asked: workers that run jobs, and the clock that looks for what is due."""

from __future__ import annotations

from typing import Any

from core.identity import SYSTEM
from engine.messages import RouteMessages
from engine.retention import RemoveHistory
from engine.timers import FireDueTimers
from storage.jobs.clock import Tick, Ticker
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.jobs.worker import Pace, Worker
from webapp.bootstrap import Application

BATCH = 200  # timers that one command fires
SWEEP = "webapp.sweep_blobs"
SWEEP_EVERY = 3600  # seconds


@job(SWEEP)
def sweep_blobs(application: Application, arguments: dict[str, Any]) -> None:
    """Remove stored content that nothing uses."""
    del arguments
    application.staging.sweep(application.blobs)


def make_worker(application: Application, *, grace: float = 20) -> Worker:
    """Threads that run jobs; `grace` is how many seconds running ones get to finish at the end."""
    threads = application.settings.worker_threads
    return Worker(application.database.engine, application, threads=threads, pace=Pace(grace=grace))


def make_clock(application: Application) -> Ticker:
    """Fires due timers, and has unused content swept every hour."""
    every = application.settings.clock_tick
    ticks = [
        Tick(name="messages", every_seconds=every, action=lambda: route_messages(application)),
        Tick(name="timers", every_seconds=every, action=lambda: fire_due_timers(application)),
        Tick(name="history", every_seconds=SWEEP_EVERY, action=lambda: remove_history(application)),
        Tick(name="sweep", every_seconds=SWEEP_EVERY, action=lambda: ask_for_sweep(application)),
    ]
    return Ticker(application.database.engine, ticks)


def fire_due_timers(application: Application) -> int:
    """Fire all timers that are due, a batch per transaction; returns how many."""
    total = 0
    while fired := application.executor.execute(FireDueTimers(limit=BATCH), actor=SYSTEM):
        total += fired
        if fired < BATCH:
            break
    return total


def route_messages(application: Application) -> None:
    """Deliver stored messages whose receivers have come, and let old ones expire."""
    while application.executor.execute(RouteMessages(limit=BATCH), actor=SYSTEM) >= BATCH:
        pass


def remove_history(application: Application) -> None:
    """Remove the cases that their processes keep no longer."""
    while application.executor.execute(RemoveHistory(limit=BATCH), actor=SYSTEM) >= BATCH:
        pass


def ask_for_sweep(application: Application) -> None:
    """Have one worker sweep; one that waits already is enough."""
    with application.units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name=SWEEP, once=SWEEP, lock=SWEEP))
        unit.commit()
