"""Claiming a message that is due, and settling what became of the try.

A claim is a lease that commits before anything leaves: two workers never send the same message, and one that dies loses
its lease after a while. What cannot be avoided is the moment between the server's answer and our commit: a worker that
dies there leaves a message that is sent again, under the same Message-ID or key, so that the other side can tell.
"""

import random
from dataclasses import field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from crm.activities.content import Content, Link, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.company import company
from crm.models import ContactRow, CustomerRow
from crm.outbox import words as known
from crm.outbox.channels import Parcel, Receipt
from crm.outbox.errors import NoWayToReach
from crm.outbox.events import MessageCancelled, MessageDelayed, MessageFailed, MessageSent
from crm.outbox.models import AttemptRow, MessageRow
from crm.outbox.ports import Belonging, Holds, Papers
from crm.outbox.queueing import QueueMessage, queue, values_of
from crm.outbox.reaching import Reached, Way, is_without_marketing, reached, why_closed
from crm.privacy.consent_queries import objection
from storage.blobs.store import BlobRef
from storage.unit_of_work import UnitOfWork

LEASE = timedelta(minutes=10)  # longer than any server may take to answer
FIRST_PAUSE, LONGEST_PAUSE = 30, 6 * 3600  # seconds
MOST_TRIES = 12  # a day and a half with the pauses above
LONGEST_TOLD = 1000  # characters of an answer or a reason
TAKEN, LATER, REFUSED, HELD = "sent", "later", "refused", "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMessage(Command):
    """Take the message that is due longest, or a certain one whether it is due or not."""

    quiet = True

    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What to send; without a parcel the message was settled otherwise, and the next one may be claimed."""

    message_id: str
    claim: str = ""
    parcel: Parcel | None = None
    papers: tuple[tuple[str, str, str], ...] = ()  # file name, media type and digest of each
    link_id: str | None = None  # of the answer that the text's {link} leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleMessage(Command):
    """Say what became of a try: sent with a receipt, to be tried later, or refused for good; `copy` is stored."""

    message_id: str
    claim: str
    outcome: str
    reason: str | None = None
    refused: tuple[str, ...] = ()
    receipt: Receipt | None = None
    copy: BlobRef | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckMessage(Command):
    """Look again whether a message may leave; whoever has claimed it asks right before giving it away."""

    quiet = True

    message_id: str
    claim: str | None = None


@handles(RecheckMessage, needs=known.ADMINISTER)
def recheck_message(command: RecheckMessage, unit: UnitOfWork) -> bool:
    """Whether it may; a message that somebody holds back is cancelled. What is being sent is left to who sends it."""
    row = unit.session.get(MessageRow, command.message_id, with_for_update=True, populate_existing=True)
    if row is None:
        return False
    is_asked_by_sender = command.claim is not None and row.claim == command.claim
    waits = row.state == known.QUEUED or row.batch_id is not None
    if row.state not in {known.QUEUED, known.SENDING} or not (waits or is_asked_by_sender):
        return False
    why = unit.port(Holds).why_not(unit, row.id)
    if why is None:
        return True
    attempt = unit.session.get(AttemptRow, (row.id, row.claim or ""))
    if attempt is not None:
        attempt.ended_at, attempt.outcome, attempt.answer = unit.clock.now(), HELD, _short(why)
    cancel(unit, row, why)
    return False


@handles(ClaimMessage, needs=known.ADMINISTER)
def claim_message(command: ClaimMessage, unit: UnitOfWork) -> Claimed | None:
    """The message, leased to the caller; None when nothing is due."""
    now = unit.clock.now()
    wanted = select(MessageRow).where(
        MessageRow.state.in_((known.QUEUED, known.SENDING)), MessageRow.channel != known.LETTER
    )
    if command.message_id is None:
        wanted = wanted.where(MessageRow.due_at <= now).order_by(MessageRow.due_at, MessageRow.id).limit(1)
    else:
        wanted = wanted.where(
            MessageRow.id == command.message_id, (MessageRow.state == known.QUEUED) | (MessageRow.due_at <= now)
        )
    row = unit.session.scalars(wanted.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    held = _held(unit, row, is_asked_for=command.message_id is not None)
    if held:
        return Claimed(message_id=row.id)
    row.state, row.claim, row.due_at = known.SENDING, new_id(), now + LEASE
    row.attempts += 1
    unit.session.add(AttemptRow(message_id=row.id, claim=row.claim, n=row.attempts, begun_at=now))
    return Claimed(
        message_id=row.id,
        claim=row.claim,
        parcel=_parcel(row, now),
        link_id=row.link_id,
        papers=tuple((each.file_name, each.media_type, each.digest) for each in row.papers),
    )


def _held(unit: UnitOfWork, row: MessageRow, *, is_asked_for: bool) -> bool:
    """The last look before a message leaves: too late, withdrawn, no longer welcome, or the night."""
    now = unit.clock.now()
    if row.not_after is not None and row.not_after < now:
        cancel(unit, row, f"it was to leave before {row.not_after.isoformat()}")
        return True
    why = unit.port(Holds).why_not(unit, row.id)
    if why is not None:
        cancel(unit, row, why)
        return True
    person = unit.session.get(ContactRow, row.contact_id) if row.contact_id else None
    whom = Reached(customer=reached(unit, row.customer_id, None).customer, contact=person)
    why = _unwelcome(unit, row, whom)
    if why is not None:
        fail(unit, row, why)
        return True
    opens = _quiet_until(unit, row, now)
    if opens is not None and not is_asked_for:
        row.state, row.due_at, row.reason = known.QUEUED, opens, "It waits for the morning."
        return True
    return False


def _unwelcome(unit: UnitOfWork, row: MessageRow, whom: Reached) -> str | None:
    """What somebody said after the message was queued counts, too."""
    way = Way(channel=row.channel, recipient=row.recipient, name=row.recipient_name)
    why = why_closed(unit, way, whom.customer, row.purpose)
    if why is None and row.purpose != known.BUSINESS and is_without_marketing(unit, whom):
        return f"{whom.name} wants no marketing and no greetings."
    return why or objection(unit, row.contact_id, purpose=row.purpose, channel=row.channel)


def _quiet_until(unit: UnitOfWork, row: MessageRow, now: datetime) -> datetime | None:
    """When an SMS may leave; None when it may now."""
    if row.channel != known.SMS:
        return None
    opens, closes = unit.port(Settings).sms_hours
    local = now.astimezone(ZoneInfo(company(unit).time_zone))
    if opens <= local.time() < closes:
        return None
    morning = local.replace(hour=opens.hour, minute=opens.minute, second=0, microsecond=0)
    return morning if local.time() < opens else morning + timedelta(days=1)


def _parcel(row: MessageRow, now: datetime) -> Parcel:
    return Parcel(
        id=row.id,
        key=row.key,
        channel=row.channel,
        recipient=row.recipient,
        recipient_name=row.recipient_name,
        subject=row.subject,
        text=row.text,
        envelope=row.envelope,
        at=now,
    )


@handles(SettleMessage, needs=known.ADMINISTER)
def settle_message(command: SettleMessage, unit: UnitOfWork) -> str:
    """Keep the outcome and return the state; one that was sent is sent, whoever has claimed it meanwhile."""
    row = unit.session.get_one(MessageRow, command.message_id, with_for_update=True, populate_existing=True)
    now = unit.clock.now()
    attempt = unit.session.get(AttemptRow, (row.id, command.claim))
    if attempt is not None and attempt.ended_at is None:
        attempt.ended_at, attempt.outcome = now, command.outcome
        attempt.answer = _short(command.receipt.answer if command.receipt else command.reason)
    if command.outcome == TAKEN:
        if row.state not in known.GONE:
            _sent(unit, row, command)
        return row.state
    if row.state != known.SENDING or row.claim != command.claim:
        return row.state
    reason = _short(command.reason) or "The other side gave no reason."
    if command.outcome == REFUSED:
        row.refused = list(command.refused)
        fail(unit, row, reason)
    elif row.attempts >= MOST_TRIES:
        fail(unit, row, f"It was tried {row.attempts} times. {reason}")
    else:
        _postpone(unit, row, reason)
    return row.state


def _sent(unit: UnitOfWork, row: MessageRow, command: SettleMessage) -> None:
    receipt = command.receipt
    assert receipt is not None
    now = unit.clock.now()
    row.state, row.sent_at, row.settled_at, row.reason, row.claim = known.SENT, now, now, None, None
    row.message_id, row.answer, row.digest = receipt.outside_id, _short(receipt.answer), receipt.digest
    row.refused, row.segments = list(receipt.refused), receipt.segments or row.segments
    if command.copy is not None:
        row.document_id = unit.port(Papers).file(
            unit,
            title=(row.subject or "Message")[:200],
            file_name=f"{(row.subject or 'message')[:80]}.eml",
            blob=command.copy,
            belongs=belongs(row),
        )
    note_activity(unit, row)
    unit.emit(
        MessageSent(
            **values_of(row),
            recipient=row.recipient,
            outside_id=row.message_id,
            digest=row.digest,
            answer=row.answer,
            refused=list(row.refused),
            attempts=row.attempts,
            document_id=row.document_id,
        )
    )


def belongs(row: MessageRow) -> list[Belonging]:
    """What the copy of a message is filed with."""
    places = (("crm.customer", row.customer_id), (row.about_entity, row.about_id), ("case", row.case_id))
    return [Belonging(kind=kind, id=key) for kind, key in dict.fromkeys(places) if kind and key]


def note_activity(unit: UnitOfWork, row: MessageRow) -> None:
    """Every message to a customer is an activity."""
    if row.customer_id is None:
        return
    named = row.recipient_name or unit.session.get_one(CustomerRow, row.customer_id).name
    links = [Link(entity=each.kind, record_id=each.id) for each in belongs(row) if each.kind != "crm.customer"]
    if row.document_id:
        links.append(Link(entity="document", record_id=row.document_id))
    content = Content(
        employee=row.created_by,
        method=known.METHODS[row.channel],
        direction="outgoing",
        status="held",
        state="done",
        subject=(row.subject or row.text.strip().splitlines()[0])[:200],
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        participants=() if row.contact_id else (Participant(side="customer", name=named[:200]),),
        held_from=row.sent_at,
        note=row.text[:4000] or None,
        links=tuple(links),
    )
    row.activity_id = register_activity(RegisterActivity(content=content), unit)


def cancel(unit: UnitOfWork, row: MessageRow, reason: str) -> None:
    """Take it back before it leaves."""
    row.state, row.reason, row.claim, row.settled_at = known.CANCELLED, _short(reason), None, unit.clock.now()
    unit.emit(MessageCancelled(**values_of(row), reason=reason))


def fail(unit: UnitOfWork, row: MessageRow, reason: str) -> None:
    """It does not leave this way; the next channel is tried where there is one."""
    row.state, row.reason, row.claim, row.settled_at = known.FAILED, _short(reason), None, unit.clock.now()
    unit.emit(MessageFailed(**values_of(row), reason=reason, attempts=row.attempts))
    fall_back(unit, row)


def fall_back(unit: UnitOfWork, row: MessageRow) -> None:
    """The same message by the next channel that is open."""
    for number, channel in enumerate(row.fallback):
        order = QueueMessage(
            customer_id=row.customer_id,
            contact_id=row.contact_id,
            channel=channel,
            subject=row.subject,
            text=row.text,
            purpose=row.purpose,
            case_id=row.case_id,
            task_id=row.task_id,
            not_after=row.not_after,
            key=f"{row.key}:{channel}",
        )
        try:
            following = queue(order, unit)
        except NoWayToReach:
            continue
        unit.session.get_one(MessageRow, following).fallback = list(row.fallback[number + 1 :])
        return


def _postpone(unit: UnitOfWork, row: MessageRow, reason: str) -> None:
    """Growing pauses with jitter, so that a server that comes back is not run down."""
    pause = min(FIRST_PAUSE << (row.attempts - 1), LONGEST_PAUSE)
    row.due_at = unit.clock.now() + timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311 -- jitter
    row.state, row.claim, row.reason = known.QUEUED, None, reason
    unit.emit(MessageDelayed(**values_of(row), reason=reason, attempts=row.attempts, until=row.due_at.isoformat()))


def _short(text: str | None) -> str | None:
    return " ".join(text.split())[:LONGEST_TOLD] if text else None
