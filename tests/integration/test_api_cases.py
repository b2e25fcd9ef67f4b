from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from processes.offer_approval import PACKAGE
from tests.engine_world import bpmn, line
from tests.web import WHOLE_FIRM, Program

Make = Callable[..., Program]
PDF = b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
TASK = '<userTask id="work" name="Work" camunda:candidateGroups="{}"/>'
ONE_TASK = bpmn(line(TASK.format("legal"), names=("work",)), key="review")


def deploy(program: Program, *files: tuple[str, bytes], **fields: str) -> Any:
    return program.post("/definitions", data={**fields, "file": [(io.BytesIO(data), name) for name, data in files]})


@pytest.fixture
def designer(program: Make) -> Program:
    return program("designer", "process_designer")


@pytest.fixture
def review(designer: Program) -> str:
    """A deployed process of one task for the group legal."""
    answer = deploy(designer, ("review.bpmn", ONE_TASK))
    assert answer.status_code == 201, answer.text
    return str(answer.json["definitions"][0]["id"])


@pytest.fixture
def lawyer(program: Make) -> Program:
    return program("lawyer", "legal")


@pytest.fixture
def task(review: str, designer: Program) -> str:
    """An open task of a started case."""
    answer = designer.post("/instances", json={"definition_key": "review", "business_key": "R-1"})
    assert answer.status_code == 201, answer.text
    return str(answer.json["tasks"][0]["id"])


def test_the_description_is_valid_openapi(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").json

    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, item in document["paths"].items()
        for method in item
    }
    served = {
        (method, _plain(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} or {"OPTIONS"}  # Flask adds these two by itself
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("openapi.json")
    }
    assert described == served


def _plain(rule: str) -> str:
    import re

    return re.sub(r"<\w+:", "<", rule.removeprefix("/api/v1"))


class Checked:
    """A program whose every answer is held against the description."""

    def __init__(self, program: Program, app: Flask) -> None:
        self._program = program
        self._document = app.test_client().get("/api/v1/openapi.json").json
        self._router = app.url_map.bind("localhost")

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        answer = getattr(self._program, method)(path, **options)
        plain, _, _ = path.partition("?")
        rule, _ = self._router.match(f"/api/v1{plain}", method=method.upper(), return_rule=True)
        operation = self._document["paths"][_plain(rule.rule).replace("<", "{").replace(">", "}")][method]
        described = operation["responses"][str(answer.status_code)]["content"][answer.mimetype]["schema"]
        root = Resource.from_contents(self._document, default_specification=DRAFT202012)
        registry: Any = Registry().with_resource("urn:api", root)
        schema = {"$ref": f"urn:api{described['$ref']}"} if "$ref" in described else described
        OAS31Validator(schema, registry=registry).validate(answer.json)
        return answer


def test_the_main_job_by_rest(app: Flask, program: Make, designer: Program) -> None:
    rep = Checked(program("ewa", "sales_rep"), app)
    manager = Checked(program("jan", "sales_manager"), app)
    auditor = Checked(program("adam", "auditor"), app)
    deployed = deploy(designer, *[(path.name, path.read_bytes()) for path in PACKAGE.files()])
    assert deployed.status_code == 201, deployed.text

    customer = rep("post", "/customers", json={"name": "Żuraw", "country": "PL", "payment_days": 30}).json
    line = {"description": "Pompa", "quantity": 2, "unit_price": 1000.5, "discount": 15, "vat_rate": 23}
    offer = rep("post", "/offers", json={"customer_id": customer["id"], "lines": [line], "terms": {"payment_days": 14}})
    assert offer.status_code == 201, offer.text
    started = rep(
        "post",
        "/instances",
        json={
            "definition_key": "offer_approval",
            "business_key": offer.json["number"],
            "variables": {"offer_id": offer.json["id"], "is_sent_elsewhere": True},
            "links": [
                {"entity": "crm.offer", "id": offer.json["id"]},
                {"entity": "crm.customer", "id": customer["id"]},
            ],
        },
    )
    assert started.status_code == 201, started.text
    (first,) = started.json["tasks"]
    missing = rep("post", f"/tasks/{first['id']}/complete", json={"data": {"payment_days": 14}})
    assert (missing.status_code, missing.json["code"]) == (422, "documents_missing")
    filed = rep(
        "post",
        f"/tasks/{first['id']}/documents",
        data={"file": (io.BytesIO(PDF), "zapytanie.pdf"), "type": "customer_request", "title": "Zapytanie"},
    )
    assert filed.status_code == 201, filed.text
    prepared = rep("post", f"/tasks/{first['id']}/complete", json={"data": {"payment_days": 14}})
    assert prepared.status_code == 200, prepared.text

    inbox = manager("get", "/tasks?candidate_group=sales_manager").json
    (approval,) = inbox["items"]
    assert inbox["total"] == 1
    number = approval["search"]["offer_number"]
    assert manager("get", f"/tasks?variable=offer_number={number}").json["items"] == inbox["items"]
    assert manager("get", "/tasks?variable=offer_number=another").json["total"] == 0
    seen = manager("get", f"/tasks/{approval['id']}").json
    assert seen["form"]["components"]
    decided = manager("post", f"/tasks/{approval['id']}/complete", json={"data": {"decision": "approve"}})
    assert decided.status_code == 200, decided.text
    case = started.json["id"]
    assert decided.json["instance"]["id"] == case

    instance = auditor("get", f"/instances/{case}").json
    documents = auditor("get", f"/instances/{case}/documents").json["items"]
    trail = auditor("get", f"/instances/{case}/trail").json["items"]
    history = auditor("get", f"/instances/{case}/history").json["items"]
    assert instance["state"] == "completed"
    assert any(each["type"] == "approval_sheet" for each in documents)
    completed = [entry for entry in trail if entry["type"] == "task.completed"]
    assert [entry["actor"] for entry in completed] == ["ewa", "jan"]
    assert completed[0]["data"]["documents"][0]["digest"] == filed.json["digest"]
    assert history
    assert auditor("get", f"/instances?entity=crm.customer&entity_id={customer['id']}").json["total"] == 1
    assert rep("get", f"/offers/{offer.json['id']}").json["state"] == "approved"


def test_deploying_the_same_file_again_is_no_new_version(designer: Program) -> None:
    first = deploy(designer, ("review.bpmn", ONE_TASK)).json["definitions"]

    again = deploy(designer, ("review.bpmn", ONE_TASK)).json["definitions"]

    assert again == first
    xml = designer.get(f"/definitions/{first[0]['id']}/xml")
    assert xml.data == ONE_TASK


def test_a_dry_run_deploys_nothing(designer: Program) -> None:
    tried = deploy(designer, ("review.bpmn", ONE_TASK), dry_run="true")

    assert tried.status_code == 201
    assert designer.get("/definitions").json["items"] == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.bpmn", b"not XML at all"),
        ("a.bpmn", b"\x89PNG\r\n\x1a\n"),
        ("a.bpmn", b""),
        ("a.bpmn", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
        ("a.bpmn", bpmn(line('<userTask id="work" camunda:formRef="no_such_form"/>', names=("work",)))),
        ("a.bpmn", bpmn(line('<serviceTask id="work" obieg:handler="os.system"/>', names=("work",)))),
        ("a.txt", b"hello"),
        ("a.form", b"{"),
        ("a.dmn", b"<x/>"),
    ],
)
def test_a_file_that_cannot_be_executed_is_refused_with_findings(designer: Program, name: str, content: bytes) -> None:
    answer = deploy(designer, (name, content))

    assert answer.status_code == 422, answer.text
    assert answer.json["code"] == "deployment_refused"
    assert all(finding["sentence"] and finding["rule"] for finding in answer.json["findings"])
    assert answer.json["findings"][0]["file"] == name
    assert "root:" not in answer.text
    assert designer.get("/definitions").json["items"] == []


def test_only_designers_deploy(program: Make) -> None:
    assert deploy(program("rep", "sales_rep"), ("review.bpmn", ONE_TASK)).status_code == 403


def test_a_task_is_completed_once(lawyer: Program, task: str) -> None:
    first = lawyer.post(f"/tasks/{task}/complete", json={"data": {}})
    again = lawyer.post(f"/tasks/{task}/complete", json={"data": {}})

    assert first.status_code == 200, first.text
    assert first.json["instance"]["state"] == "completed"
    assert again.status_code == 409
    assert again.json["code"] == "task_already_completed"


def test_a_repetition_with_the_same_key_answers_the_same(lawyer: Program, task: str) -> None:
    body = {"data": {}, "idempotency_key": "one"}

    first = lawyer.post(f"/tasks/{task}/complete", json=body)
    again = lawyer.post(f"/tasks/{task}/complete", json=body)

    assert (again.status_code, again.json) == (first.status_code, first.json) == (200, first.json)


def test_other_peoples_tasks_are_not_theirs(program: Make, task: str) -> None:
    other = program("other", "technical_reviewer")

    assert other.get(f"/tasks/{task}").status_code == 404
    assert other.post(f"/tasks/{task}/complete", json={"data": {}}).status_code in {403, 404}
    assert other.post(f"/tasks/{task}/claim").status_code in {403, 404}
    assert other.get("/tasks").json == {"items": [], "next": None, "total": 0}
    assert other.get("/instances").json["total"] == 0


def test_a_claimed_task_is_mine(program: Make, lawyer: Program, task: str) -> None:
    colleague = program("colleague", "legal")
    assert lawyer.post(f"/tasks/{task}/claim").status_code == 200

    assert lawyer.get("/tasks?assignee=me").json["total"] == 1
    assert colleague.post(f"/tasks/{task}/complete", json={"data": {}}).status_code == 403
    assert lawyer.post(f"/tasks/{task}/unclaim").status_code == 200
    assert lawyer.post(f"/tasks/{task}/comment", json={"text": "Brakuje podpisu."}).status_code == 200
    assert colleague.get(f"/tasks/{task}").json["comments"][0]["text"] == "Brakuje podpisu."
    assert colleague.post(f"/tasks/{task}/complete", json={"data": {}}).status_code == 200


def test_lists_go_on_where_they_ended(designer: Program, lawyer: Program, review: str) -> None:
    for number in range(5):
        designer.post("/instances", json={"definition_id": review, "business_key": f"R-{number}"})

    seen: list[str] = []
    after = ""
    while True:
        page = lawyer.get(f"/tasks?limit=2&sort=created&after={after}").json
        seen += [item["business_key"] for item in page["items"]]
        assert page["total"] == 5
        same = lawyer.get(f"/tasks?limit=2&sort=created&after={after}&counted=false").json
        assert same == page | {"total": None}
        if page["next"] is None:
            break
        after = page["next"]

    assert seen == [f"R-{number}" for number in range(5)]


def test_bulk_says_what_became_of_each(lawyer: Program, task: str) -> None:
    answer = lawyer.post("/tasks/bulk", json={"action": "complete", "ids": [task, "01ARZ3NDEKTSV4RRFFQ69G5FAV"]})

    assert [item["ok"] for item in answer.json["items"]] == [True, False]
    assert answer.json["items"][1]["problem"]["status"] == 404


def test_an_administrator_cancels_with_a_reason(program: Make, designer: Program, lawyer: Program, review: str) -> None:
    case = designer.post("/instances", json={"definition_id": review}).json["id"]
    admin = program("boss", *WHOLE_FIRM)

    assert designer.post(f"/instances/{case}/cancel", json={"reason": "no"}).status_code == 403
    assert admin.post(f"/instances/{case}/cancel", json={}).status_code == 422
    assert admin.post(f"/instances/{case}/cancel", json={"reason": "duplicate"}).status_code == 200
    assert admin.get(f"/instances/{case}").json["state"] == "cancelled"
    assert lawyer.get("/tasks").json["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("post", "/instances", {"json": {"definition_key": "nothing"}}, 404, "definition_not_found"),
        ("post", "/instances", {"json": {}}, 422, None),
        ("post", "/instances", {"json": {"definition_key": 5, "extra": 1, "links": [{}]}}, 422, "invalid_input"),
        ("post", "/instances", {"json": []}, 422, "invalid_input"),
        ("post", "/instances", {"data": "{", "content_type": "application/json"}, 400, "bad_request"),
        ("post", "/instances", {"data": "a=b", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ("get", "/tasks?limit=0", {}, 422, "invalid_input"),
        ("get", "/tasks?limit=5&limit=6", {}, 400, "bad_request"),
        ("get", "/tasks?sort=nonsense", {}, 422, None),
        ("get", "/tasks?after=nonsense", {}, 422, None),
        ("get", "/tasks?colour=red", {}, 422, "invalid_input"),
        ("get", "/tasks?q=a%00b", {}, 400, "bad_request"),
        ("get", "/tasks?variable=nameless", {}, 422, "invalid_input"),
        ("get", "/tasks?due_before=2026-01-05T00:00:00", {}, 422, "invalid_input"),
        ("get", "/tasks/nonsense", {}, 404, "not_found"),
        ("get", "/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV", {}, 404, "task_not_found"),
        ("get", "/instances/01ARZ3NDEKTSV4RRFFQ69G5FAV", {}, 404, "instance_not_found"),
        ("get", "/instances/01ARZ3NDEKTSV4RRFFQ69G5FAV/trail", {}, 404, None),
        ("get", "/customers/a%00b", {}, 422, None),
        ("delete", "/tasks", {}, 405, "method_not_allowed"),
    ],
)
def test_a_wrong_request_gets_problem_details(
    lawyer: Program, method: str, path: str, options: dict[str, Any], status: int, code: str | None
) -> None:
    answer = getattr(lawyer, method)(path, **options)

    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "details"} <= answer.json.keys()
    assert answer.json["detail"].rstrip().endswith((".", "…"))
    assert code in {None, answer.json["code"]}


def test_every_wrong_field_is_named(lawyer: Program) -> None:
    answer = lawyer.post("/instances", json={"definition_key": 5, "colour": "red", "links": [{"entity": ""}]})

    assert answer.json["details"]["fields"].keys() == {"/definition_key", "/colour", "/links/0/entity", "/links/0/id"}
