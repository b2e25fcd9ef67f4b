"""Reading mailings: how many were written to and what became of it, and who of a segment can be written to at all."""

from sqlalchemy import func, select

from core.records import dataclass
from crm.access import require_read
from crm.mailings.models import LeftOutRow, MailingRow
from crm.mailings.sending import messages_of
from crm.outbox import words as known
from crm.outbox.models import MessageRow
from crm.outbox.reaching import letter_objection, reached, ways
from crm.segments.queries import Member, members, segment
from crm.segments.rules import CUSTOMER
from storage.unit_of_work import Reading

FIRST = 200  # members that are looked at before a mailing
SHOWN = 50  # of those who were left out


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Somebody who gets nothing, and why."""

    id: str
    name: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """Of the first members of a segment: how many can be written to, and who is left out; `total` are all members."""

    total: int | None
    looked_at: int
    reachable: int
    left_out: list[LeftOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """A mailing; `states` maps the state of its mails to how many there are."""

    activity_id: str
    segment_id: str
    segment_name: str
    purpose: str
    subject: str
    members: int
    queued: int
    left_out: int
    has_begun: bool
    is_over: bool
    states: dict[str, int]
    first_left_out: list[LeftOut]


def mailing_of(view: Reading, activity_id: str) -> Mailing | None:
    """What an activity sends; None for one that is no mailing."""
    require_read(view)
    row = view.session.get(MailingRow, activity_id)
    if row is None:
        return None
    counted = select(MessageRow.state, func.count()).where(messages_of(activity_id)).group_by(MessageRow.state)
    listed = select(LeftOutRow).where(LeftOutRow.activity_id == activity_id).order_by(LeftOutRow.record_id)
    return Mailing(
        activity_id=row.activity_id,
        segment_id=row.segment_id,
        segment_name=segment(view, row.segment_id).name,
        purpose=row.purpose,
        subject=row.subject,
        members=row.members,
        queued=row.queued,
        left_out=row.left_out,
        has_begun=row.snapshot_id is not None,
        is_over=row.ended_at is not None,
        states=dict(view.session.execute(counted).all()),
        first_left_out=[
            LeftOut(id=each.record_id, name=each.name, sentence=each.sentence)
            for each in view.session.scalars(listed.limit(SHOWN))
        ],
    )


def reachable(view: Reading, segment_id: str, *, channel: str, purpose: str) -> Reachable:
    """Who of a segment would be left out of a mailing or of letters, by consent, wishes, bars and missing addresses."""
    group = segment(view, segment_id)
    found = members(view, segment_id, limit=FIRST)
    left_out = []
    for each in found.items:
        why = _why_not(view, each, channel=channel, purpose=purpose, is_firm=group.subject == CUSTOMER)
        if why is not None:
            left_out.append(LeftOut(id=each.id, name=each.name, sentence=why))
    looked_at = len(found.items)
    return Reachable(
        total=found.total, looked_at=looked_at, reachable=looked_at - len(left_out), left_out=left_out[:SHOWN]
    )


def _why_not(view: Reading, member: Member, *, channel: str, purpose: str, is_firm: bool) -> str | None:
    if channel == known.LETTER and (why := letter_objection(view, member.customer_id, purpose)) is not None:
        return why
    whom = reached(view, member.customer_id, None if is_firm else member.id)
    found = ways(view, whom, purpose=purpose, channel=channel)
    return None if any(each.channel == channel for each in found.open) else found.closed[channel]
