"""Messages, signals and jobs in scenarios, as the reference shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

import webapp.operations  # noqa: F401 -- declares the operations
from core.errors import DomainError, InvalidInput
from engine.handlers import HANDLERS, Outside, ServiceCall
from engine.scenario_files import check_scenarios
from engine.scenarios import ScenarioRefused, ScenarioResult, check_beside, play
from tests.engine_stage import ROOTS, event
from tests.engine_world import bpmn, chain, line
from tests.operation_tasks import calls


@HANDLERS.deferred_task("test_scenarios.send_package")
def send_package(outside: Outside, call: ServiceCall) -> dict[str, object]:
    if call.inputs.get("address") is None:
        raise InvalidInput("There is no address.")
    return {"message_id": f"to {call.inputs['address']}"}


SEND = '<serviceTask id="send" obieg:handler="test_scenarios.send_package" obieg:deferred="true"/>'
CAUGHT = event("boundaryEvent", "bounced", "error e", 'attachedToRef="send"') + '<userTask id="repair"/>'
WORK = '<serviceTask id="scan" camunda:type="external" camunda:topic="invoices.scan"/>'
CATCH = event("intermediateCatchEvent", "paid", "message m", 'obieg:correlationKey="= invoice_id"')
ALARM = event("intermediateCatchEvent", "alarm", "signal s")
KEYED = CATCH.replace('obieg:correlationKey="= invoice_id"', "").replace(
    "<messageEventDefinition ", '<messageEventDefinition obieg:correlationKey="= invoice_id" '
)


def run(folder: Path, content: str, steps: str, start: str = "{variables: {invoice_id: INV-1}}") -> ScenarioResult:
    source = content if content.startswith("<startEvent") else '<startEvent id="start"/>' + content
    (folder / "p.bpmn").write_bytes(bpmn(source, roots=ROOTS))
    text = f"file: p.bpmn\nscenarios:\n- name: x\n  start: {start}\n  steps:\n"
    (folder / "p.scenario.yaml").write_text(text + "".join(f"  - {step}\n" for step in steps.strip().splitlines()))
    return play(folder / "p.scenario.yaml").results[0]


def passes(result: ScenarioResult) -> bool:
    assert result.failures == []
    return result.ok


def test_a_message_reaches_the_event_that_waits_for_its_key(tmp_path: Path) -> None:
    steps = """
        {message: paid, keys: {invoice_id: INV-1}, payload: {amount: 100}}
        expect: {state: completed, visited: [paid], variables: {amount: 100}}
    """

    assert passes(run(tmp_path, line(KEYED, names=("paid",)), steps))


def test_a_message_waits_for_the_case_to_wait_for_it(tmp_path: Path) -> None:
    steps = """
        {message: paid, keys: {invoice_id: INV-1}}
        expect: {state: running, tasks: [ask]}
        complete: ask
        expect: {state: completed}
    """

    assert passes(run(tmp_path, line('<userTask id="ask"/>', KEYED, names=("ask", "paid")), steps))


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("{message: paid, keys: {invoice_id: INV-2}}", "nobody has received paid {invoice_id: INV-2}"),
        ("{message: pade}", "No event of process has the message pade; there are: paid"),
        ("{message: paid, keys: {invoice_id: [1]}}", "must be a text or a number"),
        ("{signal: alarm}", "Nobody waits for the signal alarm; waited for are: none"),
        ("{job: post}", "No job post waits to run; waiting are: none."),
    ],
)
def test_what_nobody_waits_for_fails_the_scenario(tmp_path: Path, step: str, told: str) -> None:
    result = run(tmp_path, line(KEYED, names=("paid",)), f"{step}\nexpect: {{state: running}}")

    assert not result.ok
    assert told in result.failures[0]


def test_a_signal_reaches_the_case(tmp_path: Path) -> None:
    steps = "{signal: alarm, payload: {level: 3}}\nexpect: {state: completed, variables: {level: 3}}"

    assert passes(run(tmp_path, line(ALARM, names=("alarm",)), steps))


def test_a_job_runs_when_the_scenario_says_so(tmp_path: Path) -> None:
    steps = """
        expect: {state: running, jobs: [send], not_visited: [send]}
        {job: test_scenarios.send_package, returns: {message_id: abc}}
        expect: {state: completed, variables: {message_id: abc}, jobs: []}
    """

    assert passes(run(tmp_path, line(SEND, names=("send",)), steps))


def test_without_an_answer_the_real_handler_does_the_work(tmp_path: Path) -> None:
    steps = "job: send\nexpect: {state: completed, variables: {message_id: to anna}}"

    assert passes(run(tmp_path, line(SEND, names=("send",)), steps, "{variables: {address: anna}}"))


def test_a_handler_that_refuses_is_an_incident(tmp_path: Path) -> None:
    steps = "job: send\nexpect: {state: failed, incidents: [send]}"

    assert passes(run(tmp_path, line(SEND, names=("send",)), steps))


def test_a_job_fails_as_the_scenario_says(tmp_path: Path) -> None:
    content = line(SEND, names=("send",)) + CAUGHT + chain("bounced", "repair")

    caught = "{fail: {job: send, error: E1, variables: {why: gone}}}\nexpect: {tasks: [repair], variables: {why: gone}}"
    uncaught = "{fail: {job: send, error: OTHER}}\nexpect: {state: failed, incidents: [send]}"
    plain = "{fail: {job: send}}\nexpect: {state: failed, incidents: [send]}"

    for steps in (caught, uncaught, plain):
        assert passes(run(tmp_path, content, steps))


def test_a_worker_answers_by_its_topic(tmp_path: Path) -> None:
    steps = "{job: invoices.scan, returns: {total: 5}}\nexpect: {state: completed, variables: {total: 5}}"

    assert passes(run(tmp_path, line(WORK, names=("scan",)), steps))
    silent = run(tmp_path, line(WORK, names=("scan",)), "job: scan\nexpect: {state: completed}")
    assert "say with `returns` what it gives" in silent.failures[0]


def test_a_case_starts_by_a_message_with_its_keys_and_content(tmp_path: Path) -> None:
    content = event("startEvent", "start", "message m") + '<userTask id="ask"/>' + chain("start", "ask")
    start = "{message: paid, keys: {offer_id: O-1}, payload: {amount: 5}}"
    steps = "expect: {tasks: [ask], variables: {offer_id: O-1, amount: 5}}"

    assert passes(run(tmp_path, content, steps, start))
    wrong = run(tmp_path, content, steps, "{message: shipped}")
    assert wrong.failures == ["start: No start event of process has the message shipped; there are: paid"]


def test_a_case_starts_by_a_signal(tmp_path: Path) -> None:
    content = event("startEvent", "start", "signal s") + '<userTask id="ask"/>' + chain("start", "ask")

    assert passes(run(tmp_path, content, "expect: {tasks: [ask]}", "{signal: alarm}"))


def test_records_that_the_case_is_about_are_known_to_operations(tmp_path: Path) -> None:
    task = calls("record.update", entity="crm.customer", id="= customer", changes="= {name: &quot;New&quot;}")
    start = "{variables: {customer: C-1}, links: {crm.customer: {id: C-1, name: ACME}}}"

    assert passes(run(tmp_path, line(task, names=("call",)), "expect: {state: completed}", start))
    assert passes(run(tmp_path, line(task, names=("call",)), "expect: {state: failed}", "{variables: {customer: C-1}}"))


def test_operations_run_against_fakes_of_the_outside(tmp_path: Path) -> None:
    mail = calls("mail.send", to="anna@example.com", subject="Hi", text="x", outputs={"sent": "= message_id"})
    steps = "job: mail.send\nexpect: {state: completed, variables: {sent: '= sent'}, visited: [call]}"

    result = run(tmp_path, line(mail, names=("call",)), steps)

    assert passes(result)
    assert str(result.variables["sent"]).endswith("@example.com>")


def test_what_a_step_returns_must_be_what_the_operation_gives(tmp_path: Path) -> None:
    mail = calls("mail.send", to="anna@example.com", subject="Hi", text="x")

    result = run(tmp_path, line(mail, names=("call",)), "{job: call, returns: {id: 1}}\nexpect: {}")

    assert "mail.send does not give id; it gives message_id" in result.failures[0]


def test_a_message_that_the_case_sends_to_itself_arrives(tmp_path: Path) -> None:
    send = calls("message.send", name="paid", keys="= {invoice: invoice_id}", payload="= {ok: true}")
    fork = (
        f'<startEvent id="start"/>{KEYED}{send}<endEvent id="a"/><endEvent id="b"/>'
        + chain("start", "paid", "a")
        + chain("start", "call", "b")
    )

    assert passes(run(tmp_path, fork, "expect: {state: completed, variables: {ok: true}}"))


@pytest.mark.parametrize(
    ("step", "rule", "told"),
    [
        ("{complete: ask, dta: {}}", "scenario-step", "Did you mean data?"),
        ("{complete: asked}", "scenario-element", "Did you mean ask?"),
        ("{expect: {visited: ask}}", "scenario-expect", "is a list"),
        ("{expect: {visited: [asked]}}", "scenario-element", "no element asked"),
        ("{expect: {state: done}}", "scenario-expect", "one of running"),
        ("{expect: {variables: {x: '= 1 +'}}}", "scenario-feel", "x:"),
        ("{expect: {mood: good}}", "scenario-expect", "mood"),
        ("{advance: tomorrow}", "scenario-step", "ISO 8601"),
        ("{advance: -P1D}", "scenario-step", "only goes forward"),
        ("{message: paid, keys: INV-1}", "scenario-step", "`keys` holds values by name"),
        ("{message: }", "scenario-step", "named by a text"),
        ("{signal: alarm, keys: {a: 1}}", "scenario-step", "keys"),
        ("{job: send, return: {}}", "scenario-step", "Did you mean returns?"),
        ("{fail: send}", "scenario-step", "Write fail"),
        ("{set: 5}", "scenario-step", "by name"),
        ("{complete: ask, complete: ask}", "scenario-yaml", "stands twice"),
    ],
)
def test_a_step_that_is_written_wrongly_is_refused_with_its_line(
    tmp_path: Path, step: str, rule: str, told: str
) -> None:
    (tmp_path / "p.bpmn").write_bytes(bpmn(line('<userTask id="ask"/>', names=("ask",))))
    file = tmp_path / "p.scenario.yaml"
    file.write_text(f"file: p.bpmn\nscenarios:\n- name: x\n  steps:\n  - {step}\n  - expect: {{}}\n")

    (finding,) = check_beside(file, file.read_bytes())

    assert (finding.rule, finding.line) == (rule, 5)
    assert told in finding.sentence


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("{message: a, signal: b}", "scenario-start"),
        ("{keys: {a: 1}}", "scenario-start"),
        ("{payload: {a: 1}}", "scenario-start"),
        ("{variable: {a: 1}}", "scenario-start"),
        ("[1]", "scenario-start"),
        ("{variables: 1}", "scenario-step"),
    ],
)
def test_a_start_that_is_written_wrongly_is_refused(start: str, rule: str) -> None:
    text = f"process: p\nscenarios: [{{name: x, start: {start}, steps: [{{expect: {{}}}}]}}]"

    assert [each.rule for each in check_scenarios("x", text.encode())] == [rule]


def test_a_file_without_expect_is_refused_whatever_else_it_does() -> None:
    text = "process: p\nscenarios: [{name: x, steps: [{refuse: ask, because: no}]}]"

    assert [each.rule for each in check_scenarios("x", text.encode())] == ["scenario-expect"]


def test_a_diagram_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "p.scenario.yaml"
    file.write_text("file: nothing.bpmn\nscenarios: [{name: x, steps: [{expect: {}}]}]")

    assert "no file nothing.bpmn" in str(check_beside(file, file.read_bytes())[0])
    with pytest.raises(ScenarioRefused, match=r"nothing\.bpmn"):
        play(file)


def test_every_error_of_a_scenario_is_a_sentence() -> None:
    assert issubclass(ScenarioRefused, DomainError)


def test_values_are_merged_and_replaced_by_what_a_scenario_says_itself(tmp_path: Path) -> None:
    (tmp_path / "p.bpmn").write_bytes(bpmn(line('<userTask id="ask"/>', names=("ask",))))
    file = tmp_path / "p.scenario.yaml"
    file.write_text(
        "file: p.bpmn\nscenarios:\n"
        "- name: a\n  start: {variables: &one {x: 1, y: 1}}\n  steps: [{expect: {variables: {x: 1, y: 1}}}]\n"
        "- name: b\n  start: {variables: &two {<<: *one, x: 2}}\n  steps: [{expect: {variables: {x: 2, y: 1}}}]\n"
        "- name: c\n  start: {variables: {<<: [*two, *two], y: 3}}\n  steps: [{expect: {variables: {x: 2, y: 3}}}]\n"
    )

    assert {result.name: result.failures for result in play(file).results} == {"a": [], "b": [], "c": []}


def test_a_file_that_merges_a_thousand_million_values_is_read_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.bpmn").write_bytes(bpmn(line('<userTask id="ask"/>', names=("ask",))))
    file = tmp_path / "p.scenario.yaml"
    expected = "  steps: [{expect: {tasks: [ask]}}]"
    steps = "\n".join(
        f"- name: s{each}\n  start: {{variables: &a{each} {{<<: [{', '.join([f'*a{each - 1}'] * 10)}]}}}}\n{expected}"
        for each in range(1, 10)
    )
    first = f"- name: s0\n  start: {{variables: &a0 {{x: 1}}}}\n{expected}\n"
    file.write_text(f"file: p.bpmn\nscenarios:\n{first}{steps}\n")

    assert len(play(file).results) == 10
