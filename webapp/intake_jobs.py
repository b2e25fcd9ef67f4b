"""The jobs that fetch mail and take files from the watched folder, and the ticks that ask for them."""

from __future__ import annotations

from typing import Any

from core.identity import SYSTEM
from storage.jobs.clock import Tick
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from webapp.bootstrap import Application

FETCH = "documents.fetch_mail"
TAKE = "documents.take_files"


@job(FETCH, attempts=1)  # the next tick is the next try
def fetch(application: Application, arguments: dict[str, Any]) -> None:
    """File what is new in the mailbox."""
    from webapp.mailbox import fetch_mail

    del arguments
    fetch_mail(application)


@job(TAKE, attempts=1)
def take(application: Application, arguments: dict[str, Any]) -> None:
    """File what was dropped into the folder."""
    from webapp.dropped import take_files

    del arguments
    take_files(application)


def intake_ticks(application: Application) -> list[Tick]:
    """Those that this installation has switched on."""
    settings = application.settings
    ticks = []
    if settings.imap_host:
        ticks.append(Tick(name="mailbox", every_seconds=settings.imap_every, action=lambda: _ask(application, FETCH)))
    if settings.intake_folder is not None:
        ticks.append(Tick(name="folder", every_seconds=settings.intake_every, action=lambda: _ask(application, TAKE)))
    return ticks


def _ask(application: Application, name: str) -> None:
    with application.units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name=name, once=name, lock=name))
        unit.commit()
