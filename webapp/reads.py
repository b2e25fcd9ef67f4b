"""Has the clock count what people read, so that auditors see what is unusual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.reads.counting import BATCH, CountReads
from core.identity import SYSTEM
from storage.jobs.clock import Tick

if TYPE_CHECKING:
    from webapp.bootstrap import Application

EVERY = 300  # seconds


def count_reads(application: Application) -> None:
    """Count all new entries of the log, a batch per transaction."""
    while application.executor.execute(CountReads(), actor=SYSTEM) >= BATCH:
        pass


def read_ticks(application: Application) -> list[Tick]:
    """What the clock does for it."""
    return [Tick(name="reads", every_seconds=EVERY, action=lambda: count_reads(application))]
