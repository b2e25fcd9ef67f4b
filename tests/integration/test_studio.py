"""Projects of designers: drawn together, saved without overwriting, published by somebody else than their authors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from processes.model_review import PACKAGE
from storage.jobs.worker import Worker
from tests.engine_world import bpmn, line
from tests.web import Program
from webapp.bootstrap import Application

FORM = '{"id": "%s", "type": "default", "components": [{"type": "textfield", "key": "what", "label": "What"}]}'
GOOD = bpmn(
    line('<userTask id="do" name="Do it" camunda:formRef="ask"/>', names=("do",)), key="parcels", attributes='name="P"'
).decode()
BROKEN = GOOD.replace('formRef="ask"', 'formRef="asked"')


@pytest.fixture
def marek(application: Application, program: Callable[..., Program]) -> Program:
    deploy(application, *((path.name, path.read_bytes()) for path in PACKAGE.files()))
    return program("marek", "process_designer")


def deploy(application: Application, *files: tuple[str, bytes]) -> list[Any]:
    wanted = tuple(DeploymentFile(name=name, content=content) for name, content in files)
    return list(application.executor.execute(DeployDefinitions(files=wanted), actor=SYSTEM))


def begin(marek: Program, diagram: str = GOOD) -> str:
    files = [{"name": "parcels.bpmn", "content": diagram}, {"name": "ask.form", "content": FORM % "ask"}]
    answer = marek.post("/studio/projects", json={"name": "Parcels", "files": files})
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def file_of(marek: Program, project: str, name: str = "parcels.bpmn") -> str:
    files = marek.get(f"/studio/projects/{project}").json["files"]
    return next(str(each["id"]) for each in files if each["name"] == name)


def review(program: Program, task: str, **data: Any) -> Any:
    return program.post(f"/tasks/{task}/complete", json={"data": data})


def only_task(program: Program) -> str:
    (task,) = program.get("/tasks").json["items"]
    return str(task["id"])


def test_a_project_begins_with_an_empty_diagram_of_its_name(marek: Program) -> None:
    made = marek.post("/studio/projects", json={"name": "  Zgoda na ofertę "})

    project = marek.get(f"/studio/projects/{made.json['id']}").json
    assert (project["name"], project["state"], project["contributors"]) == ("Zgoda na ofertę", "draft", ["marek"])
    assert [(each["name"], each["kind"]) for each in project["files"]] == [("zgoda_na_oferte.bpmn", "process")]


def test_a_deployed_process_is_copied_with_the_forms_and_decisions_that_it_names(
    application: Application, marek: Program
) -> None:
    made = deploy(application, ("parcels.bpmn", GOOD.encode()), ("ask.form", (FORM % "ask").encode()))
    process = next(each for each in made if each.kind == "process")

    answer = marek.post("/studio/projects", json={"definition_id": process.id})

    project = marek.get(f"/studio/projects/{answer.json['id']}").json
    assert (project["name"], [each["name"] for each in project["files"]]) == ("P", ["parcels.bpmn", "ask.form"])


def test_saving_tells_what_would_be_found_by_a_deployment(marek: Program) -> None:
    project = begin(marek)
    file = file_of(marek, project)

    saved = marek.patch(f"/studio/files/{file}", json={"content": BROKEN, "revision": 1}).json

    assert saved["revision"] == 2
    assert [(each["element"], each["severity"]) for each in saved["findings"]] == [("do", "error")]
    assert "asked" in saved["findings"][0]["sentence"]
    assert marek.get(f"/studio/projects/{project}/findings").json["items"] == saved["findings"]


def test_who_saves_second_gets_what_the_first_saved_and_overwrites_nothing(
    marek: Program, program: Callable[..., Program]
) -> None:
    olga = program("olga", "process_designer")
    file = file_of(marek, begin(marek))
    theirs = GOOD.replace("Do it", "Olga's")
    olga.patch(f"/studio/files/{file}", json={"content": theirs, "revision": 1})

    answer = marek.patch(f"/studio/files/{file}", json={"content": GOOD.replace("Do it", "Marek's"), "revision": 1})

    assert (answer.status_code, answer.json["code"]) == (409, "file_changed")
    details = answer.json["details"]
    assert (details["content"], details["revision"], details["changed_by"]) == (theirs, 2, "olga")
    assert marek.get(f"/studio/files/{file}").json["content"] == theirs


def test_what_was_saved_already_is_no_new_revision(marek: Program) -> None:
    file = file_of(marek, begin(marek))

    again = marek.patch(f"/studio/files/{file}", json={"content": GOOD, "revision": 1})

    assert (again.status_code, again.json["revision"]) == (200, 1)


def test_files_are_added_renamed_and_removed(marek: Program) -> None:
    project = begin(marek)
    address = f"/studio/projects/{project}/files"

    made = marek.post(address, json={"name": "Price of a parcel", "kind": "decision"}).json["id"]
    twice = marek.post(address, json={"name": "Price of a parcel", "kind": "decision"})
    renamed = marek.post(f"/studio/files/{made}/rename", json={"name": "price.dmn"})
    other_kind = marek.post(f"/studio/files/{made}/rename", json={"name": "price.bpmn"})
    removed = marek.delete(f"/studio/files/{file_of(marek, project, 'ask.form')}")

    assert (twice.status_code, renamed.status_code, removed.status_code) == (422, 200, 200)
    assert "already" in twice.json["detail"]
    assert "stays one" in other_kind.json["detail"]
    names = [each["name"] for each in marek.get(f"/studio/projects/{project}").json["files"]]
    assert names == ["parcels.bpmn", "price.dmn"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("notes.txt", "hello", "cannot be the name"),
        ("../../etc/passwd.bpmn", "<a/>", "cannot be the name"),
    ],
)
def test_what_is_no_model_is_refused(marek: Program, name: str, content: str, says: str) -> None:
    answer = marek.post("/studio/projects", json={"name": "X", "files": [{"name": name, "content": content}]})

    assert answer.status_code == 422
    assert says in answer.json["detail"]


def test_a_diagram_with_a_document_type_is_a_finding_and_nothing_of_it_is_resolved(marek: Program) -> None:
    evil = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + GOOD
    file = file_of(marek, begin(marek))

    saved = marek.patch(f"/studio/files/{file}", json={"content": evil, "revision": 1}).json

    assert [each["rule"] for each in saved["findings"]] == ["xml-doctype"]
    assert "root:" not in str(saved)


def test_a_scenario_of_a_diagram_that_the_project_does_not_have_is_a_finding(marek: Program) -> None:
    project = begin(marek)
    marek.post(f"/studio/projects/{project}/files", json={"name": "Lost", "kind": "scenario", "process": "nothing"})
    marek.post(f"/studio/projects/{project}/files", json={"name": "Good", "kind": "scenario", "process": "parcels"})

    found = marek.get(f"/studio/projects/{project}/findings").json["items"]

    assert [(each["file"], each["rule"]) for each in found] == [("lost.scenario.yaml", "scenario-process")]


def test_a_project_is_published_by_somebody_who_changed_nothing_of_it(
    marek: Program, program: Callable[..., Program]
) -> None:
    olga, project = program("olga", "process_designer"), begin(marek)
    asked = marek.post(f"/studio/projects/{project}/review", json={"note": "Please look"})
    task = only_task(olga)

    own = review(marek, task, decision="publish")
    locked = marek.patch(f"/studio/files/{file_of(marek, project)}", json={"content": BROKEN, "revision": 1})
    done = review(olga, task, decision="publish")

    assert asked.status_code == 201
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    assert (locked.status_code, locked.json["code"]) == (409, "project_closed")
    assert done.status_code == 200, done.json
    assert [each["key"] for each in marek.get("/definitions?key=parcels").json["items"]] == ["parcels"]
    after = marek.get(f"/studio/projects/{project}").json
    assert (after["state"], after["published_by"], after["contributors"]) == ("draft", "olga", [])


def test_who_changed_it_last_week_may_not_agree_to_it_today(marek: Program, program: Callable[..., Program]) -> None:
    olga, ola = program("olga", "process_designer"), program("ola", "process_designer")
    project = begin(marek)
    olga.patch(
        f"/studio/files/{file_of(marek, project)}", json={"content": GOOD.replace("Do it", "Pack"), "revision": 1}
    )
    marek.post(f"/studio/projects/{project}/review", json={})
    task = only_task(olga)

    refused = review(olga, task, decision="publish")

    assert "changed Parcels yourself" in refused.json["detail"]
    assert marek.get("/definitions?key=parcels").json["items"] == []
    assert review(ola, task, decision="publish").status_code == 200


def test_what_could_not_be_deployed_is_not_reviewed(marek: Program) -> None:
    project = begin(marek, BROKEN)

    answer = marek.post(f"/studio/projects/{project}/review", json={})

    assert answer.status_code in {409, 422}
    assert "asked" in answer.json["detail"]
    assert marek.get(f"/studio/projects/{project}").json["state"] == "draft"
    assert marek.get("/instances").json["items"] == []


def test_a_review_gives_the_project_back_with_what_has_to_change(
    marek: Program, program: Callable[..., Program]
) -> None:
    olga, project = program("olga", "process_designer"), begin(marek)
    marek.post(f"/studio/projects/{project}/review", json={})

    review(olga, only_task(olga), decision="change", reason="No deadline")

    assert marek.get(f"/studio/projects/{project}").json["state"] == "draft"
    assert marek.get("/definitions?key=parcels").json["items"] == []


def test_a_withdrawn_project_ends_its_review(
    application: Application, marek: Program, program: Callable[..., Program]
) -> None:
    olga, project = program("olga", "process_designer"), begin(marek)
    case = marek.post(f"/studio/projects/{project}/review", json={}).json["id"]
    task = only_task(olga)

    withdrawn = marek.post(f"/studio/projects/{project}/withdraw", json={"reason": "One more step"})
    late = review(olga, task, decision="publish")
    Worker(application.database.engine, application, threads=1).drain()

    assert withdrawn.status_code == 200
    assert "withdrawn" in late.json["detail"]
    assert marek.get(f"/instances/{case}").json["outcome"] == "withdrawn"
    assert marek.get(f"/studio/projects/{project}").json["state"] == "draft"


def test_a_review_that_was_begun_without_a_project_says_where_to_begin(marek: Program) -> None:
    answer = marek.post("/instances", json={"definition_key": "model_review"})

    assert "page of a project" in answer.json["detail"]


def test_the_trail_tells_every_change_by_its_digest(application: Application, marek: Program) -> None:
    project = begin(marek)
    marek.patch(f"/studio/files/{file_of(marek, project)}", json={"content": BROKEN, "revision": 1})
    marek.post(f"/studio/projects/{project}/discard", json={"reason": "Not needed"})

    with application.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT type FROM audit_entry WHERE stream = %s ORDER BY id", (f"project:{project}",)
        )
        told = [row[0] for row in rows]
    assert told == ["project.created", "project.file_saved", "project.discarded"]


def test_a_project_that_was_put_away_is_out_of_the_list_until_it_is_taken_up(marek: Program) -> None:
    project = begin(marek)
    marek.post(f"/studio/projects/{project}/discard", json={"reason": "Not needed"})

    gone = marek.get("/studio/projects").json["items"]
    away = marek.get("/studio/projects?state=discarded").json["items"]
    marek.post(f"/studio/projects/{project}/restore")

    assert (gone, [each["id"] for each in away]) == ([], [project])
    assert [each["files"] for each in marek.get("/studio/projects?q=parc").json["items"]] == [2]


def test_projects_are_paged_by_their_last_change(marek: Program) -> None:
    made = [marek.post("/studio/projects", json={"name": f"P{number}"}).json["id"] for number in range(5)]

    first = marek.get("/studio/projects?limit=3").json
    second = marek.get(f"/studio/projects?limit=3&after={first['next']}").json

    assert [each["id"] for each in (*first["items"], *second["items"])] == made[::-1]
    assert second["next"] is None


def test_only_designers_see_and_draw(marek: Program, program: Callable[..., Program]) -> None:
    jan, project = program("jan", "sales_rep"), begin(marek)
    file = file_of(marek, project)

    answers = [
        jan.get("/studio/projects"),
        jan.get(f"/studio/projects/{project}"),
        jan.get(f"/studio/projects/{project}/findings"),
        jan.get(f"/studio/files/{file}"),
        jan.patch(f"/studio/files/{file}", json={"content": BROKEN, "revision": 1}),
        jan.post("/studio/projects", json={"name": "Mine"}),
        jan.post(f"/studio/projects/{project}/review", json={}),
        jan.delete(f"/studio/files/{file}"),
    ]

    assert [each.status_code for each in answers] == [403] * 8


SCENARIO = """process: parcels
scenarios:
  - name: it is done
    steps:
      - complete: do
        as: sales_rep
        data: {what: pens}
      - expect: {state: completed}
  - name: it is over at once
    steps:
      - expect: {state: completed}
"""


def play(marek: Program, project: str) -> Any:
    return marek.post(f"/studio/projects/{project}/play")


def test_scenarios_are_played_and_tell_what_they_came_to(marek: Program) -> None:
    project = begin(marek)
    marek.post(f"/studio/projects/{project}/files", json={"name": "a.scenario.yaml", "content": SCENARIO})

    played = play(marek, project).json

    assert [(each["name"], each["ok"]) for each in played["results"]] == [
        ("it is done", True),
        ("it is over at once", False),
    ]
    assert "running" in played["results"][1]["failures"][0]
    (coverage,) = played["coverage"]
    assert (coverage["process"], coverage["percent"], coverage["missed"]) == ("parcels", 100, [])
    assert {"start", "do", "end", "start_do"} <= set(coverage["visited"])
    assert marek.get("/instances").json["items"] == []


def test_a_form_that_is_deployed_counts_where_the_project_has_none(application: Application, marek: Program) -> None:
    deploy(application, ("ask.form", (FORM % "ask").encode()))
    files = [{"name": "parcels.bpmn", "content": GOOD}, {"name": "a.scenario.yaml", "content": SCENARIO}]
    project = marek.post("/studio/projects", json={"name": "Parcels", "files": files}).json["id"]

    assert play(marek, project).json["results"][0]["ok"]


@pytest.mark.parametrize(
    "content",
    [
        "file: ../../x.bpmn\nscenarios: [{name: a, steps: []}]",
        "process: p\nbeside: [..]\nscenarios: [{name: a, steps: []}]",
    ],
)
def test_a_scenario_does_not_lead_out_of_its_project(marek: Program, content: str) -> None:
    project = begin(marek)
    marek.post(f"/studio/projects/{project}/files", json={"name": "a.scenario.yaml", "content": content})

    answer = play(marek, project)

    assert (answer.status_code, "not in this project" in answer.json["detail"]) == (422, True)


def test_an_endless_loop_is_told_and_holds_nothing_up(marek: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.playing.PATIENCE", 6)
    script = "count(for i in 1..1000000000 return i * 2)"
    endless = bpmn(
        line(f'<scriptTask id="do" scriptFormat="feel"><script>n = {script}</script></scriptTask>', names=("do",)),
        key="parcels",
    ).decode()
    content = "process: parcels\nscenarios: [{name: a, steps: [{expect: {state: completed}}]}]"
    files = [{"name": "a.bpmn", "content": endless}, {"name": "a.scenario.yaml", "content": content}]
    project = marek.post("/studio/projects", json={"name": "Endless", "files": files}).json["id"]

    answer = play(marek, project)

    assert answer.status_code == 422 or not answer.json["results"][0]["ok"]


def test_a_project_without_scenarios_says_that_it_has_none(marek: Program) -> None:
    assert "no scenario" in play(marek, begin(marek)).json["detail"]
