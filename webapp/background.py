"""The parts that work without being asked: workers that run jobs, and the clock that looks for what is due."""

from __future__ import annotations

from functools import partial
from typing import Any

from audit.checkpoints import sign
from audit.keys import KeyFile
from audit.places import Publisher, Publishers, Signed
from audit.publishing import keep_known, publish
from audit.sequencer import sequence, sequence_thoroughly
from core.identity import SYSTEM
from crm.imports.exporting import forget_exports
from documents.content.pages import forget_pages
from documents.content.waiting import ask_again
from documents.orders.making import forget_orders
from documents.records.changes import WorkOffChanges
from engine.messages import RouteMessages
from engine.removals import StartRemoval
from engine.retention import RemoveHistory
from engine.timers import FireDueTimers
from storage.jobs.clock import Tick, Ticker
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.jobs.worker import Pace, Worker
from webapp.bootstrap import Application
from webapp.date_reminders import date_ticks
from webapp.document_reminders import reminder_ticks
from webapp.dropped_imports import import_ticks
from webapp.dunning import dunning_ticks
from webapp.erp.delivery import erp_ticks
from webapp.inbox.digest import digest_ticks
from webapp.intake_jobs import intake_ticks
from webapp.outbox.delivery import outbox_ticks
from webapp.planning import planning_ticks
from webapp.reads import read_ticks
from webapp.refusals import tell_refusals
from webapp.sweeping import sweep_uploads, sweep_visits
from webapp.webhooks.jobs import webhook_ticks

BATCH = 200  # timers that one command fires
TIMER_TICKS = 4  # looks for due timers in one tick of the clock
MANY = 5  # full batches after which workers help the clock
HELPERS = 3
HELP = "webapp.fire_timers"
SWEEP = "webapp.sweep_blobs"
SWEEP_EVERY = 3600  # seconds
RETENTION_EVERY = 60  # seconds until a change of a document's retention is worked off
READING_EVERY = 15  # seconds
REFUSALS_EVERY = 20  # seconds


@job(SWEEP)
def sweep_blobs(application: Application, arguments: dict[str, Any]) -> None:
    """Remove stored content that nothing uses, pictures of pages beyond those that are kept, old orders."""
    del arguments
    application.staging.sweep(application.blobs)
    sweep_uploads(application)
    sweep_visits(application)
    forget_pages(application)
    forget_orders(application)
    forget_exports(application)


@job(HELP)
def help_with_timers(application: Application, arguments: dict[str, Any]) -> None:
    """Fire timers beside the clock; each takes those that nobody else holds."""
    del arguments
    fire_due_timers(application, alone=False)


def make_worker(application: Application, *, grace: float = 20) -> Worker:
    """Threads that run jobs; `grace` is how many seconds running ones get to finish at the end."""
    threads = application.settings.worker_threads
    return Worker(application.database.engine, application, threads=threads, pace=Pace(grace=grace))


def make_clock(application: Application) -> Ticker:
    """Fires due timers, lets the log grow and signs it, and has unused content swept every hour."""
    every = application.settings.clock_tick
    keep_known(application.database.engine, application.clock, list(application.units.ports[Publishers]))
    ticks = [
        Tick(name="messages", every_seconds=every, action=lambda: route_messages(application)),
        Tick(name="timers", every_seconds=every / TIMER_TICKS, action=lambda: fire_due_timers(application)),
        Tick(name="log", every_seconds=every, action=lambda: sequence(application.database.engine)),
        Tick(
            name="checkpoint",
            every_seconds=application.settings.checkpoint_every,
            action=lambda: sign_checkpoint(application),
        ),
        *(
            Tick(
                name=f"publish_{each.name}", every_seconds=every, action=partial(publish_checkpoints, application, each)
            )
            for each in application.units.ports[Publishers]
        ),
        Tick(name="log_count", every_seconds=SWEEP_EVERY, action=lambda: count_log(application)),
        Tick(name="retention", every_seconds=RETENTION_EVERY, action=lambda: work_off_changes(application)),
        Tick(name="refusals", every_seconds=REFUSALS_EVERY, action=lambda: tell_refusals(application)),
        Tick(name="history", every_seconds=SWEEP_EVERY, action=lambda: remove_history(application)),
        Tick(name="reading", every_seconds=READING_EVERY, action=lambda: ask_for_reading(application)),
        *intake_ticks(application),
        *import_ticks(application),
        *outbox_ticks(application),
        *erp_ticks(application),
        *webhook_ticks(application),
        *planning_ticks(application),
        *reminder_ticks(application),
        *dunning_ticks(application),
        *read_ticks(application),
        *digest_ticks(application),
        *date_ticks(application),
        Tick(name="sweep", every_seconds=SWEEP_EVERY, action=lambda: ask_for_sweep(application)),
    ]
    return Ticker(application.database.engine, ticks)


def fire_due_timers(application: Application, *, alone: bool = True) -> int:
    """Fire all timers that are due, a batch per transaction; returns how many. Asks workers for help with very many."""
    total = batches = 0
    while fired := application.executor.execute(FireDueTimers(limit=BATCH), actor=SYSTEM):
        total, batches = total + fired, batches + 1
        if fired < BATCH // 2:  # some may have been refused: what is left has its turn at the next look
            break
        if alone and batches == MANY:
            _ask_for_help(application)
    return total


def _ask_for_help(application: Application) -> None:
    with application.units.begin(SYSTEM) as unit:
        for number in range(HELPERS):
            unit.enqueue(JobRequest(name=HELP, once=f"{HELP}:{number}"))
        unit.commit()


def route_messages(application: Application) -> None:
    """Deliver stored messages whose receivers have come, and let old ones expire."""
    while application.executor.execute(RouteMessages(limit=BATCH), actor=SYSTEM) >= BATCH:
        pass


def remove_history(application: Application) -> None:
    """Have a worker remove the cases that their processes keep no longer; forget old events of messages."""
    application.executor.execute(RemoveHistory(limit=0), actor=SYSTEM)
    application.executor.execute(StartRemoval(reason="their processes keep them no longer"), actor=SYSTEM)


def work_off_changes(application: Application) -> None:
    """Compute anew how long documents are kept to which something happened."""
    while application.executor.execute(WorkOffChanges(limit=BATCH), actor=SYSTEM):
        pass


def sign_checkpoint(application: Application) -> Signed | None:
    """Sign what the log holds now."""
    ports = application.units.ports
    return sign(application.database.engine, ports[KeyFile], application.clock, ports[Publishers])


def publish_checkpoints(application: Application, publisher: Publisher, *, now: bool = False) -> str | None:
    """Bring a place the checkpoints that it does not have, if its turn has come, or at once; what went wrong."""
    return publish(application.executor, application.database.engine, application.clock, publisher, now=now)


def count_log(application: Application) -> None:
    """Have every entry found that the log has missed, whatever delayed it."""
    sequence_thoroughly(application.database.engine)


def ask_for_sweep(application: Application) -> None:
    """Have one worker sweep; one that waits already is enough."""
    with application.units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name=SWEEP, once=SWEEP, lock=SWEEP))
        unit.commit()


def ask_for_reading(application: Application) -> None:
    """Have documents read that wait although nobody works on them: the blob store was away, or a worker died."""
    with application.units.begin(SYSTEM) as unit:
        ask_again(unit)
        unit.commit()
