"""The event log for process mining, in both formats."""

import gc
import io
import json
import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import exports
from engine.exports import write_ocel, write_xes
from engine.instances import CancelInstance, EntityLink, LinkEntity, StartInstance
from tests.engine_world import World, bpmn, line
from webapp.cli.drafts import whole

XES = "{http://www.xes-standard.org/}"
TWO = bpmn(
    line('<userTask id="first" name="Do &lt;it&gt; &amp; go"/>', '<userTask id="second"/>', names=("first", "second"))
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    world = World(engine, clock)
    world.deploy(TWO)
    return world


def two_cases(world: World) -> tuple[str, str]:
    """One completed and about an offer, one cancelled at its first task."""
    done, stopped = world.start(), world.start()
    world.do(LinkEntity(instance_id=done.id, link=EntityLink(entity="crm.offer", id="O-1")))
    world.do(LinkEntity(instance_id=done.id, link=EntityLink(entity="case", id=stopped.id, role="cause")))
    second = world.complete(done.tasks[0].id)
    world.complete(second.tasks[0].id)
    world.do(CancelInstance(instance_id=stopped.id, reason="not needed"))
    return done.id, stopped.id


def test_xes_has_a_trace_for_each_case_with_its_moments(world: World) -> None:
    done, stopped = two_cases(world)
    out, seen = io.StringIO(), []

    with world.reading(SYSTEM) as view:
        written = write_xes(view, out, lambda so_far, total: seen.append((so_far, total)))

    log = ET.fromstring(out.getvalue())
    traces = log.findall(f"{XES}trace")
    values = [
        [{each.get("key"): each.get("value") for each in event} for event in trace.findall(f"{XES}event")]
        for trace in traces
    ]
    assert [trace.find(f"{XES}string").get("value") for trace in traces] == [done, stopped]  # type: ignore[union-attr]
    assert sorted((each["obieg:element"], each["lifecycle:transition"]) for each in values[0]) == sorted(
        (element, transition) for element in ("start", "first", "second", "end") for transition in ("start", "complete")
    )
    assert "Do <it> & go" in {each["concept:name"] for each in values[0]}
    assert "ate_abort" in {each["lifecycle:transition"] for each in values[1]}
    assert written == sum(map(len, values))
    assert seen == [(2, 2)]


def test_ocel_has_objects_for_cases_and_their_records(world: World) -> None:
    done, stopped = two_cases(world)
    out = io.StringIO()

    with world.reading(SYSTEM) as view:
        written = write_ocel(view, out, lambda _done, _total: None)

    log = json.loads(out.getvalue())
    assert set(log) == {"events", "objects", "eventTypes", "objectTypes"}
    assert {each["id"] for each in log["objects"]} == {f"case:{done}", f"case:{stopped}", "crm.offer:O-1"}
    assert {each["name"] for each in log["objectTypes"]} == {"case", "crm.offer"}
    assert {each["type"] for each in log["events"]} <= {each["name"] for each in log["eventTypes"]}
    of_offer = [each for each in log["events"] if any(r["objectId"] == "crm.offer:O-1" for r in each["relationships"])]
    assert len(of_offer) == 4
    assert written == len(log["events"])


def test_how_a_case_ended_holds_from_its_end_on(world: World) -> None:
    began = world.clock.now()
    started = world.start()
    ended = world.clock.advance(timedelta(hours=1))
    world.do(CancelInstance(instance_id=started.id, reason="not needed"))
    out = io.StringIO()

    with world.reading(SYSTEM) as view:
        write_ocel(view, out, lambda _done, _total: None)

    (case,) = json.loads(out.getvalue())["objects"]
    at = {each["name"]: datetime.fromisoformat(each["time"]) for each in case["attributes"]}
    assert at == {"process": began, "state": ended}


def test_an_export_that_fails_leaves_the_file_of_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "log.xes"
    out.write_text("whole")

    def fail() -> None:
        with whole(out) as draft:
            draft.write_text("half")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()

    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("log.xes", "whole")]
    with whole(out) as draft:
        draft.write_text("whole again")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("log.xes", "whole again")]


def test_an_export_of_one_process_leaves_out_the_others(world: World) -> None:
    world.deploy(bpmn(line('<userTask id="task"/>', names=("task",)), key="other"))
    world.start("other")
    out = io.StringIO()

    with world.reading(SYSTEM) as view:
        assert write_ocel(view, out, lambda _done, _total: None, definition_key="process") == 0


OCEL_SCHEMA: dict[str, Any] = {  # of the OCEL 2.0 specification, in its JSON form
    "type": "object",
    "required": ["objectTypes", "eventTypes", "objects", "events"],
    "additionalProperties": False,
    "$defs": {
        "name": {"type": "string", "minLength": 1},
        "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
        "type": {
            "type": "object",
            "required": ["name", "attributes"],
            "additionalProperties": False,
            "properties": {
                "name": {"$ref": "#/$defs/name"},
                "attributes": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "type"],
                        "additionalProperties": False,
                        "properties": {
                            "name": {"$ref": "#/$defs/name"},
                            "type": {"enum": ["string", "time", "integer", "float", "boolean"]},
                        },
                    },
                },
            },
        },
        "relationships": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["objectId", "qualifier"],
                "additionalProperties": False,
                "properties": {"objectId": {"$ref": "#/$defs/name"}, "qualifier": {"type": "string"}},
            },
        },
    },
    "properties": {
        "objectTypes": {"type": "array", "items": {"$ref": "#/$defs/type"}},
        "eventTypes": {"type": "array", "items": {"$ref": "#/$defs/type"}},
        "objects": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "attributes", "relationships"],
                "additionalProperties": False,
                "properties": {
                    "id": {"$ref": "#/$defs/name"},
                    "type": {"$ref": "#/$defs/name"},
                    "relationships": {"$ref": "#/$defs/relationships"},
                    "attributes": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name", "value", "time"],
                            "additionalProperties": False,
                            "properties": {
                                "name": {"$ref": "#/$defs/name"},
                                "value": {"type": "string"},
                                "time": {"$ref": "#/$defs/time"},
                            },
                        },
                    },
                },
            },
        },
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "time", "attributes", "relationships"],
                "additionalProperties": False,
                "properties": {
                    "id": {"$ref": "#/$defs/name"},
                    "type": {"$ref": "#/$defs/name"},
                    "time": {"$ref": "#/$defs/time"},
                    "relationships": {"$ref": "#/$defs/relationships"},
                    "attributes": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name", "value"],
                            "additionalProperties": False,
                            "properties": {"name": {"$ref": "#/$defs/name"}, "value": {"type": "string"}},
                        },
                    },
                },
            },
        },
    },
}
XES_ORDER = ["extension", "global", "classifier", "trace"]  # IEEE 1849: in this order
XES_VALUES = {"string", "date", "int", "float", "boolean", "id"}


def test_ocel_fits_its_schema_and_refers_only_to_what_it_has(world: World) -> None:
    two_cases(world)
    out = io.StringIO()

    with world.reading(SYSTEM) as view:
        write_ocel(view, out, lambda _done, _total: None)

    log = json.loads(out.getvalue())
    jsonschema.validate(log, OCEL_SCHEMA)
    objects = {each["id"] for each in log["objects"]}
    for each in (*log["objects"], *log["events"]):
        assert {related["objectId"] for related in each["relationships"]} <= objects
    for kind, things in (("objectTypes", "objects"), ("eventTypes", "events")):
        declared = {each["name"]: {a["name"] for a in each["attributes"]} for each in log[kind]}
        for each in log[things]:
            assert {a["name"] for a in each["attributes"]} <= declared[each["type"]]
    for things in ("objects", "events"):
        ids = [each["id"] for each in log[things]]
        assert len(ids) == len(set(ids))


def test_xes_has_the_structure_of_the_standard(world: World) -> None:
    two_cases(world)
    out = io.StringIO()

    with world.reading(SYSTEM) as view:
        write_xes(view, out, lambda _done, _total: None)

    log = ET.fromstring(out.getvalue())
    parts = [each.tag.removeprefix(XES) for each in log]
    assert parts == sorted(parts, key=XES_ORDER.index)
    assert log.tag == f"{XES}log"
    assert log.get("xes.version") == "1849.2016"
    prefixes = {each.get("prefix") for each in log.iter(f"{XES}extension")}
    everywhere = {each.get("scope"): {item.get("key") for item in each} for each in log.iter(f"{XES}global")}
    for classifier in log.iter(f"{XES}classifier"):
        assert set(classifier.get("keys", "").split()) <= everywhere["event"]
    for trace in log.iter(f"{XES}trace"):
        tags = [each.tag.removeprefix(XES) for each in trace]
        assert everywhere["trace"] <= {each.get("key") for each in trace}
        assert tags == sorted(tags, key=lambda tag: tag == "event")
        for event in trace.iter(f"{XES}event"):
            keys = [each.get("key", "") for each in event]
            assert {"concept:name", "time:timestamp"} <= everywhere["event"] <= set(keys)
            assert len(keys) == len(set(keys))
            assert {each.tag.removeprefix(XES) for each in event} <= XES_VALUES
            assert {key.partition(":")[0] for key in keys} <= prefixes


def test_what_xml_cannot_write_is_left_out(world: World) -> None:
    (made,) = world.deploy(bpmn(line('<userTask id="task"/>', names=("task",)), key="odd"))
    world.do(StartInstance(definition_id=made.id, business_key="a\x01b\ufffec\n<d>"))
    out = io.StringIO()

    with world.reading(SYSTEM) as view:
        write_xes(view, out, lambda _done, _total: None, definition_key="odd")

    (trace,) = ET.fromstring(out.getvalue()).iter(f"{XES}trace")
    keys = {each.get("key"): each.get("value") for each in trace}
    assert keys["obieg:businessKey"] == "abc\n<d>"


def test_an_export_takes_no_more_memory_for_more_cases(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "BATCH", 5)

    def peak() -> int:
        with world.reading(SYSTEM) as view:
            tracemalloc.start()
            write_ocel(view, Nowhere(), lambda _done, _total: None)
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return size

    def least() -> int:  # whatever else the interpreter does meanwhile only adds
        gc.collect()
        return min(peak() for _ in range(4))

    def cases(count: int) -> None:
        for number in range(count):
            link = EntityLink(entity="crm.offer", id=f"O-{number}")
            world.do(StartInstance(definition_key="process", links=(link,)))

    cases(30)
    few = least()
    cases(150)

    assert least() < 2 * few


class Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        gc.collect(1)  # what is dropped is not in memory, whenever the interpreter comes to it
        return len(text)
