"""Rules of the standard about what belongs together: without them something drawn would never happen."""

import re
from collections import Counter

from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, Xml, children, flag, local, namespace
from engine.bpmn.scopes import Scope, compensator, definitions_of, is_link, link_name

_ID = re.compile(r"^[\w.:\-]+$")
_ONCE = {  # what the schema allows once inside its element
    "conditionExpression", "script", "activationCondition", "completionCondition", "loopCardinality", "loopCondition",
    "loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem", "condition", "ioSpecification",
    "transformation", "from", "to", "targetRef", "extensionElements", "messagePath", "dataPath", "correlationKeyRef",
    "multiInstanceLoopCharacteristics", "standardLoopCharacteristics",
}  # fmt: skip
_DECLARED = {"message", "signal", "error", "escalation"}
_LOOPS = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
_FOR_ONE = {  # what only one of several catchers could get
    "errorEventDefinition": "errorRef",
    "escalationEventDefinition": "escalationRef",
    "cancelEventDefinition": "",
    "compensateEventDefinition": "",
}


def check_ids(root: Xml, findings: Findings) -> None:
    """Every id stands once in a file and is one word.

    A message, signal or error may have the id of a node: what refers to them says by itself which of both it means.
    """
    seen: dict[tuple[bool, str], int] = {}
    for element in root.iter(f"{{{BPMN}}}*"):
        identifier = element.get("id")
        if identifier is None:
            continue
        key = (local(element) in _DECLARED, identifier)
        if key in seen:
            sentence = f"The id {identifier} stands at line {seen[key]} already; every id must be unique."
            findings.error("id-twice", sentence, line=element.sourceline, element=identifier)
        elif not _ID.match(identifier):
            sentence = f"The id {identifier!r} is no id of XML: it has letters, digits, dots, hyphens and underscores."
            findings.error("id-form", sentence, line=element.sourceline, element=identifier)
        elif (not key[0], identifier) in seen:
            line = seen[not key[0], identifier]
            sentence = f"The id {identifier} stands at line {line} already; XML wants every id once, whatever it is of."
            findings.warning("id-twice", sentence, line=element.sourceline, element=identifier)
        seen[key] = element.sourceline


def check_once(element: Xml, findings: Findings) -> None:
    """What there can be one of: a second one would be ignored."""
    counted = Counter(local(child) for child in element if namespace(child) == BPMN)
    for name in sorted(_ONCE & {name for name, count in counted.items() if count > 1}):
        _refuse("element-twice", f"There are {counted[name]} <{name}>; only one could count.", element, findings)
    if all(counted[name] for name in _LOOPS):
        _refuse("element-twice", "An activity is a loop or a multi-instance, not both.", element, findings)


def check_rules(scope: Scope, findings: Findings) -> None:
    """Links, compensation, gateways and catchers of one scope."""
    _check_links(scope, findings)
    _check_compensation(scope, findings)
    for node in scope.nodes.values():
        if local(node) == "eventBasedGateway":
            _check_gateway(node, scope, findings)
    hosts: dict[str, list[Xml]] = {}
    for node in scope.nodes.values():
        if local(node) == "boundaryEvent":
            hosts.setdefault(node.get("attachedToRef") or "", []).append(node)
    for events in hosts.values():
        _check_catchers(events, findings)
    handled = [child for child in scope.nodes.values() if flag(child, "triggeredByEvent", default=False)]
    _check_catchers([start for each in handled for start in children(each, "startEvent")], findings)


def _check_links(scope: Scope, findings: Findings) -> None:
    thrown = {link_name(node) for node in scope.nodes.values() if is_link(node, "intermediateThrowEvent")}
    for node in scope.nodes.values():
        if is_link(node, "intermediateCatchEvent") and link_name(node) not in thrown:
            sentence = f"No link throw event of this process or sub-process has the name {link_name(node)}."
            findings.warning("link-source", sentence, line=node.sourceline, element=node.get("id"))


def _check_compensation(scope: Scope, findings: Findings) -> None:
    events = [node for node in scope.nodes.values() if local(node) == "boundaryEvent"]
    ties = {node.get("id"): node for node in events if "compensateEventDefinition" in definitions_of(node)}
    used = {compensator(key, scope) for key in ties}
    for key, node in ties.items():
        if scope.outgoing(key):
            sentence = "No sequence flow may leave a compensation event: an association leads to what undoes the work."
            _refuse("compensation-flow", sentence, node, findings)
    for key, node in scope.nodes.items():
        if flag(node, "isForCompensation", default=False) and key not in used:
            sentence = "No compensation event is tied to this activity, so it would never happen: draw an association."
            _refuse("compensation-unused", sentence, node, findings)


def _check_gateway(gateway: Xml, scope: Scope, findings: Findings) -> None:
    """Which events stand behind an event-based gateway (BPMN 2.0.2, 10.6.6)."""
    targets = [scope.nodes.get(flow.get("targetRef")) for flow in scope.outgoing(gateway.get("id"))]
    receiving = [each.get("id") for each in targets if each is not None and local(each) == "receiveTask"]
    messages = [each for each in targets if each is not None and "messageEventDefinition" in definitions_of(each)]
    if receiving and messages:
        sentence = (
            "Behind one event-based gateway messages are received by tasks or by events, not by both (BPMN 2.0.2, "
            "10.6.6)."
        )
        _refuse("event-gateway", sentence, gateway, findings)
    for node in (event for task in receiving for event in scope.attached(task)):
        sentence = "A receive task behind an event-based gateway has no boundary events."
        _refuse("event-gateway", sentence, node, findings)


def _check_catchers(events: list[Xml], findings: Findings) -> None:
    """Of two that catch the same, only the first would ever happen."""
    seen: dict[tuple[str, str], str] = {}
    for event in events:
        for definition in event:
            name = local(definition) if namespace(definition) == BPMN else ""
            if name not in _FOR_ONE:
                continue
            caught = (name, (definition.get(_FOR_ONE[name]) or "") if _FOR_ONE[name] else "")
            first = seen.setdefault(caught, event.get("id") or "")
            if first != (event.get("id") or ""):
                _refuse("catch-twice", f"{first} catches the same already.", event, findings)


def _refuse(rule: str, sentence: str, at: Xml, findings: Findings) -> None:
    findings.error(rule, sentence, line=at.sourceline, element=at.get("id"))
