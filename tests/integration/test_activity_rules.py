"""What follows from activities: rules that start cases, join running ones and give tasks; tasks that people give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from core.identity import SYSTEM
from crm.activities.words import TYPE
from crm.customers import CreateCustomer
from crm.dictionaries import dictionary
from crm.planning.rules import Rule, WriteRule, results
from crm.profiles import Profile
from engine.definitions import DeployDefinitions, DeploymentFile
from processes.planner_task import PACKAGE
from tests.web import Program
from webapp.activity_rules import apply_rules
from webapp.bootstrap import Application

COMPLAINT = """<?xml version='1.0' encoding='UTF-8'?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 id="d" targetNamespace="t">
 <message id="m" name="complaint.further"/><message id="a" name="activities.all_done"/>
 <process id="complaint" name="Complaint" isExecutable="true">
  <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="look"/>
  <userTask id="look" name="Look into it" camunda:candidateGroups="registrar"/>
  <sequenceFlow id="f2" sourceRef="look" targetRef="end"/><endEvent id="end"/>
 </process>
</definitions>
"""


@pytest.fixture
def deployed(application: Application) -> Application:
    files = [DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files()]
    files.append(DeploymentFile(name="complaint.bpmn", content=COMPLAINT.encode()))
    application.executor.execute(DeployDefinitions(files=tuple(files)), actor=SYSTEM)
    return application


@pytest.fixture
def customer(application: Application) -> str:
    made: str = application.executor.execute(
        CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM
    ).id
    return made


def came_in(customer: str, type_: str, subject: str = "Pompa cieknie") -> dict[str, object]:
    return {
        "employee": "ola",
        "method": "phone",
        "direction": "incoming",
        "status": "held",
        "subject": subject,
        "type": type_,
        "customer_id": customer,
        "held_from": "2026-01-05T08:00:00+01:00",
        "participants": [{"side": "customer", "name": "kierownik"}],
    }


def work_off(application: Application, activity_id: str) -> None:
    """What the worker does: the job of that activity, twice, as after a crash."""
    for _ in range(2):
        apply_rules(application, {"activity_id": activity_id})


def write(application: Application, **values: str) -> str:
    made: str = application.executor.execute(WriteRule(rule=Rule(**values)), actor=SYSTEM)  # type: ignore[arg-type]
    return made


def test_act_19_tsk_03_a_complaint_starts_its_process_and_a_second_one_joins_it(
    deployed: Application, program: Callable[..., Program], customer: str
) -> None:
    clerk, ola = program("rita", "registrar"), program("ola", "sales_director")
    write(deployed, name="Reklamacja", type="complaint", direction="incoming", effect="start", target="complaint")
    first = ola.post("/activities", json=came_in(customer, "complaint")).json["id"]
    work_off(deployed, first)
    second = ola.post("/activities", json=came_in(customer, "complaint", "Znowu cieknie")).json["id"]
    work_off(deployed, second)
    other = ola.post("/activities", json=came_in(customer, "consultation")).json["id"]
    work_off(deployed, other)

    (task,) = clerk.get("/tasks", query_string={"definition_key": "complaint"}).json["items"]
    for activity in (first, second):
        about = {"entity": "crm.activity", "entity_id": activity}
        (case,) = clerk.get("/instances", query_string=about).json["items"]
        assert case["id"] == task["instance_id"]


def test_act_19_each_type_of_the_shipped_list_starts_a_case_of_its_own(
    deployed: Application, program: Callable[..., Program]
) -> None:
    clerk, ola = program("rita", "registrar"), program("ola", "sales_director")
    with deployed.units.reading(SYSTEM) as reading:
        types = [each.code for each in dictionary(reading, TYPE).values]
    assert {"sale", "consultation", "complaint"} <= set(types)
    for type_ in types:
        write(deployed, name=type_, type=type_, direction="incoming", effect="start", target="complaint")

    cases = set()
    for type_ in types:  # a customer each: the running case of a customer would be joined
        create = CreateCustomer(profile=Profile(name=f"Firma {type_}", country="PL"))
        customer = deployed.executor.execute(create, actor=SYSTEM).id
        made = ola.post("/activities", json=came_in(customer, type_)).json["id"]
        work_off(deployed, made)
        with deployed.units.reading(SYSTEM) as reading:
            outcomes = [(name, run.result) for name, run in results(reading, made)]
        assert outcomes == [(type_, "started")]
        about = {"entity": "crm.activity", "entity_id": made}
        (case,) = clerk.get("/instances", query_string=about).json["items"]
        cases.add(case["id"])

    assert len(cases) == len(types)


def test_act_19_a_rule_whose_process_is_missing_fails_visibly_and_the_activity_stays(
    application: Application, program: Callable[..., Program], customer: str
) -> None:
    from crm.planning.rules import results

    ola = program("ola", "sales_director")
    write(application, name="Na próżno", effect="start", target="nothing")
    made = ola.post("/activities", json=came_in(customer, "sale")).json["id"]

    work_off(application, made)

    with application.units.reading(SYSTEM) as reading:
        ((name, run),) = results(reading, made)
    assert (name, run.result, "There is no process nothing." in (run.sentence or "")) == ("Na próżno", "failed", True)


def test_tsk_02_an_enquiry_puts_a_task_into_the_inbox_of_a_group(
    deployed: Application, program: Callable[..., Program], customer: str
) -> None:
    ola, rep = program("ola", "sales_director"), program("jan", "sales_rep")
    rule = {
        "name": "Przygotuj ofertę",
        "type": "sale",
        "direction": "incoming",
        "effect": "task",
        "target": "sales_rep",
    }
    made = ola.post("/activity-rules", json=rule)
    assert made.status_code == 201, made.json
    activity = ola.post("/activities", json=came_in(customer, "sale")).json["id"]

    work_off(deployed, activity)

    (task,) = rep.get("/tasks", query_string={"candidate_group": "sales_rep"}).json["items"]
    assert task["search"]["title"] == "Przygotuj ofertę: Pompa cieknie"
    assert rep.post(f"/tasks/{task['id']}/claim").status_code == 200
    off = rule | {"is_active": False, "version": made.json["version"]}
    assert ola.patch(f"/activity-rules/{made.json['id']}", json=off).json["is_active"] is False
    assert ola.patch(f"/activity-rules/{made.json['id']}", json=off).status_code == 409
    assert rep.post("/activity-rules", json=rule).status_code == 403


def test_tsk_01_tsk_04_tsk_07_a_task_from_an_activity_is_done_returned_and_verified(
    deployed: Application, program: Callable[..., Program], customer: str
) -> None:
    del deployed
    ola, rep, other = program("ola", "sales_director"), program("jan", "sales_rep"), program("ewa", "sales_rep")
    activity = ola.post("/activities", json=came_in(customer, "consultation")).json["id"]
    order = {"title": "Zadzwoń", "assignee": "jan", "supervisor": "ola", "activity_id": activity, "priority": "high"}

    given = ola.post("/planner/tasks", json=order | {"due_at": "2026-01-07T12:00:00Z"})

    assert given.status_code == 201, given.json
    (task,) = rep.get("/tasks", query_string={"assignee": "jan"}).json["items"]
    assert (task["priority"], task["due_at"][:16], task["search"]["title"]) == (80, "2026-01-07T12:00", "Zadzwoń")
    assert other.get(f"/tasks/{task['id']}").status_code == 404
    for entity, record in (("crm.activity", activity), ("crm.customer", customer)):
        found = ola.get("/instances", query_string={"entity": entity, "entity_id": record}).json["items"]
        assert [each["id"] for each in found] == [given.json["id"]]
    assert rep.post(f"/tasks/{task['id']}/complete", json={"data": {"result": "Nie odbiera"}}).status_code == 200
    (verify,) = ola.get("/tasks", query_string={"assignee": "ola"}).json["items"]
    back = {"decision": "returned", "comment": "Spróbuj jutro"}
    assert ola.post(f"/tasks/{verify['id']}/complete", json={"data": back}).status_code == 200
    (again,) = rep.get("/tasks", query_string={"assignee": "jan"}).json["items"]
    rep.post(f"/tasks/{again['id']}/complete", json={"data": {"result": "Umówione"}})
    (verify,) = ola.get("/tasks", query_string={"assignee": "ola"}).json["items"]
    ola.post(f"/tasks/{verify['id']}/complete", json={"data": {"decision": "verified"}})
    case = ola.get(f"/instances/{given.json['id']}").json
    assert (case["state"], case["outcome"]) == ("completed", "verified")
    assert ola.post("/planner/tasks", json={"title": " "}).status_code == 422


def test_act_04_act_05_filters_are_kept_shared_and_printed(
    app: Flask, program: Callable[..., Program], customer: str
) -> None:
    del app
    ola, jan, rita = program("ola", "sales_director"), program("jan", "sales_director"), program("rita", "registrar")
    ola.post("/activities", json=came_in(customer, "sale"))
    ola.post("/activities", json=came_in(customer, "complaint"))
    kept = {"name": "Sprzedaż", "wanted": {"type": "sale"}, "groups": ["sales_director"]}

    made = ola.post("/activity-filters", json=kept)

    assert made.status_code == 201, made.json
    assert [each["name"] for each in jan.get("/activity-filters").json] == ["Sprzedaż"]
    assert rita.get("/activity-filters").json == []
    assert jan.post(f"/activity-filters/{made.json['id']}/drop").status_code == 404
    assert ola.post("/activity-filters", json=kept | {"wanted": {"colour": "red"}}).status_code == 422
    assert ola.post(f"/activity-filters/{made.json['id']}/drop").status_code == 200
    span = {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}
    report = ola.get("/reports/activities", query_string=span).json
    assert [(each["employee"], each["day"], each["held"]) for each in report["plans"]] == [("ola", "2026-01-05", 2)]
    assert (report["responses"]["received"], report["responses"]["answered"]) == (2, 0)


def test_the_shipped_process_has_its_files() -> None:
    assert [Path(each).name for each in PACKAGE.files()] == [
        "planner_task_do.form",
        "planner_task_verify.form",
        "planner_task.bpmn",
    ]


def test_act_24_postponements_are_counted_by_reason_employee_and_stage_of_the_case(
    application: Application, program: Callable[..., Program], customer: str
) -> None:
    staged = COMPLAINT.replace(
        '<userTask id="look"', '<userTask id="look" xmlns:obieg="https://obieg.dev/schema/1.0/bpmn" obieg:stage="talks"'
    )
    file = DeploymentFile(name="complaint.bpmn", content=staged.encode())
    application.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
    ola = program("ola", "sales_director")
    plan = came_in(customer, "sale") | {"direction": "outgoing", "status": "planned"}
    plan["planned_from"] = "2026-01-06T08:00:00+01:00"
    plan = {name: value for name, value in plan.items() if name != "held_from"}
    made = [ola.post("/activities", json=plan) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201], made[0].json
    loose, bound = (each.json["id"] for each in made)
    link = {"entity": "crm.activity", "id": bound}
    started = ola.post("/instances", json={"definition_key": "complaint", "links": [link]})
    assert started.status_code == 201, started.json

    for day, activity in ((7, loose), (8, bound), (9, bound)):
        moved = {"planned_from": f"2026-01-0{day}T08:00:00+01:00", "reason": "no_budget"}
        assert ola.post(f"/activities/{activity}/postpone", json=moved).status_code == 200

    span = {"since": "2026-01-01T00:00:00+01:00", "until": "2026-02-01T00:00:00+01:00"}
    counted = ola.get("/reports/activities", query_string=span).json["postponements"]
    assert counted == [
        {"employee": "ola", "reason": "no_budget", "process": "complaint", "stage": "talks", "times": 2},
        {"employee": "ola", "reason": "no_budget", "process": None, "stage": None, "times": 1},
    ]
