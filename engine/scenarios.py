"""Tests that a designer writes beside a diagram: `*.scenario.yaml`, run in memory with a clock of their own."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from core.clock import FixedClock
from core.errors import DomainError, InvalidInput
from engine.bpmn import Findings, Known, Process, check_bpmn
from engine.decisions import check_dmn
from engine.dmn import Model, read_model
from engine.dmn.imports import by_namespace, imported_models
from engine.feel import compile_expression
from engine.feel.kinds import imported
from engine.feel.values import plain
from engine.handlers import HANDLERS
from engine.nearby import Nearby
from engine.rehearsal import Props, Rehearsal, player
from engine.runtime import load
from engine.spiff.moments import moment

MAXIMUM_SIZE = 1 << 20  # bytes of one scenario file
STEPS = ("expect", "complete", "refuse", "advance", "set", "choose", "finish", "message", "signal", "job", "fail")
_LATER = {"message", "signal", "job", "fail"}
_EXPECTATIONS = {"tasks", "stage", "state", "outcome", "visited", "not_visited", "variables", "incidents"}


@dataclass(slots=True, kw_only=True)
class ScenarioResult:
    """How one scenario went; `failures` are sentences, `variables` plain JSON."""

    name: str
    file: str
    ok: bool = True
    failures: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    state: str = "running"
    nodes: list[str] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `obieg test --json` prints it."""
        return asdict(self)


@dataclass(slots=True, kw_only=True)
class Played:
    """A scenario file with its results and how much of the diagram they used."""

    file: str
    results: list[ScenarioResult]
    all_nodes: frozenset[str]
    all_flows: frozenset[str]

    def unused(self) -> tuple[list[str], list[str]]:
        """Elements and sequence flows that no scenario came to."""
        nodes = self.all_nodes.difference(*(result.nodes for result in self.results))
        flows = self.all_flows.difference(*(result.flows for result in self.results))
        return sorted(nodes), sorted(flows)


class ScenarioRefused(InvalidInput):
    """A scenario file, or the diagram that it names, cannot be used; `details["findings"]` says why."""

    code = "scenario_refused"


class _Failed(Exception):
    """A step did not do what the scenario says."""


def check_scenarios(name: str, content: bytes) -> Findings:
    """What is wrong with a scenario file by itself."""
    findings = Findings(name)
    document = _read(content, findings)
    if document is None:
        return findings
    scenarios = document.get("scenarios")
    if not isinstance(scenarios, list) or not scenarios:
        findings.error("scenario-none", "The file has no scenarios.")
        return findings
    if not (document.get("process") or document.get("file")):
        findings.error("scenario-process", "The file must say `process: <key>` or `file: <name>.bpmn`.")
    expectations = 0
    for scenario in scenarios:
        steps = scenario.get("steps") if isinstance(scenario, dict) else None
        if not isinstance(steps, list):
            findings.error("scenario-steps", "Each scenario needs a list of steps.")
            continue
        expectations += sum(_check_step(step, str(scenario.get("name")), findings) for step in steps)
    if not expectations and not findings.refuses:
        findings.error("scenario-expect", "No scenario expects anything; add `expect` steps, or it proves nothing.")
    return findings


def _read(content: bytes, findings: Findings) -> dict[str, Any] | None:
    if len(content) > MAXIMUM_SIZE:
        findings.error("scenario-size", f"The file is larger than {MAXIMUM_SIZE >> 20} MiB.")
        return None
    try:
        document = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        findings.error("scenario-yaml", f"The file is not YAML: {error}.", line=mark.line + 1 if mark else None)
        return None
    if not isinstance(document, dict):
        findings.error("scenario-yaml", "The file must hold `process` or `file`, and `scenarios`.")
        return None
    return document


def _check_step(step: Any, scenario: str, findings: Findings) -> bool:
    kinds = [kind for kind in STEPS if isinstance(step, dict) and kind in step]
    if len(kinds) != 1:
        findings.error("scenario-step", f"A step of “{scenario}” must be one of: {', '.join(STEPS)}.", element=scenario)
        return False
    if kinds[0] in _LATER:
        findings.error("scenario-step", f"`{kinds[0]}` is not executed by this release.", element=scenario)
    if kinds[0] != "expect":
        return kinds[0] == "refuse"
    wanted = step["expect"]
    for unknown in set(wanted or ()) - _EXPECTATIONS if isinstance(wanted, dict) else {"expect"}:
        findings.error("scenario-expect", f"“{scenario}” expects {unknown}, which is not known.", element=scenario)
    return True


def play(path: Path) -> Played:
    """Run all scenarios of a file. Raises `ScenarioRefused` when it, its diagram or its package has errors."""
    content = path.read_bytes()
    findings = check_scenarios(path.name, content)
    _refuse(findings)
    document = _read(content, findings) or {}
    process, props = _load(document, path, findings)
    program = load(process)
    results = [_play(scenario, path.name, document, Rehearsal(program, _clock(scenario), props))
               for scenario in document["scenarios"]]  # fmt: skip
    return Played(
        file=path.name,
        results=results,
        all_nodes=frozenset(process.nodes),
        all_flows=frozenset(flow.id for node in process.nodes.values() for flow in node.outgoing),
    )


def _refuse(findings: Findings) -> None:
    if findings.refuses:
        first = next(finding for finding in findings if finding.severity == "error")
        raise ScenarioRefused(str(first), findings=[finding.to_json() for finding in findings])


def _load(document: Mapping[str, Any], path: Path, findings: Findings) -> tuple[Process, Props]:
    """The process and, of its folder, all forms and decisions, and the processes that may be called."""
    folder = path.parent
    decisions: dict[str, Model] = {}
    files = {file: file.read_bytes() for file in sorted(folder.glob("**/*.dmn"))}
    library = by_namespace(files.values())
    for file, content in files.items():
        found = Findings(file.name)
        names = check_dmn(content, found, library)
        findings += found
        if names:
            model = read_model(content, imported_models(content, library))
            decisions.update(dict.fromkeys((name.id for name in names), model))
    schemas = [json.loads(file.read_bytes()) for file in sorted(folder.glob("**/*.form"))]
    forms = {schema["id"]: schema for schema in schemas}
    handlers = {*HANDLERS.names(), *(document.get("handlers") or {})}
    for scenario in document["scenarios"]:
        handlers |= set(scenario.get("handlers") or {})
    known = Known(handlers=frozenset(handlers), forms=frozenset(forms), decisions=frozenset(decisions))
    diagrams = [folder / document["file"]] if document.get("file") else sorted(folder.glob("**/*.bpmn"))
    for file in diagrams:
        checked = check_bpmn(file.name, file.read_bytes(), known)
        for process in checked.processes:
            if document.get("file") or process.id == document.get("process"):
                findings += checked.findings
                _refuse(findings)
                return process, Props(forms=forms, decisions=decisions, called=Nearby(file.parent, known))
        if document.get("file"):
            findings += checked.findings
    _refuse(findings)
    raise ScenarioRefused(f"There is no process {document.get('process')} beside {path.name}.", findings=[])


def _clock(scenario: Mapping[str, Any]) -> FixedClock:
    at = scenario.get("at", datetime(2026, 1, 5, 8, tzinfo=UTC))
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return FixedClock(at if at.tzinfo else at.replace(tzinfo=UTC))


def _play(scenario: Mapping[str, Any], file: str, document: Mapping[str, Any], stage: Rehearsal) -> ScenarioResult:
    result = ScenarioResult(name=str(scenario.get("name") or "unnamed"), file=file)
    answers = {**(document.get("handlers") or {}), **(scenario.get("handlers") or {})}
    stage.props = replace(stage.props, answers=answers)
    number = 0
    try:
        _begin(scenario.get("start") or {}, stage)
        for number, step in enumerate(scenario["steps"], start=1):  # noqa: B007 -- told when a step fails
            kind = next(kind for kind in STEPS if kind in step)
            _ACTS[kind](step, stage)
    except (_Failed, DomainError) as error:
        result.ok = False
        result.failures.append(f"step {number}: {error}" if number else f"start: {error}")
    result.trace, result.state = stage.trace, stage.case.state
    result.variables = {name: plain(value) for name, value in stage.case.variables.items()}
    result.nodes, result.flows = sorted(stage.coverage.nodes), sorted(stage.coverage.flows)
    return result


def _begin(start: Mapping[str, Any], stage: Rehearsal) -> None:
    if "message" in start:
        raise _Failed("start by message is not executed by this release")
    stage.start(start.get("variables") or {}, player(start.get("as")))


def _complete(step: Mapping[str, Any], stage: Rehearsal) -> None:
    _attempt(step["complete"], step, stage)


def _attempt(target: Any, step: Mapping[str, Any], stage: Rehearsal) -> None:
    element, number = target if isinstance(target, list) else (target, None)
    actor = player(step.get("as"))
    token = stage.find(str(element), number, actor)
    for kind in step.get("documents") or ():
        stage.attach(token, str(kind))
    stage.complete(token, step.get("data") or {}, actor)


def _refuse_step(step: Mapping[str, Any], stage: Rehearsal) -> None:
    because = str(step.get("because", ""))
    try:
        _attempt(step["refuse"], step, stage)
    except DomainError as error:
        told = f"{error.sentence} {' '.join(map(str, (error.details.get('fields') or {}).items()))}"
        if because.lower() not in told.lower():
            raise _Failed(f"{step['refuse']} was refused, but because “{error.sentence}”, not “{because}”") from error
        return
    raise _Failed(f"{step['refuse']} was completed; it should have been refused because “{because}”")


def _choose(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.choose(str(step["choose"]), player(step.get("as")))


def _finish(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.finish(str(step["finish"]), player(step.get("as")))


def _advance(step: Mapping[str, Any], stage: Rehearsal) -> None:
    until = moment(step["advance"], stage.clock.now())
    if until is None:
        raise _Failed(f"advance: {step['advance']} is no ISO 8601 duration")
    stage.advance(until)


def _set(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.set({name: _value(value, stage) for name, value in step["set"].items()})


def _value(value: Any, stage: Rehearsal) -> Any:
    if isinstance(value, str) and value.startswith("="):
        return compile_expression(value[1:]).evaluate(stage.case.variables, now=stage.clock.now()).value
    return imported(value)


def _expect(step: Mapping[str, Any], stage: Rehearsal) -> None:
    told = [sentence for kind, wanted in step["expect"].items() for sentence in _CHECKS[kind](wanted, stage)]
    if told:
        raise _Failed("; ".join(told))


def _same_tasks(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    found = Counter(work.node.id for work in stage.work.values())
    expected = Counter(wanted or [])
    is_same = found == expected or (max(expected.values(), default=0) == 1 and found.keys() == expected.keys())
    if not is_same:
        yield f"open tasks are {sorted(found.elements())}, not {sorted(expected.elements())}"


def _same(what: str, read: Callable[[Rehearsal], Any]) -> Callable[[Any, Rehearsal], Iterable[str]]:
    def check(wanted: Any, stage: Rehearsal) -> Iterable[str]:
        found = read(stage)
        if found != wanted:
            yield f"{what} is {found}, not {wanted}"

    return check


def _visited(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    trace = iter(stage.trace)
    for element in wanted:
        if element not in trace:
            yield f"{element} was not completed in this order; the trace is {stage.trace}"
            return


def _not_visited(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    for element in wanted:
        if element in stage.trace:
            yield f"{element} was completed"


def _same_variables(wanted: Mapping[str, Any], stage: Rehearsal) -> Iterable[str]:
    for name, value in wanted.items():
        expected, found = _value(value, stage), stage.case.variables.get(name)
        if expected != found or isinstance(expected, bool) != isinstance(found, bool):
            yield f"{name} is {plain(found)!r}, not {plain(expected)!r}"


def _same_incidents(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    found = sorted(failure.node.id for failure in stage.incidents)
    if found != sorted(wanted or []):
        told = "; ".join(failure.sentence for failure in stage.incidents)
        yield f"incidents are at {found}, not {sorted(wanted or [])} {told}".rstrip()


_ACTS: dict[str, Callable[[Mapping[str, Any], Rehearsal], None]] = {
    "expect": _expect,
    "complete": _complete,
    "refuse": _refuse_step,
    "advance": _advance,
    "set": _set,
    "choose": _choose,
    "finish": _finish,
}
_CHECKS: dict[str, Callable[[Any, Rehearsal], Iterable[str]]] = {
    "tasks": _same_tasks,
    "stage": _same("the stage", lambda stage: stage.case.stage),
    "state": _same("the state", lambda stage: stage.case.state),
    "outcome": _same("the outcome", lambda stage: stage.case.outcome),
    "visited": _visited,
    "not_visited": _not_visited,
    "variables": _same_variables,
    "incidents": _same_incidents,
}
