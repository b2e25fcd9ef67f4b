"""Diagrams as SVG, from the places in their file or from a layout of our own."""

from pathlib import Path

import pytest
from lxml import etree

from engine.bpmn import Known, check_bpmn
from engine.drawing import draw
from processes import PACKAGES
from tests.engine_stage import ROOTS, event, on
from tests.engine_world import bpmn, chain, flow, line

SVG = "{http://www.w3.org/2000/svg}"
SUITE = Path(__file__).parents[3] / "shared" / "suites" / "token-simulation"


def parsed(content: bytes, key: str = "process", **marks: list[str]) -> etree._Element:
    return etree.fromstring(draw(content, key, marks, title="Title"))


def classes(picture: etree._Element) -> dict[str, str]:
    """The class of each drawn element, by the id in its tooltip."""
    found = {}
    for group in picture.iter(f"{SVG}g"):
        tip = group.find(f"{SVG}title").text
        found[tip.rpartition("(")[2].rstrip(")")] = group.get("class")
    return found


def test_a_package_is_drawn_with_everything_that_its_file_places() -> None:
    package = PACKAGES[0]
    content = next(path for path in package.files() if path.suffix == ".bpmn").read_bytes()
    (process,) = check_bpmn("x", content, Known()).processes

    drawn = classes(parsed(content, process.id, freeze=["visited"]))

    assert set(process.nodes) <= set(drawn)
    assert {flow.get("id") for flow in etree.fromstring(content).iter("{*}sequenceFlow")} <= set(drawn)
    assert drawn["freeze"] == "node serviceTask visited"


def test_a_diagram_without_places_gets_a_layout_in_which_nothing_lies_on_anything_else() -> None:
    content = bpmn(
        '<startEvent id="s"/><parallelGateway id="g"/><userTask id="a" name="A"/><userTask id="b"/><endEvent id="e"/>'
        + chain("s", "g", "a", "e")
        + chain("g", "b")
        + flow("b", "g")
    )

    picture = parsed(content)

    boxes = [
        tuple(float(each.get(name)) for name in ("x", "y", "width", "height")) for each in picture.iter(f"{SVG}rect")
    ]
    assert len(boxes) == 2
    (ax, ay, width, height), (bx, by, _, _) = boxes
    assert abs(ax - bx) >= width or abs(ay - by) >= height
    assert len([each for each in classes(picture).values() if each.startswith("flow")]) == 5


def test_every_kind_of_event_and_marker_has_its_sign() -> None:
    content = bpmn(
        line(
            event("intermediateCatchEvent", "late", "timer PT1H"),
            event("intermediateThrowEvent", "tell", "signal s"),
            event("intermediateCatchEvent", "both", "message m, signal s"),
            '<userTask id="many"><multiInstanceLoopCharacteristics camunda:collection="x" isSequential="true"/>'
            "</userTask>",
            '<callActivity id="sub" calledElement="x"/>',
            names=("late", "tell", "both", "many", "sub"),
        )
        + on("handler", "error e", '<userTask id="x"/>' + chain("handler_start", "x")),
        roots=ROOTS,
    )

    picture = parsed(content)

    glyphs = [each.get("d") for each in picture.iter(f"{SVG}path") if "glyph" in each.get("class", "")]
    assert len(glyphs) == len([each for each in glyphs if each]) >= 7
    assert "dashed" in etree.tostring(picture).decode()


def test_names_are_text_and_never_markup() -> None:
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x"
    content = bpmn(line(f'<userTask id="a" name="{evil}"/>', names=("a",)))

    text = draw(content, "process", {}, title="<b>")

    assert "<script" not in text
    assert 'onload="' not in text
    assert "<b>" not in text
    etree.fromstring(text)


@pytest.mark.skipif(not SUITE.is_dir(), reason="../shared/suites/token-simulation is not there")
def test_every_model_of_the_suite_can_be_drawn() -> None:
    count = 0
    for path in sorted(SUITE.rglob("*.bpmn")):
        checked = check_bpmn(path.name, path.read_bytes(), Known())
        for process in checked.processes:
            drawn = classes(parsed(path.read_bytes(), process.id))
            assert set(process.nodes) <= set(drawn) or "DataObject" in str(drawn), path.name
            count += 1
    assert count > 50
