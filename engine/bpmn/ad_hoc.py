"""Reads and checks ad-hoc sub-processes: what a person can start inside, and when they are complete."""

from engine.bpmn.expressions import formula
from engine.bpmn.findings import Findings
from engine.bpmn.model import AdHoc
from engine.bpmn.read import Xml, child_text, flag, local
from engine.bpmn.scopes import Scope, begins, is_ad_hoc
from engine.bpmn.support import ACTIVITIES
from engine.bpmn.triggers import compiled

_NEVER = {"startEvent", "endEvent"}


def read_ad_hoc(element: Xml, inner: Scope | None, findings: Findings) -> AdHoc | None:
    """The rules of an ad-hoc sub-process; None for every other element."""
    if not is_ad_hoc(element) or inner is None:
        return None
    text = child_text(element, "completionCondition")
    return AdHoc(
        offers=tuple(key for key, node in inner.nodes.items() if local(node) in ACTIVITIES and begins(node, inner)),
        sequential=element.get("ordering", "Parallel").strip() == "Sequential",
        until=None if text is None else compiled(lambda: formula(text), element, element.get("id"), findings),
        cancels_rest=flag(element, "cancelRemainingInstances", default=True),
    )


def check_ad_hoc(scope: Scope, findings: Findings) -> None:
    """What may stand in an ad-hoc sub-process (BPMN 2.0.2, 10.3.5): it has no start and no end."""
    if not is_ad_hoc(scope.element):
        return
    for key, node in scope.nodes.items():
        waits = local(node) in ACTIVITIES or local(node) == "intermediateCatchEvent"
        if local(node) in _NEVER:
            sentence = "An ad-hoc sub-process has no start and no end events: people start its activities."
        elif begins(node, scope) and not waits:
            sentence = "No sequence flow leads here: in an ad-hoc sub-process only activities and catch events begin."
        else:
            continue
        findings.error("ad-hoc-content", sentence, line=node.sourceline, element=key)
