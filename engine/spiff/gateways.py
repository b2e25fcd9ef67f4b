"""Gateways: exclusive, parallel and inclusive, with tokens kept per incoming flow."""

from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.model import Flow, Node, Process
from engine.spiff.element import Element

MAXIMUM_WAITING = 1_000  # tokens at one join


class Exclusive(Element):
    """Takes the first flow whose condition is true; every token passes by itself."""

    def chosen(self, task: Any) -> Sequence[Flow]:
        """The first true flow in the order of the diagram, else the default."""
        flows = self.node.outgoing
        if len(flows) == 1 and flows[0].condition is None:
            return flows
        for flow in flows:
            if flow.id != self.node.default and self.holds(task, flow):
                return [flow]
        return [self.default(task)] if flows else []


def open_joins(tasks: Iterable[Any], alive: Container[Any]) -> bool:
    """Let every join go on to which no more tokens can come; whether there was one.

    One token is answered for all that wait at the same join.
    """
    shut, opened = set(), False
    for task in tasks:
        spec = task.task_spec
        if task.id not in alive or not spec.joins_late or not _waits(task):
            continue
        place = spec.name, task.parent.id
        if place in shut or not spec.may_join(task):
            shut.add(place)
        else:
            spec.join(task)
            opened = True
            if spec.comes_back:  # what has passed may hold up the next ones
                shut.add(place)
    return opened


def _waits(task: Any) -> bool:
    """Whether a token waits for others; one that the join let go on may have failed behind it."""
    return task.has_state(TaskState.WAITING) and not task.internal_data.get("opened")


class Join(Element):
    """Collects tokens of its incoming flows; the rest of a flow's tokens wait for the next turn."""

    is_join = True

    def waiting(self, task: Any) -> dict[str, Any]:
        """The oldest waiting token of each incoming flow."""
        oldest: dict[str, Any] = {}
        count = 0
        for sibling in task.parent.children:
            if sibling.task_spec is self and _waits(sibling):
                oldest.setdefault(sibling.internal_data["flow"], sibling)
                count += 1
        if count > MAXIMUM_WAITING:
            sentence = f"More than {MAXIMUM_WAITING} tokens wait at {self.node.name}; one of its flows brings too many."
            raise self.failed(task, "too_many_tokens", sentence)
        return oldest

    def join(self, task: Any) -> None:
        """Use up one token of each flow that has one, and go on with the last."""
        *others, last = self.waiting(task).values()
        for other in others:
            task.workflow.merge(other)
        task.workflow.make_ready(last)


class Parallel(Join):
    """Waits for a token on each incoming flow, then takes all outgoing ones (BPMN 2.0.2, 13.4.1)."""

    def arrive(self, task: Any) -> None:
        """Go on once every flow has brought a token."""
        if len(self.node.incoming) <= 1:
            task.workflow.make_ready(task)
        elif len(self.waiting(task)) == len(self.node.incoming):
            self.join(task)

    def chosen(self, task: Any) -> Sequence[Flow]:  # noqa: ARG002 -- the same for every token
        """All of them."""
        return self.node.outgoing


class Inclusive(Join):
    """Waits while a token elsewhere could still reach an empty incoming flow (BPMN 2.0.2, 13.4.3)."""

    joins_late = True

    def __init__(self, spec: Any, node: Node, process: Process) -> None:
        super().__init__(spec, node)
        self._process = process

    @cached_property
    def _ahead(self) -> Mapping[str, set[str]]:
        """The incoming flows that a token at each node can come to by the flow alone."""
        return _inverted(_upstream(self.node, self._process, boundaries=False))

    @cached_property
    def _possible(self) -> Mapping[str, set[str]]:
        """The same, boundary events included."""
        return _inverted(_upstream(self.node, self._process, boundaries=True))

    @cached_property
    def comes_back(self) -> bool:
        """Whether a token that has passed can arrive again."""
        return any(flow.target in self._possible for flow in self.node.outgoing)

    def arrive(self, task: Any) -> None:
        """Only a join has to wait."""
        if len(self.node.incoming) <= 1:
            task.workflow.make_ready(task)

    def may_join(self, task: Any) -> bool:
        """Whether no other token of the scope can still bring one on an empty flow."""
        full = self.waiting(task)
        empty = {flow for flow in self.node.incoming if flow not in full}
        for sibling in task.parent.children:
            place = sibling.task_spec.node.id
            if place == self.node.id or sibling.internal_data.get("armed"):
                continue
            reaches_empty = not empty.isdisjoint(self._possible.get(place, ()))
            if reaches_empty and full.keys().isdisjoint(self._ahead.get(place, ())):
                return False
        return True

    def chosen(self, task: Any) -> Sequence[Flow]:
        """Every true flow, or the default."""
        return self.inclusive(task) if self.node.outgoing else []


class Complex(Inclusive):
    """Goes on once its activation condition holds, then swallows the rest until it can be reset (BPMN 2.0.2, 13.4.5).

    The condition sees `activationCount`, the number of incoming flows with a token. Until no token can come on a flow
    that brought none, further ones are used up. A flow whose condition asks for `waitingForStart` is looked at again
    at the reset, when that is false.
    """

    def arrive(self, task: Any) -> None:
        """Every token may be the one that is enough."""
        if self._used(task) is None:
            self._activate(task)

    def _used(self, task: Any) -> list[str] | None:
        """The flows whose tokens were used; None before the activation."""
        used: list[str] | None = task.parent.internal_data.get("gates", {}).get(self.node.id)
        return used

    def _activate(self, task: Any) -> None:
        condition, full = self.node.activation, self.waiting(task)
        assert condition is not None
        if not full:
            return
        value = self.evaluate(task, condition, activationCount=Decimal(len(full)))
        if value is None or value is False:
            return
        if value is not True:
            sentence = f"The activation condition {condition.text} gives {value!r}; it must be true or false."
            raise self.failed(task, "condition_type", sentence)
        task.parent.internal_data.setdefault("gates", {})[self.node.id] = list(full)
        self._pass(full)

    def _pass(self, full: Mapping[str, Any]) -> None:
        *others, last = full.values()
        for other in others:
            last.workflow.merge(other)
        last.workflow.make_ready(last)

    def may_join(self, task: Any) -> bool:
        """Whether it can be reset: no token can come any more on a flow that brought none."""
        used = self._used(task)
        if used is None:
            return False
        brought = {*used, *self.waiting(task)}
        missing = {flow for flow in self.node.incoming if flow not in brought}
        for sibling in task.parent.children:
            place = sibling.task_spec.node.id
            elsewhere = place != self.node.id and not sibling.internal_data.get("armed")
            if elsewhere and not missing.isdisjoint(self._possible.get(place, ())):
                return False
        return True

    def join(self, task: Any) -> None:
        """Reset: use up the late tokens, then see whether those of a next round are enough."""
        tree, scope, used = task.workflow, task.parent, self._used(task) or []
        late = [token for flow, token in self.waiting(task).items() if flow not in used]
        del scope.internal_data["gates"][self.node.id]
        flows = [flow for flow in self.node.outgoing if self._at_reset(flow) and self.holds(task, flow)] if late else []
        rest = [each for each in scope.children if each.task_spec is self and each not in late and _waits(each)]
        for token in late[:-1]:
            tree.merge(token)
        if late:  # the reset passes the gateway once more
            tree.consume(late[-1])
        for flow in flows:
            tree.enter(flow.target, scope, flow=flow.id)
        if rest:
            self._activate(rest[0])
        tree.end_scope(scope)

    @staticmethod
    def _at_reset(flow: Flow) -> bool:
        expression = flow.condition.expression if flow.condition else None
        return expression is not None and "waitingForStart" in expression.names

    def holds(self, task: Any, flow: Flow) -> bool:
        """Conditions see whether the gateway has been activated or is reset."""
        if flow.condition is None:
            return True
        value = self.evaluate(task, flow.condition, waitingForStart=self._used(task) is not None)
        return value is True


def _inverted(upstream: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for flow, places in upstream.items():
        for place in places:
            found.setdefault(place, set()).add(flow)
    return found


def _upstream(gateway: Node, process: Process, *, boundaries: bool) -> Mapping[str, set[str]]:
    """For each incoming flow the nodes from which it can be reached without passing the gateway.

    With `boundaries` an activity also reaches what its boundary events reach.
    """
    sources = {flow.id: node.id for node in process.nodes.values() for flow in node.outgoing}
    into: dict[str, set[str]] = {}
    for node in process.nodes.values():
        for flow in node.outgoing:
            into.setdefault(flow.target, set()).add(node.id)
        if boundaries and node.attached_to is not None:
            into.setdefault(node.id, set()).add(node.attached_to)
    found = {}
    for incoming in gateway.incoming:
        seen: set[str] = set()
        todo = [sources[incoming]]
        while todo:
            place = todo.pop()
            if place not in seen and place != gateway.id:
                seen.add(place)
                todo.extend(into.get(place, ()))
        found[incoming] = seen
    return found
