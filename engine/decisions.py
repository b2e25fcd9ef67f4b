"""Checks a DMN file for deployment."""

from core.records import dataclass
from engine.bpmn.findings import Findings
from engine.bpmn.read import Xml, local, read_xml
from engine.dmn import check_file
from engine.dmn.imports import Files, imported_models

_NAMED = (("decision", "decisionService"), ("businessKnowledgeModel",))


@dataclass(frozen=True, slots=True)
class DecisionName:
    """Something that can be asked by its id: a decision, a decision service, or a function of a file of functions."""

    id: str
    name: str


def check_dmn(content: bytes, findings: Findings, files: Files | None = None) -> list[DecisionName]:
    """The decisions of a file; what the decision engine refuses becomes a finding.

    `files` are those among which its imports are looked for. A file of mere functions, made to be imported, gives
    these.
    """
    root = read_xml(content, findings)
    if root is None:
        return []
    if local(root) != "definitions":
        findings.error("dmn-root", "The file is no DMN model: it must start with <definitions>.", line=root.sourceline)
        return []
    found = check_file(content, imported_models(content, files or {}))
    for each in found:
        note = findings.error if each.severity == "error" else findings.warning
        note(each.rule, each.sentence, line=each.line or None, element=each.element or None)
    if any(each.severity == "error" for each in found):
        return []
    named = next((names for tags in _NAMED if (names := _elements(root, tags))), [])
    if not named and not any(local(child) == "itemDefinition" for child in root):
        findings.error("dmn-empty", "The file defines no decision; it would be deployed without effect.")
    return [DecisionName(each.get("id"), each.get("name") or each.get("id")) for each in named]


def _elements(root: Xml, tags: tuple[str, ...]) -> list[Xml]:
    return [child for child in root if local(child) in tags and child.get("id")]
