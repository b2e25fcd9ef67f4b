"""Hands over what is due and takes what the ERP has: claim in one unit, talk without any, settle in another."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from core.errors import DomainError, InvalidInput
from core.identity import SYSTEM
from crm.erp import words as known
from crm.erp.arriving import PLACE, NotePlace, TakeArrival
from crm.erp.errors import ArrivalDiffers, ErpRefused
from crm.erp.models import CursorRow, HandoverRow
from crm.erp.queueing import SEND_JOB
from crm.erp.sending import Claimed, ClaimHandover, SettleHandover
from crm.erp.systems import Erp, Offered
from storage.jobs.clock import Tick
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job

if TYPE_CHECKING:
    from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

FETCH_JOB = "erp.fetch"
EVERY = 5  # seconds between looks for records whose pause or lease is over
MOST_PAGES = 50  # of documents that one job takes


@job(SEND_JOB, attempts=1)  # the next tick is the next try
def send_handovers(application: Application, arguments: dict[str, Any]) -> None:
    """Hand over all that is due."""
    del arguments
    hand_over_due(application)


@job(FETCH_JOB, attempts=1)
def fetch_arrivals(application: Application, arguments: dict[str, Any]) -> None:
    """Take all that the ERP has for us."""
    del arguments
    take_offered(application)


def hand_over_due(application: Application) -> int:
    """Hand over until nothing is due or the ERP is away; returns how many tries were made."""
    tried = 0
    while (claimed := application.executor.execute(ClaimHandover(), actor=SYSTEM)) is not None:
        tried += 1
        if not _deliver(application, claimed):
            break  # the others would only wait for the same silence; the next tick looks again
    return tried


def take_offered(application: Application) -> int:
    """Take page after page until nothing is new; returns how many items came. What is refused is kept."""
    erp: Erp = application.units.ports[Erp]
    with application.units.reading(SYSTEM) as view:
        row = view.session.get(CursorRow, PLACE)
    place, taken = row.value if row else None, 0
    for _ in range(MOST_PAGES):
        try:
            found = erp.offered(place)
        except DomainError as error:
            logger.info("the ERP has no news for us", extra={"action": FETCH_JOB, "code": error.code})
            application.executor.execute(NotePlace(value=place, trouble=error.sentence), actor=SYSTEM)
            return taken
        trouble = _take(application, found)
        taken += len(found.items)
        is_over = not found.items or found.next == place
        place = found.next
        application.executor.execute(NotePlace(value=place, trouble=trouble), actor=SYSTEM)
        if is_over:
            break
    return taken


def erp_ticks(application: Application) -> list[Tick]:
    """The looks for what is due and for news, where an ERP is connected."""
    if not application.settings.erp_url:
        return []
    every = application.settings.erp_every
    return [
        Tick(name="erp", every_seconds=EVERY, action=lambda: ask_for_handing_over(application)),
        Tick(name="erp_news", every_seconds=every, action=lambda: _ask(application, FETCH_JOB)),
    ]


def ask_for_handing_over(application: Application) -> None:
    """Have a worker hand over when something is due."""
    with application.units.reading(SYSTEM) as reading:
        due = select(HandoverRow.id).where(
            HandoverRow.state.in_((known.WAITING, known.SENDING)), HandoverRow.due_at <= application.clock.now()
        )
        if reading.session.scalar(due.limit(1)) is None:
            return
    _ask(application, SEND_JOB)


def _ask(application: Application, name: str) -> None:
    with application.units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name=name, once=name, lock=name))
        unit.commit()


def _deliver(application: Application, claimed: Claimed) -> bool:
    """Whether the ERP answered."""
    erp: Erp = application.units.ports[Erp]
    try:
        receipt = erp.deliver(claimed.parcel)
    except DomainError as error:
        for_good = isinstance(error, ErpRefused)
        logger.info("a record was not handed over", extra={"action": SEND_JOB, "code": error.code})
        command = SettleHandover(
            handover_id=claimed.handover_id, claim=claimed.claim, reason=error.sentence, for_good=for_good
        )
        application.executor.execute(command, actor=SYSTEM)
        return for_good
    settle = SettleHandover(handover_id=claimed.handover_id, claim=claimed.claim, receipt=receipt)
    application.executor.execute(settle, actor=SYSTEM)
    return True


def _take(application: Application, found: Offered) -> str | None:
    """Take each; the last sentence about one that could not even be kept."""
    trouble = None
    for each in found.items:
        try:
            application.executor.execute(TakeArrival(key=each.key, kind=each.kind, content=each.content), actor=SYSTEM)
        except (ArrivalDiffers, InvalidInput) as error:
            trouble = f"{each.key or 'An item without a key'}: {error.sentence}"
    return trouble
