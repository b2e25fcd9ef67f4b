"""Starting a process with several start events: whoever starts it says which, by command, REST and page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import queries
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.errors import StartUnclear
from engine.instances import StartInstance
from tests.engine_stage import ROOTS, event
from tests.engine_world import World, bpmn, chain
from tests.web import Program, form_token, log_in
from webapp.bootstrap import Application

TWO = bpmn(
    '<startEvent id="phone" name="By phone"/><startEvent id="shop" name="In the shop"/>'
    + event("startEvent", "mail", "message m")
    + '<userTask id="call_back"/><userTask id="sell"/><endEvent id="end"/>'
    + chain("phone", "call_back", "end")
    + chain("shop", "sell", "end")
    + chain("mail", "sell"),
    roots=ROOTS,
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    world = World(engine, clock)
    world.deploy(TWO)
    return world


@pytest.mark.parametrize(("start", "task"), [("phone", "call_back"), ("shop", "sell")])
def test_the_start_event_that_was_named_begins(world: World, start: str, task: str) -> None:
    started = world.do(StartInstance(definition_key="process", start_event=start))

    assert [each.element_id for each in started.tasks] == [task]
    assert world.rows("SELECT element_id FROM token_log ORDER BY id") == [(start,), (task,)]


@pytest.mark.parametrize("start", [None, "mail", "sell", "nowhere"])
def test_one_that_cannot_begin_is_refused_with_those_that_can(world: World, start: str | None) -> None:
    with pytest.raises(StartUnclear, match="phone, shop"):
        world.do(StartInstance(definition_key="process", start_event=start))

    assert world.rows("SELECT count(*) FROM instance") == [(0,)]


def test_the_definition_names_them(world: World) -> None:
    with world.reading() as view:
        (found,) = queries.startable(view)

    assert [(each.id, each.name) for each in found.starts] == [("phone", "By phone"), ("shop", "In the shop")]


def test_the_api_and_the_page_let_choose(
    application: Application, program: Callable[..., Program], anna: FlaskClient
) -> None:
    files = (DeploymentFile(name="two.bpmn", content=TWO),)
    application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
    rep = program("ewa", "sales_rep")
    unclear = rep.post("/instances", json={"definition_key": "process"})
    started = rep.post("/instances", json={"definition_key": "process", "start_event": "shop"})
    log_in(anna)
    page = anna.get("/start").text
    form = {"definition_key": "process", "start_event": "phone", "csrf_token": form_token(anna)}
    begun = anna.post("/start", data=form)

    assert (unclear.status_code, unclear.json["code"]) == (422, "start_unclear")
    assert [task["element_id"] for task in started.json["tasks"]] == ["sell"]
    assert '<option value="phone">By phone</option>' in page
    assert begun.location.startswith("/tasks/")
