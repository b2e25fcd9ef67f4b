"""Deploying: all or nothing, versions, dry runs, and the sentences of a refusal."""

import json

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from engine import queries
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.errors import DefinitionNotFound, DeploymentRefused
from engine.instances import StartInstance
from tests.engine_world import World, bpmn, line, person

ONE = bpmn(line('<userTask id="work" name="Work"/>', names=("work",)))
TWO = bpmn(line('<userTask id="work" name="Other work"/>', names=("work",)))
WITH_FORM = bpmn(line('<userTask id="work" camunda:formRef="note"/>', names=("work",)))
BAD = bpmn(line('<sendTask id="work"/>', names=("work",)), key="bad")


def form(label: str) -> tuple[str, bytes]:
    schema = {"id": "note", "type": "default", "components": [{"type": "textfield", "key": "note", "label": label}]}
    return "note.form", json.dumps(schema).encode()


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def test_the_same_content_keeps_its_version_and_another_gets_the_next(world: World) -> None:
    first, again, second = world.deploy(ONE)[0], world.deploy(ONE)[0], world.deploy(TWO)[0]

    assert again == first
    assert (first.version, second.version, first.kind, first.key) == (1, 2, "process", "process")
    assert [event.type for event in world.events] == ["definition.deployed"] * 2


def test_one_bad_file_refuses_the_whole_deployment(world: World) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        world.deploy(("good.bpmn", ONE), ("bad.bpmn", BAD))

    finding = refused.value.details["findings"][0]
    assert (finding["file"], finding["element"], finding["severity"]) == ("bad.bpmn", "work", "error")
    assert world.rows("SELECT count(*) FROM definition") == [(0,)]


def test_an_unknown_form_refuses_and_one_of_the_same_deployment_is_known(world: World) -> None:
    with pytest.raises(DeploymentRefused, match="form note"):
        world.deploy(WITH_FORM)

    deployed = world.deploy(("process.bpmn", WITH_FORM), form("Note"))

    assert {each.kind for each in deployed} == {"process", "form"}


def test_a_task_shows_the_form_that_was_newest_when_it_was_created(world: World) -> None:
    world.deploy(("process.bpmn", WITH_FORM), form("Old"))
    old = world.start().tasks[0].id
    world.deploy(form("New"))
    new = world.start().tasks[0].id

    with world.reading() as view:
        labels = [queries.task(view, task).form["components"][0]["label"] for task in (old, new)]  # type: ignore[index]

    assert labels == ["Old", "New"]


def test_a_dry_run_tells_everything_and_keeps_nothing(world: World) -> None:
    files = (DeploymentFile(name="one.bpmn", content=ONE),)

    deployed = world.do(DeployDefinitions(files=files, dry_run=True))

    assert deployed[0].version == 1
    assert world.rows("SELECT count(*) FROM definition") == [(0,)]
    assert world.events == []


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("x.exe", b"MZ", "file-kind"),
        ("x.form", b"{", "form-json"),
        ("x.form", b"[]", "form-schema"),
        ("x.form", b'{"components": []}', "form-id"),
        ("x.form", b'{"id": "f", "components": [{"type": "hologram"}]}', "form-component"),
        ("x.dmn", b"<a>", "xml-syntax"),
        ("x.dmn", b"<a/>", "dmn-root"),
        ("x.dmn", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "xml-doctype"),
    ],
)
def test_what_is_no_definition_is_refused(world: World, name: str, content: bytes, rule: str) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        world.deploy((name, content))

    assert refused.value.details["findings"][0]["rule"] == rule


def test_the_same_key_twice_in_a_deployment_is_refused(world: World) -> None:
    with pytest.raises(DeploymentRefused, match="already"):
        world.deploy(ONE, TWO)


def test_deploying_needs_the_right(world: World) -> None:
    files = (DeploymentFile(name="one.bpmn", content=ONE),)

    with pytest.raises(Forbidden):
        world.do(DeployDefinitions(files=files), person("anna"))


def test_an_instance_keeps_its_version_when_the_next_is_deployed(world: World) -> None:
    world.deploy(ONE)
    started = world.start()
    world.deploy(TWO)

    with world.reading() as view:
        assert queries.instance(view, started.id).definition.version == 1
        assert queries.instance(view, world.start().id).definition.version == 2


def test_only_those_whom_the_process_names_may_start_it(world: World) -> None:
    world.deploy(
        bpmn(line('<task id="work"/>', names=("work",)), attributes='camunda:candidateStarterGroups="rep, boss"')
    )
    rep, clerk = person("rita", "rep"), person("carl", "clerk")

    with pytest.raises(Forbidden, match="rep, boss"):
        world.start("process", clerk)
    assert world.start("process", rep).state == "completed"
    with world.reading(clerk) as view:
        assert queries.startable(view) == []
    with world.reading(rep) as view:
        assert [each.key for each in queries.startable(view)] == ["process"]


def test_an_unknown_process_cannot_be_started(world: World) -> None:
    with pytest.raises(DefinitionNotFound):
        world.start("nothing")
    with pytest.raises(DefinitionNotFound):
        world.do(StartInstance(definition_id="01ARZ3NDEKTSV4RRFFQ69G5FAV"))


def test_definitions_are_listed_in_their_newest_version_with_their_bytes(world: World) -> None:
    world.deploy(ONE)
    newest = world.deploy(TWO)[0]

    with world.reading() as view:
        found = queries.definitions(view)
        assert [(each.id, each.version) for each in found] == [(newest.id, 2)]
        assert queries.definition_xml(view, newest.id) == TWO
