"""Sends what is due: claim in one unit, give it to the channel without any, settle in another."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.errors import DomainError, InvalidInput, Unavailable
from core.identity import SYSTEM
from crm.company import company
from crm.mailings.sending import ask_for_mailings
from crm.outbox import words as known
from crm.outbox.channels import Channels, File, Parcel, Receipt
from crm.outbox.errors import ChannelRefused
from crm.outbox.models import MessageRow
from crm.outbox.ports import Tokens
from crm.outbox.queueing import SEND_JOB
from crm.outbox.sending import LATER, REFUSED, TAKEN, Claimed, ClaimMessage, RecheckMessage, SettleMessage
from documents.templates.letters import stored
from processes.greeting.occasions import StartGreetings
from storage.jobs.clock import Tick
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job

if TYPE_CHECKING:
    from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

GREETINGS_EVERY = 900  # seconds
MORNING = 6  # hour of the day, where the company is
MAILINGS_EVERY = 20  # seconds
EVERY = 5  # seconds between looks for messages whose pause or lease is over


@job(SEND_JOB, attempts=1)  # the next tick is the next try
def send_messages(application: Application, arguments: dict[str, Any]) -> None:
    """Send all that is due."""
    del arguments
    send_due(application)


def send_due(application: Application) -> int:
    """Send until nothing is due; returns how many messages were settled."""
    settled = 0
    while (claimed := application.executor.execute(ClaimMessage(), actor=SYSTEM)) is not None:
        send_claimed(application, claimed)
        settled += 1
    return settled


def send_claimed(application: Application, claimed: Claimed) -> DomainError | None:
    """Send one message; what went wrong, if anything, is kept with it and returned."""
    if claimed.parcel is None:
        return None
    try:
        receipt = _sent(application, claimed, claimed.parcel)
        if receipt is None:
            return None
    except DomainError as error:
        for_good = isinstance(error, ChannelRefused | InvalidInput)
        logger.info("a message did not leave", extra={"action": SEND_JOB, "code": error.code})
        command = SettleMessage(
            message_id=claimed.message_id,
            claim=claimed.claim,
            outcome=REFUSED if for_good else LATER,
            reason=error.sentence,
            refused=tuple(error.refused) if isinstance(error, ChannelRefused) else (),
        )
        application.executor.execute(command, actor=SYSTEM)
        return error
    copy = None if receipt.copy is None else stored(application, SYSTEM, receipt.copy)
    command = SettleMessage(
        message_id=claimed.message_id,
        claim=claimed.claim,
        outcome=TAKEN,
        receipt=replace(receipt, copy=None),
        copy=copy,
    )
    application.executor.execute(command, actor=SYSTEM)
    return None


def _sent(application: Application, claimed: Claimed, parcel: Parcel) -> Receipt | None:
    """The receipt; None when somebody holds the message back after all."""
    channels: Channels = application.units.ports[Channels]
    channel = channels.by_name.get(parcel.channel)
    if channel is None:
        raise Unavailable(f"This installation has no channel {parcel.channel}.")
    files = [_file(application, *each) for each in claimed.papers]
    secret = None
    if claimed.link_id is not None:
        tokens: Tokens = application.units.ports[Tokens]
        secret = tokens.address(tokens.token(claimed.link_id))
    last_look = RecheckMessage(message_id=claimed.message_id, claim=claimed.claim)
    if not application.executor.execute(last_look, actor=SYSTEM):
        return None
    return channel.send(replace(parcel, files=files, secret=secret))


def _file(application: Application, name: str, media_type: str, digest: str) -> File:
    with application.blobs.open(digest) as content:
        return File(name=name, media_type=media_type, content=content.read())


def outbox_ticks(application: Application) -> list[Tick]:
    """The look for messages whose pause is over, or whose worker died."""
    ticks = [
        Tick(name="outbox", every_seconds=EVERY, action=lambda: ask_for_sending(application)),
        Tick(name="mailings", every_seconds=MAILINGS_EVERY, action=lambda: ask_for_mailings(application)),
    ]
    if application.settings.greetings:
        ticks.append(Tick(name="greetings", every_seconds=GREETINGS_EVERY, action=lambda: greet(application)))
    return ticks


def greet(application: Application) -> None:
    """Begin the greetings of the day, from the morning on."""
    with application.units.reading(SYSTEM) as reading:
        local = reading.clock.now().astimezone(ZoneInfo(company(reading).time_zone))
    if local.hour >= MORNING:
        application.executor.execute(StartGreetings(), actor=SYSTEM)


def ask_for_sending(application: Application) -> None:
    """Have a worker send when something is due."""
    with application.units.reading(SYSTEM) as reading:
        due = select(MessageRow.id).where(
            MessageRow.state.in_((known.QUEUED, known.SENDING)),
            MessageRow.channel != known.LETTER,
            MessageRow.due_at <= application.clock.now(),
        )
        if reading.session.scalar(due.limit(1)) is None:
            return
    with application.units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name=SEND_JOB, once=SEND_JOB))
        unit.commit()
