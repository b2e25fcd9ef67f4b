"""Activities over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from tests.web import Program

CALL = {
    "employee": "jan",
    "method": "phone",
    "direction": "outgoing",
    "status": "planned",
    "subject": "Oferta na pompy",
    "planned_from": "2026-03-02T10:00:00+01:00",
}


def test_act_06_a_planned_call_is_listed_moved_and_held(program: Callable[..., Program]) -> None:
    seller = program("jan", "sales_rep")

    made = seller.post("/activities", json=CALL)

    assert made.status_code == 201, made.json
    address = f"/activities/{made.json['id']}"
    listed = seller.get("/activities", query_string={"employee": "jan", "status": "planned"}).json
    assert ([each["subject"] for each in listed["items"]], listed["total"]) == (["Oferta na pompy"], 1)
    moved = seller.post(
        f"{address}/postpone", json={"planned_from": "2026-03-03T10:00:00+01:00", "reason": "delivery_time"}
    )
    assert [each["reason"] for each in moved.json["postponements"]] == ["delivery_time"]
    span = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}
    shown = seller.get("/activities/calendar", query_string=span).json
    assert [each["moment"] for each in shown["items"]] == ["2026-03-03T09:00:00Z"]
    held = seller.post(f"{address}/hold", json={"held_from": "2026-03-03T10:05:00+01:00", "state": "partly_done"})
    assert (held.json["status"], held.json["state"]) == ("held", "partly_done")
    again = seller.post(f"{address}/cancel", json={"reason": "nie trzeba"})
    assert (again.status_code, again.json["code"]) == (409, "activity_settled")


def test_what_is_wrong_is_named_field_by_field(program: Callable[..., Program]) -> None:
    seller = program("jan", "sales_rep")

    answer = seller.post("/activities", json=CALL | {"employee": "", "method": "telepathy", "direction": "incoming"})

    assert answer.status_code == 422
    assert set(answer.json["details"]["fields"]) == {"/employee", "/method", "/status"}
    assert seller.get("/activities", query_string={"after": "wczoraj"}).status_code == 422
    assert seller.get("/activities/01NOBODY000000000000000000").status_code == 404


def test_a_correction_says_which_version_it_is_of(program: Callable[..., Program]) -> None:
    seller = program("jan", "sales_rep")
    made = seller.post("/activities", json=CALL).json

    first = seller.patch(f"/activities/{made['id']}", json={"version": made["version"], "priority": "high"})
    second = seller.patch(f"/activities/{made['id']}", json={"version": made["version"], "priority": "low"})

    assert (first.status_code, first.json["priority"]) == (200, "high")
    assert second.status_code == 409


def test_registering_asks_for_the_right(program: Callable[..., Program]) -> None:
    reader = program("anna", "technical_reviewer")

    assert reader.post("/activities", json=CALL).status_code == 403
    assert reader.get("/activities").status_code == 200
