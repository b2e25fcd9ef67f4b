"""Planning a mailing, and sending it batch by batch when its time has come.

How far it is stands in its row, behind whose lock a batch is queued; the key of a mail is made of mailing and member,
so a worker that dies loses nothing and writes to nobody twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select

from core.errors import DomainError
from core.executor import handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from crm.access import kept_rights, with_kept_rights
from crm.activities.content import Content, Link
from crm.activities.models import ActivityRow
from crm.activities.registering import RegisterActivity, register_activity
from crm.activities.settling import HoldActivity, hold_activity
from crm.campaigns.running import CAMPAIGN, campaign
from crm.checks import Findings
from crm.mailings.errors import MailingNotFound
from crm.mailings.events import MailingBegun, MailingPlanned, MailingQueued
from crm.mailings.models import LeftOutRow, MailingRow
from crm.models import ContactRow, CustomerRow
from crm.outbox import words as known
from crm.outbox.models import MessageRow
from crm.outbox.queueing import About, Letterhead, QueueMessage, queue
from crm.outbox.texts import text_named
from crm.runs import Host
from crm.segments.defining import TakeSnapshot, take_snapshot
from crm.segments.models import SegmentSnapshotMemberRow, SegmentSnapshotRow
from crm.segments.queries import segment
from crm.segments.rules import CUSTOMER
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

RUN = "crm.mailings.run"
RIGHT = "activity.edit"
RIGHTS_KEPT = (RIGHT, known.SEND, "customer.read", "customer.edit", "offer.edit")
ACTIVITY = "crm.activity"
BATCH = 50  # members that are looked at together
TURN = 40  # batches until other jobs have their turn
MOST_DUE = 50  # mailings that one look finds


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMailing(Command):
    """Plan an outgoing contact by e-mail with all members of a segment; words come from a text where one is named."""

    segment_id: str
    at: datetime
    subject: str = ""
    text: str = ""
    template: str | None = None
    purpose: str = known.MARKETING
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNext(Command):
    """Queue the mails of the next members of a mailing whose time has come."""

    quiet: ClassVar[bool] = True
    activity_id: str


@handles(PlanMailing, needs=known.SEND)
def plan_mailing(command: PlanMailing, unit: UnitOfWork) -> str:
    """The id of the activity. Raises `SegmentNotFound`, `CampaignNotFound`, `TextNotFound`, `WrongFields`."""
    group = segment(unit, command.segment_id)
    findings = Findings()
    findings.choice("/purpose", command.purpose, "The purpose", known.PURPOSES)
    if command.template is None:
        findings.text("/subject", command.subject, "The subject", longest=400)
        findings.text("/text", command.text, "The text", longest=100_000)
    findings.refuse()
    about = [Link(entity="crm.segment", record_id=group.id)]
    if command.campaign_id is not None:
        about.append(Link(entity=CAMPAIGN, record_id=campaign(unit, command.campaign_id).id))
    title = command.subject.strip() or (text_named(unit, command.template).title if command.template else "")
    content = Content(
        employee=unit.actor.id,
        method="email",
        direction="outgoing",
        status="planned",
        subject=f"{title} – {group.name}",
        planned_from=command.at,
        links=tuple(about),
    )
    activity_id = register_activity(RegisterActivity(content=content), unit)
    unit.session.flush()  # the mailing names the activity without a relationship
    unit.session.add(
        MailingRow(
            activity_id=activity_id,
            segment_id=group.id,
            purpose=command.purpose,
            subject=command.subject.strip(),
            text=command.text,
            template=command.template,
            planned_by=unit.actor.id,
            planned_name=unit.actor.name,
            rights=kept_rights(unit.actor, RIGHTS_KEPT),
            members=0,
            queued=0,
            left_out=0,
        )
    )
    unit.emit(
        MailingPlanned(
            activity_id=activity_id,
            segment_id=group.id,
            at=command.at.isoformat(),
            purpose=command.purpose,
            template=command.template,
        )
    )
    return activity_id


@handles(SendNext, needs=RIGHT)
def send_next(command: SendNext, unit: UnitOfWork) -> bool:
    """Whether there may be more to do. Raises `MailingNotFound`."""
    row = unit.session.get(MailingRow, command.activity_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise MailingNotFound(command.activity_id)
    activity = unit.session.get_one(ActivityRow, row.activity_id, with_for_update=True)
    now = unit.clock.now()
    if row.ended_at is not None or activity.status != "planned" or (activity.planned_from or now) > now:
        return False
    if row.snapshot_id is None:
        _begin(unit, row, activity)
    listed = select(SegmentSnapshotMemberRow.record_id).where(SegmentSnapshotMemberRow.snapshot_id == row.snapshot_id)
    if row.behind is not None:
        listed = listed.where(SegmentSnapshotMemberRow.record_id > row.behind)
    ids = list(unit.session.scalars(listed.order_by(SegmentSnapshotMemberRow.record_id).limit(BATCH)))
    is_firms = segment(unit, row.segment_id).subject == CUSTOMER
    for each in ids:
        _write_to(unit, row, each, is_firm=is_firms)
        row.behind = each
    if len(ids) < BATCH:
        _end(unit, row, activity, now)
    return len(ids) == BATCH


@job(RUN)
def run_mailing(host: Host, arguments: dict[str, Any]) -> None:
    """Send batch after batch, as whoever planned it; then other jobs have their turn."""
    activity_id = str(arguments["activity_id"])
    with host.units.reading(SYSTEM) as view:
        row = view.session.get(MailingRow, activity_id)
        if row is None:
            return
        actor = with_kept_rights(row.planned_by, row.planned_name, row.rights)
    for _ in range(TURN):
        if not host.executor.execute(SendNext(activity_id=activity_id), actor=actor):
            return
    with host.units.begin(SYSTEM) as unit:
        unit.enqueue(job_of(activity_id))
        unit.commit()


def job_of(activity_id: str) -> JobRequest:
    """The job of a mailing; asked for twice it is one."""
    return JobRequest(name=RUN, arguments={"activity_id": activity_id}, once=f"{RUN}:{activity_id}")


def ask_for_mailings(host: Host) -> Sequence[str]:
    """Have workers send the mailings whose time has come; returns which."""
    with host.units.begin(SYSTEM) as unit:
        due = (
            select(MailingRow.activity_id)
            .join(ActivityRow, ActivityRow.id == MailingRow.activity_id)
            .where(
                MailingRow.ended_at.is_(None),
                ActivityRow.status == "planned",
                ActivityRow.planned_from <= unit.clock.now(),
            )
            .order_by(ActivityRow.planned_from)
        )
        found = list(unit.session.scalars(due.limit(MOST_DUE)))
        for each in found:
            unit.enqueue(job_of(each))
        unit.commit()
    return found


def _begin(unit: UnitOfWork, row: MailingRow, activity: ActivityRow) -> None:
    order = TakeSnapshot(segment_id=row.segment_id, reason=f"Mailing: {activity.subject}"[:400])
    row.snapshot_id = take_snapshot(order, unit)
    row.members = unit.session.get_one(SegmentSnapshotRow, row.snapshot_id).size
    unit.emit(
        MailingBegun(
            activity_id=row.activity_id, segment_id=row.segment_id, snapshot_id=row.snapshot_id, members=row.members
        )
    )


def _write_to(unit: UnitOfWork, row: MailingRow, record_id: str, *, is_firm: bool) -> None:
    """Queue one mail, or keep why there is none."""
    order = QueueMessage(
        customer_id=record_id if is_firm else None,
        contact_id=None if is_firm else record_id,
        channel=known.EMAIL,
        subject=row.subject,
        text=row.text,
        template=row.template,
        purpose=row.purpose,
        about=About(entity=ACTIVITY, id=row.activity_id),
        letterhead=Letterhead(sender_name=row.planned_name),
        key=f"mailing:{row.activity_id}:{record_id}",
    )
    try:
        queue(order, unit)
    except DomainError as error:
        table: type[CustomerRow | ContactRow] = CustomerRow if is_firm else ContactRow
        name = unit.session.scalar(select(table.name).where(table.id == record_id))
        reasons = error.details.get("reasons") or {}
        sentence = str(reasons.get(known.EMAIL) or error.sentence)
        unit.session.add(
            LeftOutRow(activity_id=row.activity_id, record_id=record_id, name=name or record_id, sentence=sentence)
        )
        row.left_out += 1
    else:
        row.queued += 1


def _end(unit: UnitOfWork, row: MailingRow, activity: ActivityRow, now: datetime) -> None:
    row.ended_at = now
    told = f"{row.queued} of {row.members} members were written to, {row.left_out} left out."
    note = f"{activity.note}\n{told}" if activity.note else told
    hold_activity(HoldActivity(activity_id=row.activity_id, held_from=now, note=note), unit)
    unit.emit(
        MailingQueued(
            activity_id=row.activity_id,
            segment_id=row.segment_id,
            members=row.members,
            queued=row.queued,
            left_out=row.left_out,
        )
    )


def messages_of(activity_id: str) -> Any:
    """The condition that a message belongs to a mailing."""
    return (MessageRow.about_entity == ACTIVITY) & (MessageRow.about_id == activity_id)
