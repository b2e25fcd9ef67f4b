"""Operations, delegation and external tasks through the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from core.clock import FixedClock
from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from storage.jobs.worker import Worker
from tests.engine_world import HEAD, bpmn, line
from tests.web import WHOLE_FIRM, Program
from webapp.bootstrap import Application

TWO = bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second")))
EXTERNAL = bpmn(
    line('<serviceTask id="weigh" camunda:type="external" camunda:topic="scales"/>', names=("weigh",)), key="weighing"
)


def start(application: Application, program: Program, source: bytes, key: str | None = "process") -> dict[str, object]:
    files = (DeploymentFile(name="process.bpmn", content=source),)
    application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
    if key is None:
        return {}
    answer = program.post("/instances", json={"definition_key": key})
    assert answer.status_code == 201
    started: dict[str, object] = answer.json
    return started


def test_an_administrator_suspends_resumes_and_moves(application: Application, program: Callable[..., Program]) -> None:
    admin = program("root", *WHOLE_FIRM)
    instance = start(application, admin, TWO)["id"]

    assert admin.post(f"/instances/{instance}/suspend", json={"reason": "audit"}).status_code == 200
    assert admin.get("/instances?state=suspended").json["total"] == 1
    resumed = admin.post(f"/instances/{instance}/resume", json={"reason": "over"})
    assert resumed.json == {"id": instance, "state": "running"}
    moved = admin.post(
        f"/instances/{instance}/move", json={"source": "first", "target": "second", "reason": "on paper"}
    )
    assert moved.json == {"moved": 1}


def test_an_employee_may_do_none_of_it(application: Application, program: Callable[..., Program]) -> None:
    rep = program("ewa", "sales_rep")
    instance = start(application, rep, TWO)["id"]

    answers = [
        rep.post(f"/instances/{instance}/{verb}", json={"reason": "x", **more})
        for verb, more in (("suspend", {}), ("resume", {}), ("move", {"source": "first", "target": "second"}))
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_a_task_is_delegated_and_resolved(application: Application, program: Callable[..., Program]) -> None:
    ewa, jan = program("ewa", "sales_rep"), program("jan", "sales_rep")
    start(application, ewa, TWO)
    task = ewa.get("/tasks").json["items"][0]["id"]
    ewa.post(f"/tasks/{task}/claim")

    assert ewa.post(f"/tasks/{task}/delegate", json={"assignee": "jan"}).status_code == 200
    assert jan.post(f"/tasks/{task}/complete", json={"data": {}}).json["code"] == "task_delegated"
    assert jan.post(f"/tasks/{task}/resolve").status_code == 200
    assert ewa.post(f"/tasks/{task}/complete", json={"data": {}}).status_code == 200


def test_a_worker_does_an_external_task(application: Application, program: Callable[..., Program]) -> None:
    admin, robot = program("root", *WHOLE_FIRM), program("robot", "worker")
    instance = start(application, admin, EXTERNAL, "weighing")["id"]

    fetched = robot.post("/external-tasks/fetch", json={"worker": "w1", "topics": ["scales"]})
    (task,) = fetched.json["items"]
    extended = robot.post(f"/external-tasks/{task['id']}/extend", json={"worker": "w1", "lock_seconds": 120})
    failed = robot.post(
        f"/external-tasks/{task['id']}/failure",
        json={"worker": "w1", "message": "no power", "retries": 3, "retry_seconds": 0},
    )
    robot.post("/external-tasks/fetch", json={"worker": "w1", "topics": ["scales"]})
    done = robot.post(f"/external-tasks/{task['id']}/complete", json={"worker": "w1", "variables": {"weight": 12.5}})

    assert extended.status_code == 200
    assert failed.json == {"retries": 3}
    assert done.json == {"id": instance, "state": "completed"}
    assert admin.get(f"/instances/{instance}").json["variables"] == {"weight": 12.5}


MESSAGES = (
    f'{HEAD}<message id="paid" name="invoice.paid"/><signal id="stop" name="stop"/><error id="bad" errorCode="BAD"/>'
    '<process id="paying" isExecutable="true">'
    + line(
        '<intermediateCatchEvent id="wait"><messageEventDefinition messageRef="paid" obieg:correlationKey="=invoice"/>'
        "</intermediateCatchEvent>",
        '<intermediateCatchEvent id="hold"><signalEventDefinition signalRef="stop"/></intermediateCatchEvent>',
        '<serviceTask id="weigh" camunda:type="external" camunda:topic="scales"/>',
        names=("wait", "hold", "weigh"),
    )
    + '<boundaryEvent id="failed" attachedToRef="weigh"><errorEventDefinition errorRef="bad"/></boundaryEvent>'
    '<userTask id="repair"/><sequenceFlow id="to_repair" sourceRef="failed" targetRef="repair"/>'
    "</process></definitions>"
).encode()


def test_messages_signals_and_errors_from_outside(application: Application, program: Callable[..., Program]) -> None:
    admin, robot = program("root", *WHOLE_FIRM), program("robot", "worker")
    start(application, admin, MESSAGES, None)
    instance = admin.post("/instances", json={"definition_key": "paying", "variables": {"invoice": "I-1"}}).json["id"]
    message = {"name": "invoice.paid", "keys": {"invoice_id": "I-1"}, "payload": {"amount": 100}, "event_id": "e1"}

    sent = [robot.post("/messages", json=message).json for _ in range(2)]
    told = robot.post("/signals", json={"name": "stop"}).json
    (task,) = robot.post("/external-tasks/fetch", json={"worker": "w", "topics": ["scales"]}).json["items"]
    thrown = robot.post(f"/external-tasks/{task['id']}/bpmn-error", json={"worker": "w", "code": "BAD"})

    assert sent == [{"delivered": [instance], "started": [], "stored": False}] * 2
    assert told == {"delivered": [instance], "started": [], "queued": 0}
    assert thrown.status_code == 200
    assert [each["element_id"] for each in admin.get("/tasks").json["items"]] == ["repair"]


def test_who_may_not_send_is_told_so(program: Callable[..., Program]) -> None:
    rep = program("ewa", "sales_rep")

    assert rep.post("/messages", json={"name": "x"}).status_code == 403
    assert rep.post("/signals", json={"name": "x"}).status_code == 403


def test_a_failed_external_task_is_tried_again_and_then_left_out(
    application: Application, program: Callable[..., Program]
) -> None:
    admin, robot = program("root", *WHOLE_FIRM), program("robot", "worker")
    start(application, admin, EXTERNAL, "weighing")
    asked = {"worker": "w", "topics": ["scales"]}
    states = []

    for verb, body in (("retry", {"reason": "mended"}), ("skip", {"reason": "weighed by hand"})):
        (task,) = robot.post("/external-tasks/fetch", json=asked).json["items"]
        failure = {"worker": "w", "message": "broken", "retries": 0}
        robot.post(f"/external-tasks/{task['id']}/failure", json=failure)
        (incident,) = admin.get("/incidents").json["items"]
        states.append(admin.post(f"/incidents/{incident['id']}/{verb}", json=body).json["state"])

    assert states == ["running", "completed"]
    assert admin.get("/incidents").json["items"] == []
    assert robot.post(f"/incidents/{incident['id']}/retry", json={"reason": "again"}).status_code == 403


def test_outlived_history_is_removed_by_administrators(
    application: Application, program: Callable[..., Program], clock: FixedClock
) -> None:
    admin, rep = program("root", *WHOLE_FIRM), program("ewa", "sales_rep")
    kept = bpmn(line('<task id="done"/>', names=("done",)), attributes='camunda:historyTimeToLive="1"')
    start(application, admin, kept)
    assert admin.post("/removals", json={"reason": "yearly"}).json == {"id": None}
    clock.advance(timedelta(days=2))

    removal = admin.post("/removals", json={"reason": "yearly"}).json["id"]
    Worker(application.database.engine, application, threads=1).drain()

    found = admin.get(f"/removals/{removal}").json
    assert (found["state"], found["found"], found["removed"], found["kept"]) == ("finished", 1, 1, 0)
    assert [each["id"] for each in admin.get("/removals").json["items"]] == [removal]
    assert admin.get("/instances").json["total"] == 0
    assert admin.post(f"/removals/{removal}/stop", json={"reason": "late"}).status_code == 409
    refused = [rep.post("/removals", json={"reason": "x"}), rep.get("/removals"), rep.get(f"/removals/{removal}")]
    assert [each.status_code for each in refused] == [403] * 3


def test_what_is_put_aside_is_left_out_until_its_day(
    application: Application, program: Callable[..., Program], clock: FixedClock
) -> None:
    ewa = program("ewa", "sales_rep")
    start(application, ewa, TWO)
    task = ewa.get("/tasks").json["items"][0]["id"]
    later = (clock.now() + timedelta(days=1)).isoformat()

    changed = ewa.post(f"/tasks/{task}/schedule", json={"follow_up_at": later, "due_at": later, "priority": 80})

    assert changed.status_code == 200
    assert ewa.get("/tasks?follow_up=now").json["total"] == 0
    assert ewa.get("/tasks?follow_up=later&minimum_priority=80").json["total"] == 1
    assert ewa.post(f"/tasks/{task}/schedule", json={"due_at": None}).status_code == 200
    assert ewa.get(f"/tasks/{task}").json["due_at"] is None
    assert ewa.get("/tasks?follow_up=now").json["total"] == 0
    clock.advance(timedelta(days=1))
    assert ewa.get("/tasks?follow_up=now").json["total"] == 1
    assert [
        ewa.get(f"/tasks?{bad}").status_code for bad in ("follow_up=soon", "minimum_priority=x", "due_after=x")
    ] == [422] * 3
    assert ewa.post(f"/tasks/{task}/schedule", json={"priority": 10**9}).status_code == 422


def test_every_operation_leaves_an_entry_with_its_reason_and_who_did_it(
    application: Application, program: Callable[..., Program]
) -> None:
    admin, robot = program("root", *WHOLE_FIRM), program("robot", "worker")
    work = '<serviceTask id="weigh" camunda:type="external" camunda:topic="scales"/>'
    model = bpmn(line(work, '<userTask id="first"/>', '<userTask id="second"/>', names=("weigh", "first", "second")))
    instance = start(application, admin, model)["id"]
    newer = DeployDefinitions(files=(DeploymentFile(name="p.bpmn", content=model.replace(b'"end"', b'"over"')),))
    (target,) = application.executor.execute(newer, actor=SYSTEM)

    def fail_and(verb: str) -> None:
        (task,) = robot.post("/external-tasks/fetch", json={"worker": "w", "topics": ["scales"]}).json["items"]
        failure = {"worker": "w", "message": "broken", "retries": 0}
        robot.post(f"/external-tasks/{task['id']}/failure", json=failure)
        (incident,) = admin.get("/incidents").json["items"]
        assert admin.post(f"/incidents/{incident['id']}/{verb}", json={"reason": f"why {verb}"}).status_code == 200

    def operate(verb: str, **more: object) -> None:
        answer = admin.post(f"/instances/{instance}/{verb}", json={"reason": f"why {verb}", **more})
        assert answer.status_code == 200, answer.json

    fail_and("retry")
    fail_and("skip")
    operate("suspend")
    changed = {"variables": {"net": 5}, "reason": "why variables"}
    assert admin.patch(f"/instances/{instance}/variables", json=changed).status_code == 200
    operate("move", source="first", target="second")
    operate("migrate", definition_id=target.id)
    operate("resume")
    operate("cancel")

    told = admin.get(f"/instances/{instance}/trail?limit=100").json["items"]
    reasons = [
        (each["type"], each["actor_name"])
        for each in told
        if "why " in str(each["data"].get("reason", each["data"].get("resolution")))
    ]
    assert reasons == [
        ("incident.resolved", "root"),
        ("incident.resolved", "root"),
        ("case.suspended", "root"),
        ("case.variables_edited", "root"),
        ("case.tokens_moved", "root"),
        ("case.migrated", "root"),
        ("case.resumed", "root"),
        ("case.cancelled", "root"),
    ]
