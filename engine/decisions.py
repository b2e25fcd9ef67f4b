"""Checks a DMN file for deployment."""

from dataclasses import dataclass

from engine.bpmn.findings import Findings
from engine.bpmn.read import Xml, local, read_xml
from engine.dmn import check_file


@dataclass(frozen=True, slots=True)
class DecisionName:
    """A decision that a file defines."""

    id: str
    name: str


def check_dmn(content: bytes, findings: Findings) -> list[DecisionName]:
    """The decisions of a file; what the decision engine refuses becomes a finding."""
    root = read_xml(content, findings)
    if root is None:
        return []
    if local(root) != "definitions":
        findings.error("dmn-root", "The file is no DMN model: it must start with <definitions>.", line=root.sourceline)
        return []
    found = check_file(content)
    for each in found:
        note = findings.error if each.severity == "error" else findings.warning
        note(each.rule, each.sentence, line=each.line or None, element=each.element or None)
    if any(each.severity == "error" for each in found):
        return []
    return [DecisionName(each.get("id"), each.get("name") or each.get("id")) for each in _decisions(root)]


def _decisions(root: Xml) -> list[Xml]:
    return [child for child in root if local(child) == "decision" and child.get("id")]
