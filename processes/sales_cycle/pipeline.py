"""Reads opportunities: lists, one of them, and the figures of selling."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from core.records import dataclass
from crm.access import require_read
from crm.models import CustomerRow
from engine.models import InstanceRow
from engine.reports.cohorts import SEE_ALL
from processes.sales_cycle.models import OpportunityRow
from processes.sales_cycle.opportunities import LOST, OPEN, WON, OpportunityNotFound
from storage.unit_of_work import Reading

MOST = 200  # of one page
COUNTED = 1000  # that are counted; of more it is only said that there are more
WEIGHTED = OpportunityRow.value * OpportunityRow.probability / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """One opportunity with where its case stands."""

    id: str
    number: str
    case_id: str
    customer_id: str
    customer_name: str
    subject: str | None
    need: str | None
    source: str | None
    owner: str | None
    value: Decimal | None
    probability: Decimal
    weighted: Decimal | None
    close_expected: date | None
    state: str
    stage: str | None
    loss_reason: str | None
    competitor: str | None
    price_gap: Decimal | None
    offer_id: str | None
    offers: int
    order_id: str | None
    opened_at: datetime
    closed_at: datetime | None
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityFilter:
    """Which opportunities; None asks for all."""

    state: str | None = None
    owner: str | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityPage:
    """Some of them, the newest number first; `total` is None when there are more than 1 000."""

    items: list[Opportunity]
    next: str | None
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """What one person sold of what was closed in the period, and has open now."""

    owner: str | None
    open: int
    open_value: Decimal
    weighted: Decimal
    won: int
    won_value: Decimal
    lost: int
    lost_value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesFigures:
    """By person, why what was lost was lost, what won ones took; `months` are the first days of months."""

    by_owner: list[Seller]
    reasons: list[tuple[str, int]]
    months: list[tuple[date, int, int]]  # won, lost
    cycle: timedelta | None  # mean, of won ones, from the qualified lead to the order
    versions: Decimal | None  # of offers, mean, of what was closed

    def total(self, name: str) -> Any:
        """The sum of a column over all people."""
        return sum((getattr(each, name) for each in self.by_owner), Decimal(0) if "val" in name else 0)

    @property
    def win_rate(self) -> Decimal | None:
        """Won of won and lost, by number; open ones are left out."""
        return _part(self.total("won"), self.total("won") + self.total("lost"))

    @property
    def value_rate(self) -> Decimal | None:
        """The same by value."""
        return _part(self.total("won_value"), self.total("won_value") + self.total("lost_value"))

    @property
    def velocity(self) -> Decimal | None:
        """What is sold in a day: open ones x mean value of won ones x win rate / mean days of won ones."""
        won, rate = Decimal(self.total("won")), self.win_rate
        if not won or rate is None or not self.cycle:
            return None
        days = Decimal(str(self.cycle.total_seconds())) / 86400
        mean, going = Decimal(self.total("won_value")) / won, Decimal(self.total("open"))
        return going * mean * rate / days


def opportunities(
    view: Reading, wanted: OpportunityFilter, *, after: str | None = None, limit: int = 50
) -> OpportunityPage:
    """Opportunities that the asking person may see, by number. Raises `Forbidden`."""
    require_read(view)
    rows = _rows()
    for column, value in (
        (OpportunityRow.state, wanted.state),
        (OpportunityRow.owner, wanted.owner),
        (OpportunityRow.customer_id, wanted.customer_id),
    ):
        if value is not None:
            rows = rows.where(column == value)
    counted = select(func.count()).select_from(rows.with_only_columns(OpportunityRow.id).limit(COUNTED + 1).subquery())
    total = view.session.scalars(counted).one()
    if after is not None:
        rows = rows.where(OpportunityRow.number < after)
    size = max(1, min(limit, MOST))
    found = view.session.execute(rows.order_by(OpportunityRow.number.desc()).limit(size + 1)).all()
    items = [_opportunity(each) for each in found[:size]]
    following = items[-1].number if len(found) > size else None
    return OpportunityPage(items=items, next=following, total=total if total <= COUNTED else None)


def opportunity(view: Reading, key: str) -> Opportunity:
    """One, by id, number or the id of its case. Raises `OpportunityNotFound`, `Forbidden`."""
    require_read(view)
    mine = (OpportunityRow.id == key) | (OpportunityRow.number == key) | (OpportunityRow.case_id == key)
    found = view.session.execute(_rows().where(mine)).first()
    if found is None:
        raise OpportunityNotFound(key)
    return _opportunity(found)


def sales_figures(view: Reading, since: datetime, until: datetime, zone: str) -> SalesFigures:
    """Of opportunities that were closed in the period, and of open ones as they are now. Raises `Forbidden`.

    Who does not see all figures sees those of their own opportunities.
    """
    require_read(view)
    mine: Sequence[ColumnElement[bool]] = ()
    if not view.actor.may(SEE_ALL):
        mine = (OpportunityRow.owner == view.actor.id,)
    inside = (OpportunityRow.closed_at >= since) & (OpportunityRow.closed_at < until)
    closed = (inside, OpportunityRow.state.in_((WON, LOST)), *mine)
    month = func.date_trunc("month", func.timezone(zone, OpportunityRow.closed_at)).label("month")
    won, lost = (func.count().filter(OpportunityRow.state == state) for state in (WON, LOST))
    reasons = (
        select(func.coalesce(OpportunityRow.loss_reason, "other").label("reason"), func.count().label("cases"))
        .where(*closed, OpportunityRow.state == LOST)
        .group_by("reason")
        .order_by(func.count().desc(), "reason")
    )
    took = func.avg(OpportunityRow.closed_at - OpportunityRow.opened_at).filter(OpportunityRow.state == WON)
    means = view.session.execute(select(took, func.avg(OpportunityRow.offers)).where(*closed)).one()
    months = select(month, won, lost).where(*closed).group_by("month").order_by("month")
    return SalesFigures(
        by_owner=_by_owner(view, closed, mine),
        reasons=[(str(reason), count) for reason, count in view.session.execute(reasons)],
        months=[(each.date(), first, second) for each, first, second in view.session.execute(months)],
        cycle=means[0],
        versions=means[1],
    )


def _by_owner(
    view: Reading, closed: Sequence[ColumnElement[bool]], mine: Sequence[ColumnElement[bool]]
) -> list[Seller]:
    """One look at what is open, one at what was closed."""
    value, row = func.coalesce(func.sum(OpportunityRow.value), 0), OpportunityRow
    is_won, is_lost = row.state == WON, row.state == LOST
    ended = select(
        row.owner,
        func.count().filter(is_won).label("won"),
        func.coalesce(func.sum(case((is_won, row.value))), 0).label("won_value"),
        func.count().filter(is_lost).label("lost"),
        func.coalesce(func.sum(case((is_lost, row.value))), 0).label("lost_value"),
    )
    going = select(
        row.owner,
        func.count().label("open"),
        value.label("open_value"),
        func.coalesce(func.sum(WEIGHTED), 0).label("weighted"),
    )
    found: dict[str | None, dict[str, Any]] = {}
    for query in (ended.where(*closed), going.where(row.state == OPEN, *mine)):
        for each in view.session.execute(query.group_by(row.owner)).mappings():
            found.setdefault(each["owner"], {}).update(each)
    empty = dict.fromkeys(("open", "won", "lost"), 0) | {
        name: Decimal(0) for name in ("open_value", "weighted", "won_value", "lost_value")
    }
    sellers = [Seller(**{**empty, **each}) for each in found.values()]
    return sorted(sellers, key=lambda each: (-each.won_value, -each.weighted, each.owner or ""))


def _rows() -> Any:
    return (
        select(OpportunityRow, CustomerRow.name, InstanceRow.stage)
        .join(CustomerRow, CustomerRow.id == OpportunityRow.customer_id)
        .outerjoin(InstanceRow, InstanceRow.id == OpportunityRow.case_id)
    )


def _opportunity(found: Any) -> Opportunity:
    row, customer, stage = found
    names = ("id", "number", "case_id", "customer_id", "subject", "need", "source", "owner", "value", "probability")
    more = ("close_expected", "state", "loss_reason", "competitor", "price_gap", "offer_id", "offers", "order_id")
    known = {name: getattr(row, name) for name in (*names, *more, "opened_at", "closed_at", "row_version")}
    weighted = None if row.value is None else (row.value * row.probability / 100).quantize(Decimal("0.01"))
    return Opportunity(**known, customer_name=customer, stage=stage if row.state == OPEN else None, weighted=weighted)


def _part(part: Any, whole: Any) -> Decimal | None:
    return Decimal(part) / Decimal(whole) if whole else None
