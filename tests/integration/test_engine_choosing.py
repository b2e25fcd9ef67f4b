"""Ad-hoc sub-processes in the database: who may start what, through commands, the API and the page of the case."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from core.clock import FixedClock
from engine.choosing import FinishScope, StartActivity, open_scopes
from engine.errors import ActivityNotOffered, InstanceNotFound, InstanceSuspended, NotYourTask
from engine.events import ActivityChosen, ScopeFinished
from engine.operations import SuspendInstance
from tests.engine_jobs import JobWorld
from tests.engine_world import bpmn, line, person
from tests.integration.test_api_operations import start
from tests.web import Program, form_token, log_in
from webapp.bootstrap import Application

FREE = bpmn(
    line(
        '<adHocSubProcess id="free" name="Talks" camunda:candidateGroups="= team">'
        '<userTask id="call"/><scriptTask id="count"><script>calls = 1</script></scriptTask></adHocSubProcess>',
        '<userTask id="after"/>',
        names=("free", "after"),
    )
)
ANNA, BEN, EVA = person("anna", "sales"), person("ben", "sales"), person("eva", "legal")


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    world = JobWorld(engine, clock)
    world.deploy(FREE)
    return world


def test_people_start_what_is_offered_to_them_and_finish_it(world: JobWorld) -> None:
    started = world.start(actor=ANNA, team=["sales"])
    assert started.tasks == ()
    with world.reading(ANNA) as view:
        (scope,) = open_scopes(view, started.id)
    assert (scope.element_id, scope.name, [each.element_id for each in scope.choices]) == (
        "free", "Talks", ["call", "count"],
    )  # fmt: skip

    world.do(StartActivity(instance_id=started.id, scope_id=scope.id, element_id="count"), ANNA)
    chosen = world.do(StartActivity(instance_id=started.id, scope_id=scope.id, element_id="call"), ANNA)
    assert [task.element_id for task in chosen.tasks] == ["call"]
    done = world.do(FinishScope(instance_id=started.id, scope_id=scope.id), ANNA)

    assert [task.element_id for task in done.tasks] == ["after"]
    assert world.rows("SELECT element_id FROM work_item") == [("after",)]
    assert [event.element_id for event in world.events if isinstance(event, ActivityChosen)] == ["count", "call"]
    assert [event.element_id for event in world.events if isinstance(event, ScopeFinished)] == ["free"]
    with world.reading(ANNA) as view:
        assert open_scopes(view, started.id) == ()


def test_nobody_else_starts_anything(world: JobWorld) -> None:
    started = world.start(actor=EVA, team=["sales"])
    scope = world.rows("SELECT id FROM token_log WHERE element_id = 'free'")[0][0]
    call = StartActivity(instance_id=started.id, scope_id=scope, element_id="call")

    with pytest.raises(NotYourTask):
        world.do(call, EVA)
    with pytest.raises(InstanceNotFound):
        world.do(call, BEN)
    with world.reading(EVA) as view:
        assert open_scopes(view, started.id) == ()
    with world.reading(BEN) as view, pytest.raises(InstanceNotFound):
        open_scopes(view, started.id)
    assert world.rows("SELECT count(*) FROM work_item") == [(0,)]


def test_what_is_not_offered_or_not_open_is_refused(world: JobWorld) -> None:
    started = world.start(actor=ANNA, team=["sales"])
    scope = world.rows("SELECT id FROM token_log WHERE element_id = 'free'")[0][0]

    with pytest.raises(ActivityNotOffered, match="offered is: call, count"):
        world.do(StartActivity(instance_id=started.id, scope_id=scope, element_id="after"), ANNA)
    with pytest.raises(ActivityNotOffered, match="no longer open"):
        world.do(FinishScope(instance_id=started.id, scope_id=started.id), ANNA)
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))
    with pytest.raises(InstanceSuspended):
        world.do(FinishScope(instance_id=started.id, scope_id=scope), ANNA)


def test_the_page_of_the_case_shows_what_can_be_started(
    application: Application, anna: FlaskClient, program: Callable[..., Program]
) -> None:
    start(application, program("ewa", "sales_rep"), FREE.replace(b"= team", b"sales_rep"), key=None)
    log_in(anna)
    anna.post("/start", data={"definition_key": "process", "csrf_token": form_token(anna)})
    instance = anna.get("/api/v1/instances").json["items"][0]["id"]

    page = anna.get(f"/cases/{instance}").text
    scope = re.search(r"/scopes/(\w+)/start", page)[1]  # type: ignore[index]
    form = {"element_id": "call", "csrf_token": form_token(anna)}
    begun = anna.post(f"/cases/{instance}/scopes/{scope}/start", data=form)
    done = anna.post(f"/cases/{instance}/scopes/{scope}/finish", data=form)

    assert "Talks" in page
    assert begun.status_code == 302
    assert begun.location.startswith("/tasks/")
    assert done.location == f"/cases/{instance}"
    assert "Talks</h2>" not in anna.get(done.location).text


def test_the_api_lists_starts_and_finishes(application: Application, program: Callable[..., Program]) -> None:
    rep = program("ewa", "sales_rep")
    instance = start(application, rep, FREE.replace(b"= team", b"sales_rep"))["id"]

    (scope,) = rep.get(f"/instances/{instance}/scopes").json["items"]
    path = f"/instances/{instance}/scopes/{scope['id']}"
    chosen = rep.post(f"{path}/start", json={"element_id": "call"})
    wrong = rep.post(f"{path}/start", json={"element_id": "nothing"})
    done = rep.post(f"{path}/finish")
    late = rep.post(f"{path}/finish")

    assert scope["choices"][0] == {"element_id": "call", "name": "call", "is_free": True}
    assert [task["element_id"] for task in chosen.json["tasks"]] == ["call"]
    assert (wrong.status_code, wrong.json["code"]) == (409, "activity_not_offered")
    assert [task["element_id"] for task in done.json["tasks"]] == ["after"]
    assert late.status_code == 409
