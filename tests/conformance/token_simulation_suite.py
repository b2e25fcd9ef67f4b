"""Runs the models of bpmn-js-token-simulation and compares the order of tokens; runs as a script, too.

Compared is, scope by scope, the order in which sequence flows are taken and elements begin. Not compared is what the
simulator's own way of drawing adds: events that are triggered have no `enter`, cancelled elements have an `exit`.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from core.clock import FixedClock
from core.errors import DomainError
from core.identity import SYSTEM
from engine import runtime
from engine.bpmn import Known, check_bpmn
from engine.bpmn.model import Process
from engine.rehearsal import Props, Rehearsal
from engine.runtime import load
from tests.conformance.token_simulation_models import BPMN, Prepared, happens, prepare, way

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "suites"
KNOWN_FAILURES = Path(__file__).with_name("token_simulation_known_failures.txt")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    """How one expected trace of one case went."""

    name: str
    passed: bool
    reason: str = ""


class Refused(Exception):
    """The model cannot be executed, in these words."""


class Simulation:
    """The processes of one model, with their cases."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        checked = check_bpmn("model.bpmn", prepared.content, Known())
        if checked.findings.refuses:
            raise Refused("; ".join(f"{each.element}: {each.sentence}" for each in checked.findings))
        self.processes = {process.id: process for process in checked.processes}
        self.cases: list[Rehearsal] = []
        self.moves: list[tuple[str, str, str]] = []  # process, element, scope
        self.last = ""
        self.variables: dict[str, Any] = {}
        for gateway, flows in prepared.gateways.items():
            node = self.node(gateway)
            several = node.kind == "inclusiveGateway"
            self.configure(flows, flows if several else flows[:1])

    def node(self, element: str) -> Any:
        return self.process_of(element).nodes[element]

    def process_of(self, element: str) -> Process:
        return next(process for process in self.processes.values() if element in process.nodes)

    def configure(self, flows: list[str], active: list[str]) -> None:
        """Which flows a gateway takes from now on."""
        self.variables.update({way(flow): flow in active for flow in flows})
        for case in self.cases:
            case.set(self.variables)
            self.collect(case)

    def begin(self, process: Process, at: str | None) -> None:
        case = Rehearsal(load(process), FixedClock(NOON), Props())
        self.cases.append(case)
        case.begin(self.variables, SYSTEM, at)
        self.collect(case)

    def collect(self, case: Rehearsal) -> None:
        """Take over what moved, and carry messages and signals to whoever waits for them."""
        moves, case.moves = case.moves, []
        self.moves += [(case.program.process.id, element, f"{id(case)}{scope}") for element, scope in moves]
        case.messages.clear()
        for element, _scope in moves:  # whatever a message flow leaves sends its message when it begins
            for source, target in self.prepared.message_flows.values():
                if source == element:
                    self.arrive(target)
        signals, case.signals = case.signals, []
        for signal in signals:
            self.broadcast(signal.name, case)

    def broadcast(self, name: str, sender: Rehearsal) -> None:
        for other in list(self.cases):
            if other is not sender:
                other.signal(name, {})
                self.collect(other)
        for process in self.processes.values():
            for start, trigger in process.start_triggers:
                if trigger.kind == "signal" and trigger.name == name:
                    self.begin(process, start)

    def arrive(self, target: str) -> None:
        """A message flow brings its message to an element, or to a pool."""
        if not any(target in process.nodes for process in self.processes.values()):
            return
        if self.node(target).kind == "startEvent":
            if not self.deliver(target):
                self.begin(self.process_of(target), target)
        else:
            self.deliver(target)

    def deliver(self, element: str) -> bool:
        for case in self.cases:
            for token, subscription in list(case.subscriptions.items()):
                if subscription.node.id == element and subscription.kind == "message":
                    case.message(token, {})
                    self.collect(case)
                    return True
        return False

    def trigger(self, element: str) -> None:
        """Have an element happen: a start, a task that waits, an event."""
        process = self.process_of(element)
        node = process.nodes[element]
        if node.scope == process.id and (node.kind == "startEvent" or element in process.starts):
            self.begin(process, element)
            return
        for case in self.cases:
            if self._trigger_in(case, element):
                self.collect(case)
                return
        raise Refused(f"nothing waits at {element}")

    def _trigger_in(self, case: Rehearsal, element: str) -> bool:
        inside = {element, *(case.program.process.nodes[element].starts)}
        for token, work in case.work.items():
            if work.node.id in inside:
                case.complete(token, {}, SYSTEM)
                return True
        for timer in case.timers:
            if case.armed_at(timer) in inside:
                case.fire(timer)
                return True
        for token, subscription in case.subscriptions.items():
            if subscription.node.id not in inside:
                continue
            match subscription.kind:
                case "message":
                    case.message(token, {})
                case "signal":
                    case.signal(subscription.name, {})
                case _:
                    case.set({happens(subscription.node.id): True})
            return True
        return False

    def flow_message(self, flow: str) -> None:
        self.arrive(self.prepared.message_flows[flow][1])


def run_case(folder: Path, model: str, steps: list[dict[str, Any]]) -> Iterator[Result]:
    """Do the steps of a case; one result for each expected trace."""
    waits = {step["wait_at"] for step in steps if "wait_at" in step} | _paused(folder, steps)
    expected = [step["expect_trace"] for step in steps if "expect_trace" in step]
    triggered = {step["trigger"] for step in steps if "trigger" in step}
    try:
        source = (folder / model).read_bytes()
        hosts = {
            each.get("attachedToRef")
            for each in etree.fromstring(source).iter(f"{BPMN}boundaryEvent")
            if each.get("id") in triggered
        }
        simulation = Simulation(prepare(source, waits | triggered | hosts))
        for step in steps:
            if "expect_trace" in step:
                name = expected.pop(0)
                simulation.last = simulation.moves[-1][1] if simulation.moves else simulation.last
                reason = compare(json.loads((folder / name).read_text()), simulation)
                yield Result(f"{model}/{name}", not reason, reason)
                simulation.moves.clear()
            else:
                _do(simulation, step)
    except (Refused, DomainError) as error:
        sentence = error.sentence if isinstance(error, DomainError) else str(error)
        for name in expected:
            yield Result(f"{model}/{name}", passed=False, reason=sentence)


def _paused(folder: Path, steps: list[dict[str, Any]]) -> set[str]:
    """Where the case stands when a step only says that it goes on: the element that came last."""
    found = set()
    for before, step in itertools.pairwise(steps):
        if "in_scope" in step and "trigger" not in step:
            lines = json.loads((folder / before["expect_trace"]).read_text())
            found.add([line.split(":")[1] for line in lines if line.startswith("enter:")][-1])
    return found


def _do(simulation: Simulation, step: dict[str, Any]) -> None:
    if "config" in step:
        gateway = step["config"]
        simulation.configure(simulation.prepared.gateways.get(gateway, []), step["active_outgoing"])
    elif "trigger" in step:
        simulation.trigger(step["trigger"])
    elif "in_scope" in step:
        simulation.trigger(simulation.last)
    elif "raw" in step:
        simulation.flow_message(step["raw"].split("'")[1])


def compare(trace: list[str], simulation: Simulation) -> str:
    """Where the order of tokens differs from the expected one; empty when it is the same."""
    wanted = scopes_of(trace, simulation)
    got: dict[str, list[str]] = defaultdict(list)
    for _process, element, scope in simulation.moves:
        got[scope].append(element)
    have = sorted(filter(any, (_relevant(each, simulation) for each in got.values())))
    want = sorted(filter(any, (_relevant(each, simulation) for each in wanted)))
    if have == want:
        return ""
    missing = [each for each in want if each not in have]
    surplus = [each for each in have if each not in want]
    return f"expected {missing}, got {surplus}"


def scopes_of(trace: list[str], simulation: Simulation) -> list[list[str]]:
    """Per scope the flows and elements in the order in which they begin."""
    scopes: dict[str, list[str]] = defaultdict(list)
    parents: dict[str, list[str]] = defaultdict(list)  # element -> scopes in which it was created, not yet begun
    begun = {line.split(":")[1] for line in trace if line.startswith(("enter:", "signal:"))}
    for line in trace:
        what, element, scope = line.split(":")
        base = element.removesuffix("_plane")  # a collapsed sub-process has a plane of its own
        element = element if base in begun else base
        if what == "createScope":
            parents[element].append(scope)
        elif what == "enter":
            scopes[scope].append(element)
            if parents[element]:
                parents[element].pop(0)
        elif what == "signal" and parents[element] and parents[element][0] != "null":
            scopes[parents[element].pop(0)].append(element)
    return list(scopes.values())


def _relevant(elements: list[str], simulation: Simulation) -> tuple[list[str], list[str]]:
    """Elements and flows, each in their order: the simulator needs a moment between a flow and its target.

    Flows out of event-based gateways are not drawn by it.
    """
    nodes = {key: node for process in simulation.processes.values() for key, node in process.nodes.items()}
    gateways = [node for node in nodes.values() if node.kind == "eventBasedGateway"]
    dropped = {flow.id for node in gateways for flow in node.outgoing} | simulation.processes.keys()
    kept = [each for each in elements if each not in dropped and not each.endswith("_plane")]
    return [each for each in kept if each in nodes], [each for each in kept if each not in nodes]


def suite_folder() -> Path:
    """The folder of suites: the environment's SUITES, or the one beside the checkout."""
    return Path(os.environ.get("SUITES", DEFAULT)) / "token-simulation"


def known_failures() -> dict[str, str]:
    """Case → reason, as committed."""
    lines = KNOWN_FAILURES.read_text().splitlines() if KNOWN_FAILURES.exists() else []
    pairs = (line.split("  # ", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {case.strip(): (reason[0] if reason else "") for case, *reason in pairs}


def run_suite(folder: Path) -> Iterator[Result]:
    """Every case."""
    runtime.ROUND_TRIPS = True
    for case in json.loads((folder / "cases.json").read_text()):
        yield from run_case(folder, case["model"], case["steps"])


def main() -> int:
    """Print the figures and the failures that nobody knows of."""
    folder = suite_folder()
    if not folder.is_dir():
        sys.stdout.write(f"token-simulation: skipped, there is no folder {folder}\n")
        return 0
    results = list(run_suite(folder))
    sys.stdout.write(f"token-simulation: {sum(result.passed for result in results)}/{len(results)}\n")
    known = known_failures()
    new = [result for result in results if not result.passed and result.name not in known]
    for result in new:
        sys.stdout.write(f"FAILED {result.name}: {result.reason}\n")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
