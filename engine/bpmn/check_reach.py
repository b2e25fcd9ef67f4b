"""Finds nodes that no token can ever come to: those that are reached from themselves only."""

from engine.bpmn.findings import Findings
from engine.bpmn.read import Xml, flag, local
from engine.bpmn.scopes import Scope, begins, is_link


def check_reach(scope: Scope, findings: Findings) -> None:
    """Refuse what no way from the start leads to; handlers and links are looked at where they are tied."""
    todo = [key for key, node in scope.nodes.items() if _is_root(node, scope)]
    if not any(local(scope.nodes[key]) != "boundaryEvent" for key in todo):
        return  # there is no place to start, which is told where starts are looked at
    ways, seen = _ways(scope), set[str]()
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo.extend(ways.get(key, ()))
    for key, node in scope.nodes.items():
        if key not in seen:
            sentence = "No way from the start leads here, so this would never happen."
            findings.error("node-unreachable", sentence, line=node.sourceline, element=key)


def _is_root(node: Xml, scope: Scope) -> bool:
    if local(node) == "boundaryEvent":  # else it happens when its host does
        return node.get("attachedToRef") not in scope.nodes
    called = any(flag(node, name, default=False) for name in ("triggeredByEvent", "instantiate", "isForCompensation"))
    starts = local(node) == "startEvent" or is_link(node, "intermediateCatchEvent")
    return starts or called or begins(node, scope)


def _ways(scope: Scope) -> dict[str, list[str]]:
    """From each node where its flows and its boundary events lead."""
    found: dict[str, list[str]] = {}
    for flow in scope.flows.values():
        if flow.get("targetRef") in scope.nodes:
            found.setdefault(flow.get("sourceRef"), []).append(flow.get("targetRef"))
    for key, node in scope.nodes.items():
        if local(node) == "boundaryEvent":
            found.setdefault(node.get("attachedToRef"), []).append(key)
    return found
