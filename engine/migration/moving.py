"""What a plan means for one instance: whether all its tokens can go, and its stored state in terms of the new version.

A stored state names elements in a few places only: the token's own element, the flow on which it came to a join, the
joins that were opened, and the records of what can be undone. Whatever else a token carries is kept. A token that
carries something unknown is refused, so that no future addition is carried over by accident.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from core.records import dataclass
from engine.bpmn.model import Node
from engine.migration.plans import Plan, Problem, unlike
from engine.spiff.apart import BEHIND

CARRIED = frozenset(  # what a token may carry
    {"vars", "isolated", "payload", "armed", "host", "hosts", "listens", "subscription", "again", "spent", "was"}
    | {"by", "heard", "flow", "gates", "items", "out", "next", "done", "number", "maximum", "failed", "called"}
    | {"records", "chosen", "todo", "event", "token", "home", "act", "thrown", "held", "selected"}
    | {"closing", "candidates", "calling", "undo", "undoes", "opened", "rounds", "origin", BEHIND}
)
JOINS = frozenset({"parallelGateway", "inclusiveGateway", "complexGateway"})


@dataclass(frozen=True, slots=True)
class Moved:
    """A stored state in terms of the new version, and the tokens whose waits were given up."""

    snapshot: dict[str, Any]
    dropped: tuple[str, ...]


def element_of(name: str) -> str:
    """The element of a token's specification: without the mark of an instance, a listener or an armed handler."""
    return name.partition("#")[0]


def check_instance(snapshot: Mapping[str, Any], plan: Plan) -> list[Problem]:
    """Every reason why the instance cannot follow the plan; each element is told once."""
    found: dict[str, Problem] = {}
    for problem in (*_tokens(snapshot, plan), *_records(snapshot["records"], plan), *_gates(snapshot["gates"], plan)):
        found.setdefault(problem.element, problem)
    return list(found.values())


def _tokens(snapshot: Mapping[str, Any], plan: Plan) -> Iterator[Problem]:
    for _, name, _, _, internal in snapshot["tokens"]:
        node = plan.old.nodes[element_of(name)]
        yield from _place(node, internal, plan)
        yield from _records(internal.get("records", []), plan)
        yield from _gates(internal.get("gates", {}), plan)
        unknown = internal.keys() - CARRIED
        if unknown:
            sentence = f"{node.name} is in the middle of something that cannot be migrated ({', '.join(unknown)})."
            yield Problem(element=node.id, sentence=sentence)
        if "todo" in internal or name.endswith("#compensation"):
            sentence = f"{node.name} is undoing what was done before; wait until that is over, then migrate."
            yield Problem(element=node.id, sentence=sentence)


def _place(node: Node, internal: Mapping[str, Any], plan: Plan) -> Iterator[Problem]:
    target = plan.image(node.id)
    if internal.get("armed"):
        if not plan.knows(node.id):
            sentence = (
                f"{node.name} ({node.id}) waits for its event; map it to an event of the new version, or leave it out "
                "to give the wait up."
            )
            yield Problem(element=node.id, sentence=sentence)
        return
    if target is None:
        why = "cannot be left out" if node.id in plan.mapping else "has no target"
        same = plan.new.nodes.get(node.id)
        changed = None if same is None else unlike(plan, node, same)
        sentence = (
            f"A token stands at {node.name} ({node.id}), which {why}; map it to an element of the same kind in the "
            f"new version, or move the token first.{f' {changed}' if changed else ''}"
        )
        yield Problem(element=node.id, sentence=sentence)
    elif node.kind in JOINS and "flow" in internal and target in plan.new.nodes:
        flow = internal["flow"]
        if plan.flow(flow) not in plan.new.nodes[target].incoming:
            sentence = (
                f"A token has come to {node.name} ({node.id}) on the sequence flow {flow}, which does not lead to "
                f"{target} in the new version; map {flow} to one that does."
            )
            yield Problem(element=node.id, sentence=sentence)


def _records(records: list[dict[str, Any]], plan: Plan) -> Iterator[Problem]:
    for record in records:
        node = plan.old.nodes[record["node"]]
        after = plan.new.nodes.get(plan.image(node.id) or "")
        told = f"{node.name} ({node.id}) was completed and can still be undone"
        if after is None:
            yield Problem(element=node.id, sentence=f"{told}; map it to an activity of the new version.")
        elif record["handler"] and after.compensation is None:
            sentence = f"{told}, but {after.id} has no compensation in the new version; draw one, or map it elsewhere."
            yield Problem(element=node.id, sentence=sentence)
        elif record["event"] and _own_handler(plan, after) is None:
            sentence = f"{told}, but {after.id} has no compensation event sub-process in the new version."
            yield Problem(element=node.id, sentence=sentence)
        yield from _records(record["inner"], plan)


def _gates(gates: Mapping[str, list[str]], plan: Plan) -> Iterator[Problem]:
    for gateway, flows in gates.items():
        after = plan.new.nodes.get(plan.image(gateway) or "")
        if after is None or any(plan.flow(flow) not in after.incoming for flow in flows):
            sentence = f"{gateway} was opened and waits for the rest; map it to a gateway with the same incoming flows."
            yield Problem(element=gateway, sentence=sentence)


def _own_handler(plan: Plan, node: Node) -> str | None:
    nodes = plan.new.nodes
    for handler in node.handlers:
        if any("compensation" in nodes[each].kinds for each in nodes[handler].starts):
            return handler
    return None


def moved(snapshot: Mapping[str, Any], plan: Plan) -> Moved:
    """The state in terms of the new version; the instance must have been checked."""
    state = copy.deepcopy(dict(snapshot))
    state["records"] = [_record(each, plan) for each in state["records"]]
    state["gates"] = _gate(state["gates"], plan)
    kept, dropped = [], set[str]()
    for token, name, parent, number, internal in state["tokens"]:
        target = plan.image(element_of(name))
        if target is None or parent in dropped:
            dropped.add(token)
            continue
        if "flow" in internal:
            internal["flow"] = plan.flow(internal["flow"])
        if "records" in internal:
            internal["records"] = [_record(each, plan) for each in internal["records"]]
        if "gates" in internal:
            internal["gates"] = _gate(internal["gates"], plan)
        kept.append([token, target + name[len(element_of(name)) :], parent, number, internal])
    state["tokens"] = kept
    return Moved(state, tuple(sorted(dropped)))


def _record(record: dict[str, Any], plan: Plan) -> dict[str, Any]:
    target = plan.new.nodes[plan.image(record["node"]) or ""]
    return record | {
        "node": target.id,
        "handler": target.compensation if record["handler"] else None,
        "event": _own_handler(plan, target) if record["event"] else None,
        "inner": [_record(each, plan) for each in record["inner"]],
    }


def _gate(gates: Mapping[str, list[str]], plan: Plan) -> dict[str, list[str]]:
    return {plan.image(gateway) or gateway: [plan.flow(each) for each in flows] for gateway, flows in gates.items()}
