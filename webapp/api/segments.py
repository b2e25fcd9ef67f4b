"""Segments and groups of customers and people, the nine cells, and price lists."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from crm.classes import MONTHS, Matrix, matrix
from crm.customer_search import criteria_of
from crm.mailings.errors import MailingNotFound
from crm.mailings.queries import Mailing, Reachable, mailing_of, reachable
from crm.mailings.sending import PlanMailing
from crm.pricing.lists import ListedPrice, PriceList, PriceListDetail, SavePriceList, price_list, price_lists
from crm.segments import queries
from crm.segments.defining import ChangeSegment, CreateSegment, PickMembers, RemoveMembers, TakeSnapshot
from crm.segments.queries import Members, Overlap, Segment, Snapshot, SnapshotMembers
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("segments")
REFUSALS = (403, 404, 409, 422)


class SegmentBody(Body):
    """A segment; `criteria` are those of `POST /customers/search`, with fields of people, contacts and purchases."""

    name: str
    kind: str = "rule"
    subject: str = "customer"
    criteria: dict[str, Any] = Field(default_factory=dict)
    description: str | None = None
    parent_id: str | None = None


class SegmentChanges(Body):
    """Only what is given changes; `version` is the one that was read."""

    version: int | None = None
    name: str | None = None
    description: str | None = None
    criteria: dict[str, Any] | None = None
    parent_id: str | None = None
    is_retired: bool | None = None


class PreviewBody(Body):
    """A rule that is not kept yet."""

    subject: str = "customer"
    criteria: dict[str, Any] = Field(default_factory=dict)


class MembersBody(Body):
    """Ids of customers, or of people."""

    ids: list[str] = Field(max_length=10_000)


class MailingBody(Body):
    """A mail to each member; words come from a text for messages where one is named."""

    at: AwareDatetime
    subject: str = Field(default="", max_length=400)
    text: str = Field(default="", max_length=100_000)
    template: str | None = Field(default=None, max_length=64)
    purpose: Literal["marketing", "business", "greeting"] = "marketing"
    campaign_id: str | None = Field(default=None, max_length=26)


class ReachQuery(Body):
    """For what."""

    channel: Literal["email", "sms", "letter"] = "email"
    purpose: Literal["marketing", "business", "greeting"] = "marketing"


class SnapshotBody(Body):
    """Why."""

    reason: str


class PageQuery(Body):
    """Page by page."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class OverlapQuery(Body):
    """The other segment."""

    other: str


class MatrixQuery(Body):
    """How many whole months count."""

    months: int = Field(default=MONTHS, ge=3, le=60)


class PriceBody(Body):
    """What a product costs from a quantity on; `most_discount` is in per cent."""

    product_id: str
    price: Decimal
    from_quantity: Decimal = Decimal(0)
    most_discount: Decimal | None = None


class PriceListBody(Body):
    """A price list as a whole; with `id` and `version` it replaces one."""

    name: str
    currency: str
    valid_from: date
    valid_until: date | None = None
    customer_id: str | None = None
    segment_id: str | None = None
    is_retired: bool = False
    prices: list[PriceBody] = Field(max_length=20_000)
    id: str | None = None
    version: int | None = None


@routes.get("/segments", "All segments, each below its parent", answer=list[Segment], refusals=(403,))
def segments() -> Any:
    """List segments."""
    with view() as reading:
        return queries.segments(reading, retired=True)


@routes.post("/segments", "Define a segment", body=SegmentBody, answer=Segment, status=201, refusals=REFUSALS)
def create_segment(body: SegmentBody) -> Segment:
    """Define a segment."""
    return _segment(run(CreateSegment(**body.model_dump() | {"criteria": criteria_of(body.criteria)})))


@routes.post("/segments/preview", "Who would be in it", body=PreviewBody, answer=Members, refusals=(403, 422))
def preview(body: PreviewBody) -> Members:
    """Ask a rule without keeping it."""
    with view() as reading:
        return queries.preview(reading, body.subject, criteria_of(body.criteria))


@routes.get("/segments/matrix", "Customers by ABC and XYZ", query=MatrixQuery, answer=Matrix, refusals=(403, 422))
def cells(query: MatrixQuery) -> Matrix:
    """Count customers by class."""
    with view() as reading:
        return matrix(reading, months=query.months)


@routes.get("/segments/<id:segment_id>", "One segment", answer=Segment, refusals=(403, 404))
def segment(segment_id: str) -> Segment:
    """Read a segment."""
    return _segment(segment_id)


@routes.patch("/segments/<id:segment_id>", "Change a segment", body=SegmentChanges, answer=Segment, refusals=REFUSALS)
def change_segment(segment_id: str, body: SegmentChanges) -> Segment:
    """Change a segment."""
    changes = body.model_dump(exclude_unset=True, exclude={"version"})
    if "criteria" in changes:
        changes["criteria"] = criteria_of(changes["criteria"] or {})
    run(ChangeSegment(segment_id=segment_id, changes=changes, expected_version=body.version))
    return _segment(segment_id)


@routes.get(
    "/segments/<id:segment_id>/members", "Who is in it now", query=PageQuery, answer=Members, refusals=(403, 404)
)
def members(segment_id: str, query: PageQuery) -> Members:
    """Read the members."""
    with view() as reading:
        return queries.members(reading, segment_id, after=query.after, limit=query.limit)


@routes.post(
    "/segments/<id:segment_id>/members", "Pick members into a group", body=MembersBody, answer=int, refusals=REFUSALS
)
def pick_members(segment_id: str, body: MembersBody) -> Any:
    """Pick members."""
    return run(PickMembers(segment_id=segment_id, ids=tuple(body.ids)))


@routes.post("/segments/<id:segment_id>/removals", "Take members out", body=MembersBody, answer=int, refusals=REFUSALS)
def remove_members(segment_id: str, body: MembersBody) -> Any:
    """Remove members."""
    return run(RemoveMembers(segment_id=segment_id, ids=tuple(body.ids)))


@routes.get(
    "/segments/<id:segment_id>/overlap",
    "What it shares with another",
    query=OverlapQuery,
    answer=Overlap,
    refusals=(403, 404),
)
def overlap(segment_id: str, query: OverlapQuery) -> Overlap:
    """Compare two segments."""
    with view() as reading:
        return queries.overlap(reading, segment_id, query.other)


@routes.get("/segments/<id:segment_id>/snapshots", "What was written down", answer=list[Snapshot], refusals=(403,))
def snapshots(segment_id: str) -> Any:
    """List snapshots."""
    with view() as reading:
        return queries.snapshots(reading, segment_id)


@routes.post(
    "/segments/<id:segment_id>/snapshots",
    "Write down who is in it",
    body=SnapshotBody,
    answer=SnapshotMembers,
    status=201,
    refusals=REFUSALS,
)
def take_snapshot(segment_id: str, body: SnapshotBody) -> SnapshotMembers:
    """Take a snapshot."""
    taken = run(TakeSnapshot(segment_id=segment_id, reason=body.reason))
    with view() as reading:
        return queries.snapshot(reading, taken)


@routes.get(
    "/snapshots/<id:snapshot_id>",
    "Who was in a segment at one time",
    query=PageQuery,
    answer=SnapshotMembers,
    refusals=(403, 404),
)
def snapshot(snapshot_id: str, query: PageQuery) -> SnapshotMembers:
    """Read a snapshot."""
    with view() as reading:
        return queries.snapshot(reading, snapshot_id, after=query.after, limit=query.limit)


@routes.get("/price-lists", "All price lists by name", answer=list[PriceList], refusals=(403,))
def lists_of_prices() -> Any:
    """List price lists."""
    with view() as reading:
        return price_lists(reading)


@routes.post(
    "/price-lists",
    "Enter a price list, or replace one",
    body=PriceListBody,
    answer=PriceListDetail,
    status=201,
    refusals=REFUSALS,
)
def save_price_list(body: PriceListBody) -> PriceListDetail:
    """Keep a price list."""
    given = body.model_dump(exclude={"prices", "id", "version"})
    prices = tuple(ListedPrice(**each.model_dump()) for each in body.prices)
    kept = run(SavePriceList(**given, prices=prices, price_list_id=body.id, expected_version=body.version))
    with view() as reading:
        return price_list(reading, kept)


@routes.get("/price-lists/<id:price_list_id>", "One list with its prices", answer=PriceListDetail, refusals=(403, 404))
def list_of_prices(price_list_id: str) -> PriceListDetail:
    """Read a price list."""
    with view() as reading:
        return price_list(reading, price_list_id)


@routes.get(
    "/segments/<id:segment_id>/reachable",
    "Who would be left out of a mailing or of letters, of the first 200",
    query=ReachQuery,
    answer=Reachable,
    refusals=(403, 404),
)
def who_is_reachable(segment_id: str, query: ReachQuery) -> Reachable:
    """Look before a mailing."""
    with view() as reading:
        return reachable(reading, segment_id, channel=query.channel, purpose=query.purpose)


@routes.post(
    "/segments/<id:segment_id>/mailings",
    "Plan a mail to each member; it is sent at its time",
    body=MailingBody,
    answer=Mailing,
    status=201,
    refusals=REFUSALS,
)
def plan_mailing(segment_id: str, body: MailingBody) -> Mailing:
    """Plan a mailing."""
    return _mailing(run(PlanMailing(segment_id=segment_id, **body.model_dump())))


@routes.get("/mailings/<id:activity_id>", "A mailing with its numbers", answer=Mailing, refusals=(403, 404))
def mailing(activity_id: str) -> Mailing:
    """Read a mailing."""
    return _mailing(activity_id)


def _mailing(activity_id: str) -> Mailing:
    with view() as reading:
        found = mailing_of(reading, activity_id)
    if found is None:
        raise MailingNotFound(activity_id)
    return found


def _segment(segment_id: str) -> Segment:
    with view() as reading:
        return queries.segment(reading, segment_id)
