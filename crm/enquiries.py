"""Answering enquiries with offers: a draft from what came in, and how long customers wait for theirs."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.activities.content import Link, content_of
from crm.activities.registering import ChangeActivity, change_activity, found
from crm.errors import NotAnEnquiry, OfferNotFound
from crm.models import OfferRow
from crm.offer_content import Line, lines_of
from crm.offers import CreatedOffer, CreateOffer, create_offer, newest_version
from storage.unit_of_work import Reading, UnitOfWork

HALF, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferForEnquiry(Command):
    """Draft an offer for whoever an incoming activity is with.

    It begins with the lines of `like`, an offer by id or number, at the prices of today, else without any.
    """

    activity_id: str
    like: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTime:
    """How long customers waited for somebody's first offers: half of them, and nine of ten, no longer than this."""

    owner: str
    owner_name: str
    offers: int
    half: timedelta | None
    most: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTimes:
    """Of everybody, and by who answers for the offers, whoever sent most first."""

    offers: int
    half: timedelta | None
    most: timedelta | None
    waiting: int  # enquiries whose offer has not left yet
    by_owner: list[AnswerTime]


@handles(OfferForEnquiry, needs="offer.edit")
def offer_for_enquiry(command: OfferForEnquiry, unit: UnitOfWork) -> CreatedOffer:
    """Draft the offer, linked with the activity.

    Raises `ActivityNotFound`, `NotAnEnquiry`, `OfferNotFound`, and what keeps offers from being drafted.
    """
    activity = found(unit, command.activity_id)
    if activity.direction != "incoming" or activity.customer_id is None or activity.status == "cancelled":
        raise NotAnEnquiry
    lines = _lines_like(unit, command.like) if command.like else ()
    order = CreateOffer(customer_id=activity.customer_id, lines=lines, enquired_at=activity.moment)
    made = create_offer(order, unit)
    links = (*content_of(activity).links, Link(entity="crm.offer", record_id=made.id))
    change_activity(ChangeActivity(activity_id=activity.id, changes={"links": links}), unit)
    return made


def answer_times(view: Reading, since: datetime, until: datetime) -> AnswerTimes:
    """The time from enquiry to offer of those offers that left first in this span, its end excluded."""
    require_read(view)
    waited = func.extract("epoch", OfferRow.sent_at - OfferRow.enquired_at)
    figures = (
        func.count(),
        func.percentile_disc(HALF).within_group(waited),
        func.percentile_disc(MOST).within_group(waited),
    )
    answered = OfferRow.enquired_at.is_not(None), OfferRow.sent_at >= since, OfferRow.sent_at < until
    count, half, most = view.session.execute(select(*figures).where(*answered)).one()
    named = func.max(OfferRow.owner_name)
    rows = view.session.execute(
        select(OfferRow.owner, named, *figures)
        .where(*answered)
        .group_by(OfferRow.owner)
        .order_by(func.count().desc(), OfferRow.owner)
    )
    waiting = select(func.count()).where(
        OfferRow.enquired_at >= since,
        OfferRow.enquired_at < until,
        OfferRow.sent_at.is_(None),
        OfferRow.state.in_(("draft", "in_approval", "approved")),
    )
    return AnswerTimes(
        offers=count,
        half=_span(half),
        most=_span(most),
        waiting=view.session.scalars(waiting).one(),
        by_owner=[
            AnswerTime(owner=owner, owner_name=name, offers=number, half=_span(half), most=_span(most))
            for owner, name, number, half, most in rows
        ],
    )


def _lines_like(unit: UnitOfWork, key: str) -> tuple[Line, ...]:
    """The lines of another offer, without prices where a product gives them."""
    offer = unit.session.scalars(select(OfferRow).where((OfferRow.id == key) | (OfferRow.number == key))).first()
    if offer is None:
        raise OfferNotFound(key)
    return tuple(_line(each) for each in lines_of(newest_version(unit, offer)))


def _line(line: Line) -> Line:
    if line.product_id is None:
        return line
    return Line(product_id=line.product_id, quantity=line.quantity, description=line.description)


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=float(seconds))
