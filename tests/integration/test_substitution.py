"""Whoever is away has a deputy: their tasks, for a time and a scope, in the deputy's own name, with no more rights."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from audit.queries import trail
from core.clock import FixedClock
from core.identity import SYSTEM
from engine.tasks import AssignTask
from tests.engine_world import bpmn, line
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.accounts.people import SetRoles
from webapp.bootstrap import Application

JOB = line(
    '<userTask id="draft" camunda:candidateGroups="sales_rep"/>',
    '<userTask id="check" camunda:candidateGroups="legal" obieg:fourEyes="draft"/>',
    names=("draft", "check"),
)


@pytest.fixture
def people(program: Callable[..., Program]) -> dict[str, Program]:
    """Anna is the lawyer, Jan sells, Ola keeps parts and Rena administers; two processes of the same shape run."""
    known = {
        "anna": program("anna", "legal"),
        "jan": program("jan", "sales_rep"),
        "ola": program("ola", "parts_store"),
        "rena": program("rena", "admin"),
    }
    for key in ("job", "other"):
        file = {"file": (io.BytesIO(bpmn(JOB, key=key)), f"{key}.bpmn")}
        assert known["rena"].post("/definitions", data=file, content_type="multipart/form-data").status_code == 201
    return known


def begun(people: dict[str, Program], key: str = "job") -> str:
    """A case whose draft Jan has done; the id of its check."""
    started = people["jan"].post("/instances", json={"definition_key": key})
    draft = started.json["tasks"][0]["id"]
    done = people["jan"].post(f"/tasks/{draft}/complete", json={"data": {}})
    assert done.status_code == 200, done.text
    return str(done.json["tasks"][0]["id"])


def arrange(who: Program, clock: FixedClock, deputy: str, **more: Any) -> Any:
    now = clock.now()
    wanted = {"deputy": deputy, "starts_at": now.isoformat(), "ends_at": (now + timedelta(days=7)).isoformat()}
    return who.post("/substitutions", json=wanted | more)


def listed(who: Program) -> set[str]:
    return {each["id"] for each in who.get("/tasks").json["items"]}


def test_tsk_10_a_deputy_finds_does_and_signs_an_absent_colleagues_task_until_the_last_day(
    people: dict[str, Program], clock: FixedClock, application: Application
) -> None:
    anna, ola = people["anna"], people["ola"]
    task = begun(people)
    case = anna.get(f"/tasks/{task}").json["instance_id"]
    assert ola.get(f"/tasks/{task}").status_code == 404
    assert ola.post(f"/tasks/{task}/claim").status_code == 404

    assert arrange(anna, clock, "ola").status_code == 201
    assert listed(ola) == {task}
    assert ola.get(f"/tasks/{task}").json["may_work"] is True
    assert ola.get(f"/instances/{case}").status_code == 200
    done = ola.post(f"/tasks/{task}/complete", json={"data": {}})

    assert done.status_code == 200, done.text
    with application.units.reading(SYSTEM) as view:
        told = [each for each in trail(view, case).items if each.type == "task.completed"][-1]
    assert (told.actor_id, told.data["in_place_of"]) == ("ola", "anna")
    later = begun(people)
    clock.advance(timedelta(days=8))
    assert listed(ola) == set()
    assert ola.post(f"/tasks/{later}/complete", json={"data": {}}).status_code == 404


def test_what_is_assigned_to_the_absent_one_is_taken_over_and_stays_delegated(
    people: dict[str, Program], clock: FixedClock, application: Application
) -> None:
    anna, ola, rena = people["anna"], people["ola"], people["rena"]
    application.executor.execute(SetRoles(name="jan", roles=frozenset({"sales_rep", "legal"})), actor=SYSTEM)
    mine, asked = begun(people, "job"), begun(people, "other")
    application.executor.execute(SetRoles(name="ola", roles=frozenset({"technician"})), actor=SYSTEM)
    application.executor.execute(AssignTask(task_id=mine, assignee="anna"), actor=SYSTEM)
    application.executor.execute(AssignTask(task_id=asked, assignee="rena"), actor=SYSTEM)
    application.executor.execute(SetRoles(name="rena", roles=frozenset({"admin", "legal"})), actor=SYSTEM)
    assert rena.post(f"/tasks/{asked}/delegate", json={"assignee": "anna"}).status_code in {200, 204}
    assert arrange(anna, clock, "ola").status_code == 201

    assert listed(ola) == {mine, asked}
    for task in (mine, asked):
        taken = ola.post(f"/tasks/{task}/claim")
        assert taken.status_code in {200, 204}, taken.text
    given_back = ola.post(f"/tasks/{asked}/resolve")

    assert given_back.status_code in {200, 204}, given_back.text
    assert rena.get(f"/tasks/{asked}").json["assignee"] == "rena"
    assert ola.post(f"/tasks/{mine}/complete", json={"data": {}}).status_code == 200
    assert anna.post(f"/tasks/{mine}/complete", json={"data": {}}).status_code == 409


def test_it_is_limited_to_processes_and_groups_and_to_groups_that_the_absent_one_still_has(
    people: dict[str, Program], clock: FixedClock, application: Application
) -> None:
    anna, ola = people["anna"], people["ola"]
    job, other = begun(people), begun(people, "other")

    first = arrange(anna, clock, "ola", processes=["other"]).json["id"]
    assert listed(ola) == {other}
    refused = ola.post(f"/tasks/{job}/complete", json={"data": {}})
    assert refused.status_code == 404
    assert anna.post(f"/substitutions/{first}/end").status_code == 204
    assert listed(ola) == set()

    application.executor.execute(SetRoles(name="anna", roles=frozenset({"legal", "logistics"})), actor=SYSTEM)
    assert arrange(anna, clock, "ola", roles=["logistics"]).status_code == 201
    assert listed(ola) == set()
    assert arrange(anna, clock, "ola", roles=["legal"]).status_code == 201
    assert listed(ola) == {job, other}
    application.executor.execute(SetRoles(name="anna", roles=frozenset({"logistics"})), actor=SYSTEM)
    assert listed(ola) == set()


def test_four_eyes_count_the_deputy_and_the_absent_one(
    people: dict[str, Program], clock: FixedClock, application: Application
) -> None:
    anna, jan, ola = people["anna"], people["jan"], people["ola"]
    task = begun(people)

    assert arrange(anna, clock, "jan").status_code == 201
    own = jan.post(f"/tasks/{task}/complete", json={"data": {}})
    assert own.status_code in {403, 409}, own.text
    assert own.json["code"] == "four_eyes"

    application.executor.execute(SetRoles(name="jan", roles=frozenset({"sales_rep", "legal"})), actor=SYSTEM)
    assert arrange(jan, clock, "ola").status_code == 201
    for_jan = ola.post(f"/tasks/{task}/complete", json={"data": {}})
    assert for_jan.json["code"] == "four_eyes", for_jan.text
    assert "jan has done" in for_jan.json["detail"]


def test_it_brings_tasks_and_no_rights_and_is_not_passed_on(
    people: dict[str, Program], clock: FixedClock, application: Application
) -> None:
    anna, jan, ola = people["anna"], people["jan"], people["ola"]
    application.executor.execute(SetRoles(name="anna", roles=frozenset({"legal", "sales_rep"})), actor=SYSTEM)
    task = begun(people)
    before = {each: ola.get(each).status_code for each in ("/customers?sort=name", "/invoices", "/audit")}

    assert arrange(anna, clock, "ola").status_code == 201
    assert arrange(ola, clock, "jan", person="ola").status_code == 201

    assert {each: ola.get(each).status_code for each in before} == before
    assert task in listed(ola)
    assert task not in listed(jan)
    assert jan.post(f"/tasks/{task}/claim").status_code in {403, 404}


REFUSED: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("ola", "jan", {"person": "anna"}, 403, "account.administer"),
    ("rena", "rena", {"person": "anna"}, 403, "ask another administrator"),
    ("anna", "anna", {}, 422, "Nobody stands in for themselves"),
    ("anna", "rena", {}, 422, "cannot work on tasks"),
    ("anna", "nobody", {}, 422, "There is no account named nobody"),
    ("anna", "ola", {"roles": ["board"]}, 422, "in no group board"),
    ("anna", "ola", {"processes": ["tea"]}, 422, "There is no process tea"),
    ("anna", "ola", {"ends_at": "2020-01-01T00:00:00Z"}, 422, "must not be over"),
    ("anna", "ola", {"ends_at": "2099-01-01T00:00:00Z"}, 422, "366 days"),
    ("rena", "ola", {}, 403, "task.work"),
]


def test_what_cannot_be_arranged_is_refused_with_a_sentence(people: dict[str, Program], clock: FixedClock) -> None:
    for who, deputy, more, status, said in REFUSED:
        refused = arrange(people[who], clock, deputy, **more)
        assert (refused.status_code, said in refused.json["detail"]) == (status, True), refused.text
    assert people["anna"].get("/substitutions").json == []


def test_administrators_arrange_it_for_others_and_strangers_neither_see_nor_end_it(
    people: dict[str, Program], clock: FixedClock
) -> None:
    made = arrange(people["rena"], clock, "ola", person="anna").json["id"]

    assert [each["deputy"] for each in people["anna"].get("/substitutions").json] == ["ola"]
    assert [each["person"] for each in people["ola"].get("/substitutions").json] == ["anna"]
    assert people["jan"].get("/substitutions").json == []
    assert people["jan"].get("/substitutions?everybody=true").status_code == 403
    assert people["jan"].post(f"/substitutions/{made}/end").status_code == 404
    assert len(people["rena"].get("/substitutions?everybody=true").json) == 1
    assert people["ola"].post(f"/substitutions/{made}/end").status_code == 204
    assert people["anna"].get("/substitutions").json == []


def test_it_is_arranged_on_a_page_shown_in_the_inbox_and_called_off(
    app: Flask, add_account: Callable[..., str], people: dict[str, Program], application: Application, clock: FixedClock
) -> None:
    add_account("ewa", "legal", password=PASSWORD, display_name="Ewa Lis")
    add_account("piotr", "parts_store", password=PASSWORD, display_name="Piotr Wilk")
    ewa, piotr = app.test_client(), app.test_client()
    log_in(ewa, name="ewa")
    log_in(piotr, name="piotr")
    task = begun(people)
    application.executor.execute(AssignTask(task_id=task, assignee="ewa"), actor=SYSTEM)
    today = clock.now().date()
    wanted = {"deputy": "piotr", "first": today.isoformat(), "last": (today + timedelta(days=3)).isoformat()}

    wrong = ewa.post("/substitutions", data=wanted | {"last": "soon", "csrf_token": form_token(ewa)})
    assert wrong.status_code == 422
    assert "soon is no day" in wrong.text
    sent = ewa.post("/substitutions", data=wanted | {"csrf_token": form_token(ewa)})
    assert sent.status_code == 302, sent.text
    assert "Piotr Wilk" in ewa.get("/substitutions").text

    assert "In place of others" not in ewa.get("/").text
    inbox = piotr.get("/?show=instead").text
    assert "In place of others" in inbox
    assert task in inbox
    page = piotr.get(f"/tasks/{task}").text
    assert "in place of" in page
    assert "Take over" in page
    arranged = ewa.get("/substitutions").text
    end = arranged.split('action="/substitutions/')[1].split('"')[0]
    assert ewa.post(f"/substitutions/{end}", data={"csrf_token": form_token(ewa)}).status_code == 302
    assert piotr.get(f"/tasks/{task}").status_code == 404


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_last_day_counts_until_midnight_where_the_person_is(
    app: Flask, add_account: Callable[..., str], people: dict[str, Program]
) -> None:
    add_account("ewa", "legal", password=PASSWORD, display_name="Ewa Lis")
    ewa = app.test_client()
    log_in(ewa, name="ewa")
    ewa.set_cookie("zone", "Europe/Warsaw")
    wanted = {"deputy": "ola", "first": "2030-03-30", "last": "2030-03-31", "csrf_token": form_token(ewa)}

    assert ewa.post("/substitutions", data=wanted).status_code == 302
    found = people["ola"].get("/substitutions").json[0]

    assert moment(found["starts_at"]) == moment("2030-03-30T00:00:00+01:00")
    assert moment(found["ends_at"]) == moment("2030-04-01T00:00:00+02:00")
