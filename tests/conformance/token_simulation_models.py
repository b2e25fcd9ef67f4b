"""Makes the models of the token simulation executable: it has no conditions, no dates, no names of messages.

The simulation completes every task by itself and chooses ways by configuration; so tasks become plain tasks, ways
become conditions over variables, and what has no name gets one. The flow of the diagram is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_TASKS = ("userTask", "serviceTask", "scriptTask", "businessRuleTask", "manualTask", "task")
_THROWS = ("endEvent", "intermediateThrowEvent", "sendTask")
_HOLDERS = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
_NAMED = {
    "receiveTask": "message",
    "sendTask": "message",
    "messageEventDefinition": "message",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
}


@dataclass
class Prepared:
    """A model made executable, with what the runner needs to know about it."""

    content: bytes
    processes: list[str]
    message_flows: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> source, target
    gateways: dict[str, list[str]] = field(default_factory=dict)  # gateway -> outgoing flows


def prepare(source: bytes, waits: set[str]) -> Prepared:
    """The model with everything that an engine needs in order to run it."""
    root = etree.fromstring(source)
    prepared = Prepared(b"", [])
    for flow in root.iter(f"{BPMN}messageFlow"):
        prepared.message_flows[flow.get("id")] = (flow.get("sourceRef"), flow.get("targetRef"))
    processes = root.findall(f"{BPMN}process")
    for process in processes:
        process.set("isExecutable", str(_begins(process)).lower())
        if len(process):
            prepared.processes.append(process.get("id"))
        else:
            root.remove(process)
    for element in list(root.iter(f"{BPMN}*")):
        _prepare(element, root, prepared, waits)
    prepared.content = etree.tostring(root)
    return prepared


def _prepare(element: Any, root: Any, prepared: Prepared, waits: set[str]) -> None:
    name, parent = etree.QName(element).localname, element.getparent()
    if name == "extensionElements":
        parent.remove(element)
    elif name in _TASKS:
        element.tag = BPMN + ("userTask" if element.get("id") in waits else "task")
    elif name in {"exclusiveGateway", "inclusiveGateway"}:
        _ways(element, root, prepared)
    elif name in _HOLDERS:
        _named(element, name)
    elif name in _NAMED:
        kind = _NAMED[name]
        owner = parent if name.endswith("Definition") else element
        if element.get(f"{kind}Ref") is None and (kind != "error" or etree.QName(owner).localname in _THROWS):
            element.set(f"{kind}Ref", _declare(root, kind, owner.get("id") if kind == "message" else "unnamed"))
    else:
        _fill(name, element, parent)


def _fill(name: str, element: Any, parent: Any) -> None:
    """Dates, conditions and names of links, where the model has none."""
    if name == "timerEventDefinition":
        for given in list(element):
            element.remove(given)
        repeats = "false" in {parent.get("cancelActivity"), parent.get("isInterrupting")}
        kind, text = ("timeCycle", "R/PT1H") if repeats else ("timeDuration", "PT1H")
        etree.SubElement(element, BPMN + kind).text = text
    elif name == "linkEventDefinition" and not (element.get("name") or parent.get("name")):
        element.set("name", "link")
    elif name == "conditionalEventDefinition":
        for condition in element.findall(f"{BPMN}condition"):
            element.remove(condition)
        etree.SubElement(element, f"{BPMN}condition").text = happens(parent.get("id"))


def _begins(process: Any) -> bool:
    """Whether a process can begin at all: pools of a diagram may be empty or hold handlers only."""
    handled = [each for each in process if each.get("triggeredByEvent") == "true"]
    targets = {flow.get("targetRef") for flow in process.iter(f"{BPMN}sequenceFlow")}
    return any(
        each not in handled and each.get("id") not in targets and "flow" not in each.tag.lower().rpartition("}")[2]
        for each in process
        if etree.QName(each).localname not in {"laneSet", "association", "textAnnotation", "extensionElements"}
    )


def _named(element: Any, kind: str) -> None:
    holder = _HOLDERS[kind]
    if not element.get(holder):
        element.set(holder, element.get("id"))


def _declare(root: Any, kind: str, name: str) -> str:
    identifier = f"{kind}_{name}"
    if not any(each.get("id") == identifier for each in root):
        declared = etree.Element(BPMN + kind, id=identifier)
        root.insert(0, declared)
        _named(declared, kind)
    return identifier


def _ways(gateway: Any, root: Any, prepared: Prepared) -> None:
    key = gateway.get("id")
    flows = [flow for flow in root.iter(f"{BPMN}sequenceFlow") if flow.get("sourceRef") == key]
    prepared.gateways[key] = [flow.get("id") for flow in flows]
    if len(flows) < 2:
        return
    gateway.attrib.pop("default", None)
    for flow in flows:
        for condition in flow.findall(f"{BPMN}conditionExpression"):
            flow.remove(condition)
        etree.SubElement(flow, f"{BPMN}conditionExpression").text = way(flow.get("id"))


def way(flow: str) -> str:
    """The variable that opens a flow."""
    return f"way_{_plain(flow)}"


def happens(element: str) -> str:
    """The variable that makes a conditional event happen."""
    return f"happens_{_plain(element)}"


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
