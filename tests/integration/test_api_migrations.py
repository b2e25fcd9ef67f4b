"""Migrations through the API and on the command line."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import CliRunner

from core.identity import SYSTEM
from core.settings import Settings
from engine.definitions import DeployDefinitions, DeploymentFile
from storage.jobs.worker import Worker
from tests.engine_world import bpmn, line
from tests.web import WHOLE_FIRM, Program
from webapp.bootstrap import Application
from webapp.cli import cli

BEFORE = bpmn(line('<userTask id="check"/>', names=("check",)))
AFTER = bpmn(line('<userTask id="review" name="Review"/>', names=("review",)))


def deploy(application: Application, source: bytes) -> str:
    command = DeployDefinitions(files=(DeploymentFile(name="process.bpmn", content=source),))
    (made,) = application.executor.execute(command, actor=SYSTEM)
    return str(made.id)


def two_versions(application: Application, admin: Program, count: int) -> tuple[str, str, list[str]]:
    """Both versions, and instances of the first."""
    before = deploy(application, BEFORE)
    started = [admin.post("/instances", json={"definition_key": "process"}).json["id"] for _ in range(count)]
    return before, deploy(application, AFTER), started


def test_one_instance_is_rehearsed_and_migrated(application: Application, program: Callable[..., Program]) -> None:
    admin = program("root", *WHOLE_FIRM)
    _, after, (instance,) = two_versions(application, admin, 1)
    address = f"/instances/{instance}/migrate"

    rehearsed = admin.post(address, json={"definition_id": after, "dry_run": True})
    assert (rehearsed.status_code, rehearsed.json["works"]) == (200, False)
    refused = admin.post(address, json={"definition_id": after, "reason": "renamed"})
    assert (refused.status_code, refused.json["code"]) == (422, "migration_refused")
    assert refused.json["details"]["problems"][0]["element"] == "check"
    mapping = {"check": "review"}
    assert admin.post(address, json={"definition_id": after, "mapping": mapping}).status_code == 422  # no reason
    done = admin.post(address, json={"definition_id": after, "mapping": mapping, "reason": "renamed"})

    assert done.json == {"id": instance, "state": "running"}
    assert admin.get("/tasks").json["items"][0]["name"] == "Review"
    trail = admin.get(f"/instances/{instance}/trail").json["items"]
    assert [each["data"]["reason"] for each in trail if each["type"] == "case.migrated"] == ["renamed"]


def test_a_batch_runs_in_the_background(application: Application, program: Callable[..., Program]) -> None:
    admin = program("root", *WHOLE_FIRM)
    before, after, instances = two_versions(application, admin, 3)
    body = {"before_id": before, "after_id": after, "mapping": {"check": "review"}}
    plan = admin.post("/migrations/plan", json={"before_id": before, "after_id": after}).json
    assert [(line["element"], line["instances"], line["is_open"]) for line in plan["lines"]] == [("check", 3, True)]
    rehearsal = admin.post("/migrations/rehearse", json=body).json
    assert [each["works"] for each in rehearsal["items"]] == [True] * 3

    started = admin.post("/migrations", json=body | {"reason": "renamed"})
    assert (started.status_code, started.json.get("waiting")) == (201, 3), started.json
    batch = f"/migrations/{started.json['id']}"
    assert admin.post(f"{batch}/stop", json={"reason": "wait"}).status_code == 200
    assert admin.post(f"{batch}/resume", json={"reason": "go"}).status_code == 200
    Worker(application.database.engine, application, threads=1).drain()

    found = admin.get(batch).json
    assert (found["migration"]["state"], found["migration"]["done"], found["refused"]) == ("finished", 3, [])
    assert [each["id"] for each in admin.get("/migrations?definition_key=process").json["items"]] == [
        started.json["id"]
    ]
    assert {admin.get(f"/instances/{each}").json["definition"]["id"] for each in instances} == {after}


def test_nobody_but_an_administrator_migrates(application: Application, program: Callable[..., Program]) -> None:
    before, after, (instance,) = two_versions(application, program("root", *WHOLE_FIRM), 1)
    rep, plan = program("ewa", "sales_rep"), {"before_id": before, "after_id": after}
    nowhere = "0" * 26

    answers = [
        rep.post(f"/instances/{instance}/migrate", json={"definition_id": after, "reason": "x"}),
        rep.post(f"/instances/{instance}/migrate", json={"definition_id": after, "dry_run": True}),
        rep.post("/migrations/plan", json=plan),
        rep.post("/migrations/rehearse", json=plan),
        rep.post("/migrations", json=plan | {"reason": "x"}),
        rep.get("/migrations"),
        rep.get(f"/migrations/{nowhere}"),
        rep.post(f"/migrations/{nowhere}/stop", json={"reason": "x"}),
        rep.post(f"/migrations/{nowhere}/resume", json={"reason": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 9


def test_what_makes_no_sense_is_answered_with_a_sentence(
    application: Application, program: Callable[..., Program]
) -> None:
    admin = program("root", *WHOLE_FIRM)
    before, after, (instance,) = two_versions(application, admin, 1)
    nowhere = "0" * 26

    for path, body, status in (
        (f"/instances/{nowhere}/migrate", {"definition_id": after, "reason": "x"}, 404),
        (f"/instances/{nowhere}/migrate", {"definition_id": after, "dry_run": True}, 404),
        (f"/instances/{instance}/migrate", {"definition_id": nowhere, "reason": "x"}, 404),
        (f"/instances/{instance}/migrate", {"definition_id": "x\u0000", "reason": "x"}, 400),
        (f"/instances/{instance}/migrate", {"definition_id": before, "reason": "x"}, 422),
        (f"/instances/{instance}/migrate", {"definition_id": after, "reason": "x", "mapping": {"check": 1}}, 422),
        ("/migrations/plan", {"before_id": before, "after_id": before}, 422),
        ("/migrations/plan", {"before_id": before, "after_id": after, "mapping": {"no": "where"}}, 200),
        ("/migrations/rehearse", {"before_id": before, "after_id": after, "mapping": {"no": "where"}}, 200),
        ("/migrations", {"before_id": before, "after_id": after, "reason": "x", "instance_ids": [nowhere]}, 422),
        ("/migrations", {"before_id": before, "after_id": after, "reason": "x", "instance_ids": []}, 422),
        (f"/migrations/{nowhere}/stop", {"reason": "x"}, 404),
        (f"/migrations/{nowhere}/resume", {"reason": "x"}, 404),
    ):
        answer = admin.post(path, json=body)
        assert answer.status_code == status, (path, body, answer.json)
        assert status == 200 or answer.json["detail"]


def test_the_command_line_rehearses_and_migrates(
    application: Application, program: Callable[..., Program], database_url: str
) -> None:
    admin = program("root", *WHOLE_FIRM)
    before, after, instances = two_versions(application, admin, 2)
    settings = Settings(database_url=database_url, data=application.settings.data)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli.get_command(None, "migrate-instances"), arguments, obj=settings)  # type: ignore[arg-type, type-var]
        return result.exit_code, result.output

    code, told = run(before, after, "--dry-run")
    assert (code, told.count("REFUSED")) == (1, 2)
    code, told = run(before, after, "--dry-run", "--map", "check=review")
    assert (code, told.count("works: check -> review")) == (0, 2)
    assert run(before, after, "--map", "check")[0] == 2
    code, told = run(before, after, "--map", "check=review", "--instance", instances[0], "--reason", "renamed")
    assert (code, "1 migrated, 0 refused" in told) == (0, True), told
    code, told = run(before, after, "--reason", "renamed")

    assert (code, told.count("REFUSED")) == (1, 1)
    assert admin.get(f"/instances/{instances[0]}").json["definition"]["id"] == after
