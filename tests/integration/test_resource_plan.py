"""The resource plan: hours and cost by what activities are about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask

from core.identity import SYSTEM
from crm.activities.content import Content, Link
from crm.activities.registering import RegisterActivity
from crm.activities.settling import CancelActivity
from crm.erp.arriving import TakeArrival
from crm.planning.matters import MatterUse, use_by_matter
from crm.planning.resources import Offer, WriteResource
from tests.offer_case import DIRECTOR, REP, OfferDesk
from tests.web import PASSWORD, WHOLE_FIRM, log_in
from webapp.bootstrap import Application

NINE = datetime(2026, 1, 7, 9, tzinfo=UTC)
SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    desk = OfferDesk(application)
    for key, content in {
        "E-1": {"employee": "ewa", "hourly": "90.00", "valid_from": "2025-06-01"},
        "E-2": {"employee": "ewa", "hourly": "500.00", "valid_from": "2026-01-20"},
    }.items():
        desk.do(TakeArrival(key=key, kind="cost_rate", content=content), SYSTEM)
    return desk


def meet(desk: OfferDesk, hours: int, *about: Link, resources: tuple[str, ...] = (), day: int = 0) -> str:
    at = NINE + timedelta(days=day)
    content = Content(
        employee="ewa",
        method="meeting",
        direction="outgoing",
        status="planned",
        subject="Wdrożenie",
        planned_from=at,
        planned_to=at + timedelta(hours=hours),
        links=about,
        resources=resources,
    )
    return str(desk.do(RegisterActivity(content=content), SYSTEM))


def test_res_05_hours_and_cost_are_told_by_project_from_bookings(
    desk: OfferDesk, app: Flask, add_account: Callable[..., str]
) -> None:
    room = desk.do(WriteResource(offer=Offer(name="Sala", kind="room", hourly_cost=Decimal(40))), SYSTEM)
    offer_id = desk.make_offer()
    case = desk.start(offer_id).id
    project, other = Link(entity="case", record_id=case), Link(entity="crm.offer", record_id=offer_id)
    meet(desk, 2, project, resources=(room,))
    meet(desk, 1, project, other, day=1)
    meet(desk, 3, day=2, resources=(room,))  # about nothing
    cancelled = meet(desk, 5, project, day=3, resources=(room,))
    desk.do(CancelActivity(activity_id=cancelled, reason="odwołane"), SYSTEM)
    meet(desk, 8, project, day=40)  # after the span

    with desk.application.units.reading(DIRECTOR) as view:
        found = {each.entity: each for each in use_by_matter(view, *SPAN)}
    with desk.application.units.reading(REP) as view:
        (seen, _) = use_by_matter(view, *SPAN)

    assert found["case"] == MatterUse(
        entity="case",
        record_id=case,
        activities=2,
        people_hours=Decimal("3.00"),
        people_cost=Decimal("270.00"),
        resource_hours=Decimal("2.00"),
        resource_cost=Decimal("80.00"),
    )
    assert (found["crm.offer"].people_cost, found["crm.offer"].cost) == (Decimal("90.00"), Decimal("90.00"))
    assert (seen.people_cost, seen.cost) == (None, Decimal("80.00"))  # what people cost needs a right

    add_account("maria", *WHOLE_FIRM, password=PASSWORD)
    chief = app.test_client()
    log_in(chief, name="maria")
    page = chief.get("/reports/resources?since=2026-01-01&until=2026-01-31").text
    assert desk.offer(offer_id).number in page
    assert "350.00" in page
