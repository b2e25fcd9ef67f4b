"""Scenarios: what a designer writes beside a diagram, and what it proves."""

from pathlib import Path

import pytest

from engine.scenario_files import check_scenarios
from engine.scenarios import Played, ScenarioRefused, ScenarioResult, play
from tests.engine_world import bpmn, chain, flow, line

MODEL = bpmn(
    '<startEvent id="start"/><userTask id="ask" camunda:candidateGroups="rep" obieg:stage="offer">'
    '<dataOutputAssociation id="a"><targetRef>margin</targetRef></dataOutputAssociation></userTask>'
    '<dataObjectReference id="margin" name="Margin" obieg:documentType="margin_calc" dataObjectRef="d"/>'
    '<dataObject id="d"/><boundaryEvent id="late" attachedToRef="ask"><timerEventDefinition>'
    "<timeDuration>P3D</timeDuration></timerEventDefinition></boundaryEvent>"
    '<serviceTask id="send" obieg:handler="post.send"/><exclusiveGateway id="gate" default="gate_no"/>'
    '<endEvent id="yes" obieg:outcome="sent"/><endEvent id="no" obieg:outcome="refused"/><endEvent id="over"/>'
    + chain("start", "ask", "send", "gate", "no")
    + flow("gate", "yes", 'answer = "ok" and amount > 10')
    + chain("late", "over"),
    key="offer",
    attributes='obieg:stages="offer"',
)
GOOD = """
process: offer
handlers:
  post.send: {answer: ok}
scenarios:
  - name: it is sent
    at: 2026-01-05T08:00:00+01:00
    start: {variables: {amount: 15}}
    steps:
      - expect: {tasks: [ask], stage: offer, state: running}
      - refuse: ask
        as: stranger
        because: offered to rep
      - refuse: ask
        as: rep
        because: document margin_calc
      - complete: ask
        as: rep
        data: {remark: fine}
        documents: [margin_calc]
      - expect:
          state: completed
          outcome: sent
          visited: [ask, gate, "yes"]
          not_visited: ["no"]
          variables: {remark: fine, answer: ok, amount: "= 10 + 5"}
          incidents: []
  - name: it is late
    start: {variables: {amount: 15}}
    steps:
      - advance: P2D
      - expect: {tasks: [ask]}
      - advance: P1D
      - expect: {state: completed, visited: [late, over], tasks: []}
  - name: the mail fails
    handlers:
      post.send: {fail: NO_ROUTE}
    start: {variables: {amount: 1}}
    steps:
      - set: {amount: "= amount + 1"}
      - complete: ask
        documents: [margin_calc]
      - expect: {state: failed, incidents: [send], variables: {amount: 2}}
"""


def run(folder: Path, text: str, name: str = "offer.scenario.yaml") -> Played:
    (folder / "offer.bpmn").write_bytes(MODEL)
    (folder / name).write_text(text)
    return play(folder / name)


def test_scenarios_pass_and_tell_what_they_covered(tmp_path: Path) -> None:
    played = run(tmp_path, GOOD)

    assert [(result.name, result.ok, result.failures) for result in played.results] == [
        ("it is sent", True, []),
        ("it is late", True, []),
        ("the mail fails", True, []),
    ]
    assert played.results[0].trace == ["start", "ask", "send", "gate", "yes"]
    assert played.results[0].to_json()["variables"] == {"amount": 15, "remark": "fine", "answer": "ok"}
    assert played.unused() == (["no"], ["gate_no"])


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("expect: {tasks: [send]}", "open tasks are ['ask'], not ['send']"),
        ("expect: {stage: lead}", "the stage is offer, not lead"),
        ("expect: {state: completed}", "the state is running, not completed"),
        ("expect: {visited: [ask]}", "ask was not completed"),
        ("expect: {not_visited: [start]}", "start was completed"),
        ("expect: {variables: {amount: 16}}", "amount is 15, not 16"),
        ("expect: {variables: {amount: true}}", "amount is 15, not True"),
        ("complete: send", "There is no open task send; open are: ask."),
        ("{refuse: ask, because: the moon}", "not “the moon”"),
        ("{complete: ask, as: boss}", "offered to rep"),
    ],
)
def test_a_step_that_goes_wrong_is_told_with_its_number(tmp_path: Path, step: str, told: str) -> None:
    text = (
        "process: offer\nscenarios:\n- name: x\n  start: {variables: {amount: 15}}\n  handlers: {post.send: {}}\n"
        f"  steps:\n  - {step}\n  - expect: {{}}\n"
    )

    result = run(tmp_path, text).results[0]

    assert not result.ok
    assert result.failures[0].startswith("step 1: ")
    assert told in result.failures[0]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[", "scenario-yaml"),
        ("- 1", "scenario-yaml"),
        ("process: offer", "scenario-none"),
        ("process: offer\nscenarios: [{name: x, steps: [{advance: P1D}]}]", "scenario-expect"),
        ("scenarios: [{name: x, steps: [{expect: {}}]}]", "scenario-process"),
        ("process: offer\nscenarios: [{name: x}]", "scenario-steps"),
        ("process: offer\nscenarios: [{name: x, steps: [{jump: 1}]}]", "scenario-step"),
        ("process: offer\nscenarios: [{name: x, steps: [{expect: {mood: good}}]}]", "scenario-expect"),
        ("process: offer\nscenarios: [{name: x, steps: [{set: {a: .nan}}, {expect: {}}]}]", "scenario-yaml"),
        ("process: offer\nhandlers: {a.b: 5}\nscenarios: [{name: x, steps: [{expect: {}}]}]", "scenario-step"),
        ("process: offer\nscenarios: [{name: x, handlers: {a.b: [1]}, steps: [{expect: {}}]}]", "scenario-step"),
    ],
)
def test_a_file_that_proves_nothing_is_refused(text: str, rule: str) -> None:
    assert [finding.rule for finding in check_scenarios("x.scenario.yaml", text.encode())] == [rule]


def test_a_diagram_that_does_not_run_refuses_its_scenarios(tmp_path: Path) -> None:
    with pytest.raises(ScenarioRefused, match="no process nothing"):
        run(tmp_path, "process: nothing\nscenarios: [{name: x, steps: [{expect: {}}]}]")
    with pytest.raises(ScenarioRefused, match=r"post\.send"):
        run(tmp_path, "process: offer\nscenarios: [{name: x, steps: [{expect: {}}]}]")


def test_a_single_file_has_scenarios_too(tmp_path: Path) -> None:
    text = "file: offer.bpmn\nhandlers: {post.send: {}}\nscenarios: [{name: x, steps: [{expect: {tasks: [ask]}}]}]"

    assert run(tmp_path, text).results[0].ok


def test_what_is_named_like_a_model_beside_a_scenario_but_is_no_file_is_passed_over(tmp_path: Path) -> None:
    for name in ("a.bpmn", "a.dmn", "a.form"):
        (tmp_path / name).mkdir()
    (tmp_path / "b.bpmn").symlink_to(tmp_path / "nowhere")
    text = "process: offer\nhandlers: {post.send: {}}\nscenarios: [{name: x, steps: [{expect: {tasks: [ask]}}]}]"

    assert run(tmp_path, text).results[0].ok


def test_a_scenario_runs_the_processes_of_its_folder_that_are_called(tmp_path: Path) -> None:
    called = bpmn(line('<userTask id="check"/>', names=("check",)), key="inspection")
    passing = '<extensionElements><camunda:in variables="all"/><camunda:out variables="all"/></extensionElements>'
    caller = bpmn(
        line(f'<callActivity id="inspect" calledElement="inspection">{passing}</callActivity>', names=("inspect",)),
        key="repair",
    )
    (tmp_path / "called.bpmn").write_bytes(called)
    (tmp_path / "caller.bpmn").write_bytes(caller)
    (tmp_path / "repair.scenario.yaml").write_text(
        """
process: repair
scenarios:
  - name: it is inspected
    start: {variables: {device: D-1}}
    steps:
      - expect: {tasks: [check], state: running}
      - complete: check
        data: {broken: true}
      - expect: {state: completed, visited: [start, check, inspect, end], variables: {device: D-1, broken: true}}
"""
    )

    played = play(tmp_path / "repair.scenario.yaml")

    assert [result.failures for result in played.results] == [[]]
    assert played.unused() == ([], [])


def signalling(caller: str, called: str) -> tuple[bytes, bytes]:
    """A process that calls another while it goes on itself; both know the signals `go` and `back`."""
    roots = '<signal id="g" name="go"/><signal id="b" name="back"/>'
    begins = '<startEvent id="start"/><parallelGateway id="fork"/><callActivity id="call" calledElement="called"/>'
    content = begins + caller + chain("start", "fork", "call") + flow("fork", "one")
    return bpmn(content, key="caller", roots=roots), bpmn(called, key="called", roots=roots)


def signal(tag: str, identifier: str, which: str) -> str:
    return f'<{tag} id="{identifier}"><signalEventDefinition signalRef="{which}"/></{tag}>'


def test_signals_reach_the_cases_that_were_called_and_those_that_called(tmp_path: Path) -> None:
    caller, called = signalling(
        '<userTask id="one"/>' + signal("intermediateThrowEvent", "throw", "g")
        + signal("intermediateCatchEvent", "answer", "b")
        + '<userTask id="two"/>' + chain("one", "throw", "answer", "two"),
        line(signal("intermediateCatchEvent", "hear", "g"), names=("hear",)).replace(
            '<endEvent id="end"/>', signal("endEvent", "end", "b")
        ),
    )  # fmt: skip
    steps = "      - complete: one\n      - expect: {tasks: [two], visited: [throw, hear, end, answer]}\n"
    results = results_of(tmp_path, caller, called, steps)

    assert [each.failures for each in results] == [[]]


def test_signals_that_go_round_for_ever_fail_the_scenario(tmp_path: Path) -> None:
    caller, called = signalling(
        '<userTask id="one"/>' + signal("intermediateThrowEvent", "throw", "g")
        + signal("intermediateCatchEvent", "answer", "b") + chain("one", "throw", "answer", "throw"),
        '<startEvent id="start"/>' + signal("intermediateCatchEvent", "hear", "g")
        + signal("intermediateThrowEvent", "reply", "b") + chain("start", "hear", "reply", "hear"),
    )  # fmt: skip
    (result,) = results_of(tmp_path, caller, called, "      - complete: one\n      - expect: {}\n")

    assert "goes round for ever" in " ".join(result.failures)


def test_a_message_that_goes_round_for_ever_fails_the_scenario(tmp_path: Path) -> None:
    sent = '<messageEventDefinition messageRef="m" obieg:correlationKey="= 1"/>'
    turning = bpmn(
        f'<startEvent id="start"/><userTask id="one"/><intermediateThrowEvent id="ask">{sent}</intermediateThrowEvent>'
        f'<intermediateCatchEvent id="told">{sent}</intermediateCatchEvent>'
        + chain("start", "one", "ask", "told", "ask"),
        key="caller",
        roots='<message id="m" name="ping"/>',
    )  # fmt: skip
    (result,) = results_of(tmp_path, turning, MODEL, "      - complete: one\n      - expect: {}\n")

    assert "ping goes round for ever" in " ".join(result.failures)


def test_the_clock_of_a_scenario_only_goes_forward(tmp_path: Path) -> None:
    steps = "      - advance: P2D\n      - advance: 2020-01-01\n      - expect: {}\n"
    (result,) = results_of(tmp_path, bpmn(line('<userTask id="one"/>', names=("one",)), key="caller"), MODEL, steps)

    assert "advance: 2020-01-01 is over; the clock only goes forward" in " ".join(result.failures)


def results_of(folder: Path, caller: bytes, called: bytes, steps: str) -> list[ScenarioResult]:
    (folder / "caller.bpmn").write_bytes(caller)
    (folder / "called.bpmn").write_bytes(called)
    scenario = folder / "caller.scenario.yaml"
    scenario.write_text(f"process: caller\nscenarios:\n  - name: signals\n    steps:\n{steps}")
    return play(scenario).results
