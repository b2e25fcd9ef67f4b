"""The pages of planning: resources, the calendar and what it asks for, feeds and notifications."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import text

from core.clock import FixedClock
from tests.given_out import given_out
from tests.web import PASSWORD, WHOLE_FIRM, Program, log_in, post
from webapp.bootstrap import Application
from webapp.planning import deliver_reminders

PLAN = {
    "employee": "ewa",
    "subject": "Pokaz pomp",
    "method": "meeting",
    "direction": "outgoing",
    "status": "planned",
    "at": "2026-01-07T10:00",
    "minutes": "60",
    "reminders": "60",
}


@pytest.fixture
def director(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("ewa", "sales_director", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    return browser


def test_a_room_is_entered_booked_and_refused_to_the_second(director: FlaskClient) -> None:
    assert post(director, "/resources", name="", kind="room").status_code == 422
    made = post(director, "/resources", name="Sala Wisła", kind="room", capacity="8", opens="08:00", closes="18:00")
    assert made.status_code == 302, made.text
    room = made.location.rpartition("/")[2]
    planned = post(director, "/activities", **PLAN, resources=room)
    assert planned.status_code == 302, planned.text

    refused = post(director, "/activities", **PLAN, resources=room)

    assert refused.status_code == 409
    assert "Sala Wisła is booked by ewa" in refused.text
    assert "Pokaz pomp" in director.get(made.location).text
    assert "Sala Wisła" in director.get(planned.location).text
    free = director.get(f"/free-times?people=ewa&resources={room}&minutes=60&since=2026-01-07T09:00").text
    assert "7 Jan 2026, 11:00" in free
    assert "7 Jan 2026, 10:00</time> to" not in free


def test_act_01_a_kind_that_was_added_is_registered_found_and_has_a_colour_of_its_own(
    director: FlaskClient, program: Callable[..., Program]
) -> None:
    kinds = program("admin2", *WHOLE_FIRM)
    value = {"code": "fair_visit", "labels": {"en": "Fair visit"}}
    assert kinds.post("/dictionaries/activity_type/values", json=value).status_code == 201
    others = [each["code"] for each in kinds.get("/dictionaries/activity_type").json["values"]][:-1]
    for number, each in enumerate(["fair_visit", *others]):
        made = {
            "subject": f"Jako {each}",
            "type": each,
            "at": f"2026-01-{5 + number // 3:02}T{8 + 3 * (number % 3):02}:00",
        }
        assert post(director, "/activities", **PLAN | made).status_code == 302

    listed = director.get("/activities?type=fair_visit").text
    week = director.get("/calendar/events?start=2026-01-05T00:00:00&end=2026-01-19T00:00:00").json

    colours = {each["title"]: each["classNames"][0] for each in week if each["title"].startswith("Jako")}
    assert ("Jako fair_visit" in listed, f"Jako {others[0]}" in listed) == (True, False)
    assert len(colours) == len(others) + 1
    assert colours.pop("Jako fair_visit") not in colours.values()


def test_act_06_the_same_activities_show_in_every_view_and_a_move_is_in_the_trail(
    application: Application, director: FlaskClient
) -> None:
    hours = [(day, hour) for day in range(5, 10) for hour in (9, 11, 13, 15)]  # a working week
    subjects = {f"nr {day}-{hour}" for day, hour in hours}
    made = {}
    for day, hour in hours:
        values = PLAN | {"subject": f"nr {day}-{hour}", "at": f"2026-01-{day:02}T{hour:02}:00", "reminders": ""}
        made[day, hour] = post(director, "/activities", **values).location.rpartition("/")[2]

    def events(first: str, behind: str) -> list[str]:
        told = director.get(f"/calendar/events?start={first}T00:00:00&end={behind}T00:00:00").json
        return [each["title"] for each in told if each["title"] in subjects]

    days = [events(f"2026-01-{day:02}", f"2026-01-{day + 1:02}") for day in range(5, 10)]
    assert [len(each) for each in days] == [4] * 5
    assert {each for day in days for each in day} == subjects
    assert sorted(events("2026-01-05", "2026-01-12")) == sorted(events("2026-01-01", "2026-02-01")) == sorted(subjects)
    for page in ("/activities", "/today"):  # the list and the plan of action
        shown = director.get(page).text
        assert {each for each in subjects if f">{each}</a>" in shown} == subjects

    moved = {"planned_from": "2026-01-08T17:00", "reason": "no_budget"}
    post(director, f"/activities/{made[7, 9]}/postpone", **moved)

    assert "nr 7-9" in events("2026-01-08", "2026-01-09")
    with application.database.engine.connect() as connection:
        wanted = text("SELECT actor_id FROM audit_entry WHERE stream = :stream AND type = 'activity.postponed'")
        found = connection.execute(wanted, {"stream": f"activity:{made[7, 9]}"}).scalars().all()
    assert found == ["ewa"]


def test_act_31_managers_see_plans_by_employee_and_day(director: FlaskClient) -> None:
    post(director, "/activities", **PLAN)

    page = director.get("/reports/activities?since=2026-01-01&until=2026-01-31")

    row = re.sub(r"<[^>]+>|\s+", " ", page.text.split("<tbody>")[1].split("</tbody>")[0])
    assert re.search(r"7 Jan 2026\s+[Ee]wa\s+1\s+0\s+0\s+0", row)
    assert "show=everybody&amp;employee=ewa&amp;since=2026-01-07&amp;until=2026-01-08" in page.text


def test_the_calendar_is_filled_by_day_and_given_to_other_programs(
    application: Application, app: Flask, director: FlaskClient
) -> None:
    page = director.get("/calendar")
    assert page.status_code == 200
    planned = post(director, "/activities", **PLAN)

    told = director.get("/calendar/events?start=2026-01-05T00:00:00&end=2026-01-12T00:00:00").json

    (event,) = [each for each in told if each["title"] == "Pokaz pomp"]
    assert (event["start"], event["editable"]) == ("2026-01-07T09:00:00+00:00", True)
    assert director.get("/calendar/events?start=x&end=y").status_code == 422
    file = director.get(f"{planned.location}.ics")
    assert b"SUMMARY:Pokaz pomp" in file.data
    assert post(director, "/calendar/feeds", label="Telefon").status_code == 302
    feeds = director.get("/calendar/feeds").text
    (address,) = re.findall(r"http://localhost(/calendar/feeds/\S+\.ics)", feeds)
    assert address not in director.get("/calendar/feeds").text
    stranger = app.test_client()
    feed = stranger.get(address)
    assert (feed.status_code, feed.mimetype) == (200, "text/calendar")
    assert b"Pokaz pomp" in feed.data
    assert stranger.get(address, headers={"If-None-Match": feed.headers["ETag"]}).status_code == 304
    assert given_out(application, what="activity") == [("activity", planned.location.rpartition("/")[2], None)]
    assert given_out(application, what="calendar") == [("calendar", "ewa", None)]
    (feed_id,) = re.findall(r"/calendar/feeds/(\w{26})/revoke", feeds)
    post(director, f"/calendar/feeds/{feed_id}/revoke")
    assert stranger.get(address).status_code == 404


def test_a_reminder_shows_at_the_bell_until_it_is_read(
    application: Application, director: FlaskClient, clock: FixedClock
) -> None:
    post(director, "/activities", **PLAN | {"at": "2026-01-05T10:00"})
    clock.set(datetime(2026, 1, 5, 8, 0, tzinfo=UTC))
    deliver_reminders(application)
    deliver_reminders(application)

    assert ">1</span>" in director.get("/notifications/count").text
    page = director.get("/notifications").text
    assert page.count("Pokaz pomp, 05.01.2026 10:00</a>") == 1
    assert post(director, "/notifications/wish", by_mail="on").status_code == 302
    assert "checked" in director.get("/notifications").text
    assert post(director, "/notifications/read").status_code == 302
    assert "hidden" in director.get("/notifications/count").text


def test_programs_book_and_read_calendars(program: Callable[..., Program]) -> None:
    chief = program("ola", "sales_director")
    room = chief.post("/resources", json={"name": "Sala", "kind": "room", "opens": "08:00", "closes": "16:00"})
    assert room.status_code == 201, room.json
    plan = {
        "employee": "ola",
        "subject": "Pokaz",
        "method": "meeting",
        "direction": "outgoing",
        "status": "planned",
        "planned_from": "2026-01-07T10:00:00+01:00",
        "planned_to": "2026-01-07T11:00:00+01:00",
        "resources": [room.json["id"]],
        "reminders": [15],
    }
    made = chief.post("/activities", json=plan)

    second = chief.post("/activities", json=plan)

    assert (made.status_code, second.status_code, second.json["code"]) == (201, 409, "resource_taken")
    asked = {"first": "2026-01-05", "last": "2026-01-12", "group": "sales_director"}
    assert [each["subject"] for each in chief.get("/calendar", query_string=asked).json["entries"]] == ["Pokaz"]
    free = chief.get("/free-times", query_string={"resources": room.json["id"], "since": "2026-01-07T09:30:00Z"}).json
    assert free[0]["starts_at"].startswith("2026-01-07T10:00:00")
    booked = chief.get(f"/resources/{room.json['id']}/bookings").json
    assert [each["subject"] for each in booked] == ["Pokaz"]
    changed = chief.patch(f"/resources/{room.json['id']}", json={"name": "Sala", "kind": "room", "is_active": False})
    assert changed.json["is_active"] is False
    assert b"VALARM" in chief.get(f"/activities/{made.json['id']}/calendar").data
    feed = chief.post("/calendar-feeds", json={"label": "Telefon"}).json
    assert len(chief.get("/calendar-feeds").json) == 1
    assert chief.post(f"/calendar-feeds/{feed['id']}/revoke").status_code == 200
    assert chief.get("/notifications").json["items"] == []
    assert chief.post("/notifications/read", json={}).json == {"marked": 0}
    assert chief.post("/notifications/wish", json={"by_mail": True}).json == {"by_mail": True, "has_digest": False}


def test_act_05_the_list_is_printed_with_the_same_rows(application: Application, director: FlaskClient) -> None:
    for number, day in enumerate((8, 6, 9, 7)):
        post(director, "/activities", **PLAN | {"subject": f"Pokaz {number}", "at": f"2026-01-{day:02}T10:00"})
    post(director, "/activities", **PLAN | {"subject": "Narada"})
    kept = post(director, "/activities/filters", name="Pokazy", q="pokaz").location

    for query in ("show=everybody&q=pokaz", "show=&q=pokaz", kept.partition("?")[2]):
        printed = director.get(f"/activities.pdf?{query}")
        assert (printed.status_code, printed.mimetype) == (200, "application/pdf")
        paper = "".join(page.extract_text() for page in PdfReader(io.BytesIO(printed.data)).pages)
        screen = director.get(f"/activities?{query}").text
        on_screen = re.findall(r">(Pokaz \d)</a>", screen)
        assert len(on_screen) == 4
        assert re.findall(r"Pokaz \d", paper) == on_screen
        assert "Narada" not in paper
        assert "Activities" in paper
        assert "q: pokaz" in paper
        assert "1 / 1" in paper
    assert given_out(application, what="activities") == [("activities", None, 4)] * 3


def test_tsk_09_a_day_has_what_is_overdue_today_and_next(director: FlaskClient) -> None:
    for subject, at in (("wczoraj", "2026-01-04T10:00"), ("dziś", "2026-01-05T15:00"), ("jutro", "2026-01-06T10:00")):
        post(director, "/activities", **PLAN | {"subject": subject, "at": at})

    parts = director.get("/today").text.split('class="panel-head"')[1:4]

    assert [[subject for subject in ("wczoraj", "dziś", "jutro") if f">{subject}</a>" in part] for part in parts] == [
        ["wczoraj"],
        ["dziś"],
        ["jutro"],
    ]


def test_rules_and_filters_have_pages(director: FlaskClient) -> None:
    assert post(director, "/activity-rules", name="", effect="start", target="").status_code == 422
    rule = {"name": "Reklamacja", "type": "complaint", "effect": "start", "target": "complaint"}
    assert post(director, "/activity-rules", **rule).status_code == 302
    assert "start the process" in director.get("/activity-rules").text
    kept = post(director, "/activities/filters", name="Spotkania", method="meeting", groups="sales_director")
    post(director, "/activities", **PLAN)
    post(director, "/activities", **PLAN | {"subject": "Telefon", "method": "phone"})
    page = director.get(kept.location).text
    assert "Pokaz pomp" in page
    assert ">Telefon</a>" not in page
    assert "Spotkania" in page
