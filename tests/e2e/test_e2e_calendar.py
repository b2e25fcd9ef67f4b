"""Plans are moved in the calendar with the mouse: a conflict puts them back and says why, everything else stays."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LogIn, Visitor

DAY = "2027-03-01"  # a Monday, when Warsaw is one hour ahead
WEEK = f"/calendar?view=timeGridWeek&date={DAY}"
SEND = """async ([path, body]) => {
    const key = document.querySelector('meta[name="csrf-token"]').content;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": key };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return await answer.json();
}"""


def made(page: Page, path: str, **body: Any) -> str:
    """Write a record through the API, as the page's own scripts do; its id."""
    answer = page.evaluate(SEND, [f"/api/v1{path}", body])
    assert "id" in answer, answer
    return str(answer["id"])


def plan(page: Page, subject: str, hour: int, room: str) -> None:
    """An hour of a meeting in a room; the hour is Warsaw's."""
    at = {"planned_from": f"{DAY}T{hour - 1:02}:00:00Z", "planned_to": f"{DAY}T{hour:02}:00:00Z"}
    usual = {"employee": "ewa", "method": "phone", "direction": "outgoing", "status": "planned"}
    made(page, "/activities", subject=subject, resources=[room], **usual, **at)


@pytest.fixture
def visitor(log_in: LogIn) -> Visitor:
    """Somebody who looks at a week with two plans in the same room, at ten and at one."""
    room = made(log_in("admin").page, "/resources", name="Sala mała", kind="room")
    visitor = log_in("ewa")
    plan(visitor.page, "Przegląd umów", 10, room)
    plan(visitor.page, "Narada", 13, room)
    visitor.go(WEEK)
    return visitor


def pull(page: Page, what: Locator, hour: int) -> None:
    """Drag something by its upper edge to an hour of the day."""
    what.scroll_into_view_if_needed()
    what.hover(position={"x": 20, "y": 2})
    page.mouse.down()
    lane = page.locator(f'.fc-timegrid-slot-lane[data-time="{hour:02}:00:00"]').bounding_box()
    column = page.locator(f'.fc-timegrid-col[data-date="{DAY}"]').bounding_box()
    assert lane is not None
    assert column is not None
    page.mouse.move(column["x"] + column["width"] / 2, lane["y"] + 2, steps=12)
    page.mouse.up()


def test_act_06_a_plan_is_dragged_and_stretched_and_put_back_where_the_room_is_taken(visitor: Visitor) -> None:
    visitor.expected = ["status of 409"]
    page = visitor.page
    event = page.locator(".fc-event", has_text="Przegląd umów")
    expect(event).to_contain_text("10:00")

    pull(page, event, 13)
    page.locator("#move").get_by_role("button", name="Postpone").click()
    expect(page.get_by_role("status").get_by_text("Sala mała")).to_be_visible()
    expect(event).to_contain_text("10:00")

    pull(page, event, 11)
    page.locator("#move").get_by_role("button", name="Put it back").click()
    expect(event).to_contain_text("10:00")

    pull(page, event, 11)
    with page.expect_response("**/postpone") as answer:
        page.locator("#move").get_by_role("button", name="Postpone").click()
    assert answer.value.ok

    ends = []
    for hour in (12, 13):  # the plan ends half an hour after the line that its edge is pulled to
        visitor.go(WEEK)
        expect(event).to_contain_text("11:00")
        event.hover()
        with page.expect_response(lambda response: response.request.method == "PATCH") as answer:
            pull(page, event.locator(".fc-event-resizer-end"), hour)
        ends.append((answer.value.status, answer.value.json().get("planned_to")))
    assert ends == [(200, f"{DAY}T11:30:00Z"), (409, None)]
