"""Reads `camunda:asyncBefore`: an element that begins in a transaction of its own."""

from engine.bpmn.findings import Findings
from engine.bpmn.read import CAMUNDA, Xml, flag
from engine.bpmn.scopes import is_ad_hoc

ASYNC = f"{{{CAMUNDA}}}asyncBefore"


def begins_apart(element: Xml, findings: Findings) -> bool:
    """Whether what happened before is durable when the element begins."""
    text = (element.get(ASYNC) or "false").strip()
    if text in {"false", "0"}:
        return False
    around = element.getparent()
    if text not in {"true", "1"}:
        sentence = f"camunda:asyncBefore is {text}; it is true or false"
    elif flag(element, "triggeredByEvent", default=False):
        sentence = "An event sub-process begins with its event, not by camunda:asyncBefore"
    elif flag(element, "isForCompensation", default=False):
        sentence = "What undoes an activity begins with the compensation, not by camunda:asyncBefore"
    elif around is not None and is_ad_hoc(around):
        sentence = "In an ad-hoc sub-process people start the activities, at once and not by camunda:asyncBefore"
    else:
        return True
    findings.error("async", f"{sentence}; remove it.", line=element.sourceline, element=element.get("id"))
    return False
