"""No model, valid or spoiled, makes the engine hang, crash or lose a token."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from core.clock import FixedClock
from core.errors import DomainError
from core.identity import SYSTEM
from engine import runtime
from engine.bpmn import Known, check_bpmn
from engine.errors import StepFailed
from engine.rehearsal import Props, Rehearsal
from engine.runtime import load
from engine.spiff import tree
from tests.conformance.token_simulation_models import BPMN, prepare
from tests.conformance.token_simulation_suite import NOON, suite_folder

MODELS = sorted(suite_folder().glob("*.bpmn"))
TAGS = (
    "task", "userTask", "subProcess", "transaction", "parallelGateway", "exclusiveGateway", "inclusiveGateway",
    "complexGateway", "eventBasedGateway", "startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent",
    "intermediateThrowEvent", "receiveTask", "signalEventDefinition", "errorEventDefinition", "timerEventDefinition",
    "escalationEventDefinition", "compensateEventDefinition", "terminateEventDefinition", "messageEventDefinition",
)  # fmt: skip
FLAGS = ("cancelActivity", "isInterrupting", "triggeredByEvent", "isForCompensation", "parallelMultiple")


def spoil(root: etree._Element, dice: random.Random) -> None:
    """Change one thing of a model."""
    elements = [each for each in root.iter(f"{BPMN}*") if each.getparent() is not None]
    if not elements:
        return
    element = dice.choice(elements)
    nodes = [each.get("id") for each in elements if each.get("id")]
    match dice.randrange(5):
        case 0:
            element.getparent().remove(element)
        case 1:
            element.tag = BPMN + dice.choice(TAGS)
        case 2:
            element.set(dice.choice(FLAGS), dice.choice(["true", "false"]))
        case 3:
            flows = [each for each in elements if each.tag == f"{BPMN}sequenceFlow"] or [element]
            dice.choice(flows).set(dice.choice(["sourceRef", "targetRef"]), dice.choice(nodes))
        case _:
            element.set(dice.choice(["attachedToRef", "default", "messageRef", "activityRef"]), dice.choice(nodes))


def live(stage: Rehearsal, dice: random.Random) -> None:
    """Do one of the things that can happen to a case."""
    can = [("work", each) for each in stage.work] + [("timer", each) for each in stage.timers]
    can += [(each.kind, token) for token, each in stage.subscriptions.items()]
    if not can:
        return
    kind, token = dice.choice(sorted(can))
    match kind:
        case "work":
            stage.complete(token, {}, SYSTEM)
        case "timer":
            stage.fire(token)
        case "message":
            stage.message(token, {"content": 1})
        case "signal":
            stage.signal(stage.subscriptions[token].name, {})
        case _:
            stage.set({stage.subscriptions[token].name: True})


@pytest.fixture(autouse=True)
def _short_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot after every step, and soon an end to loops that never wait."""
    monkeypatch.setattr(runtime, "ROUND_TRIPS", True)
    monkeypatch.setattr(tree, "MAXIMUM_STEPS", 200)


@pytest.mark.skipif(not MODELS, reason="the token simulation's models are not here")
@settings(max_examples=100, deadline=5000, suppress_health_check=list(HealthCheck))
@given(model=st.sampled_from(MODELS or [Path("none")]), seed=st.integers(0, 1 << 30), changes=st.integers(0, 3))
def test_a_spoiled_model_is_refused_or_runs_without_losing_a_token(model: Path, seed: int, changes: int) -> None:
    dice = random.Random(seed)
    root = etree.fromstring(prepare(model.read_bytes(), {each for each in ("A", "B", "WAIT") if seed % 2}).content)
    for _ in range(changes):
        spoil(root, dice)

    checked = check_bpmn("model.bpmn", etree.tostring(root), Known())
    if checked.findings.refuses:
        return
    for process in checked.processes:
        _run(Rehearsal(load(process), FixedClock(NOON), Props()), dice)


def _run(stage: Rehearsal, dice: random.Random) -> None:
    nodes = stage.program.process.nodes
    starts = [each for each in stage.program.process.starts if nodes[each].kind == "startEvent"]
    problem = _live(stage, dice.choice(starts) if starts else None, dice)
    assert problem != "token_lost"
    if problem is not None:
        return  # refused as a whole: nothing has happened
    if stage.case.state == "completed":
        assert (stage.work, stage.subscriptions, stage.timers) == ({}, {}, {})
    else:
        stage.case.cancel("enough")
        stage._take()
        assert (stage.work, stage.subscriptions, stage.timers) == ({}, {}, {})


def _live(stage: Rehearsal, start: str | None, dice: random.Random) -> str | None:
    """The reason why the case as a whole refused to go on, if it did."""
    try:
        stage.begin({}, SYSTEM, start)
        for _ in range(12):
            if stage.case.state in {"completed", "cancelled"}:
                break
            live(stage, dice)
    except StepFailed as failure:
        return failure.reason
    except DomainError as refused:
        return refused.code
    return None
