"""Rooms and devices, what is booked, and when people and resources are free together."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal

from pydantic import Field

from crm.planning import resources as crm_resources
from crm.planning.resources import Offer, Resource, WriteResource
from crm.planning.slots import Booking, Slot, Wanted, bookings, proposals
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("resources")
WEEK = timedelta(days=7)


class ResourceBody(Body):
    """A room or a device; without `groups` everybody may book it, hours are of the company's zone."""

    name: str
    kind: str
    place: str | None = None
    capacity: int | None = None
    groups: list[str] = Field(default_factory=list, max_length=100)
    opens: time | None = None
    closes: time | None = None
    hourly_cost: Decimal | None = None
    is_active: bool = True


class ResourceChange(ResourceBody):
    """The same, all of it; `version` is the one that was read."""

    version: int | None = None


class ResourcesQuery(Body):
    """Whether those are told, too, that cannot be booked any more."""

    all: bool = False


class SpanQuery(Body):
    """A span of at most 62 days, a week from now on where nothing is said."""

    since: datetime | None = None
    until: datetime | None = None


class FreeQuery(Body):
    """Who and what is needed, as names and ids with commas between them, and for how long."""

    people: str = Field(default="", max_length=2000)
    resources: str = Field(default="", max_length=2000)
    minutes: int = Field(default=60, ge=1, le=1440)
    since: datetime | None = None
    until: datetime | None = None
    most: int = Field(default=10, ge=1, le=50)


@routes.get("/resources", "Rooms and devices", query=ResourcesQuery, answer=list[Resource], refusals=(403, 422))
def resources(query: ResourcesQuery) -> list[Resource]:
    """List resources."""
    with view() as reading:
        return crm_resources.resources(reading, all_of_them=query.all)


@routes.post(
    "/resources", "Enter a room or a device", body=ResourceBody, answer=Resource, status=201, refusals=(403, 409, 422)
)
def write_resource(body: ResourceBody) -> Resource:
    """Enter a resource."""
    return _read(run(WriteResource(offer=_offer(body))))


@routes.get("/resources/<id:resource_id>", "One resource", answer=Resource, refusals=(403, 404))
def resource(resource_id: str) -> Resource:
    """Read one resource."""
    return _read(resource_id)


@routes.patch(
    "/resources/<id:resource_id>",
    "Change a resource, or offer it no longer",
    body=ResourceChange,
    answer=Resource,
    refusals=(403, 404, 409, 422),
)
def change_resource(resource_id: str, body: ResourceChange) -> Resource:
    """Change a resource."""
    return _read(run(WriteResource(offer=_offer(body), resource_id=resource_id, expected_version=body.version)))


@routes.get(
    "/resources/<id:resource_id>/bookings",
    "Who has a resource, and when",
    query=SpanQuery,
    answer=list[Booking],
    refusals=(403, 422),
)
def resource_bookings(resource_id: str, query: SpanQuery) -> list[Booking]:
    """A resource's calendar."""
    with view() as reading:
        since = query.since or reading.clock.now()
        return bookings(reading, resource_id, since, query.until or since + WEEK)


@routes.get(
    "/free-times",
    "When people and resources are free together, within the hours of work",
    query=FreeQuery,
    answer=list[Slot],
    refusals=(403, 422),
)
def free_times(query: FreeQuery) -> list[Slot]:
    """Propose times."""
    with view() as reading:
        since = query.since or reading.clock.now()
        wanted = Wanted(
            people=_listed(query.people),
            resources=_listed(query.resources),
            minutes=query.minutes,
            since=since,
            until=query.until or since + WEEK,
        )
        return proposals(reading, wanted, most=query.most)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _offer(body: ResourceBody) -> Offer:
    values = body.model_dump(exclude={"version"})
    return Offer(**values | {"groups": tuple(body.groups)})


def _read(resource_id: str) -> Resource:
    with view() as reading:
        return crm_resources.resource(reading, resource_id)
