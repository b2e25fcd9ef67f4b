"""Putting a message into the outbox, in the same unit of work as whatever it tells of."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.errors import InvalidInput
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time
from crm.errors import WrongFields
from crm.outbox import words as known
from crm.outbox.errors import NoWayToReach
from crm.outbox.events import MessageQueued
from crm.outbox.mail import Mail, one_line, recipients_of
from crm.outbox.models import MessageRow, PaperRow
from crm.outbox.ports import Paper, PaperRef, Papers
from crm.outbox.reaching import Reached, Way, reached, ways
from crm.outbox.segments import MOST as MOST_SEGMENTS
from crm.outbox.segments import count
from crm.outbox.texts import fields_of, filled, text_for
from storage.jobs.queue import JobRequest
from storage.unit_of_work import Reading, UnitOfWork

SEND_JOB = "outbox.send"
LONGEST_TEXT = 100_000  # characters
MOST_PAPERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a message is about: an entity such as `crm.offer` and its id."""

    entity: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands around a mail: further recipients, where answers go, the name beside our address."""

    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str = ""
    sender_name: str = ""
    further: tuple[str, ...] = ()  # recipients beside the first one
    is_automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage(Command):
    """Have a message leave: the same `key` twice is one message.

    Without a channel it is the preferred one of whoever gets it, and if that fails, the next one. Subject and text come
    from the template where one is named; `fields` are values for it beside those of customer, person and subject.
    """

    customer_id: str | None = None
    contact_id: str | None = None
    channel: str | None = None
    recipient: str | None = None  # an address or number written by hand, for the named channel
    subject: str = ""
    text: str = ""
    template: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    papers: tuple[PaperRef, ...] = ()
    about: About | None = None
    case_id: str | None = None
    task_id: str | None = None
    purpose: str = known.BUSINESS
    letterhead: Letterhead = Letterhead()
    not_before: datetime | None = None
    not_after: datetime | None = None
    key: str | None = None


@handles(QueueMessage, needs=known.SEND)
def queue_message(command: QueueMessage, unit: UnitOfWork) -> str:
    """Queue a message and return its id.

    Raises `NoWayToReach`, `WrongFields`, `TextNotFound`, `CustomerNotFound`, `ContactNotFound`, and `NotFound` for
    documents that the actor may not see.
    """
    return queue(command, unit)


def queue(
    command: QueueMessage, unit: UnitOfWork, *, papers: tuple[Paper, ...] | None = None, link_id: str | None = None
) -> str:
    """Queue without asking for rights, for processes; `papers` are documents that the caller vouches for."""
    key = command.key or new_id()
    one_at_a_time(unit, f"outbox:{key}")
    twin = unit.session.scalar(select(MessageRow.id).where(MessageRow.key == key))
    if twin is not None:
        return twin
    whom = reached(unit, command.customer_id, command.contact_id)
    way, fallback = _way(unit, command, whom)
    subject, text = _words(unit, command, whom)
    _check(command, way, subject, text, has_papers=bool(papers or command.papers))
    row = _row(unit, command, way, whom)
    row.key, row.subject, row.text, row.fallback, row.link_id = key, subject, text, fallback, link_id
    found = unit.port(Papers).papers(unit, command.papers) if papers is None and command.papers else papers or ()
    if len(found) > MOST_PAPERS:
        raise WrongFields({"/papers": f"At most {MOST_PAPERS} documents go with a message."})
    if found and way.channel == known.SMS:
        raise WrongFields({"/papers": "An SMS takes no documents."})
    row.papers = [_paper(number, each) for number, each in enumerate(found)]
    row.segments = count(text).segments if way.channel == known.SMS else None
    unit.session.add(row)
    used = text_for(unit, command.template, whom) if command.template else None
    unit.emit(
        MessageQueued(
            message_id=row.id,
            channel=row.channel,
            customer_id=row.customer_id,
            case_id=row.case_id,
            purpose=row.purpose,
            recipient=row.recipient,
            subject=row.subject,
            about=f"{row.about_entity}:{row.about_id}" if row.about_id else None,
            papers=[
                {"document_id": each.document_id, "version": each.version, "digest": each.digest} for each in row.papers
            ],
            template=row.template,
            template_language=used.language if used else None,
            template_version=used.version if used else None,
        )
    )
    wake(unit, row)
    return row.id


def wake(unit: UnitOfWork, row: MessageRow) -> None:
    """Have a worker look after the outbox, unless people print the message or it is not due yet."""
    if row.channel in known.ELECTRONIC and row.due_at <= unit.clock.now():
        unit.enqueue(JobRequest(name=SEND_JOB, once=SEND_JOB))


def _way(unit: UnitOfWork, command: QueueMessage, whom: Reached) -> tuple[Way, list[str]]:
    """The way that the message goes, and the channels that are left when it fails."""
    if command.channel is not None and command.channel not in known.CHANNELS:
        raise WrongFields({"/channel": f"The channel must be one of {', '.join(known.CHANNELS)}."})
    if command.recipient and command.channel is None:
        raise WrongFields({"/channel": "Say by which channel this recipient is reached."})
    found = ways(unit, whom, purpose=command.purpose, channel=command.channel, given=command.recipient)
    if command.channel is None:
        if not found.open:
            raise NoWayToReach(dict(found.closed))
        return found.open[0], [each.channel for each in found.open[1:]]
    chosen = next((each for each in found.open if each.channel == command.channel), None)
    if chosen is None:
        raise NoWayToReach({command.channel: found.closed[command.channel]})
    return chosen, []


def _words(reading: Reading, command: QueueMessage, whom: Reached) -> tuple[str, str]:
    if command.template is None:
        return command.subject.strip(), command.text
    template = text_for(reading, command.template, whom)
    about = (command.about.entity, command.about.id) if command.about else None
    values = fields_of(reading, whom, about) | dict(command.fields)
    subject = command.subject.strip() or filled(template.subject, values, "/subject")
    return subject, command.text or filled(template.text, values, "/text")


def _check(command: QueueMessage, way: Way, subject: str, text: str, *, has_papers: bool) -> None:
    findings = Findings()
    findings.choice("/purpose", command.purpose, "The purpose", known.PURPOSES)
    if way.channel != known.SMS and not subject:
        findings.add("/subject", "The subject is missing.")
    if not text.strip() and not has_papers:
        findings.add("/text", "The text is missing.")
    if len(text) > LONGEST_TEXT or "\0" in text:
        findings.add("/text", f"The text has at most {LONGEST_TEXT} characters, and no NUL.")
    if way.channel == known.SMS and count(text).segments > MOST_SEGMENTS:
        findings.add("/text", f"The text takes {count(text).segments} SMS; at most {MOST_SEGMENTS} are sent.")
    for name in ("not_before", "not_after"):
        moment = getattr(command, name)
        if moment is not None and moment.tzinfo is None:
            findings.add(f"/{name}", "The time has no zone; write one such as 2026-03-01T10:00:00+01:00.")
    findings.refuse()
    try:
        one_line("subject", subject)
        if way.channel == known.EMAIL:
            head = command.letterhead
            recipients_of(
                Mail(key="", to=(way.recipient, *head.further), subject="", text="", cc=head.cc, bcc=head.bcc)
            )
    except InvalidInput as error:
        raise WrongFields({"/recipient": error.sentence}) from error


def _row(unit: UnitOfWork, command: QueueMessage, way: Way, whom: Reached) -> MessageRow:
    now = unit.clock.now()
    envelope = dict(way.envelope)
    if way.channel == known.EMAIL:
        head = command.letterhead
        envelope = {
            "to": [*head.further],
            "cc": [*head.cc],
            "bcc": [*head.bcc],
            "reply_to": head.reply_to,
            "sender_name": head.sender_name,
            "is_automatic": head.is_automatic,
        }
    return MessageRow(
        id=new_id(),
        channel=way.channel,
        purpose=command.purpose,
        state=known.QUEUED,
        customer_id=whom.customer.id if whom.customer else None,
        contact_id=whom.contact.id if whom.contact else None,
        recipient=way.recipient,
        recipient_name=way.name,
        envelope=envelope,
        template=command.template,
        about_entity=command.about.entity if command.about else None,
        about_id=command.about.id if command.about else None,
        case_id=command.case_id,
        task_id=command.task_id,
        not_after=command.not_after,
        due_at=max(now, command.not_before or now),
        attempts=0,
        refused=[],
        created_at=now,
        created_by=unit.actor.id,
        created_by_name=unit.actor.name,
    )


def _paper(number: int, paper: Paper) -> PaperRow:
    return PaperRow(
        position=number,
        document_id=paper.document_id,
        version=paper.version,
        digest=paper.digest,
        file_name=paper.file_name,
        media_type=paper.media_type,
        size=paper.size,
    )


def values_of(row: MessageRow) -> dict[str, Any]:
    """What events of a message have in common."""
    return {
        "message_id": row.id,
        "channel": row.channel,
        "customer_id": row.customer_id,
        "case_id": row.case_id,
    }
