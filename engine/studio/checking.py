"""What is wrong with the files of a project, as a deployment would find it now."""

from collections.abc import Mapping, Sequence

from core.records import dataclass
from engine.bpmn import Findings
from engine.bpmn.model import Process
from engine.definitions import DeploymentFile, check_with_deployed
from engine.scenario_files import check_scenarios, read
from engine.studio.blank import NewFile, kind_of
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the files of a project define, as kind and key, and what is wrong with them."""

    keys: tuple[tuple[str, str], ...]
    findings: Findings


def check(view: Reading, files: Sequence[NewFile]) -> Checked:
    """What a deployment would find, and what is wrong with the scenarios beside the diagrams.

    It reads each file once, and asks the database which keys are deployed.
    """
    drafts, findings = check_with_deployed(deployable(files), view)
    processes = {draft.key: draft.process for draft in drafts if draft.process is not None}
    by_file = {draft.file.name: draft.process for draft in drafts if draft.process is not None}
    for file in files:
        if kind_of(file.name) == "scenario":
            findings += _of_scenario(file, processes, by_file)
    return Checked(keys=tuple((draft.kind, draft.key) for draft in drafts), findings=findings)


def deployable(files: Sequence[NewFile]) -> tuple[DeploymentFile, ...]:
    """What of a project is deployed: everything but its scenarios."""
    kept = (file for file in files if kind_of(file.name) != "scenario")
    return tuple(DeploymentFile(name=file.name, content=file.content) for file in kept)


def _of_scenario(file: NewFile, processes: Mapping[str, Process], by_file: Mapping[str, Process]) -> Findings:
    found = check_scenarios(file.name, file.content)
    document = None if found.refuses else read(file.content, found)
    if document is None:
        return found
    wanted = document.get("file") or document.get("process")
    process = by_file.get(str(wanted)) if document.get("file") else processes.get(str(wanted))
    if process is None:
        found.error("scenario-process", f"This project has no diagram of {wanted} that could be played.")
        return found
    calls = any(node.kind == "callActivity" for node in process.nodes.values())
    return found if calls else check_scenarios(file.name, file.content, process)
