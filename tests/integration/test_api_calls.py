"""Called cases through the API and on the pages of their callers."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from tests.engine_stage import ROOTS, call, event
from tests.engine_world import bpmn, line
from tests.web import Program, form_token, log_in
from webapp.bootstrap import Application

CALLER = bpmn(line(call(attributes='name="Have it checked"'), names=("call",)), attributes='name="Repair"')
CALLED = bpmn(line('<userTask id="work" name="Check"/>', names=("work",)), key="called", attributes='name="Inspection"')


def deploy(application: Application, *sources: bytes) -> None:
    files = tuple(DeploymentFile(name=f"{number}.bpmn", content=each) for number, each in enumerate(sources))
    application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)


def test_the_answers_name_caller_and_called_cases(application: Application, program: Callable[..., Program]) -> None:
    deploy(application, CALLED, CALLER)
    rep = program("ewa", "sales_rep")
    started = rep.post("/instances", json={"definition_key": "process"}).json
    assert [task["element_id"] for task in started["tasks"]] == ["work"]

    caller = rep.get(f"/instances/{started['id']}").json
    (child,) = rep.get(f"/instances?parent={started['id']}").json["items"]
    called = rep.get(f"/instances/{child['id']}").json
    (visit,) = [each for each in rep.get(f"/instances/{started['id']}/history").json["items"] if each["called"]]

    assert [(each["id"], each["element_id"], each["state"]) for each in caller["children"]] == [
        (child["id"], "call", "running")
    ]
    assert (called["parent"]["id"], called["parent"]["definition_name"]) == (started["id"], "Repair")
    assert (caller["parent"], called["children"], caller["stopped_by"]) == (None, [], None)
    assert (visit["element_id"], visit["called"]) == ("call", child["id"])


def test_the_pages_of_both_cases_lead_to_each_other(application: Application, anna: FlaskClient) -> None:
    deploy(application, CALLED, CALLER)
    log_in(anna)
    anna.post("/start", data={"definition_key": "process", "csrf_token": form_token(anna)})
    cases = {each["definition_key"]: each["id"] for each in anna.get("/api/v1/instances").json["items"]}

    caller, called = anna.get(f"/cases/{cases['process']}").text, anna.get(f"/cases/{cases['called']}").text

    assert f'href="/cases/{cases["called"]}">open the called case' in caller
    assert "Inspection" in caller.partition("Connected cases")[2]
    assert f'href="/cases/{cases["process"]}"' in called.partition("Connected cases")[2]


def test_a_caller_names_the_case_that_stops_it(application: Application, program: Callable[..., Program]) -> None:
    bad = line(names=()).replace('<endEvent id="end"/>', event("endEvent", "end", "error e"))
    deploy(application, CALLER, bpmn(bad, key="called", roots=ROOTS))
    rep = program("ewa", "sales_rep")

    started = rep.post("/instances", json={"definition_key": "process"}).json
    caller = rep.get(f"/instances/{started['id']}").json

    assert caller["stopped_by"] == caller["children"][0]["id"]
    assert caller["children"][0]["state"] == "failed"
