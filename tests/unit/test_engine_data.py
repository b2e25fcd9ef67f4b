"""Data objects, properties, inputs and outputs: variables with scopes, copied and computed by data associations."""

from typing import Any

import pytest

from engine.bpmn import Known, check_bpmn
from engine.errors import StartDataMissing
from tests.engine_stage import ROOTS, begin, boundary, do, event, message, on, waiting
from tests.engine_world import bpmn, chain, line

NOTHING = Known(handlers=frozenset({"mail.send"}))


def given(source: str, target: str, more: str = "") -> str:
    return (
        f"<dataInputAssociation><sourceRef>{source}</sourceRef><targetRef>{target}</targetRef>{more}"
        "</dataInputAssociation>"
    )


def result(source: str, target: str, more: str = "") -> str:
    sources = f"<sourceRef>{source}</sourceRef>" if source else ""
    return f"<dataOutputAssociation>{sources}<targetRef>{target}</targetRef>{more}</dataOutputAssociation>"


def io(*parts: str, optional: str = "") -> str:
    """An ioSpecification with data inputs and outputs: `in name` and `out name`."""
    kinds = {"in": "dataInput", "out": "dataOutput"}
    split = [part.split() for part in parts]
    made = "".join(f'<{kinds[kind]} id="{name}_id" name="{name}"/>' for kind, name in split)
    inputs = "".join(f"<dataInputRefs>{name}_id</dataInputRefs>" for kind, name in split if kind == "in")
    outputs = "".join(f"<dataOutputRefs>{name}_id</dataOutputRefs>" for kind, name in split if kind == "out")
    left = f"<optionalInputRefs>{optional}_id</optionalInputRefs>" if optional else ""
    return (
        f"<ioSpecification>{made}<inputSet>{inputs}{left}</inputSet><outputSet>{outputs}</outputSet></ioSpecification>"
    )


OBJECTS = (
    '<dataObject id="o1" name="order"/><dataObject id="o2"/><dataObjectReference id="r1" dataObjectRef="o1"/>'
    '<dataObjectReference id="r2" name="total" dataObjectRef="o2"/>'
)


WHILE = (
    "<ioSpecification><inputSet><whileExecutingInputRefs>x</whileExecutingInputRefs></inputSet>"
    "<outputSet/></ioSpecification>"
)


def rules(content: str) -> list[str]:
    return [each.rule for each in check_bpmn("t.bpmn", bpmn(content, roots=ROOTS), NOTHING).findings]


def test_a_script_works_on_its_inputs_and_gives_its_outputs() -> None:
    script = (
        f'<scriptTask id="sum">{io("in lines", "out all")}{given("r1", "lines_id")}{result("all_id", "r2")}'
        "<script>scratch = lines.a\nall = scratch + lines.b</script></scriptTask>"
    )

    stage = begin(line(OBJECTS, script, names=("sum",)), order={"a": 1, "b": 2})

    assert stage.case.variables == {"order": {"a": 1, "b": 2}, "total": 3}


def test_transformations_and_assignments_compute() -> None:
    into = given("r1", "rows_id", "<transformation>order.a * 2</transformation>")
    out = result(
        "", "r1",
        "<assignment><from>first</from><to>order.a</to></assignment>"
        "<assignment><from>= first + 1</from><to>order.deep.b</to></assignment>",
    )  # fmt: skip
    task = f'<userTask id="work">{io("in rows", "out first")}{into}{out}</userTask>'
    stage = begin(line(OBJECTS, task, names=("work",)), order={"a": 4, "kept": True})
    assert stage.case.seen_by(next(iter(stage.work)))["rows"] == 8

    do(stage, "work", first=1)

    assert stage.case.variables["order"] == {"a": 1, "kept": True, "deep": {"b": 2}}
    assert "first" not in stage.case.variables


def test_an_input_that_is_missing_is_an_incident_unless_it_is_optional() -> None:
    task = '<userTask id="work">{}' + given("r1", "need_id") + "</userTask>"

    missing = begin(line(OBJECTS, task.format(io("in need")), names=("work",)))
    optional = begin(line(OBJECTS, task.format(io("in need", optional="need")), names=("work",)))

    assert [(each.node.id, each.reason) for each in missing.incidents] == [("work", "data_missing")]
    assert waiting(optional) == ["work"]


def test_a_property_belongs_to_its_activity() -> None:
    task = '<userTask id="work"><property id="p" name="draft"/></userTask>'
    stage = begin(line(task, '<userTask id="after"/>', names=("work", "after")))

    do(stage, "work", draft="x", final="y")

    assert stage.case.variables == {"final": "y"}


def test_a_data_object_of_a_sub_process_lives_and_ends_with_it() -> None:
    inner = f'<scriptTask id="set">{io("out one")}{result("one_id", "r1")}<script>one = 1</script></scriptTask>'
    content = (
        '<startEvent id="start"/><subProcess id="sub">' + OBJECTS + inner + '<userTask id="look"/>'
        + chain("set", "look") + '</subProcess><userTask id="after"/>' + chain("start", "sub", "after")
    )  # fmt: skip
    stage = begin(content, order="outer")
    assert stage.case.seen_by(next(iter(stage.work)))["order"] == 1

    do(stage, "look", order=2)

    assert stage.case.variables == {"order": "outer"}


def test_a_message_comes_into_the_output_of_its_event_and_from_there_into_a_data_object() -> None:
    catch = (
        '<intermediateCatchEvent id="mail"><dataOutput id="got" name="got"/>' + result("got", "r1")
        + '<outputSet><dataOutputRefs>got</dataOutputRefs></outputSet><messageEventDefinition messageRef="m"/>'
        "</intermediateCatchEvent>"
    )  # fmt: skip
    stage = begin(line(OBJECTS, catch, names=("mail",)))

    message(stage, "paid", amount=7, by="bank")

    assert stage.case.variables == {"order": {"amount": 7, "by": "bank"}}


@pytest.mark.parametrize("where", ["boundary", "sub-process"])
def test_what_events_receive_at_a_border_and_in_a_sub_process_is_copied_too(where: str) -> None:
    data = '<dataOutput id="got" name="amount"/>' + result("got", "r2")
    if where == "boundary":
        caught = boundary("mail", "work", "message m").replace("<messageEvent", f"{data}<messageEvent")
        caught += '<userTask id="after"/>' + chain("mail", "after")
    else:
        caught = on("handle", "message m", '<userTask id="after"/>' + chain("handle_start", "after"))
        caught = caught.replace("<messageEvent", f"{data}<messageEvent")
    stage = begin(line(OBJECTS, '<userTask id="work"/>', names=("work",)) + caught)

    message(stage, "paid", amount=7, by="bank")

    assert (stage.case.variables, waiting(stage)) == ({"total": 7}, ["after"])


def test_what_a_throw_event_sends_comes_from_its_inputs() -> None:
    throw = event("endEvent", "tell", "message m").replace(
        "<messageEvent", '<dataInput id="sum" name="sum"/>' + given("r2", "sum") + "<messageEvent"
    )

    stage = begin('<startEvent id="start"/>' + OBJECTS + throw + chain("start", "tell"), total=5, other=6)

    assert [dict(sent.payload) for sent in stage.messages] == [{"sum": 5}]


def test_a_process_needs_its_inputs_to_begin() -> None:
    content = io("in order") + line('<userTask id="work"/>', names=("work",))

    with pytest.raises(StartDataMissing, match="needs order"):
        begin(content)

    assert waiting(begin(content, order=1)) == ["work"]


def test_a_multi_instance_takes_its_items_from_its_input_and_gives_its_results_to_its_output() -> None:
    task = (
        f'<scriptTask id="double">{io("in rows", "out sums")}{given("r1", "rows_id")}{result("sums_id", "r2")}'
        "<multiInstanceLoopCharacteristics><loopDataInputRef>rows_id</loopDataInputRef>"
        "<loopDataOutputRef>sums_id</loopDataOutputRef>"
        '<inputDataItem id="i" name="row"/><outputDataItem id="j" name="twice"/></multiInstanceLoopCharacteristics>'
        "<script>twice = row * 2</script></scriptTask>"
    )

    stage = begin(line(OBJECTS, task, names=("double",)), order=[1, 2])

    assert stage.case.variables == {"order": [1, 2], "total": [2, 4]}


def test_what_drawing_tools_draw_copies_nothing() -> None:
    task = (
        '<userTask id="work"><property id="p" name="__targetRef_placeholder"/>' + given("r1", "p")
        + result("", "r2") + "</userTask>"
    )  # fmt: skip
    stage = begin(line(OBJECTS, task, names=("work",)), order=1)

    do(stage, "work", total=3)

    assert stage.case.variables == {"order": 1, "total": 3}


def test_a_document_that_is_drawn_at_an_input_is_shown_and_copied_nowhere() -> None:
    paper = '<dataObject id="o3"/><dataObjectReference id="paper" obieg:documentType="offer" dataObjectRef="o3"/>'
    task = f'<userTask id="work">{io("in sheet", optional="sheet")}{given("paper", "sheet_id")}</userTask>'
    stage = begin(line(paper, task, names=("work",)), paper="no document", o3="none either")

    (work,) = stage.work.values()
    assert [each.type for each in work.node.work.shown] == ["offer"]
    assert stage.case.seen_by(work.id)["sheet"] is None


@pytest.mark.parametrize(
    ("inside", "rule"),
    [
        (result("", "store", "<assignment><from>1</from><to>x</to></assignment>"), "data-mapping"),
        (result("", "paper", "<transformation>1</transformation>"), "data-mapping"),
        (result("", "r1", "<assignment><from>1</from><to>total</to></assignment>"), "data-mapping"),
        (result("", "r1", "<assignment><from>1</from><to>order[1]</to></assignment>"), "data-mapping"),
        (result("", "r1", "<assignment><to>order</to></assignment>"), "data-mapping"),
        (result("", "r1", "<transformation>1 +</transformation>"), "expression"),
        ("<ioSpecification><inputSet/><inputSet/><outputSet/></ioSpecification>", "data-sets"),
        (WHILE, "data-sets"),
        (given("r1", "r2", '<transformation language="groovy">1</transformation>'), "expression-language"),
    ],
)
def test_what_could_not_be_copied_as_it_says_is_refused(inside: str, rule: str) -> None:
    drawn = (
        '<dataStoreReference id="store" obieg:entity="crm.customer"/><dataObject id="o3"/>'
        '<dataObjectReference id="paper" obieg:documentType="offer" dataObjectRef="o3"/>'
    )

    assert rules(line(OBJECTS, drawn, f'<userTask id="work">{inside}</userTask>', names=("work",))) == [rule]


@pytest.mark.parametrize("names", [{"@": "date", "v": "nonsense"}, {"@": "context", "v": {"@": 1}}, {"@": 1}])
def test_a_variable_may_have_the_name_that_marks_values_where_they_are_stored(names: dict[str, Any]) -> None:
    stage = begin(line('<userTask id="first"/>', names=("first",)), **names)

    assert stage.case.variables == names
    assert stage.case.snapshot()["variables"].keys() == names.keys()
