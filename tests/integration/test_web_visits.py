"""Channels of contact: visits of the web site become activities of people who are known; others stay nobody's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from audit.erasing import ErasePersonalData
from core.clock import FixedClock
from core.identity import SYSTEM
from crm.activities.content import Content, Participant
from crm.activities.queries import ActivityFilter, ActivitySummary, activities
from crm.activities.registering import RegisterActivity
from crm.contacts import CreateContact
from crm.outbox.reaching import reached
from crm.outbox.texts import fields_of
from crm.privacy.consents import RecordConsent
from crm.visits.models import WebVisitorRow, WebVisitRow
from crm.visits.ports import VisitTokens
from crm.visits.queries import visit_days, visit_of
from crm.visits.recording import ForgetVisits
from tests.offer_case import REP, OfferDesk
from tests.web import Program, log_in
from webapp.bootstrap import Application


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


@pytest.fixture
def site(program: Callable[..., Program]) -> Program:
    return program("strona", "website")


@pytest.fixture
def ola(desk: OfferDesk) -> str:
    customer_id = desk.make_customer(owner="jan")
    made: str = desk.do(CreateContact(customer_id=customer_id, name="Ola Sowa", email="Ola@zuraw.example"))
    return made


def look(site: Program, address: str = "/pompy", **more: Any) -> Any:
    told = site.post("/web-visits", json={"visitor": "b-1", "address": address} | more)
    assert told.status_code == 201, told.text
    return told.json


def visits(desk: OfferDesk, **wanted: Any) -> list[ActivitySummary]:
    with desk.application.units.reading(REP) as view:
        return activities(view, ActivityFilter(method="web_visit", **wanted), newest_first=False).items


def rows(desk: OfferDesk, table: Any) -> int:
    with desk.application.units.reading(SYSTEM) as view:
        return view.session.scalars(select(func.count()).select_from(table)).one()


def test_act_07_a_visit_of_a_known_person_becomes_an_activity_with_its_pages(
    desk: OfferDesk, site: Program, ola: str, clock: FixedClock, anna: FlaskClient
) -> None:
    look(site, "/pompy?kampania=7", title="Pompy obiegowe", email="ola@ZURAW.example")
    clock.advance(timedelta(minutes=10))
    again = look(site, "/cennik")

    (visit,) = visits(desk, contact_id=ola)
    assert again["is_known"] is True
    assert (visit.subject, visit.direction, visit.status, visit.state, visit.employee, visit.customer_name) == (
        "Web site: Pompy obiegowe",
        "incoming",
        "held",
        "not_needed",
        "jan",
        "Żuraw",
    )
    with desk.application.units.reading(REP) as view:
        found = visit_of(view, visit.id)
    assert found is not None
    assert [(each.address, each.title) for each in found.pages] == [("/pompy", "Pompy obiegowe"), ("/cennik", None)]
    log_in(anna)
    assert "/cennik" in anna.get(f"/activities/{visit.id}").text


def test_act_07_anonymous_visits_stay_unlinked_also_when_the_visitor_is_known_later(
    desk: OfferDesk, site: Program, ola: str, clock: FixedClock
) -> None:
    before = look(site)
    stranger = look(site, visitor="b-2", email="nikt@example.com", person="podrobiony")
    clock.advance(timedelta(minutes=1))

    known = look(site, "/konto", email="ola@zuraw.example")

    assert (before["is_known"], stranger["is_known"], known["is_known"]) == (False, False, True)
    assert [each.subject for each in visits(desk)] == ["Web site: /konto"]
    now = clock.now()
    with desk.application.units.reading(REP) as view:
        (day,) = visit_days(view, now - timedelta(days=1), now + timedelta(days=1))
    assert (day.known, day.anonymous, day.pages) == (1, 2, 3)


def test_act_07_a_visitor_who_comes_back_after_half_an_hour_makes_another_visit(
    desk: OfferDesk, site: Program, ola: str, clock: FixedClock
) -> None:
    look(site, email="ola@zuraw.example")
    clock.advance(timedelta(minutes=31))
    look(site, "/serwis")

    assert [each.subject for each in visits(desk, contact_id=ola)] == ["Web site: /pompy", "Web site: /serwis"]


def test_act_07_a_link_in_a_mail_says_who_comes(desk: OfferDesk, site: Program, ola: str) -> None:
    with desk.application.units.reading(REP) as view:
        token = fields_of(view, reached(view, None, ola), None)["contact.visit"]

    assert look(site, person=token)["is_known"] is True
    assert [each.contact_id for each in visits(desk)] == [ola]
    assert desk.application.units.ports[VisitTokens].contact(f"{token}x") is None


def test_act_07_who_withdrew_the_consent_to_profiling_is_nobody_on_the_site(
    desk: OfferDesk, site: Program, ola: str
) -> None:
    desk.do(RecordConsent(contact_id=ola, purpose="profiling", state="withdrawn"))

    assert look(site, email="ola@zuraw.example")["is_known"] is False
    assert visits(desk) == []


def test_act_07_an_address_of_two_people_is_nobodys(desk: OfferDesk, site: Program, ola: str) -> None:
    desk.do(CreateContact(customer_id=desk.make_customer(), name="Jan Sowa", email="ola@zuraw.example"))

    assert look(site, email="ola@zuraw.example")["is_known"] is False


def test_act_07_only_a_web_site_tells_of_visits_and_wrong_ones_are_refused(
    site: Program, program: Callable[..., Program]
) -> None:
    page = {"visitor": "b-1", "address": "/pompy"}

    assert program("rita", "sales_rep").post("/web-visits", json=page).status_code == 403
    refused = site.post("/web-visits", json={"visitor": " ", "address": "javascript:x", "at": "2020-01-01T00:00:00Z"})

    assert refused.status_code == 422, refused.text
    assert set(refused.json["details"]["fields"]) == {"/visitor", "/address", "/at"}
    assert site.get("/customers").status_code == 403


def test_act_07_visits_of_nobody_are_forgotten_after_ninety_days_and_those_of_an_erased_person_at_once(
    desk: OfferDesk, site: Program, ola: str, clock: FixedClock
) -> None:
    look(site, visitor="b-2")
    look(site, email="ola@zuraw.example")
    clock.advance(timedelta(days=91))

    assert desk.do(ForgetVisits(), SYSTEM) == 1
    assert (rows(desk, WebVisitRow), rows(desk, WebVisitorRow)) == (1, 1)
    desk.do(ErasePersonalData(subject=f"contact:{ola}", reason="Wniosek"), SYSTEM)

    assert rows(desk, WebVisitRow) == 0
    assert desk.do(ForgetVisits(), SYSTEM) == 0
    assert rows(desk, WebVisitorRow) == 0


@pytest.mark.parametrize("method", ["personal", "shop_visit", "phone", "web_visit"])
def test_act_07_every_channel_of_contact_is_registered(desk: OfferDesk, ola: str, method: str) -> None:
    with desk.application.units.reading(REP) as view:
        customer_id = reached(view, None, ola).customer.id  # type: ignore[union-attr]
    content = Content(
        employee="ewa",
        customer_id=customer_id,
        method=method,
        direction="incoming",
        status="held",
        subject="Pytał o pompy",
        held_from=desk.application.clock.now(),
        participants=(Participant(side="customer", contact_id=ola),),
    )
    desk.do(RegisterActivity(content=content))

    with desk.application.units.reading(REP) as view:
        (found,) = activities(view, ActivityFilter(method=method, customer_id=customer_id)).items
    assert found.subject == "Pytał o pompy"


def test_act_07_the_report_counts_visits_by_day(desk: OfferDesk, site: Program, ola: str, anna: FlaskClient) -> None:
    look(site, email="ola@zuraw.example")
    look(site, visitor="b-2")
    log_in(anna)

    page = anna.get("/reports/visits").text

    assert "Visits of people we know" in page
    file = anna.get("/reports/visits?form=csv")
    assert b"2026-01-05;1;1;2" in file.data
