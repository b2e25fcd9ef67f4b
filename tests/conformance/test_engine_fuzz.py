"""No model, valid or spoiled, makes the engine hang, crash or lose a token."""

from __future__ import annotations

import random
from copy import deepcopy
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
from engine.spiff import limits
from tests.conformance.token_simulation_models import BPMN, prepare
from tests.conformance.token_simulation_suite import NOON, suite_folder

OBIEG, CAMUNDA = "{https://obieg.dev/schema/1.0/bpmn}", "{http://camunda.org/schema/1.0/bpmn}"
REPOSITORY = Path(__file__).resolve().parents[2]
SUITE = sorted(suite_folder().glob("*.bpmn"))
OWN = sorted((REPOSITORY / "processes").glob("**/*.bpmn"))
TAGS = (
    "task", "userTask", "subProcess", "transaction", "adHocSubProcess", "parallelGateway", "exclusiveGateway",
    "inclusiveGateway", "complexGateway", "eventBasedGateway", "startEvent", "endEvent", "boundaryEvent",
    "intermediateCatchEvent", "intermediateThrowEvent", "receiveTask", "sendTask", "scriptTask", "serviceTask",
    "callActivity", "signalEventDefinition", "errorEventDefinition", "timerEventDefinition", "linkEventDefinition",
    "escalationEventDefinition", "compensateEventDefinition", "terminateEventDefinition", "messageEventDefinition",
    "conditionalEventDefinition", "cancelEventDefinition", "multiInstanceLoopCharacteristics",
    "standardLoopCharacteristics", "completionCondition", "laneSet", "dataObject", "property", "ioSpecification",
    "dataInputAssociation", "correlationSubscription", "definitions", "process", "nonsense",
)  # fmt: skip
FLAGS = ("cancelActivity", "isInterrupting", "triggeredByEvent", "isForCompensation", "parallelMultiple", "instantiate")
ATTRIBUTES = (
    *FLAGS, "id", "name", "default", "startQuantity", "completionQuantity", "ordering", "behavior", "isSequential",
    "loopMaximum", "testBefore", "eventGatewayType", "attachedToRef", "messageRef", "signalRef", "errorRef",
    "activityRef", "sourceRef", "targetRef", "waitForCompletion", "method", "nonsense", OBIEG + "stage",
    CAMUNDA + "collection", CAMUNDA + "asyncBefore", CAMUNDA + "asyncAfter", OBIEG + "correlationKey",
)  # fmt: skip
VALUES = (
    "",
    "true",
    "false",
    "2",
    "-1",
    "x",
    "=",
    "= 1",
    "= [1, null]",
    "Parallel",
    "Complex",
    "ünïcode \u2028",
    "=" * 400,
)
TEXTS = ("", "true", "1 +", "loopCounter < 3", "PT1H", "R/PT1S", "2026-01-05", "x = x + 1", "for", "[1,2]")
_MODEL = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
_TWICE = "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
LOOPS = (
    f"<multiInstanceLoopCharacteristics {_MODEL}>{_TWICE}",
    f'<multiInstanceLoopCharacteristics {_MODEL} isSequential="true">{_TWICE}',
    f'<standardLoopCharacteristics {_MODEL} loopMaximum="2"/>',
)


def remove(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    element.getparent().remove(element)


def rename(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    element.tag = BPMN + dice.choice(TAGS)


def retarget(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    flows = [each for each in elements if each.tag == f"{BPMN}sequenceFlow"] or [element]
    dice.choice(flows).set(dice.choice(["sourceRef", "targetRef"]), dice.choice(ids(elements)))


def refer(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    element.set(dice.choice(["attachedToRef", "default", "messageRef", "activityRef"]), dice.choice(ids(elements)))


def flip(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    element.set(dice.choice(FLAGS), dice.choice(["true", "false"]))


def scribble(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    element.set(dice.choice(ATTRIBUTES), dice.choice([*VALUES, *ids(elements)]))


def strip(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    if element.attrib:
        del element.attrib[dice.choice(list(element.attrib))]


def write(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    element.text = dice.choice(TEXTS)


def double(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    copy = deepcopy(element)
    for number, each in enumerate(copy.iter()):
        if each.get("id") and dice.random() < 0.9:
            each.set("id", f"{each.get('id')}_{number}_{dice.randrange(1000)}")
    element.addnext(copy)


def nest(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    other = dice.choice(elements)
    if other is not element and element not in other.iterancestors():
        other.append(element)


def repeat(element: etree._Element, elements: list[etree._Element], dice: random.Random) -> None:
    activities = [each for each in elements if each.tag.lower().endswith(("task", "process"))]
    dice.choice(activities or [element]).append(etree.fromstring(dice.choice(LOOPS)))


def ids(elements: list[etree._Element]) -> list[str]:
    return [each.get("id") for each in elements if each.get("id")] or ["none"]


def spoil(root: etree._Element, dice: random.Random) -> None:
    """Change one thing of a model."""
    elements = [each for each in root.iter(f"{BPMN}*") if each.getparent() is not None]
    if elements:
        ways = (remove, rename, retarget, retarget, refer, flip, scribble, strip, write, double, nest, repeat)
        dice.choice(ways)(dice.choice(elements), elements, dice)


def live(stage: Rehearsal, dice: random.Random) -> None:
    """Do one of the things that can happen to a case."""
    can = [("work", each) for each in stage.work] + [("timer", each) for each in stage.timers]
    can += [(each.kind, token) for token, each in stage.subscriptions.items()]
    can += [(f"choose {one.element_id}", each.id) for each in stage.case.open_scopes() for one in each.choices]
    if not can:
        return
    kind, token = dice.choice(sorted(can))
    match kind:
        case chosen if chosen.startswith("choose "):
            stage._do(lambda role: role.case.select(token, chosen.removeprefix("choose ")), token)
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
    monkeypatch.setattr(limits, "MAXIMUM_STEPS", 200)


def source_of(model: Path, seed: int) -> bytes:
    """A model that can run: those of the suite are prepared, ours are."""
    if model in OWN:
        return model.read_bytes()
    return prepare(model.read_bytes(), {"A", "B", "WAIT"} if seed % 2 else set()).content


def try_out(model: Path, seed: int, changes: int) -> None:
    """Spoil a model and let it live a little."""
    dice = random.Random(seed)
    root = etree.fromstring(source_of(model, seed))
    for _ in range(changes):
        spoil(root, dice)
    checked = check_bpmn("model.bpmn", etree.tostring(root), Known())
    if checked.findings.refuses:
        return
    for process in checked.processes:
        _run(Rehearsal(load(process), FixedClock(NOON), Props()), dice)


@pytest.mark.skipif(not SUITE, reason="the token simulation's models are not here")
@settings(max_examples=150, deadline=5000, suppress_health_check=list(HealthCheck))
@given(model=st.sampled_from(SUITE or [Path("none")]), seed=st.integers(0, 1 << 30), changes=st.integers(0, 5))
def test_a_spoiled_model_is_refused_or_runs_without_losing_a_token(model: Path, seed: int, changes: int) -> None:
    try_out(model, seed, changes)


@settings(max_examples=100, deadline=5000, suppress_health_check=list(HealthCheck))
@given(model=st.sampled_from(OWN), seed=st.integers(0, 1 << 30), changes=st.integers(0, 5))
def test_one_of_our_own_models_spoiled_is_refused_or_runs(model: Path, seed: int, changes: int) -> None:
    try_out(model, seed, changes)


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
        stage.cancel("enough")
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
