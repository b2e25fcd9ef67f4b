"""How an order came about: from the campaign through mailings, enquiry, meetings and offer to the contract.

What is linked counts: activities about the offer, the order or their cases, what those follow, and what follows them.
Of mailings those count, too, that the customer got before the first of it.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.orm import aliased

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityLinkRow, ActivityRow
from crm.activities.privacy import visible_activities
from crm.campaigns.models import CampaignRow
from crm.campaigns.running import CAMPAIGN
from crm.company import company
from crm.links.models import RecordLinkRow
from crm.mailings.models import MailingRow
from crm.merging import family
from crm.models import OfferDecisionRow, OfferRow, OfferVersionRow, OrderRow
from crm.outbox.models import MessageRow
from crm.outbox.words import CANCELLED, FAILED
from crm.queries import order as order_of
from storage.unit_of_work import Reading

ACTIVITY, CASE, OFFER, ORDER = "crm.activity", "case", "crm.offer", "crm.order"
KINDS = ("campaign", "mailing", "enquiry", "contact", "offer", "approval", "order")
LOOKED_BACK = timedelta(days=365)  # for mailings before the first contact
MOST = 200  # activities
MAILINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One step on the way; `record` and `id` are what opens, a version of an offer has its number besides."""

    kind: str
    moment: datetime
    record: str
    id: str
    title: str
    detail: str | None = None
    state: str | None = None
    version: int | None = None
    employee: str | None = None
    amount: Decimal | None = None
    currency: str | None = None


def origins(view: Reading, key: str, cases: Collection[str] = (), caused: Collection[str] = ()) -> list[Origin]:
    """The steps in the order of time, the order last. Raises `OrderNotFound`.

    `cases` are about the order or its offer, `caused` are the activities that these are about.
    """
    require_read(view)
    row = view.session.get_one(OrderRow, order_of(view, key).id)
    offer = view.session.get(OfferRow, row.offer_id) if row.offer_id else None
    known = _activities(view, row, cases, caused)
    mailed = set(view.session.scalars(select(MailingRow.activity_id).where(MailingRow.activity_id.in_(known))))
    contacts = [_contact(each) for key, each in known.items() if key not in mailed and each.moment <= row.created_at]
    steps = [*contacts, *_offered(view, offer)]
    first = min((each.moment for each in steps), default=row.created_at)
    mailings = _mailings(view, row.customer_id, first, mailed)
    records = {ACTIVITY: {*known, *(each.id for each in mailings)}, ORDER: {row.id}, OFFER: {row.offer_id or ""}}
    steps += [*mailings, *_campaigns(view, records)]
    return [*sorted(steps, key=lambda each: (each.moment, KINDS.index(each.kind), each.id)), _ordered(row)]


def about(view: Reading, key: str) -> list[tuple[str, str]]:
    """The order and its offer, as links name them. Raises `OrderNotFound`."""
    found = order_of(view, key)
    offer_id = view.session.scalar(select(OrderRow.offer_id).where(OrderRow.id == found.id))
    return [(ORDER, found.id), *([(OFFER, offer_id)] if offer_id else [])]


def _activities(
    view: Reading, row: OrderRow, cases: Collection[str], caused: Collection[str]
) -> dict[str, ActivityRow]:
    """Those that are linked, what they follow and what follows them."""
    ends = [(ORDER, row.id), *((CASE, each) for each in cases)]
    if row.offer_id:
        ends.append((OFFER, row.offer_id))
    linked = select(ActivityLinkRow.activity_id).where(
        tuple_(ActivityLinkRow.entity, ActivityLinkRow.record_id).in_(ends)
    )
    begun = or_(ActivityRow.id.in_(linked), ActivityRow.id.in_(list(caused)))
    before = select(ActivityRow.id, ActivityRow.follows_id).where(begun).cte(recursive=True)
    earlier = aliased(ActivityRow)
    before = before.union(select(earlier.id, earlier.follows_id).join(before, earlier.id == before.c.follows_id))
    chain = select(before.c.id).cte(recursive=True)
    later = aliased(ActivityRow)
    theirs = or_(later.customer_id.is_(None), later.customer_id.in_(family(view, row.customer_id)))
    chain = chain.union(select(later.id).join(chain, and_(later.follows_id == chain.c.id, theirs)))
    wanted = select(ActivityRow).where(
        ActivityRow.id.in_(select(chain.c.id)), ActivityRow.status != "cancelled", visible_activities(view)
    )
    rows = view.session.scalars(wanted.order_by(ActivityRow.moment, ActivityRow.id).limit(MOST))
    return {each.id: each for each in rows}


def _contact(row: ActivityRow) -> Origin:
    return Origin(
        kind="enquiry" if row.direction == "incoming" else "contact",
        moment=row.moment,
        record=ACTIVITY,
        id=row.id,
        title=row.subject,
        detail=row.method,
        state=row.status,
        employee=row.employee,
    )


def _offered(view: Reading, offer: OfferRow | None) -> list[Origin]:
    """Each version, and what was decided on it."""
    if offer is None:
        return []
    versions = view.session.scalars(select(OfferVersionRow).where(OfferVersionRow.offer_id == offer.id))
    decisions = view.session.scalars(select(OfferDecisionRow).where(OfferDecisionRow.offer_id == offer.id))
    return [
        *(
            Origin(
                kind="offer",
                moment=each.created_at,
                record=OFFER,
                id=offer.id,
                title=offer.number,
                state=each.state,
                version=each.n,
                employee=each.author,
                amount=each.gross,
                currency=each.currency,
            )
            for each in versions
        ),
        *(
            Origin(
                kind="approval",
                moment=each.decided_at,
                record=CASE,
                id=each.case_id,
                title=offer.number,
                detail=each.comment,
                state=each.decision,
                version=each.version,
                employee=each.actor,
            )
            for each in decisions
        ),
    ]


def _mailings(view: Reading, customer_id: str, first: datetime, linked: Collection[str]) -> list[Origin]:
    """Those that the chain names, and those that the customer got in the year before it began."""
    got = (
        select(MessageRow.about_id)
        .where(
            MessageRow.about_entity == ACTIVITY,
            MessageRow.customer_id.in_(family(view, customer_id)),
            MessageRow.created_at >= first - LOOKED_BACK,
            MessageRow.created_at <= first,
            MessageRow.state.not_in((CANCELLED, FAILED)),
        )
        .scalar_subquery()
    )
    wanted = (
        select(ActivityRow)
        .join(MailingRow, MailingRow.activity_id == ActivityRow.id)
        .where(or_(ActivityRow.id.in_(list(linked)), ActivityRow.id.in_(got)), visible_activities(view))
        .order_by(ActivityRow.moment.desc())
        .limit(MAILINGS)
    )
    return [
        Origin(
            kind="mailing",
            moment=row.moment,
            record=ACTIVITY,
            id=row.id,
            title=row.subject,
            state=row.status,
            employee=row.employee,
        )
        for row in view.session.scalars(wanted)
    ]


def _campaigns(view: Reading, records: dict[str, set[str]]) -> list[Origin]:
    """The campaigns that any of the records is linked with."""
    ends = [(kind, each) for kind, ids in records.items() for each in ids if each]
    activities = [each for kind, each in ends if kind == ACTIVITY]
    named = select(ActivityLinkRow.record_id).where(
        ActivityLinkRow.entity == CAMPAIGN, ActivityLinkRow.activity_id.in_(activities)
    )
    there = select(RecordLinkRow.to_id).where(
        RecordLinkRow.to_kind == CAMPAIGN, tuple_(RecordLinkRow.from_kind, RecordLinkRow.from_id).in_(ends)
    )
    back = select(RecordLinkRow.from_id).where(
        RecordLinkRow.from_kind == CAMPAIGN, tuple_(RecordLinkRow.to_kind, RecordLinkRow.to_id).in_(ends)
    )
    wanted = select(CampaignRow).where(
        or_(CampaignRow.id.in_(named), CampaignRow.id.in_(there), CampaignRow.id.in_(back))
    )
    zone = ZoneInfo(company(view).time_zone)
    return [
        Origin(
            kind="campaign",
            moment=datetime.combine(row.begins_on, time(), zone),
            record=CAMPAIGN,
            id=row.id,
            title=row.name,
            detail=row.goal,
            employee=row.owner,
        )
        for row in view.session.scalars(wanted)
    ]


def _ordered(row: OrderRow) -> Origin:
    return Origin(
        kind="order",
        moment=row.created_at,
        record=ORDER,
        id=row.id,
        title=row.number,
        state=row.state,
        employee=row.owner,
        amount=row.gross,
        currency=row.currency,
    )
