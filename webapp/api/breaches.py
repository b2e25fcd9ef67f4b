"""The register of personal-data breaches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from core.records import dataclass
from crm.privacy import breaches as register
from crm.privacy.breaches import Breach, BreachDetails, ChangeBreach, CloseBreach, RecordBreach
from crm.queries import Page
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("breaches")
BREACH = "/breaches/<id:breach_id>"


class BreachQuery(Body):
    """Which part of the register."""

    after: str | None = Field(default=None, max_length=26)
    limit: int = Field(default=50, ge=1, le=200)


class BreachBody(Body):
    """What is known of a breach; times with their zone."""

    title: str
    discovered_at: datetime = Field(description="from when the 72 hours count")
    happened: str
    kinds: list[str] = Field(description="confidentiality, integrity, availability", max_length=3)
    risk: str = Field(description="to the rights of the people: none, risk or high")
    data: str = Field(description="which data of whom")
    people: int | None = Field(default=None, description="about how many people")
    consequences: str | None = None
    measures: str | None = None
    notified_at: datetime | None = Field(default=None, description="when the authority was told")
    reference: str | None = Field(default=None, description="under which the authority keeps it")
    why_late: str | None = None
    why_not_notified: str | None = None
    informed_at: datetime | None = Field(default=None, description="when the people were informed")
    why_not_informed: str | None = None


class BreachChanges(Body):
    """Fields that get other values; what is left out stays."""

    title: str | None = None
    discovered_at: datetime | None = None
    happened: str | None = None
    kinds: list[str] | None = Field(default=None, max_length=3)
    risk: str | None = None
    data: str | None = None
    people: int | None = None
    consequences: str | None = None
    measures: str | None = None
    notified_at: datetime | None = None
    reference: str | None = None
    why_late: str | None = None
    why_not_notified: str | None = None
    informed_at: datetime | None = None
    why_not_informed: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was recorded."""

    id: str


@routes.get("/breaches", "The register of breaches", query=BreachQuery, answer=Page[Breach], refusals=(403,))
def list_breaches(query: BreachQuery) -> Any:
    """List them, the newest first."""
    with view() as reading:
        return register.breaches(reading, after=query.after, limit=query.limit)


@routes.post("/breaches", "Record a breach", body=BreachBody, answer=Recorded, status=201, refusals=(403, 422))
def record(body: BreachBody) -> Recorded:
    """Record a breach."""
    return Recorded(id=run(RecordBreach(details=BreachDetails(**body.model_dump()))))


@routes.get(BREACH, "One breach", answer=Breach, refusals=(403, 404))
def one(breach_id: str) -> Breach:
    """Read one."""
    return _read(breach_id)


@routes.patch(BREACH, "More is known of a breach", body=BreachChanges, answer=Breach, refusals=(403, 404, 409, 422))
def change(breach_id: str, body: BreachChanges) -> Breach:
    """Change one."""
    changes = body.model_dump(exclude_unset=True, exclude={"expected_version"})
    run(ChangeBreach(breach_id=breach_id, changes=changes, expected_version=body.expected_version))
    return _read(breach_id)


@routes.post(f"{BREACH}/close", "Close a breach", answer=Breach, refusals=(403, 404, 409, 422))
def close(breach_id: str) -> Breach:
    """Close one."""
    run(CloseBreach(breach_id=breach_id))
    return _read(breach_id)


def _read(breach_id: str) -> Breach:
    with view() as reading:
        return register.breach(reading, breach_id)
