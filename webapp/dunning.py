"""What the clock does for dunning: letters that have waited go into the outbox, and the run of each business day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.identity import SYSTEM
from processes.dunning.dispatching import DISPATCH
from processes.dunning.nightly import BeginNight
from storage.jobs.clock import Tick
from storage.jobs.queue import JobRequest

if TYPE_CHECKING:
    from webapp.bootstrap import Application

LETTERS_EVERY = 300  # seconds
NIGHT_EVERY = 300  # seconds between looks whether the hour has come


def dunning_ticks(application: Application) -> list[Tick]:
    """The looks for letters that wait and for a business day that has begun."""
    return [
        Tick(name="dunning_letters", every_seconds=LETTERS_EVERY, action=lambda: ask_for_letters(application)),
        Tick(name="dunning_night", every_seconds=NIGHT_EVERY, action=lambda: begin_night(application)),
    ]


def ask_for_letters(application: Application) -> None:
    """Have one worker make the letters that have waited long enough."""
    with application.units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name=DISPATCH, once=DISPATCH, lock=DISPATCH))
        unit.commit()


def begin_night(application: Application) -> None:
    """Begin the run of the day when its hour has come and nobody has begun it."""
    application.executor.execute(BeginNight(), actor=SYSTEM)
