"""Many customers are changed by pages and API."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from crm.mass_edits.working import run_mass_edit
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp.bootstrap import Application


def test_cus_39_all_that_a_search_finds_are_changed_on_the_page(
    app: Flask, add_account: Callable[..., str], program: Callable[..., Program], application: Application
) -> None:
    clerk = program("erp", *WHOLE_FIRM)
    for name, region in (("Młyn", "Śląsk"), ("Tartak", "Śląsk"), ("Huta", "Mazowsze")):
        clerk.post("/customers", json={"name": name, "country": "PL", "region": region})
    add_account("anna", *WHOLE_FIRM, password=PASSWORD, display_name="Anna Wilk")
    anna = app.test_client()
    log_in(anna)
    headers = {"X-CSRFToken": form_token(anna)}
    wanted = {"region": "Śląsk", "set": ["reliability", "key_account"], "to.reliability": "C", "to.key_account": "yes"}

    form = anna.get("/mass-edits/new?region=Śląsk").text
    tried = anna.post("/mass-edits/preview", data=wanted, headers=headers | {"HX-Request": "true"}).text
    wrong = anna.post("/mass-edits", data=wanted | {"set": []}, headers=headers)
    made = anna.post("/mass-edits", data=wanted, headers=headers).headers["Location"]
    run_mass_edit(application, {"edit_id": made.rpartition("/")[2]})

    assert "Chosen: Region: Śląsk" in form
    assert "Change 2 customers" in tried
    assert "Reliability: B → C" in tried
    assert (wrong.status_code, "Choose a field that is to be changed." in wrong.text) == (422, True)
    assert "Finished" in anna.get(made).text
    assert "Reliability: C" in anna.get("/mass-edits").text
    found = clerk.post("/customers/search", json={"conditions": [{"field": "reliability", "value": "C"}]}).json
    assert [each["name"] for each in found["items"]] == ["Młyn", "Tartak"]


def test_cus_39_a_program_changes_many_and_is_told_what_was_refused(
    program: Callable[..., Program], application: Application
) -> None:
    clerk = program("erp", *WHOLE_FIRM)
    for name, least in (("Młyn", None), ("Tartak", "500")):
        clerk.post("/customers", json={"name": name, "country": "PL", "least_order": least})
    body = {"changes": {"largest_order": "100"}}

    tried = clerk.post("/mass-edits/preview", json=body)
    made = clerk.post("/mass-edits", json=body)
    address = f"/mass-edits/{made.json['id']}"
    run_mass_edit(application, {"edit_id": made.json["id"]})
    refused = clerk.get(f"{address}/customers?outcome=refused").json["items"]

    assert [each["outcome"] for each in tried.json["first"]] == ["changed", "refused"]
    assert (made.status_code, clerk.get(address).json["counts"]) == (202, {"changed": 1, "unchanged": 0, "refused": 1})
    assert [(each["name"], each["sentence"]) for each in refused] == [
        ("Tartak", "The largest order must not be smaller than the smallest one.")
    ]
    assert clerk.post(f"{address}/undo", json={"reason": "wrong"}).status_code == 202
    assert clerk.post(f"{address}/stop", json={"reason": "wrong"}).status_code == 409
    assert clerk.post("/mass-edits", json={"changes": {"name": "Wszyscy"}}).status_code == 422


def test_whoever_may_change_no_customer_changes_not_many(program: Callable[..., Program]) -> None:
    reader = program("audyt", "auditor")

    assert reader.post("/mass-edits", json={"changes": {"owner": "ola"}}).status_code == 403
    assert reader.post("/mass-edits/preview", json={"changes": {"owner": "ola"}}).status_code == 403
    assert reader.get("/mass-edits").status_code == 403
