"""The scopes of a diagram, a process and its sub-processes, and what leads where inside them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.bpmn.read import BPMN, Xml, children, flag, local, namespace
from engine.bpmn.support import EVENT_DEFINITIONS


@dataclass(slots=True)
class Scope:
    """A process or embedded sub-process: its nodes and flows by id."""

    element: Xml
    nodes: dict[str, Xml] = field(default_factory=dict)
    flows: dict[str, Xml] = field(default_factory=dict)
    inner: list["Scope"] = field(default_factory=list)
    _associations: dict[str, list[Xml]] | None = field(default=None, repr=False)
    _links: dict[str | None, list[str]] | None = field(default=None, repr=False)
    _index: dict[str, dict[str, list[Xml]]] = field(default_factory=dict, repr=False)

    def all(self) -> Iterator["Scope"]:
        """The scope itself and those inside it."""
        yield self
        for scope in self.inner:
            yield from scope.all()

    def outgoing(self, node: str) -> list[Xml]:
        """The flows that leave a node."""
        return self._by("sourceRef").get(node, [])

    def incoming(self, node: str) -> list[Xml]:
        """The flows that lead to a node."""
        return self._by("targetRef").get(node, [])

    def attached(self, node: str) -> list[Xml]:
        """The boundary events of a node."""
        return self._by("attachedToRef").get(node, [])

    def associations(self) -> dict[str, list[Xml]]:
        """The associations by what is at either end of them."""
        if self._associations is None:
            self._associations = {}
            for each in children(self.element, "association"):
                for end in {each.get("sourceRef"), each.get("targetRef")}:
                    self._associations.setdefault(end, []).append(each)
        return self._associations

    def links(self) -> dict[str | None, list[str]]:
        """The link catch events by their names."""
        if self._links is None:
            self._links = {}
            for key, node in self.nodes.items():
                if is_link(node, "intermediateCatchEvent"):
                    self._links.setdefault(link_name(node), []).append(key)
        return self._links

    def _by(self, reference: str) -> dict[str, list[Xml]]:
        """Flows and boundary events by what they refer to; collected once, as a scope is read when it is complete."""
        found = self._index.get(reference)
        if found is None:
            found = self._index[reference] = {}
            boundaries = (node for node in self.nodes.values() if local(node) == "boundaryEvent")
            for each in boundaries if reference == "attachedToRef" else self.flows.values():
                found.setdefault(each.get(reference), []).append(each)
        return found


def definitions_of(element: Xml) -> list[str]:
    """The event definitions inside an event, by name."""
    found = [local(child) for child in element if namespace(child) == BPMN and local(child) in EVENT_DEFINITIONS]
    return found + ["messageEventDefinition" for _ in children(element, "eventDefinitionRef")]


def begins(node: Xml, scope: Scope) -> bool:
    """Whether a node without incoming flow begins its scope: what waits for something else does not."""
    if local(node) in {"startEvent", "boundaryEvent"} or scope.incoming(node.get("id")):
        return False
    waits = any(flag(node, name, default=False) for name in ("triggeredByEvent", "isForCompensation", "instantiate"))
    return not waits and not is_link(node, "intermediateCatchEvent")


def is_ad_hoc(element: Xml) -> bool:
    """Whether people choose what happens inside."""
    return local(element) == "adHocSubProcess"


def is_parallel(gateway: Xml) -> bool:
    """Whether an event-based gateway waits for all of its events."""
    return str(gateway.get("eventGatewayType", "Exclusive")).strip() == "Parallel"


def is_together(event: Xml) -> bool:
    """Whether an event happens when all of its several triggers have come."""
    return len(definitions_of(event)) > 1 and flag(event, "parallelMultiple", default=False)


def is_link(node: Xml, kind: str) -> bool:
    """Whether a node is a link event of this kind."""
    return local(node) == kind and definitions_of(node) == ["linkEventDefinition"]


def link_name(node: Xml) -> str | None:
    """The name that ties a link's throw and catch together."""
    for definition in children(node, "linkEventDefinition"):
        name: str | None = definition.get("name") or node.get("name")
        return name
    return None


def link_target(node: Xml, scope: Scope) -> str | None:
    """The catch event that a link throw leads to; None for every other node."""
    if not is_link(node, "intermediateThrowEvent"):
        return None
    name = link_name(node)
    found = scope.links().get(name, []) if name is not None else []
    return found[0] if found else None


def compensator(boundary: str, scope: Scope) -> str | None:
    """The activity for compensation that an association ties to a boundary event."""
    for association in scope.associations().get(boundary, []):
        ends = (association.get("sourceRef"), association.get("targetRef"))
        for here, there in (ends, ends[::-1]):
            node = scope.nodes.get(there)
            if here == boundary and node is not None and flag(node, "isForCompensation", default=False):
                return str(there)
    return None
