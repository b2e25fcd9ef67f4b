"""Migration plans: which element of the new version takes over from which of the old one, and whether it can."""

from collections.abc import Iterator, Mapping

from core.records import dataclass
from engine.bpmn.model import Node, Process

KINDS = {  # what people call the elements
    "userTask": "user task",
    "serviceTask": "service task",
    "subProcess": "sub-process",
    "adHocSubProcess": "ad-hoc sub-process",
    "callActivity": "call activity",
    "receiveTask": "receive task",
    "sendTask": "send task",
    "scriptTask": "script task",
    "businessRuleTask": "business rule task",
    "manualTask": "manual task",
    "boundaryEvent": "boundary event",
    "startEvent": "start event",
    "endEvent": "end event",
    "intermediateCatchEvent": "intermediate catch event",
    "intermediateThrowEvent": "intermediate throw event",
    "exclusiveGateway": "exclusive gateway",
    "parallelGateway": "parallel gateway",
    "inclusiveGateway": "inclusive gateway",
    "complexGateway": "complex gateway",
    "eventBasedGateway": "event-based gateway",
}
SINGLE = frozenset({"boundaryEvent", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an element cannot be migrated, and what to do about it."""

    element: str
    sentence: str

    def to_json(self) -> dict[str, str]:
        """Plain data for answers."""
        return {"element": self.element, "sentence": self.sentence}


@dataclass(frozen=True, slots=True)
class Plan:
    """Both versions and the mapping: element of the old one to element of the new one, or None to give a wait up.

    Sequence flows may be mapped too; those that are not keep their id.
    """

    old: Process
    new: Process
    mapping: Mapping[str, str | None]

    def image(self, element: str) -> str | None:
        """The element of the new version; None where there is none. The start of an event sub-process goes with it."""
        if element in self.mapping:
            return self.mapping[element]
        node = self.old.nodes.get(element)
        around = None if node is None else self.old.nodes.get(node.scope)
        if node is None or around is None or not around.by_event or node.kind != "startEvent":
            return None
        handler = self.new.nodes.get(self.mapping.get(around.id) or "")
        return handler.starts[0] if handler is not None and len(handler.starts) == 1 else None

    def knows(self, element: str) -> bool:
        """Whether the plan says anything of an element, if only that its wait is given up."""
        return element in self.mapping or self.image(element) is not None

    def flow(self, flow: str) -> str:
        """The sequence flow of the new version."""
        return self.mapping.get(flow) or flow

    def scope(self, scope: str) -> str | None:
        """The process or sub-process of the new version."""
        return self.new.id if scope == self.old.id else self.image(scope)

    def images(self) -> dict[str, str]:
        """Every element that has a target, with it."""
        found = ((element, self.image(element)) for element in self.old.nodes)
        return {element: target for element, target in found if target is not None}

    def fresh(self) -> frozenset[str]:
        """The elements of the new version that take over from none."""
        return frozenset(self.new.nodes) - frozenset(self.images().values())


def generated(old: Process, new: Process, chosen: Mapping[str, str | None]) -> dict[str, str | None]:
    """The mapping of all elements that have the same id, a compatible kind and the corresponding scope.

    What depends on another element, as its scope or its host, is mapped only together with it. What somebody has
    `chosen` stays, right or wrong, and what is inside it follows.
    """
    mapping: dict[str, str | None] = {**{key: key for key in old.nodes if key in new.nodes}, **chosen}
    while True:
        wrong = {problem.element for problem in check_plan(Plan(old, new, mapping))} - chosen.keys()
        if not wrong & mapping.keys():
            return mapping
        mapping = {key: target for key, target in mapping.items() if key not in wrong}


def check_plan(plan: Plan) -> list[Problem]:
    """What is wrong with a plan whatever the instances are."""
    return [*_unknown(plan), *_unfit(plan), *_twice(plan), *_renamed(plan)]


def _unknown(plan: Plan) -> Iterator[Problem]:
    flows = {flow.id for node in plan.old.nodes.values() for flow in node.outgoing}
    new_flows = {flow.id for node in plan.new.nodes.values() for flow in node.outgoing}
    for element, target in plan.mapping.items():
        is_flow = element in flows
        if not is_flow and element not in plan.old.nodes:
            yield Problem(
                element=element,
                sentence=f"The version that is left has no element {element}; take its ids from the old diagram.",
            )
        elif target is not None and target not in (new_flows if is_flow else plan.new.nodes):
            yield Problem(
                element=element,
                sentence=f"The new version has no {'sequence flow' if is_flow else 'element'} {target} for {element}; "
                "take its ids from the new diagram.",
            )


def _unfit(plan: Plan) -> Iterator[Problem]:
    for element, target in plan.images().items():
        before, after = plan.old.nodes[element], plan.new.nodes.get(target)
        if after is None:
            continue  # told already
        reason = unlike(plan, before, after) or _misplaced(plan, before, after)
        if reason is not None:
            yield Problem(element=element, sentence=reason)


def unlike(plan: Plan, before: Node, after: Node) -> str | None:
    """Why an element of one kind cannot take over from one of another; None where it can."""
    old, new = _described(plan.old, before), _described(plan.new, after)
    if old == new:
        return None
    return f"{before.name} ({before.id}) is {old}, {after.name} ({after.id}) is {new}; map it to one of the same kind."


def _described(process: Process, node: Node) -> str:
    kind = KINDS.get(node.kind, node.kind)
    words = ["an" if kind[0] in "aeio" else "a", kind]  # an event, a user task
    if node.by_event:
        words = ["an", "event sub-process"]
    triggers = node.triggers
    if node.by_event and node.starts:
        triggers = process.nodes[node.starts[0]].triggers
    if triggers:
        words.append(f"for {' and '.join(trigger.kind for trigger in triggers)}")
    if node.all_triggers:
        words.append("together")
    if node.outside is not None:
        words.append("done by workers" if node.outside.topic is not None else "done by a job")
    if node.loop is not None:
        words.append(f"with {'sequential' if node.loop.sequential else 'parallel'} instances")
    if node.repeat is not None:
        words.append("with a loop")
    if node.needs > 1:
        words.append(f"that needs {node.needs} tokens")
    if node.for_compensation:
        words.append("for compensation")
    return " ".join(words)


def _misplaced(plan: Plan, before: Node, after: Node) -> str | None:
    if plan.scope(before.scope) != after.scope:
        inside = "the process itself" if after.scope == plan.new.id else after.scope
        return (
            f"{before.name} ({before.id}) is inside {before.scope}, {after.name} ({after.id}) inside {inside}; "
            f"map {before.scope} to {after.scope}, or {before.id} to an element of the corresponding scope."
        )
    if before.attached_to is not None and plan.image(before.attached_to) != after.attached_to:
        return (
            f"{before.name} ({before.id}) is at {before.attached_to}, {after.name} ({after.id}) at "
            f"{after.attached_to}; map it to an event at the element that takes over from {before.attached_to}."
        )
    return None


def _twice(plan: Plan) -> Iterator[Problem]:
    """Two scopes, waiting gateways or boundary events cannot become one."""
    owners: dict[str, str] = {}
    for element, target in plan.images().items():
        node = plan.old.nodes[element]
        first = owners.setdefault(target, element)
        if first != element and (node.kind in SINGLE or node.starts or node.by_event):
            sentence = f"{element} and {first} are both mapped to {target}; only one of them can become it."
            yield Problem(element=element, sentence=sentence)


def _renamed(plan: Plan) -> Iterator[Problem]:
    """The history keeps old ids, so a four-eyes rule would not see who performed a task that was renamed."""
    guarded = {each for node in plan.new.nodes.values() if node.work for each in node.work.four_eyes}
    for element, target in plan.images().items():
        if target != element and target in guarded:
            sentence = (
                f"{element} would become {target}, whose performers are excluded from another task by obieg:fourEyes; "
                f"the history knows them under {element}. Keep the id {element} in the new version."
            )
            yield Problem(element=element, sentence=sentence)
