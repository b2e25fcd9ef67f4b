"""Checks a DMN file for deployment."""

from dataclasses import dataclass

from engine.bpmn.findings import Findings
from engine.bpmn.read import Xml, local, read_xml
from engine.dmn import DmnRefused, read_model


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
    try:
        read_model(content)
    except DmnRefused as refused:
        for each in refused.details.get("findings", []) or [{"sentence": refused.sentence}]:
            findings.error(
                str(each.get("rule", "dmn")), str(each["sentence"]), line=each.get("line"), element=each.get("element")
            )
        return []
    return [DecisionName(each.get("id"), each.get("name") or each.get("id")) for each in _decisions(root)]


def _decisions(root: Xml) -> list[Xml]:
    return [child for child in root if local(child) == "decision" and child.get("id")]
