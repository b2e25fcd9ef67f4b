"""Checks how events, links and starts stand to one another."""

from engine.bpmn.findings import Findings
from engine.bpmn.read import Xml, children, flag, local
from engine.bpmn.scopes import (
    Scope,
    begins,
    compensator,
    definitions_of,
    is_link,
    is_parallel,
    is_together,
    link_name,
    link_target,
)
from engine.bpmn.support import ACTIVITIES

_SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")
_BY_GATEWAY = {"messageEventDefinition", "signalEventDefinition", "timerEventDefinition", "conditionalEventDefinition"}


def check_event(node: Xml, scope: Scope, findings: Findings) -> None:
    """An event's flows, host and partners."""
    name, identifier, line = local(node), node.get("id"), node.sourceline

    def refuse(rule: str, sentence: str) -> None:
        findings.error(rule, sentence, line=line, element=identifier)

    if name in {"startEvent", "boundaryEvent"} and scope.incoming(identifier):
        refuse("event-incoming", "No sequence flow may lead to this event.")
    if name == "endEvent" and scope.outgoing(identifier):
        refuse("event-outgoing", "No sequence flow may leave an end event.")
    definitions = definitions_of(node)
    if "linkEventDefinition" in definitions:
        _check_link(node, scope, findings)
    if "cancelEventDefinition" in definitions:
        _check_cancel(node, scope, findings)
    if "compensateEventDefinition" in definitions and name in {"endEvent", "intermediateThrowEvent"}:
        _check_compensation(node, scope, findings)
    if name == "boundaryEvent":
        _check_boundary(node, scope, findings)


def _check_boundary(node: Xml, scope: Scope, findings: Findings) -> None:
    identifier, line = node.get("id"), node.sourceline
    host = scope.nodes.get(node.get("attachedToRef"))
    if host is None or local(host) not in ACTIVITIES or flag(host, "triggeredByEvent", default=False):
        findings.error(
            "boundary-host",
            "A boundary event must be attached to an activity of the same process or sub-process.",
            line=line,
            element=identifier,
        )
    if "compensateEventDefinition" in definitions_of(node):
        if compensator(identifier, scope) is None:
            sentence = (
                "An association must lead from here to an activity with isForCompensation, which undoes the work."
            )
            findings.error("compensation-handler", sentence, line=line, element=identifier)
    elif not scope.outgoing(identifier):
        findings.error("boundary-outgoing", "A boundary event must lead somewhere.", line=line, element=identifier)
    always = {"errorEventDefinition", "cancelEventDefinition"}
    if always & set(definitions_of(node)) and not flag(node, "cancelActivity", default=True):
        sentence = "Error and cancel events always interrupt; remove cancelActivity=false."
        findings.error("boundary-interrupts", sentence, line=line, element=identifier)


def _check_link(node: Xml, scope: Scope, findings: Findings) -> None:
    identifier, line = node.get("id"), node.sourceline
    if is_link(node, "intermediateThrowEvent"):
        if link_target(node, scope) is None:
            sentence = f"No link catch event of this process or sub-process has the name {link_name(node)}."
            findings.error("link-target", sentence, line=line, element=identifier)
        if scope.outgoing(identifier):
            findings.error("event-outgoing", "No sequence flow may leave a link throw.", line=line, element=identifier)
        return
    same = scope.links().get(link_name(node), [])
    if link_name(node) is None or len(same) > 1:
        sentence = "A link catch event needs a name that no other one of its process or sub-process has."
        findings.error("link-name", sentence, line=line, element=identifier)
    if scope.incoming(identifier):
        findings.error("event-incoming", "No sequence flow may lead to a link catch.", line=line, element=identifier)


def _undoes(scope: Xml) -> bool:
    """Whether a sub-process runs in order to undo something."""
    starts = (definitions_of(each) for each in children(scope, "startEvent"))
    is_handler = flag(scope, "triggeredByEvent", default=False)
    return flag(scope, "isForCompensation", default=False) or (
        is_handler and any("compensateEventDefinition" in each for each in starts)
    )


def _check_cancel(node: Xml, scope: Scope, findings: Findings) -> None:
    if local(node) == "boundaryEvent":
        host = scope.nodes.get(node.get("attachedToRef"))
        if host is None or local(host) == "transaction":
            return
        sentence = "A cancel event can be attached to a transaction only."
    else:
        around, undoes = node.getparent(), False
        while local(around) in _SUB_PROCESSES and local(around) != "transaction":
            undoes = undoes or _undoes(around)
            around = around.getparent()
        if local(around) == "transaction" and not undoes:
            return
        sentence = "A cancel end event can stand inside a transaction only."
        if undoes:
            sentence = (
                "What undoes a transaction cannot cancel it: put the cancel end event outside of the compensation."
            )
    findings.error("cancel-place", sentence, line=node.sourceline, element=node.get("id"))


def _check_compensation(node: Xml, scope: Scope, findings: Findings) -> None:
    """The activity to compensate must be of the same scope, or of the one around an event sub-process."""
    for definition in children(node, "compensateEventDefinition"):
        wanted, container = definition.get("activityRef"), scope.element
        if wanted is None:
            continue
        while True:
            if any(child.get("id") == wanted and local(child) in ACTIVITIES for child in container):
                break
            if not flag(container, "triggeredByEvent", default=False):
                sentence = f"{wanted} is no activity of this scope; a compensation reaches its own scope only."
                findings.error("compensation-activity", sentence, line=node.sourceline, element=node.get("id"))
                break
            container = container.getparent()


def check_starts(scope: Scope, findings: Findings) -> None:
    """Where a scope begins: at its start events, else at every node that nothing leads to."""
    starts = [node for node in scope.nodes.values() if local(node) == "startEvent"]
    line, element = scope.element.sourceline, scope.element.get("id")
    is_process = local(scope.element) == "process"
    if len(starts) > 1 and not is_process:
        findings.error(
            "start-many",
            f"There are {len(starts)} start events; the standard allows one in a sub-process.",
            line=line,
            element=element,
        )
    if flag(scope.element, "triggeredByEvent", default=False):
        _check_event_scope(scope, starts, findings)
    if not scope.nodes:
        add = findings.error if is_process else findings.warning
        add("scope-empty", "There is nothing to execute inside.", line=line, element=element)
        return
    for identifier, node in scope.nodes.items():
        if starts and begins(node, scope):
            findings.warning(
                "node-besides",
                "No sequence flow leads here, so this begins together with the start event.",
                line=node.sourceline,
                element=identifier,
            )
        if flag(node, "instantiate", default=False):
            _check_instantiating(node, scope, findings)
        if local(node) == "eventBasedGateway":
            _check_event_gateway(node, scope, findings)
    makes = any(flag(node, "instantiate", default=False) for node in scope.nodes.values())
    if not starts and not makes and not any(begins(node, scope) for node in scope.nodes.values()):
        findings.error("start-missing", "There is no place to start: add a start event.", line=line, element=element)
    for start in starts:
        _check_start_trigger(start, scope, findings)


def _check_instantiating(node: Xml, scope: Scope, findings: Findings) -> None:
    """What makes cases stands at the beginning of a process."""
    at_start = local(scope.element) == "process" and not scope.incoming(node.get("id"))
    if not at_start or local(node) not in {"receiveTask", "eventBasedGateway"}:
        sentence = "instantiate belongs to a receive task or event-based gateway that a process begins with."
    elif _waits_for_others(node, scope) and not _by_messages(node, scope):
        sentence = (
            "Several events that make one case together must be messages: nothing else can be correlated with the case "
            "that the first of them makes (BPMN 2.0.2, 13.5.1)."
        )
    else:
        return
    findings.error("instantiate", sentence, line=node.sourceline, element=node.get("id"))


def _waits_for_others(node: Xml, scope: Scope) -> bool:
    """Whether the case that one event makes waits for events of this gateway, or of others like it."""
    gateways = [
        each
        for each in scope.nodes.values()
        if local(each) == "eventBasedGateway" and flag(each, "instantiate", default=False)
    ]
    return local(node) == "eventBasedGateway" and (is_parallel(node) or len(gateways) > 1)


def _by_messages(node: Xml, scope: Scope) -> bool:
    targets = [scope.nodes.get(flow.get("targetRef")) for flow in scope.outgoing(node.get("id"))]
    return all(
        local(each) == "receiveTask" or definitions_of(each) == ["messageEventDefinition"]
        for each in targets
        if each is not None
    )


def _check_start_trigger(start: Xml, scope: Scope, findings: Findings) -> None:
    definitions, identifier = definitions_of(start), start.get("id")
    by_event = flag(scope.element, "triggeredByEvent", default=False)
    always = {"errorEventDefinition", "compensateEventDefinition"}
    if definitions and not by_event and local(scope.element) != "process":
        sentence = "The start event of a sub-process has no trigger; the sub-process begins when its turn comes."
    elif is_together(start) and not by_event and set(definitions) != {"messageEventDefinition"}:
        sentence = (
            "Events that make a case together must be messages: before there is a case only their keys say which of "
            "them belong together."
        )
    elif by_event and always & set(definitions) and not flag(start, "isInterrupting", default=True):
        sentence = "Errors and compensation always interrupt; remove isInterrupting=false."
    else:
        return
    findings.error("start-trigger", sentence, line=start.sourceline, element=identifier)


def _check_event_scope(scope: Scope, starts: list[Xml], findings: Findings) -> None:
    node = scope.element
    if len(starts) != 1:
        sentence = "An event sub-process needs exactly one start event, with the event that it handles."
        findings.error("event-scope-start", sentence, line=node.sourceline, element=node.get("id"))
    if children(node, "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
        sentence = "An event sub-process happens as often as its event; it can have no loop."
        findings.error("event-scope-loop", sentence, line=node.sourceline, element=node.get("id"))
    parent = node.getparent()
    flows = [each for each in children(parent, "sequenceFlow") if node.get("id") in _ends(each)]
    if flows:
        sentence = "No sequence flow may lead to or from an event sub-process."
        findings.error("event-scope-flow", sentence, line=node.sourceline, element=node.get("id"))


def _ends(flow: Xml) -> tuple[str | None, str | None]:
    return flow.get("sourceRef"), flow.get("targetRef")


def _check_event_gateway(node: Xml, scope: Scope, findings: Findings) -> None:
    identifier = node.get("id")
    if is_parallel(node) and not flag(node, "instantiate", default=False):
        sentence = "A parallel event-based gateway stands at the beginning of a process only: set instantiate."
        findings.error("event-gateway", sentence, line=node.sourceline, element=identifier)
    targets = [scope.nodes.get(flow.get("targetRef")) for flow in scope.outgoing(identifier)]
    if len(targets) < 2:
        sentence = "An event-based gateway leads to two events or more (BPMN 2.0.2, 10.6.6)."
        findings.error("event-gateway", sentence, line=node.sourceline, element=identifier)
    for target in targets:
        if target is None:
            continue
        waits = local(target) == "receiveTask" or (
            local(target) == "intermediateCatchEvent" and set(definitions_of(target)) <= _BY_GATEWAY
        )
        if not waits or len(scope.incoming(target.get("id"))) > 1:
            findings.error(
                "event-gateway",
                "An event-based gateway leads to catch events and receive tasks only, and nothing else leads to these.",
                line=target.sourceline,
                element=target.get("id"),
            )
