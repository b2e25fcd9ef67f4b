"""Finds what a diagram says against itself: it would run, but not as one half of it says."""

from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, Xml, children, local
from engine.bpmn.scopes import Scope, compensator, definitions_of
from engine.bpmn.support import ACTIVITIES, GATEWAYS

_SCOPES = {"subProcess", "transaction", "adHocSubProcess", "callActivity"}


def check_contradictions(scope: Scope, findings: Findings) -> None:
    """The gateways, compensations and transactions of one scope."""
    for node in scope.nodes.values():
        if local(node) in GATEWAYS:
            _check_direction(node, scope, findings)
        elif local(node) in {"endEvent", "intermediateThrowEvent"}:
            _check_compensated(node, scope, findings)
        elif local(node) == "transaction":
            _check_transaction(node, scope, findings)


def check_lanes(process: Xml, findings: Findings) -> None:
    """A node stands in one lane of a lane set (BPMN 2.0.2, 10.8): in two, nobody could say whose it is."""
    for lanes in (*process.iter(f"{{{BPMN}}}laneSet"), *process.iter(f"{{{BPMN}}}childLaneSet")):
        seen: dict[str, str] = {}
        for lane in children(lanes, "lane"):
            name = lane.get("name") or lane.get("id") or "a lane"
            for node in sorted({"".join(each.itertext()).strip() for each in lane.iter(f"{{{BPMN}}}flowNodeRef")}):
                if node in seen:
                    sentence = f"{node} stands in the lane {seen[node]} already; a node stands in one lane."
                    findings.error("lane-twice", sentence, line=lane.sourceline, element=node)
                seen[node] = name


def _check_direction(gateway: Xml, scope: Scope, findings: Findings) -> None:
    """What gatewayDirection promises (BPMN 2.0.2, table 8.45)."""
    direction = (gateway.get("gatewayDirection") or "Unspecified").strip()
    joins = len(scope.incoming(gateway.get("id"))) > 1
    splits = len(scope.outgoing(gateway.get("id"))) > 1
    promised = {"Converging": (True, False), "Diverging": (False, True), "Mixed": (True, True)}.get(direction)
    if promised is None or promised == (joins, splits):
        return
    several = {True: "several", False: "at most one"}
    told = f"{several[promised[0]]} incoming and {several[promised[1]]} outgoing flows"
    sentence = f"gatewayDirection is {direction}, which asks for {told}; this gateway has others. Correct or remove it."
    is_against = (joins and not promised[0]) or (splits and not promised[1])
    add = findings.error if is_against else findings.warning
    add("gateway-direction", sentence, line=gateway.sourceline, element=gateway.get("id"))


def _check_compensated(throw: Xml, scope: Scope, findings: Findings) -> None:
    """What is to be undone has something that undoes it (BPMN 2.0.2, 10.5.1); scopes undo what is inside them."""
    for definition in children(throw, "compensateEventDefinition"):
        wanted = definition.get("activityRef")
        activity = scope.nodes.get(wanted) if wanted else None
        if activity is None or local(activity) not in ACTIVITIES or local(activity) in _SCOPES:
            continue
        ties = [each for each in scope.attached(wanted) if "compensateEventDefinition" in definitions_of(each)]
        if not any(compensator(each.get("id"), scope) for each in ties):
            sentence = f"Nothing undoes {wanted}: give it a compensation boundary event with a handler, or remove this."
            findings.error("compensation-handler", sentence, line=throw.sourceline, element=throw.get("id"))


def _check_transaction(node: Xml, scope: Scope, findings: Findings) -> None:
    """A cancel end event triggers the cancel event at its transaction's boundary (BPMN 2.0.2, table 10.88)."""
    caught = any("cancelEventDefinition" in definitions_of(each) for each in scope.attached(node.get("id")))
    if caught:
        return
    for end in _cancels(node):
        sentence = (
            f"This cancels the transaction {node.get('id')}, which has no cancel boundary event: what was undone would "
            "be followed by nothing. Attach one, with a flow to what happens then."
        )
        findings.error("cancel-boundary", sentence, line=end.sourceline, element=end.get("id"))


def _cancels(container: Xml) -> list[Xml]:
    """The cancel end events of a transaction, but those of transactions inside it."""
    found = [each for each in children(container, "endEvent") if "cancelEventDefinition" in definitions_of(each)]
    for inner in children(container, "subProcess", "adHocSubProcess"):
        found += _cancels(inner)
    return found
