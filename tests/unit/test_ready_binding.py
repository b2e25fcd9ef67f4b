"""Ready operations at deployment: what fits them is accepted, what does not is a finding at its task."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn import Finding, Known, check_bpmn
from engine.bpmn.model import Node
from engine.handlers import HANDLERS, ServiceCall
from engine.ready import OPERATIONS, Operation, Parameter
from storage.unit_of_work import UnitOfWork
from tests.engine_stage import begin
from tests.engine_world import bpmn, line


def parameter(name: str, kind: str, **more: Any) -> Parameter:
    return Parameter(name=name, type=kind, title=name, description=f"The {name}.", **more)


PARCEL = Operation(
    name="test_parcel.send",
    title="Send a parcel",
    description="Sends a parcel.",
    place="outside",
    inputs=(
        parameter("to", "list<string>", required=True),
        parameter("weight", "number"),
        parameter("fragile", "boolean"),
        parameter("not_before", "date"),
        parameter("within", "days and time duration"),
        parameter("service", "string", choices=("slow", "fast")),
        parameter("labels", "context"),
        parameter("table", "string", refers="decision"),
    ),
    outputs=(parameter("tracking", "string"), parameter("cost", "number")),
)
WEIGH = Operation(
    name="test_parcel.weigh",
    title="Weigh",
    description="Weighs.",
    place="local",
    inputs=(parameter("what", "string", required=True),),
    outputs=(parameter("weight", "number"),),
)


@pytest.fixture(autouse=True, scope="module")
def declared() -> Iterator[None]:
    """Two operations of our own."""
    OPERATIONS.declare(PARCEL)
    if "test_parcel.weigh" in HANDLERS.names():
        OPERATIONS.declare(WEIGH)
    else:

        @HANDLERS.local_operation(WEIGH)
        def weigh(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
            return {}

    yield
    OPERATIONS.take_back(PARCEL.name)
    OPERATIONS.take_back(WEIGH.name)


def mapped(inputs: dict[str, str], outputs: dict[str, str] | None = None) -> str:
    given = "".join(
        f'<camunda:inputParameter name="{name}">{text}</camunda:inputParameter>' for name, text in inputs.items()
    )
    taken = "".join(
        f'<camunda:outputParameter name="{name}">{text}</camunda:outputParameter>'
        for name, text in (outputs or {}).items()
    )
    return f"<extensionElements><camunda:inputOutput>{given}{taken}</camunda:inputOutput></extensionElements>"


def task(name: str = "test_parcel.send", *, kind: str = "serviceTask", extra: str = "", **mappings: Any) -> bytes:
    inner = mapped(mappings.get("inputs", {"to": "anna"}), mappings.get("outputs"))
    return bpmn(line(f'<{kind} id="send" obieg:handler="{name}" {extra}>{inner}</{kind}>', names=("send",)))


def found(source: bytes) -> list[Finding]:
    handlers = frozenset({"test_parcel.send", "test_parcel.weigh", "package.other"})
    known = Known(
        handlers=handlers, forms=frozenset(), decisions=frozenset({"sizes"}), deferred=frozenset({"test_parcel.send"})
    )
    return list(check_bpmn("x.bpmn", source, known).findings)


def node_of(source: bytes) -> Node:
    checked = check_bpmn("x.bpmn", source, Known())
    assert not checked.findings.refuses, [str(each) for each in checked.findings]
    return checked.processes[0].nodes["send"]


@pytest.mark.parametrize("kind", ["serviceTask", "sendTask"])
def test_a_task_that_fits_is_accepted_and_its_work_is_done_outside(kind: str) -> None:
    source = task(kind=kind, inputs={"to": "= [customer.email]", "weight": "= 2 * 3", "table": "sizes"})

    node = node_of(source)

    assert found(source) == []
    assert node.operation is PARCEL
    assert node.outside is not None
    assert node.outside.pauses == (10.0, 20.0, 40.0, 80.0)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("to", "anna, jan", ["anna", "jan"]),
        ("weight", "-2.5", Decimal("-2.5")),
        ("fragile", "true", True),
        ("not_before", "2026-03-01", date(2026, 3, 1)),
        ("within", "P3D", timedelta(days=3)),
        ("service", "fast", "fast"),
        ("weight", "", None),
    ],
)
def test_a_constant_is_read_as_the_type_of_its_input(name: str, text: str, value: Any) -> None:
    node = node_of(task(inputs={"to": "anna"} | {name: text}))

    read = next(each.value for each in node.inputs if each.name == name)

    assert (read.text if read.expression is None else read.expression.evaluate({}).value) == value


@pytest.mark.parametrize(
    ("mappings", "rule", "told"),
    [
        ({"inputs": {}}, "operation-input-missing", "needs the input to (list&lt;string&gt;)"),
        ({"inputs": {"to": ""}}, "operation-input-missing", "is empty"),
        ({"inputs": {"to": "a", "weights": "1"}}, "operation-input-unknown", "Did you mean weight?"),
        ({"inputs": {"to": "a", "weight": "heavy"}}, "operation-input-type", "is 'heavy'; it must be a number."),
        ({"inputs": {"to": "a", "weight": "= &quot;heavy&quot;"}}, "operation-input-type", "gives a string"),
        ({"inputs": {"to": "a", "weight": "= string(5)"}}, "operation-input-type", "gives a string"),
        ({"inputs": {"to": "= [1, 2]"}}, "operation-input-type", "gives a list&lt;number&gt;"),
        ({"inputs": {"to": "= 5"}}, "operation-input-type", "must be a list&lt;string&gt;"),
        ({"inputs": {"to": "a", "fragile": "maybe"}}, "operation-input-type", "must be a boolean"),
        ({"inputs": {"to": "a", "service": "best"}}, "operation-input-type", "one of slow, fast"),
        ({"inputs": {"to": "a", "within": "2026-03-01"}}, "operation-input-type", "must be a days and time duration"),
        ({"inputs": {"to": "a", "labels": "red"}}, "operation-input-type", "must be a context"),
        ({"inputs": {"to": "a", "labels": "= a &lt; b"}}, "operation-input-type", "gives a boolean"),
        ({"inputs": {"to": "a", "table": "colours"}}, "decision-unknown", "neither deployed"),
        ({"outputs": {"x": "= tracking_no"}}, "operation-output-unknown", "Did you mean tracking?"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(mappings: dict[str, Any], rule: str, told: str) -> None:
    (finding,) = found(task(**mappings))

    assert (finding.rule, finding.severity, finding.element, finding.line) == (rule, "error", "send", 1)
    assert told.replace("&lt;", "<").replace("&gt;", ">") in finding.sentence


def test_an_output_that_misspells_one_of_several_names_is_a_warning() -> None:
    (finding,) = found(task(outputs={"x": "= {no: tracking, price: cots, offer: offer_id}"}))

    assert (finding.severity, "did you mean cost" in finding.sentence) == ("warning", True)


@pytest.mark.parametrize(
    ("source", "rule", "told"),
    [
        (task("test_parcel.sned"), "handler-unknown", "Did you mean test_parcel.send?"),
        (task("test_parcel.weigh", extra='obieg:deferred="true"', inputs={"what": "x"}), "handler-unknown", "inside"),
        (task(extra='obieg:correlationKey="= x"', kind="sendTask"), "send-handler", "remove correlationKey"),
    ],
)
def test_a_task_that_names_no_operation_rightly_is_refused(source: bytes, rule: str, told: str) -> None:
    assert [(each.rule, told in each.sentence) for each in found(source)] == [(rule, True)]


def test_only_mapped_inputs_reach_the_operation_and_only_mapped_outputs_leave_it() -> None:
    source = task("test_parcel.weigh", inputs={"what": "= thing"}, outputs={"kilos": "= weight * 2"})
    stage = begin(source, answers={"test_parcel.weigh": {"weight": 3}}, thing="chair", other=1)

    assert stage.case.state == "completed"
    assert stage.case.variables == {"thing": "chair", "other": 1, "kilos": 6}


def test_what_nobody_asked_for_is_not_kept() -> None:
    stage = begin(task("test_parcel.weigh", inputs={"what": "x"}), answers={"test_parcel.weigh": {"weight": 3}})

    assert stage.case.variables == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("= nothing", "the input what is null; it must be a string"),
        ("= many", "the input what is a list"),
        ("= amount", "the input what is a number; it must be a string"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_incident_before_anything_is_done(text: str, told: str) -> None:
    source = task("test_parcel.weigh", inputs={"what": text})
    stage = begin(source, answers={}, amount=5, many=[1, 2])

    assert stage.case.state == "failed"
    assert [failure.reason for failure in stage.incidents] == ["operation_input"]
    assert told in stage.incidents[0].sentence


def test_a_list_with_null_in_it_is_an_incident_before_anything_is_done() -> None:
    values = {"to": ["a@example.com", None]}

    assert PARCEL.taken(values) == ({}, "the input to has null in it; it must be a list<string>")
    assert PARCEL.taken({"to": "a@example.com", "weight": None}) == ({"to": ["a@example.com"]}, "")
