"""Reads `camunda:asyncBefore` and `asyncAfter`: an element that begins, or is left, in a transaction of its own."""

from engine.bpmn.findings import Findings
from engine.bpmn.read import CAMUNDA, Xml, flag
from engine.bpmn.scopes import is_ad_hoc

BEFORE, AFTER = "asyncBefore", "asyncAfter"
_HOW = {  # at an event sub-process, at what undoes an activity, in an ad-hoc sub-process
    BEFORE: (
        "An event sub-process begins with its event, not by",
        "What undoes an activity begins with the compensation, not by",
        "In an ad-hoc sub-process people start the activities, at once and not by",
    ),
    AFTER: (
        "Nothing comes behind an event sub-process, so there is nothing to begin by",
        "Nothing comes behind what undoes an activity, so there is nothing to begin by",
        "In an ad-hoc sub-process people say what comes next, not",
    ),
}


def is_apart(element: Xml, name: str, findings: Findings) -> bool:
    """Whether what happened before is durable when the element begins, or is left."""
    text = (element.get(f"{{{CAMUNDA}}}{name}") or "false").strip()
    if text in {"false", "0"}:
        return False
    around = element.getparent()
    by_event, undoing, ad_hoc = _HOW[name]
    if text not in {"true", "1"}:
        sentence = f"camunda:{name} is {text}; it is true or false"
    elif flag(element, "triggeredByEvent", default=False):
        sentence = f"{by_event} camunda:{name}"
    elif flag(element, "isForCompensation", default=False):
        sentence = f"{undoing} camunda:{name}"
    elif around is not None and is_ad_hoc(around):
        sentence = f"{ad_hoc} camunda:{name}"
    else:
        return True
    findings.error("async", f"{sentence}; remove it.", line=element.sourceline, element=element.get("id"))
    return False
