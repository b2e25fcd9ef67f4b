"""The event log for process mining, in both formats."""

import io
import json
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine.exports import write_ocel, write_xes
from engine.instances import CancelInstance, EntityLink, LinkEntity
from tests.engine_world import World, bpmn, line

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


def test_an_export_of_one_process_leaves_out_the_others(world: World) -> None:
    world.deploy(bpmn(line('<userTask id="task"/>', names=("task",)), key="other"))
    world.start("other")
    out = io.StringIO()

    with world.reading(SYSTEM) as view:
        assert write_ocel(view, out, lambda _done, _total: None, definition_key="process") == 0
