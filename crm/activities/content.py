"""What an activity says, and what is wrong with it."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import object_session

from core.records import dataclass
from crm.activities import words as known
from crm.activities.models import ActivityLinkRow, ActivityParticipantRow, ActivityRow
from crm.checks import Findings
from crm.dictionaries import check_codes
from crm.models import ContactPositionRow, ContactRow, CustomerRow
from crm.planning.models import ActivityReminderRow, ResourceRow
from crm.reach import words
from storage.unit_of_work import UnitOfWork

LONGEST_NOTE = 20_000  # characters
MOST_PEOPLE = 100
MOST_LINKS = 100
MOST_REMINDERS = 10
EARLIEST = 60 * 24 * 60  # minutes: 60 days
LONGEST_HELD = 7 * 24 * 3600  # seconds
FIXED = {
    "direction": known.DIRECTIONS,
    "priority": known.PRIORITIES,
    "state": known.STATES,
    "status": known.STATUSES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who takes part: one of ours by account, one of the customer's by contact, anybody else by name."""

    side: str
    account: str | None = None
    contact_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another record that an activity is about; `entity` is a name such as `crm.offer`, `case` or `document`."""

    entity: str
    record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that a person enters; times have a zone, durations are seconds."""

    employee: str
    method: str
    direction: str
    status: str
    subject: str
    customer_id: str | None = None
    contact_id: str | None = None
    type: str | None = None
    priority: str = "medium"
    state: str = "not_done"
    note: str | None = None
    planned_from: datetime | None = None
    planned_to: datetime | None = None
    held_from: datetime | None = None
    duration_seconds: int | None = None
    follows_id: str | None = None
    is_private: bool = False
    participants: tuple[Participant, ...] = ()
    links: tuple[Link, ...] = ()
    reminders: tuple[int, ...] = ()  # minutes before the planned time
    resources: tuple[str, ...] = ()  # ids of rooms and devices that it has while it is planned


def checked(unit: UnitOfWork, content: Content, before: Content | None = None) -> Content:
    """The content in its normal form; `before` is what it changes. Raises `WrongFields` with all that is wrong."""
    findings = Findings()
    for name, values in FIXED.items():
        findings.choice(f"/{name}", getattr(content, name), f"The {name}", values)
    _check_lists(unit, content, findings, before)
    normal = replace(
        content,
        employee=findings.text("/employee", content.employee, "The employee"),
        subject=findings.text("/subject", content.subject, "The subject"),
        note=findings.optional("/note", content.note, "The note", longest=LONGEST_NOTE),
        reminders=tuple(sorted(set(content.reminders))),
        resources=tuple(dict.fromkeys(content.resources)),
    )
    _check_plans(normal, before, findings)
    _check_times(normal, findings)
    _check_people(unit, normal, findings)
    if len(content.links) > MOST_LINKS:
        findings.add("/links", f"An activity has at most {MOST_LINKS} links.")
    if content.status == "cancelled":
        findings.add("/status", "Register the activity as planned, then cancel it with a reason.")
    findings.refuse()
    return normal


def _check_lists(unit: UnitOfWork, content: Content, findings: Findings, before: Content | None) -> None:
    """What was chosen when it was offered may stay."""
    wanted = {"/method": (known.METHOD, content.method)}
    if content.type is not None:
        wanted["/type"] = (known.TYPE, content.type)
    kept = {"/method": before.method, "/type": before.type} if before else {}
    same = frozenset(pointer for pointer, (_, code) in wanted.items() if kept.get(pointer) == code)
    check_codes(unit, findings, wanted, kept=same)


def _check_plans(content: Content, before: Content | None, findings: Findings) -> None:
    """Reminders and bookings are for what is planned; what was held keeps what it had."""
    if len(content.reminders) > MOST_REMINDERS or any(not 0 <= each <= EARLIEST for each in content.reminders):
        findings.add("/reminders", f"At most {MOST_REMINDERS} reminders, each between 0 and {EARLIEST} minutes before.")
    if content.status == "planned":
        return
    kept = before or Content(employee="", method="", direction="", status="", subject="")
    for name in ("reminders", "resources"):
        if getattr(content, name) != getattr(kept, name):
            findings.add(f"/{name}", "Only a planned activity has reminders and books resources.")


def _check_times(content: Content, findings: Findings) -> None:
    for name in ("planned_from", "planned_to", "held_from"):
        moment = getattr(content, name)
        if moment is not None and moment.tzinfo is None:
            findings.add(f"/{name}", "The time has no zone; write one such as 2026-03-01T10:00:00+01:00.")
            return
    if content.status == "planned":
        if content.direction == "incoming":
            findings.add("/status", "What comes in by itself cannot be planned; choose outgoing, or held.")
        if content.planned_from is None:
            findings.add("/planned_from", "A planned activity needs a time.")
        if content.held_from is not None:
            findings.add("/held_from", "A planned activity has not been held yet.")
    elif content.status == "held" and content.held_from is None:
        findings.add("/held_from", "Say when it took place.")
    if content.planned_to is not None and (content.planned_from is None or content.planned_to < content.planned_from):
        findings.add("/planned_to", "The end lies before the beginning.")
    if content.duration_seconds is not None and not 0 <= content.duration_seconds <= LONGEST_HELD:
        findings.add("/duration_seconds", "The duration is between 0 seconds and 7 days.")


def _check_people(unit: UnitOfWork, content: Content, findings: Findings) -> None:
    """Contacts belong to the customer; what was held with a customer names somebody there."""
    if content.customer_id is not None and unit.session.get(CustomerRow, content.customer_id) is None:
        findings.add("/customer_id", f"There is no customer {content.customer_id}.")
        return
    if len(content.participants) > MOST_PEOPLE:
        findings.add("/participants", f"At most {MOST_PEOPLE} people take part.")
        return
    asked = {"/contact_id": content.contact_id}
    for number, each in enumerate(content.participants):
        place = f"/participants/{number}"
        findings.choice(f"{place}/side", each.side, "The side", known.SIDES)
        asked[f"{place}/contact_id"] = each.contact_id
        if [each.account, each.contact_id, each.name].count(None) != 2:
            findings.add(place, "Name an account, a contact or a name, one of them.")
    ids = {key for key in asked.values() if key is not None}
    theirs = {key for key in ids if _works_for(unit, key, content.customer_id)}
    further = select(ContactPositionRow.contact_id).where(
        ContactPositionRow.contact_id.in_(ids - theirs), ContactPositionRow.customer_id == content.customer_id
    )
    theirs |= set(unit.session.scalars(further)) if ids - theirs else set()
    for place, key in asked.items():
        if key is not None and key not in theirs:
            findings.add(place, "This person does not belong to the chosen customer.")
    named = content.contact_id is not None or any(each.side == "customer" for each in content.participants)
    if content.customer_id is not None and content.status == "held" and not named:
        findings.add("/contact_id", "Say who at the customer took part: a contact, or a participant by name.")


def _works_for(unit: UnitOfWork, contact_id: str, customer_id: str | None) -> bool:
    row = unit.session.get(ContactRow, contact_id)
    return row is not None and row.customer_id == customer_id


def fill(row: ActivityRow, content: Content) -> None:
    """Put content into a row; participants and links are replaced where they differ."""
    for name in (
        "customer_id",
        "contact_id",
        "employee",
        "method",
        "direction",
        "type",
        "priority",
        "status",
        "state",
        "subject",
        "note",
        "planned_from",
        "planned_to",
        "held_from",
        "duration_seconds",
        "follows_id",
        "is_private",
    ):
        setattr(row, name, getattr(content, name))
    row.moment = moment_of(content.held_from, content.planned_from)
    row.search_text = words(content.subject, content.note)
    if participants_of(row) != content.participants:
        row.participants = [
            ActivityParticipantRow(
                position=number,
                side=each.side,
                account=each.account,
                contact_id=each.contact_id,
                name=each.name,
                moment=row.moment,
            )
            for number, each in enumerate(content.participants)
        ]
    for each in row.participants:
        each.moment = row.moment
    if set(links_of(row)) != set(content.links):
        row.links = [
            ActivityLinkRow(entity=each.entity, record_id=each.record_id) for each in dict.fromkeys(content.links)
        ]
    _remind(row, content)


def _remind(row: ActivityRow, content: Content) -> None:
    """Reminders stand before the planned time; one that moves into another time is told again."""
    if content.planned_from is None:
        return
    known = {each.minutes: each for each in row.reminders}
    row.reminders = [
        known.get(minutes) or ActivityReminderRow(minutes=minutes, due_at=content.planned_from)
        for minutes in content.reminders
    ]
    for each in row.reminders:
        due = content.planned_from - timedelta(minutes=each.minutes)
        if each.due_at != due:
            each.due_at, each.delivered_at = due, None


def moment_of(held_from: datetime | None, planned_from: datetime | None) -> datetime:
    """Where an activity stands in a list by time."""
    moment = held_from or planned_from
    if moment is None:
        raise ValueError("an activity has a time")  # `checked` has refused it
    return moment


def content_of(row: ActivityRow) -> Content:
    """What an activity says now."""
    return Content(
        employee=row.employee,
        method=row.method,
        direction=row.direction,
        status=row.status,
        subject=row.subject,
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        type=row.type,
        priority=row.priority,
        state=row.state,
        note=row.note,
        planned_from=row.planned_from,
        planned_to=row.planned_to,
        held_from=row.held_from,
        duration_seconds=row.duration_seconds,
        follows_id=row.follows_id,
        is_private=row.is_private,
        reminders=tuple(each.minutes for each in row.reminders),
        resources=resources_of(row),
        participants=participants_of(row),
        links=links_of(row),
    )


def participants_of(row: ActivityRow) -> tuple[Participant, ...]:
    """Who takes part, in the order in which they were entered."""
    return tuple(
        Participant(side=each.side, account=each.account, contact_id=each.contact_id, name=each.name)
        for each in row.participants
    )


def resources_of(row: ActivityRow) -> tuple[str, ...]:
    """The ids of the rooms and devices that it has."""
    session = object_session(row)
    numbers = [each.resource_number for each in row.bookings]
    if session is None or not numbers:
        return ()
    wanted = select(ResourceRow.id).where(ResourceRow.number.in_(numbers)).order_by(ResourceRow.number)
    return tuple(session.scalars(wanted))


def links_of(row: ActivityRow) -> tuple[Link, ...]:
    """The records that an activity is about."""
    return tuple(Link(entity=each.entity, record_id=each.record_id) for each in row.links)
