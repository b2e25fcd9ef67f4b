"""Tests that a designer writes beside a diagram: `*.scenario.yaml`, run in memory with a clock of their own."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.clock import FixedClock
from core.errors import DomainError, InvalidInput
from engine.backstage import Backstage, Letter, ScenarioFailed
from engine.bpmn import Findings, Known, Process, check_bpmn
from engine.decisions import check_dmn
from engine.dmn import Model, read_model
from engine.dmn.imports import by_namespace, imported_models
from engine.feel import compile_expression
from engine.feel.kinds import imported
from engine.feel.values import plain
from engine.handlers import HANDLERS
from engine.messages import keys_of
from engine.nearby import Nearby
from engine.rehearsal import Props, Rehearsal, player
from engine.runtime import OutsideCall, load
from engine.scenario_files import STEPS, check_scenarios, clock_of, read
from engine.spiff.moments import moment


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
    process: Process
    diagram: Path

    @property
    def all_nodes(self) -> frozenset[str]:
        """Every element that a token can come to."""
        return frozenset(self.process.nodes)

    @property
    def all_flows(self) -> frozenset[str]:
        """Every sequence flow."""
        flows = (flow for node in self.process.nodes.values() for flow in node.outgoing)
        return frozenset(flow.id for flow in flows if not flow.link)

    def unused(self) -> tuple[list[str], list[str]]:
        """Elements and sequence flows that no scenario came to."""
        nodes = self.all_nodes.difference(*(result.nodes for result in self.results))
        flows = self.all_flows.difference(*(result.flows for result in self.results))
        return sorted(nodes), sorted(flows)


class ScenarioRefused(InvalidInput):
    """A scenario file, or the diagram that it names, cannot be used; `details["findings"]` says why."""

    code = "scenario_refused"


def play(path: Path) -> Played:
    """Run all scenarios of a file. Raises `ScenarioRefused` when it, its diagram or its package has errors."""
    content = path.read_bytes()
    findings = check_scenarios(path.name, content)
    _refuse(findings)
    document = read(content, findings) or {}
    process, props, diagram = _load(document, path, findings)
    _refuse(check_scenarios(path.name, content, _closed(process)))
    program = load(process)
    results = [_play(scenario, path.name, document, Rehearsal(program, FixedClock(clock_of(scenario)), props))
               for scenario in document["scenarios"]]  # fmt: skip
    return Played(
        file=path.name,
        results=results,
        process=process,
        diagram=diagram,
    )


def check_beside(path: Path, content: bytes) -> Findings:
    """What is wrong with a scenario file, with its diagram at hand: also which elements are not there."""
    findings = check_scenarios(path.name, content)
    document = None if findings.refuses else read(content, findings)
    if document is None:
        return findings
    try:
        process, *_ = _load(document, path, Findings(path.name))
    except ScenarioRefused as refused:
        findings.error("scenario-process", f"Its diagram cannot be used: {refused.sentence}")
        return findings
    return check_scenarios(path.name, content, _closed(process))


def _closed(process: Process) -> Process | None:
    """A process all of whose elements are known: one that calls others goes on in theirs."""
    return None if any(node.kind == "callActivity" for node in process.nodes.values()) else process


def _refuse(findings: Findings) -> None:
    if findings.refuses:
        first = next(finding for finding in findings if finding.severity == "error")
        raise ScenarioRefused(str(first), findings=[finding.to_json() for finding in findings])


def _load(document: Mapping[str, Any], path: Path, findings: Findings) -> tuple[Process, Props, Path]:
    """The process and, of its folder, all forms and decisions, the processes that may be called, the diagram."""
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
        if not file.is_file():
            raise ScenarioRefused(f"There is no file {document['file']} beside {path.name}.", findings=[])
        checked = check_bpmn(file.name, file.read_bytes(), known)
        for process in checked.processes:
            if document.get("file") or process.id == document.get("process"):
                findings += checked.findings
                _refuse(findings)
                return process, Props(forms=forms, decisions=decisions, called=Nearby(file.parent, known)), file
        if document.get("file"):
            findings += checked.findings
    _refuse(findings)
    raise ScenarioRefused(f"There is no process {document.get('process')} beside {path.name}.", findings=[])


def _play(scenario: Mapping[str, Any], file: str, document: Mapping[str, Any], stage: Rehearsal) -> ScenarioResult:
    result = ScenarioResult(name=str(scenario.get("name") or "unnamed"), file=file)
    answers = {**(document.get("handlers") or {}), **(scenario.get("handlers") or {})}
    stage.props = replace(stage.props, answers=answers)
    number, act = 0, _Acts(stage)
    try:
        act.begin(scenario.get("start") or {})
        for number, step in enumerate(scenario["steps"], start=1):  # noqa: B007 -- told when a step fails
            act.do(step)
        number += 1
        act.end()
    except (ScenarioFailed, DomainError) as error:
        result.ok = False
        result.failures.append(f"step {number}: {error}" if number else f"start: {error}")
    result.trace, result.state = stage.trace, stage.case.state
    result.variables = {name: plain(value) for name, value in stage.case.variables.items()}
    result.nodes, result.flows = sorted(stage.coverage.nodes), sorted(stage.coverage.flows)
    return result


class _Acts:
    """What a scenario does, with the jobs and messages that follow."""

    def __init__(self, stage: Rehearsal) -> None:
        self._stage = stage
        self._behind = Backstage(stage)

    def begin(self, start: Mapping[str, Any]) -> None:
        """Start the case as the scenario says."""
        stage = self._stage
        stage.root.business_key = start.get("business_key")
        for entity, facts in (start.get("links") or {}).items():
            for record in facts if isinstance(facts, list) else [facts]:
                _link(stage, str(entity), record)
        actor, variables = player(start.get("as")), dict(start.get("variables") or {})
        way = next((way for way in ("message", "signal", "timer") if way in start), None)
        if way is None:
            stage.start(variables, actor)
        else:
            variables |= {name: str(key) for name, key in (start.get("keys") or {}).items()}
            stage.begin({**variables, **(start.get("payload") or {})}, actor, _start_event(stage, way, str(start[way])))
        self._behind.settle()

    def do(self, step: Mapping[str, Any]) -> None:
        """One step, and what follows by itself."""
        kind = next(kind for kind in STEPS if kind in step)
        match kind:
            case "message":
                keys = keys_of(step.get("keys") or {})
                self._behind.send(Letter(str(step["message"]), keys, step.get("payload") or {}, must_arrive=True))
            case "job":
                self._behind.run(
                    self._job(step["job"]), step.get("returns") if "returns" not in step else step["returns"] or {}
                )
            case "fail":
                order = step["fail"]
                self._behind.fail(self._job(order["job"]), order.get("error"), order.get("variables") or {})
            case _:
                _ACTS[kind](step, self._stage)
        self._behind.settle()

    def end(self) -> None:
        """Nothing that the scenario has sent may be left over."""
        if unread := self._behind.unread():
            raise ScenarioFailed(f"nobody has received {'; '.join(unread)}")

    def _job(self, name: Any) -> OutsideCall:
        if isinstance(name, list):
            return self._behind.job(str(name[0]), int(name[1]))
        return self._behind.job(str(name))


def _link(stage: Rehearsal, entity: str, facts: Any) -> None:
    """A record that the case is about; facts are its fields, or its id alone."""
    record = dict(facts) if isinstance(facts, Mapping) else {"id": facts}
    number = sum(kind == entity for kind, _ in stage.records) + 1
    identifier = str(record.get("id") or f"{entity}-{number}")
    stage.records[entity, identifier] = record
    stage.links.append((entity, identifier, "subject"))


def _start_event(stage: Rehearsal, way: str, name: str) -> str:
    """The start event with this message or signal, or the timer start event of this id. Raises `ScenarioFailed`."""
    process = stage.program.process
    known = [(element, trigger) for element, trigger in process.start_triggers if trigger.kind == way]
    for element, trigger in known:
        if name in {element if way == "timer" else trigger.name, element}:
            return element
    told = ", ".join(str(element if way == "timer" else trigger.name) for element, trigger in known) or "none"
    raise ScenarioFailed(f"No start event of {process.id} has the {way} {name}; there are: {told}")


def _signal(step: Mapping[str, Any], stage: Rehearsal) -> None:
    name = str(step["signal"])
    if not any((each.kind, each.name) == ("signal", name) for each in stage.subscriptions.values()):
        waiting = sorted({each.name for each in stage.subscriptions.values() if each.kind == "signal"})
        raise ScenarioFailed(f"Nobody waits for the signal {name}; waited for are: {', '.join(waiting) or 'none'}")
    stage.signal(name, step.get("payload") or {})


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
            raise ScenarioFailed(
                f"{step['refuse']} was refused, but because “{error.sentence}”, not “{because}”"
            ) from error
        return
    raise ScenarioFailed(f"{step['refuse']} was completed; it should have been refused because “{because}”")


def _choose(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.choose(str(step["choose"]), player(step.get("as")))


def _finish(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.finish(str(step["finish"]), player(step.get("as")))


def _advance(step: Mapping[str, Any], stage: Rehearsal) -> None:
    until = moment(step["advance"], stage.clock.now())
    if until is None:
        raise ScenarioFailed(f"advance: {step['advance']} is no ISO 8601 duration")
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
        raise ScenarioFailed("; ".join(told))


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


def _same_jobs(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    found = Counter(call.node.id for call in stage.calls.values())
    if found != Counter(wanted or []):
        yield f"waiting jobs are at {sorted(found.elements())}, not {sorted(wanted or [])}"


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
    "signal": _signal,
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
    "jobs": _same_jobs,
}
