"""Accepts or refuses a process: every element is executed as the standard says, or named in a finding."""

from engine.bpmn.ad_hoc import check_ad_hoc
from engine.bpmn.check_contradictions import check_contradictions, check_lanes
from engine.bpmn.check_events import check_event, check_starts
from engine.bpmn.check_reach import check_reach
from engine.bpmn.check_rules import check_rules
from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, Xml, child_text, flag, local, namespace
from engine.bpmn.scopes import Scope, definitions_of
from engine.bpmn.support import (
    ACTIVITIES,
    EVENTS,
    GATEWAYS,
    Verdict,
    event_kind,
    event_verdict,
)

NODES = {*ACTIVITIES, *GATEWAYS, *EVENTS}
_SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")
_ALONE = {"linkEventDefinition", "cancelEventDefinition"}


def check_process(process: Xml, findings: Findings) -> Scope:
    """Read the scopes of a process; whatever cannot be executed becomes a finding."""
    scope = _scope(process, findings)
    check_lanes(process, findings)
    for each in scope.all():
        _check_flows(each, findings)
        check_starts(each, findings)
        check_ad_hoc(each, findings)
        check_rules(each, findings)
        check_reach(each, findings)
        check_contradictions(each, findings)
        for node in each.nodes.values():
            _check_node(node, each, findings)
    return scope


def _scope(container: Xml, findings: Findings) -> Scope:
    scope = Scope(container)
    for child in container:
        if namespace(child) != BPMN:
            continue
        name = local(child)
        if name in NODES or name in _SUB_PROCESSES:
            _add(scope.nodes, child, findings)
            if name in _SUB_PROCESSES and verdict_of(child).runs:
                scope.inner.append(_scope(child, findings))
        elif name == "sequenceFlow":
            _add(scope.flows, child, findings)
    return scope


def _add(into: dict[str, Xml], element: Xml, findings: Findings) -> None:
    identifier = element.get("id")
    if not identifier:
        findings.error("id-missing", f"A <{local(element)}> has no id.", line=element.sourceline)
        return
    into[identifier] = element


def verdict_of(element: Xml) -> Verdict:
    """Whether a flow node runs."""
    name = local(element)
    if name == "subProcess" and flag(element, "triggeredByEvent", default=False):
        return ACTIVITIES["eventSubProcess"]
    if name in ACTIVITIES:
        return ACTIVITIES[name]
    if name in GATEWAYS:
        return GATEWAYS[name]
    if name == "startEvent" and flag(element.getparent(), "triggeredByEvent", default=False):
        name = "eventSubProcessStart"
    definitions = definitions_of(element)
    if len(definitions) > 1:  # each of them must be able to stand here, and be one of several
        catches = name in {"boundaryEvent", "eventSubProcessStart"}
        lonely = _ALONE | ({"compensateEventDefinition"} if catches else set())
        alone = [Verdict(False, f"{event_kind([each])} stands alone") for each in definitions if each in lonely]
        each_one = [event_verdict(name, event_kind([each])) for each in definitions]
        for verdict in (*alone, *each_one):
            if not verdict.runs:
                return verdict
    return event_verdict(name, event_kind(definitions))


def _check_node(node: Xml, scope: Scope, findings: Findings) -> None:
    verdict = verdict_of(node)
    if not verdict.runs:
        kind = f" ({event_kind(definitions_of(node))})" if local(node) in EVENTS else ""
        if flag(node, "triggeredByEvent", default=False):
            kind = " (event sub-process)"
        findings.error(
            "element-unsupported",
            f"<{local(node)}>{kind} is refused: {verdict.because}.",
            line=node.sourceline,
            element=node.get("id"),
        )
        return
    if local(node) in EVENTS:
        check_event(node, scope, findings)


def _check_flows(scope: Scope, findings: Findings) -> None:
    for identifier, flow in scope.flows.items():
        for end in ("sourceRef", "targetRef"):
            if flow.get(end) not in scope.nodes:
                findings.error(
                    "flow-end",
                    f"The sequence flow's {end} is {flow.get(end) or 'missing'}, which is no node of the same "
                    "process or sub-process.",
                    line=flow.sourceline,
                    element=identifier,
                )
    for identifier, node in scope.nodes.items():
        if flag(node, "isForCompensation", default=False) and (
            scope.incoming(identifier) or scope.outgoing(identifier)
        ):
            findings.error(
                "compensation-flow",
                "An activity for compensation stands outside the flow: an association leads to it.",
                line=node.sourceline,
                element=identifier,
            )
        _check_ways(identifier, node, scope, findings)


def _check_ways(identifier: str, node: Xml, scope: Scope, findings: Findings) -> None:
    name, default, line = local(node), node.get("default"), node.sourceline
    outgoing, scope_incoming = scope.outgoing(identifier), scope.incoming(identifier)
    if default is not None and default not in {flow.get("id") for flow in outgoing}:
        findings.error(
            "default-flow", f"The default flow {default} does not leave this element.", line=line, element=identifier
        )
    conditional = [flow for flow in outgoing if child_text(flow, "conditionExpression") is not None]
    for flow in conditional:
        if flow.get("id") == default:
            _refuse_flow(flow, "condition-default", "The default flow must have no condition.", findings)
        elif name in {"parallelGateway", "eventBasedGateway", *EVENTS}:
            _refuse_flow(flow, "condition-place", f"A flow out of a <{name}> can have no condition.", findings)
    if name == "complexGateway" and child_text(node, "activationCondition") is None and len(scope_incoming) > 1:
        findings.error(
            "activation-missing",
            "A complex gateway that joins needs an activationCondition, such as activationCount >= 2.",
            line=line,
            element=identifier,
        )
    if name == "exclusiveGateway" and len(outgoing) > 1:
        for flow in outgoing:
            if flow not in conditional and flow.get("id") != default:
                _refuse_flow(flow, "condition-missing", "The flow needs a condition, or be the default.", findings)
        if default is None:
            findings.warning(
                "default-missing",
                "Without a default flow the case stops with an incident when no condition is true.",
                line=line,
                element=identifier,
            )


def _refuse_flow(flow: Xml, rule: str, sentence: str, findings: Findings) -> None:
    findings.error(rule, sentence, line=flow.sourceline, element=flow.get("id"))
