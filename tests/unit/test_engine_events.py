"""Messages, signals, conditions, errors and escalations in every position."""

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from engine.bpmn import Known, check_bpmn
from engine.rehearsal import Props, Rehearsal
from engine.runtime import load
from tests.engine_stage import NOON, ROOTS, begin, boundary, do, event, message, on, waiting
from tests.engine_world import bpmn, chain, flow, line


def test_a_message_between_activities_brings_its_content() -> None:
    stage = begin(
        line(
            event("intermediateCatchEvent", "wait", "message m"), '<userTask id="work"/>', names=("wait", "work")
        ).replace("messageRef", 'obieg:correlationKey="= order" messageRef'),
        order="O-1",
    )

    assert [(each.name, each.key) for each in stage.case.subscriptions] == [("paid", "O-1")]
    message(stage, "paid", "O-1", amount=5)

    assert waiting(stage) == ["work"]
    assert stage.case.variables["amount"] == 5
    assert stage.case.subscriptions == []


def test_a_message_that_nobody_waits_for_any_more_changes_nothing() -> None:
    stage = begin(line(event("intermediateCatchEvent", "wait", "message m"), names=("wait",)))
    token = next(iter(stage.subscriptions))
    message(stage, "paid")

    assert stage.case.deliver_message(token, {}) is False


def test_an_empty_correlation_key_is_an_incident_and_matches_nothing() -> None:
    stage = begin(
        line(event("intermediateCatchEvent", "wait", "message m"), names=("wait",)).replace(
            "messageRef", 'obieg:correlationKey="= order" messageRef'
        )
    )

    assert [failure.reason for failure in stage.incidents] == ["correlation_key"]
    assert stage.case.subscriptions == []


def test_a_send_task_sends_its_inputs() -> None:
    stage = begin(
        line(
            '<sendTask id="send" messageRef="m" obieg:correlationKey="= order"><extensionElements><camunda:inputOutput>'
            '<camunda:inputParameter name="total">= amount * 2</camunda:inputParameter></camunda:inputOutput>'
            "</extensionElements></sendTask>",
            names=("send",),
        ),
        order="O-1",
        amount=3,
    )

    assert [(each.name, each.key, each.payload) for each in stage.messages] == [("paid", "O-1", {"total": 6})]
    assert stage.case.state == "completed"


def test_the_first_event_behind_an_event_based_gateway_chooses_the_way() -> None:
    stage = begin(
        '<startEvent id="start"/><eventBasedGateway id="g"/>'
        + event("intermediateCatchEvent", "mail", "signal s")
        + event("intermediateCatchEvent", "late", "timer PT1H")
        + '<receiveTask id="ship" messageRef="m2"/><endEvent id="a"/><endEvent id="b"/><endEvent id="c"/>'
        + chain("start", "g", "mail", "a")
        + chain("g", "late", "b")
        + chain("g", "ship", "c")
    )

    message(stage, "shipped", weight=3)

    assert stage.trace == ["start", "g", "ship", "c"]
    assert (stage.case.state, stage.case.variables["weight"]) == ("completed", 3)
    assert stage.timers == {}
    assert stage.subscriptions == {}


def test_a_signal_reaches_everybody_in_the_case_who_waits_for_it() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/>'
        + event("intermediateCatchEvent", "one", "signal s")
        + event("intermediateCatchEvent", "two", "signal s")
        + '<userTask id="host"/><userTask id="work"/><userTask id="after"/>'
        + event("intermediateThrowEvent", "throw", "signal s")
        + boundary("b", "host", "signal s")
        + chain("start", "fork", "one")
        + chain("fork", "two")
        + chain("fork", "host")
        + chain("fork", "work", "throw")
        + chain("b", "after")
    )

    do(stage, "work")

    assert waiting(stage) == ["after"]
    assert [signal.name for signal in stage.signals] == ["alarm"]
    assert stage.subscriptions == {}


def test_a_boundary_message_that_does_not_interrupt_comes_again_and_again() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + boundary("b", "work", "message m", interrupting=False)
        + '<userTask id="note"/>'
        + chain("b", "note")
    )

    for _ in range(3):
        message(stage, "paid")
    assert waiting(stage) == ["note", "note", "note", "work"]
    do(stage, "work")

    assert stage.subscriptions == {}


@pytest.mark.parametrize(("caught", "way"), [("error e", "exact"), ("error e2", "all")])
def test_an_error_goes_to_the_exact_code_before_the_one_that_catches_all(caught: str, way: str) -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="in"/>'
        + event("endEvent", "fail", "error e")
        + chain("in", "fail")
        + "</subProcess>"
        + boundary("all", "sub", "error")
        + boundary("exact", "sub", caught)
        + chain("start", "sub")
        + '<endEvent id="x"/><endEvent id="y"/>'
        + chain("all", "x")
        + chain("exact", "y")
    )

    assert stage.trace == ["start", "in", "fail", way, {"exact": "y", "all": "x"}[way]]


def test_an_error_is_not_caught_at_a_sibling() -> None:
    stage = begin(
        '<startEvent id="start"/><userTask id="other"/><task id="then"/>'
        + event("endEvent", "fail", "error e")
        + boundary("b", "other", "error e")
        + chain("start", "then", "fail")
        + chain("start", "other")
        + '<endEvent id="x"/>'
        + chain("b", "x")
    )

    assert [failure.reason for failure in stage.incidents] == ["uncaught_error"]
    assert waiting(stage) == ["other"]
    assert stage.case.state == "failed"


@pytest.mark.parametrize(
    ("kind", "throw", "care"),
    [("error e", "endEvent", ["care"]), ("escalation x", "intermediateThrowEvent", ["care", "inner"])],
)
@pytest.mark.parametrize("guard", ["handler", "boundary"])
def test_what_is_thrown_is_not_caught_inside_a_sibling(kind: str, throw: str, care: list[str], guard: str) -> None:
    begins = '<startEvent id="in"/><userTask id="inner"/><task id="wrong"/>' + chain("in", "inner")
    inside = {
        "handler": on("h", kind, '<task id="never"/>' + chain("h_start", "never")),
        "boundary": boundary("b", "inner", kind) + chain("b", "wrong"),
    }[guard]
    trigger, interrupting = kind.split(maxsplit=1)[0], kind == "error e"
    stage = begin(
        f'<startEvent id="start"/><userTask id="work"/><subProcess id="sibling">{begins}{inside}</subProcess>'
        + event(throw, "thrown", kind)
        + chain("start", "work", "thrown")
        + chain("start", "sibling")
        + on(
            "right",
            trigger,
            '<userTask id="care"/>' + chain("right_start", "care"),
            interrupting=interrupting,
        )
    )

    do(stage, "work")

    assert waiting(stage) == care


def test_a_handler_reports_an_error_by_its_code() -> None:
    stage = begin(
        line('<serviceTask id="call" obieg:handler="bank.pay"/>', names=("call",))
        + boundary("refused", "call", "error e")
        + '<userTask id="repair"/>'
        + chain("refused", "repair"),
        answers={"bank.pay": {"error": "E1", "why": "no money"}},
    )

    assert waiting(stage) == ["repair"]
    assert stage.case.variables["why"] == "no money"


def test_an_escalation_does_not_stop_who_throws_it_unless_it_is_caught_so() -> None:
    content = (
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="in"/>'
        + event("intermediateThrowEvent", "call", "escalation x")
        + '<userTask id="work"/>'
        + chain("in", "call", "work")
        + "</subProcess>"
        + boundary("b", "sub", "escalation x", interrupting=False)
        + '<userTask id="boss"/>'
        + chain("start", "sub")
        + chain("b", "boss")
    )

    assert waiting(begin(content)) == ["boss", "work"]
    assert waiting(begin(content.replace('cancelActivity="false"', ""))) == ["boss"]


def test_an_escalation_that_nobody_catches_has_no_effect() -> None:
    stage = begin(line(event("intermediateThrowEvent", "call", "escalation x"), names=("call",)))

    assert stage.case.state == "completed"


def test_a_link_goes_on_at_its_catch() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + event("intermediateThrowEvent", "out", "link A")
        + event("intermediateCatchEvent", "in", "link A")
        + '<endEvent id="end"/>'
        + chain("start", "out")
        + chain("in", "end")
    )

    assert stage.trace == ["start", "out", "in", "end"]


@pytest.mark.parametrize("both", [False, True])
def test_a_multiple_event_waits_for_the_first_or_for_all(both: bool) -> None:
    stage = begin(
        line(
            event("intermediateCatchEvent", "wait", "message m, signal s", f'parallelMultiple="{str(both).lower()}"'),
            names=("wait",),
        )
    )

    message(stage, "paid", amount=1)
    assert stage.case.state == ("running" if both else "completed")
    if both:
        stage.signal("alarm", {"level": 2})

    assert stage.case.state == "completed"
    assert stage.case.variables["amount"] == 1


def test_a_condition_is_looked_at_whenever_a_variable_of_it_changes() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="host"/><userTask id="work"/>'
        + boundary("b", "host", "conditional amount &gt; 10")
        + '<userTask id="check"/>'
        + chain("start", "fork", "host")
        + chain("fork", "work")
        + chain("b", "check"),
        amount=5,
    )

    stage.set({"amount": 7})
    assert waiting(stage) == ["host", "work"]
    do(stage, "work", amount=11)

    assert waiting(stage) == ["check"]


def test_a_condition_that_does_not_interrupt_happens_each_time_it_becomes_true() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + boundary("b", "work", "conditional amount &gt; 10", interrupting=False)
        + '<userTask id="check"/>'
        + chain("b", "check"),
        amount=5,
    )

    for amount in (11, 12, 3, 13):
        stage.set({"amount": amount})

    assert waiting(stage) == ["check", "check", "work"]


def test_a_condition_that_is_true_from_the_beginning_does_not_wait() -> None:
    stage = begin(line(event("intermediateCatchEvent", "wait", "conditional ready"), names=("wait",)), ready=True)

    assert stage.case.state == "completed"


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ("link A", "link-target"),
        ("compensate nobody", "compensation-activity"),
    ],
)
def test_what_an_event_points_at_must_be_there(definition: str, problem: str) -> None:
    content = '<startEvent id="start"/>' + event("intermediateThrowEvent", "out", definition) + flow("start", "out")

    assert [each.rule for each in check_bpmn("t", bpmn(content), Known()).findings] == [problem]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ('<subProcess id="sub">' + event("startEvent", "in", "message m") + "</subProcess>", "start-trigger"),
        (event("intermediateCatchEvent", "sub", "message m, link A"), "element-unsupported"),
        ('<task id="sub"/>' + boundary("b", "sub", "message m, compensate"), "element-unsupported"),
        ('<receiveTask id="sub" messageRef="m" instantiate="true"/>', "instantiate"),
    ],
)
def test_what_would_be_ignored_is_refused(content: str, rule: str) -> None:
    source = bpmn(line(content, names=("sub",)), roots=ROOTS)

    assert rule in {each.rule for each in check_bpmn("t", source, Known()).findings}


def test_a_receive_task_can_make_a_case() -> None:
    source = bpmn(
        '<receiveTask id="order" messageRef="m" instantiate="true"/><userTask id="work"/>' + chain("order", "work"),
        roots=ROOTS,
    )
    process = check_bpmn("t", source, Known()).processes[0]
    stage = Rehearsal(load(process), FixedClock(NOON), Props())

    stage.begin({"amount": 5}, SYSTEM, "order")

    assert [(key, trigger.name) for key, trigger in process.start_triggers] == [("order", "paid")]
    assert waiting(stage) == ["work"]


def test_branches_share_the_variables_of_their_process() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<parallelGateway id="join"/><userTask id="after"/>'
        + chain("start", "fork", "a", "join", "after")
        + chain("fork", "b", "join"),
        seen=[1, 1],
    )
    do(stage, "a", total=1, seen=[2])
    do(stage, "b", total=2)

    assert (stage.case.variables["total"], stage.case.variables["seen"]) == (2, [2])


def test_an_end_event_that_is_ended_by_what_it_throws_is_completed_and_its_siblings_are_not() -> None:
    stage = begin(
        '<startEvent id="start"/><transaction id="sub"><startEvent id="in"/><parallelGateway id="both"/>'
        '<userTask id="never"/>'
        + event("endEvent", "off", "cancel")
        + chain("in", "both", "off")
        + chain("both", "never")
        + "</transaction>"
        + boundary("b", "sub", "cancel")
        + '<endEvent id="end"/>'
        + chain("start", "sub")
        + chain("b", "end")
    )

    assert stage.trace == ["start", "in", "both", "off", "b", "end"]
    assert waiting(stage) == []
