"""Tests that a designer writes beside a diagram: `*.scenario.yaml`, run in memory with a clock of their own."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.clock import FixedClock
from core.errors import DomainError, InvalidInput
from engine.backstage import ScenarioFailed
from engine.bpmn import Findings, Known, Process, check_bpmn
from engine.decisions import check_dmn
from engine.dmn import Model, read_model
from engine.dmn.imports import by_namespace, imported_models
from engine.feel.values import plain
from engine.forms import check_form
from engine.handlers import HANDLERS
from engine.nearby import Nearby, files_in
from engine.rehearsal import Props, Rehearsal
from engine.runtime import load
from engine.scenario_files import check_scenarios, clock_of, read
from engine.scenario_steps import Acts


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
    process = _process_of(document, path, findings)
    return findings if process is None else check_scenarios(path.name, content, _closed(process))


def _process_of(document: Mapping[str, Any], path: Path, findings: Findings) -> Process | None:
    """The process that a file speaks of, whatever else is wrong in its folder; None with a finding."""
    for file in _diagrams(document, path):
        if not file.is_file():
            findings.error("scenario-process", f"There is no file {document['file']} beside {path.name}.")
            return None
        for process in check_bpmn(file.name, file.read_bytes(), Known()).processes:
            if document.get("file") or process.id == document.get("process"):
                return process
    if not document.get("file"):
        findings.error("scenario-process", f"There is no process {document.get('process')} beside {path.name}.")
    return None


def _diagrams(document: Mapping[str, Any], path: Path) -> list[Path]:
    folder = path.parent
    return [folder / str(document["file"])] if document.get("file") else files_in(folder, "*.bpmn")


def _closed(process: Process) -> Process | None:
    """A process all of whose elements are known: one that calls others goes on in theirs."""
    return None if any(node.kind == "callActivity" for node in process.nodes.values()) else process


def _refuse(findings: Findings) -> None:
    if findings.refuses:
        first = next(finding for finding in findings if finding.severity == "error")
        raise ScenarioRefused(str(first), findings=[finding.to_json() for finding in findings])


def _load(document: Mapping[str, Any], path: Path, findings: Findings) -> tuple[Process, Props, Path]:
    """The process and its diagram; of its folder and those beside it all forms, decisions and callable processes."""
    folders = _folders(document, path, findings)
    decisions: dict[str, Model] = {}
    files = {file: file.read_bytes() for folder in folders for file in files_in(folder, "*.dmn")}
    library = by_namespace(files.values())
    for file, content in files.items():
        found = Findings(file.name)
        names = check_dmn(content, found, library)
        findings += found
        if names:
            model = read_model(content, imported_models(content, library))
            decisions.update(dict.fromkeys((name.id for name in names), model))
    forms = {key: form for folder in folders for key, form in _forms(folder, findings).items()}
    handlers = {*HANDLERS.names(), *(document.get("handlers") or {})}
    for scenario in document["scenarios"]:
        handlers |= set(scenario.get("handlers") or {})
    known = Known(handlers=frozenset(handlers), forms=frozenset(forms), decisions=frozenset(decisions))
    for file in _diagrams(document, path):
        if not file.is_file():
            findings.error("scenario-process", f"There is no file {document['file']} beside {path.name}.")
            _refuse(findings)
        checked = check_bpmn(file.name, file.read_bytes(), known)
        for process in checked.processes:
            if document.get("file") or process.id == document.get("process"):
                findings += checked.findings
                _refuse(findings)
                return process, Props(forms=forms, decisions=decisions, called=Nearby(folders, known)), file
        if document.get("file"):
            findings += checked.findings
    if not findings.refuses:
        findings.error("scenario-process", f"There is no process {document.get('process')} beside {path.name}.")
    _refuse(findings)
    raise AssertionError("unreachable")


def _folders(document: Mapping[str, Any], path: Path, findings: Findings) -> list[Path]:
    """Where a file's process finds what it needs: its own folder first."""
    folders = [path.parent]
    for name in document.get("beside") or []:
        folder = (path.parent / name).resolve()
        if folder.is_dir():
            folders.append(folder)
        else:
            findings.error("scenario-beside", f"There is no folder {name} beside {path.name}.")
    _refuse(findings)
    return folders


def _forms(folder: Path, findings: Findings) -> dict[str, Any]:
    """The schemas of a folder by their keys; what is wrong with them becomes findings."""
    forms: dict[str, Any] = {}
    for file in files_in(folder, "*.form"):
        content, found = file.read_bytes(), Findings(file.name)
        form = check_form(content, found)
        findings += found
        if form is not None:
            forms[form.key] = json.loads(content)
    return forms


def _play(scenario: Mapping[str, Any], file: str, document: Mapping[str, Any], stage: Rehearsal) -> ScenarioResult:
    result = ScenarioResult(name=str(scenario.get("name") or "unnamed"), file=file)
    answers = {**(document.get("handlers") or {}), **(scenario.get("handlers") or {})}
    stage.props = replace(stage.props, answers=answers)
    number, act = 0, Acts(stage)
    try:
        act.begin(scenario.get("start") or {})
        for number, step in enumerate(scenario["steps"], start=1):  # noqa: B007 -- told when a step fails
            act.do(step)
        number += 1
        act.end()
    except (ScenarioFailed, DomainError) as error:
        result.ok = False
        result.failures.append(f"step {number}: {error}" if number else f"start: {error}")
    result.trace, result.state = stage.trace, stage.state
    result.variables = {name: plain(value) for name, value in stage.case.variables.items()}
    result.nodes, result.flows = sorted(stage.coverage.nodes), sorted(stage.coverage.flows)
    return result
