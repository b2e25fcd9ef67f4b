"""Flat diagrams of tasks and gateways, drawn without any order, and the token game that the standard plays on them.

The game knows flows and nodes only. It shares nothing with the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hypothesis import strategies as st

Kind: TypeAlias = Literal["userTask", "exclusiveGateway", "parallelGateway", "inclusiveGateway"]
JOIN: Kind = "inclusiveGateway"  # the one that looks at tokens elsewhere
ENDLESS = 300  # nodes in one step


@dataclass(frozen=True)
class Flow:
    """A sequence flow; its condition is `n > least`, or not; None: it has none."""

    id: str
    source: str
    target: str
    least: int | None = None
    negated: bool = False

    def holds(self, n: int) -> bool:
        """Whether it is taken after so many tasks."""
        return self.least is None or (n > self.least) is not self.negated


@dataclass(frozen=True)
class Net:
    """Nodes with their kinds, and the flows between them in the order of the diagram."""

    nodes: dict[str, Kind]
    flows: tuple[Flow, ...]
    defaults: frozenset[str]  # ids of flows

    def xml(self) -> str:
        """The content of a process."""
        made = ['<startEvent id="start"/><endEvent id="end"/>']
        for node, kind in self.nodes.items():
            default = next((f' default="{each.id}"' for each in self.leaving(node) if each.id in self.defaults), "")
            made.append(f'<{kind} id="{node}"{default}/>')
        for each in self.flows:
            condition = ""
            if each.least is not None and each.id not in self.defaults:
                text = f"n &gt; {each.least}"
                condition = f"<conditionExpression>= {f'not({text})' if each.negated else text}</conditionExpression>"
            ends = f'sourceRef="{each.source}" targetRef="{each.target}"'
            made.append(f'<sequenceFlow id="{each.id}" {ends}>{condition}</sequenceFlow>')
        return "".join(made)

    def leaving(self, node: str) -> list[Flow]:
        """The flows out of a node."""
        return [each for each in self.flows if each.source == node]

    def entering(self, node: str) -> list[Flow]:
        """The flows into a node."""
        return [each for each in self.flows if each.target == node]


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Any diagram; what the start does not lead to is left out."""
    names = [f"n{number}" for number in range(draw(st.integers(2, 8)))]
    kinds: dict[str, Kind] = {
        name: draw(st.sampled_from(["userTask", "userTask", "exclusiveGateway", "parallelGateway", "inclusiveGateway"]))
        for name in names
    }
    targets = {"start": [draw(st.sampled_from(names))]}
    for name in names:
        most = 1 if kinds[name] == "userTask" and draw(st.booleans()) else 3
        targets[name] = draw(st.lists(st.sampled_from([*names, "end"]), min_size=1, max_size=most, unique=True))
    reached, todo = set(), ["start"]
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            todo += targets.get(node, [])
    flows, defaults = [], set()
    for source, leading in targets.items():
        if source not in reached:
            continue
        chooses = kinds.get(source) in ("exclusiveGateway", "inclusiveGateway") and len(leading) > 1
        for number, target in enumerate(leading):
            flow = f"f{len(flows)}"
            conditional = chooses and number < len(leading) - 1
            least = draw(st.integers(-1, 4)) if conditional else None
            flows.append(Flow(flow, source, target, least, draw(st.booleans()) if conditional else False))
            if chooses and not conditional:
                defaults.add(flow)
    return Net({name: kind for name, kind in kinds.items() if name in reached}, tuple(flows), frozenset(defaults))


class OpenError(Exception):
    """A step that would not end, or where the standard leaves open which of two joins goes on first."""


class Game:
    """Tokens on flows, and at tasks."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.on: Counter[str] = Counter()
        self.tasks: Counter[str] = Counter()
        self.n = 0
        self._send("start")
        self.run()

    def do(self, task: str) -> None:
        """Somebody completes a task."""
        self.n += 1
        self.tasks[task] -= 1
        self._send(task)
        self.run()

    def waiting(self) -> list[str]:
        """The tasks that can be done."""
        return sorted(self.tasks.elements())

    def left(self) -> list[str]:
        """The flows where tokens wait for others."""
        return sorted(self.on.elements())

    def run(self) -> None:
        """Until only tasks and other tokens are waited for. Raises `OpenError`."""
        for _ in range(ENDLESS):
            moving = [each for each in [*self.net.nodes, "end"] if self._goes_on(each)]
            if not moving:
                joins = [each for each, kind in self.net.nodes.items() if kind == JOIN and self._may_join(each)]
                if not joins:
                    return
                if len(joins) > 1:
                    raise OpenError
                moving = joins
            self._pass(moving[0])
        raise OpenError

    def _goes_on(self, node: str) -> bool:
        """Whether a token passes a node whatever happens elsewhere."""
        entering, kind = self.net.entering(node), self.net.nodes.get(node)
        full = [each for each in entering if self.on[each.id]]
        return bool(full) and kind != JOIN and (kind != "parallelGateway" or len(full) == len(entering))

    def _pass(self, node: str) -> None:
        kind = self.net.nodes.get(node)
        full = [each for each in self.net.entering(node) if self.on[each.id]]
        for each in full if kind in ("parallelGateway", JOIN) else full[:1]:
            self.on[each.id] -= 1
        if kind == "userTask":
            self.tasks[node] += 1
        elif node != "end":
            self._send(node)

    def _send(self, node: str) -> None:
        leaving, kind = self.net.leaving(node), self.net.nodes.get(node)
        if kind in ("exclusiveGateway", "inclusiveGateway") and len(leaving) > 1:
            first = [each for each in leaving if each.id not in self.net.defaults and each.holds(self.n)]
            chosen = first or [each for each in leaving if each.id in self.net.defaults]
            leaving = chosen[:1] if kind == "exclusiveGateway" else chosen
        for each in leaving:
            self.on[each.id] += 1

    def _may_join(self, node: str) -> bool:
        """It has a token, and none elsewhere comes to an empty flow of it that does not come to a full one (13.4.3)."""
        entering = self.net.entering(node)
        full = {each.id for each in entering if self.on[each.id]}
        if not full:
            return False
        places = {each.target for each in self.net.flows if self.on[each.id] and each.target != node}
        places |= {task for task, number in self.tasks.items() if number}
        for place in places:
            reached = set(self._ahead(place, node))
            if reached & ({each.id for each in entering} - full) and not reached & full:
                return False
        return True

    def _ahead(self, place: str, join: str) -> Iterator[str]:
        """The flows that a token at a node can come to without passing the join."""
        seen, todo = {place}, [place]
        while todo:
            for each in self.net.leaving(todo.pop()):
                yield each.id
                if each.target != join and each.target not in seen:
                    seen.add(each.target)
                    todo.append(each.target)
