"""Reads BPMN safely, checks it and lowers it to what the engine executes."""

import dataclasses

from core.records import dataclass
from engine.bpmn.check import check_process
from engine.bpmn.check_references import check_references
from engine.bpmn.check_standard import check_standard
from engine.bpmn.correlation import check_correlation, check_sent
from engine.bpmn.findings import Finding, Findings
from engine.bpmn.global_tasks import KINDS as GLOBAL_TASKS
from engine.bpmn.global_tasks import wrap_global_tasks
from engine.bpmn.known import Known
from engine.bpmn.lower import lower_process
from engine.bpmn.model import Process
from engine.bpmn.read import Xml, children, flag, read_bpmn

__all__ = ["Checked", "Finding", "Findings", "Known", "Process", "check_bpmn"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds: processes that run (complete only where no finding refuses the file), and the findings."""

    processes: tuple[Process, ...]
    findings: Findings


def check_bpmn(name: str, content: bytes, known: Known) -> Checked:
    """Read, check and lower a file; never raises for what the file says."""
    findings = Findings(name)
    root = read_bpmn(content, findings)
    if root is None:
        return Checked((), findings)
    executed = _executable(root, findings)
    wrapped = wrap_global_tasks(root)
    check_standard(root, [*executed, *wrapped], findings)
    check_references(root, [*executed, *wrapped], findings)
    check_correlation(root, findings)
    processes = [_check(process, known, findings) for process in executed]
    processes += [_check_global(process, known, findings) for process in wrapped]
    return Checked(tuple(process for process in processes if process is not None), findings)


def _executable(root: Xml, findings: Findings) -> list[Xml]:
    """The processes to run: those marked executable, or the only one when none says anything."""
    processes = children(root, "process")
    marked = [process for process in processes if flag(process, "isExecutable", default=False)]
    silent = [process for process in processes if process.get("isExecutable") is None and len(process)]
    if not marked and len(processes) == 1:
        marked = silent
    if not marked and not children(root, *GLOBAL_TASKS):
        findings.error(
            "process-executable",
            'No process of the file is executable; set isExecutable="true" on the one to run.',
            line=processes[0].sourceline if processes else root.sourceline,
            element=processes[0].get("id") if processes else None,
        )
    return marked


def _check_global(process: Xml, known: Known, findings: Findings) -> Process | None:
    """A global task as a process that has its id; what is already an id in the file is told there."""
    task = process[0]
    if not task.get("id"):
        findings.error("id-missing", "The global task has no id.", line=task.sourceline)
        return None
    scope = check_process(process, findings)
    for name in ("id", "name"):
        if task.get(name):
            process.set(name, task.get(name))
    return dataclasses.replace(lower_process(scope, known, findings), is_global_task=True)


def _check(process: Xml, known: Known, findings: Findings) -> Process | None:
    if not process.get("id"):
        findings.error("id-missing", "The process has no id.", line=process.sourceline)
        return None
    before = len(findings)
    scope = check_process(process, findings)
    if any(finding.rule in {"flow-end", "id-missing"} for finding in findings[before:]):
        return None  # the graph has holes: there is nothing to compile
    lowered = lower_process(scope, known, findings)
    _check_messages(lowered, findings)
    check_sent(lowered, findings)
    return lowered


def _check_messages(process: Process, findings: Findings) -> None:
    """A message has one receiver, so one start event only can wait for it."""
    seen: dict[str, str] = {}
    for element, trigger in process.start_triggers:
        if trigger.kind != "message":
            continue
        first = seen.get(trigger.name or "")
        seen.setdefault(trigger.name or "", element)
        if first is not None:
            sentence = f"The message {trigger.name} makes a case at {first} already."
            findings.error("message-start-taken", sentence, line=process.nodes[element].line, element=element)
