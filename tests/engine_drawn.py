"""Diagrams of nested blocks. A node's id says where it stands: `t0_b_1` is a task in the second part of a body."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.engine_blocks import (
    Activity,
    Again,
    Block,
    Catch,
    Fork,
    Line,
    Many,
    Race,
    Raise,
    Split,
    Stop,
    Trigger,
    Undo,
    Wait,
)
from tests.engine_stage import ROOTS, boundary, event, on
from tests.engine_world import bpmn, chain, flow

MAPPED = (
    '<extensionElements><camunda:inputOutput><camunda:inputParameter name="a">= a + 1</camunda:inputParameter>'
    '<camunda:outputParameter name="b">= a</camunda:outputParameter></camunda:inputOutput></extensionElements>'
)
Drawn = tuple[str, str, str]  # XML, the first node and the last one; no last one where nothing goes on


@dataclass
class Diagram:
    """The files of a model: the process and those that it calls."""

    model: Activity
    _messages: list[str] = field(default_factory=list)
    _called: dict[str, str] = field(default_factory=dict)

    def files(self) -> tuple[bytes, tuple[bytes, ...]]:
        """The main file and the others."""
        content = self._scope(self.model, "0")
        roots = ROOTS + "".join(f'<message id="{each}" name="{each}"/>' for each in self._messages)
        others = tuple(bpmn(inner, key=key, roots=roots) for key, inner in self._called.items())
        return bpmn(content, roots=roots), others

    def _scope(self, scope: Activity, path: str) -> str:
        assert scope.body is not None
        inner, first, last = self._block(scope.body, f"{path}_b")
        handlers = "".join(self._handler(each, f"{path}_h{n}") for n, each in enumerate(scope.handlers))
        return f'<startEvent id="start{path}"/>{chain(f"start{path}", first)}{inner}{_end(last, path)}{handlers}'

    def _handler(self, caught: Catch, path: str) -> str:
        inner, first, last = self._block(caught.body, f"{path}_b")
        own = "".join(self._handler(each, f"{path}_h{n}") for n, each in enumerate(caught.handlers))
        content = f"{chain(f's{path}_start', first)}{inner}{_end(last, path)}{own}"
        return on(f"s{path}", self._trigger(caught.trigger, path), content, interrupting=caught.interrupts)

    def _trigger(self, trigger: Trigger, path: str) -> str:
        if trigger == "message":
            self._messages.append(f"m{path}")
            return f"message m{path}"
        return {"timer": "timer PT1H", "signal": "signal s", "error": "error e", "escalation": "escalation x"}.get(
            trigger, trigger
        )

    def _block(self, block: Block, path: str) -> Drawn:
        drawn: Drawn = getattr(self, f"_{type(block).__name__.lower()}")(block, path)
        return drawn

    def _activity(self, block: Activity, path: str) -> Drawn:
        node = f"p{path}" if block.body else f"t{path}"
        marker = (MAPPED if block.is_mapped else "") + _many(block.many)
        if block.body is None:
            made = [f'<userTask id="{node}">{marker}</userTask>']
        elif block.kind == "called":
            self._called[f"called{path}"] = self._scope(block, path)
            made = [f'<callActivity id="{node}" calledElement="called{path}">{marker}</callActivity>']
        else:
            tag = "transaction" if block.kind == "transaction" else "subProcess"
            made = [f'<{tag} id="{node}">{marker}{self._scope(block, path)}</{tag}>']
        if block.can_be_undone:
            made.append(event("boundaryEvent", f"k{path}", "compensate", f'attachedToRef="{node}"'))
            made.append(f'<userTask id="u{path}" isForCompensation="true"/>')
            made.append(f'<association id="a{path}" sourceRef="k{path}" targetRef="u{path}"/>')
        last = node
        if any(each.interrupts for each in block.boundary):
            last = f"join{path}"
            made.append(f'<exclusiveGateway id="{last}"/>{chain(node, last)}')
        for number, each in enumerate(block.boundary):
            caught = f"{path}_c{number}"
            inner, first, end = self._block(each.body, f"{caught}_b")
            made.append(boundary(f"b{caught}", node, self._trigger(each.trigger, caught), interrupting=each.interrupts))
            made.append(inner + chain(f"b{caught}", first))
            made.append(chain(end, last) if each.interrupts else _end(end, caught))
        return "".join(made), node, last

    def _line(self, block: Line, path: str) -> Drawn:
        drawn = [self._block(part, f"{path}_{number}") for number, part in enumerate(block.parts)]
        flows = "".join(flow(drawn[number][2], after[1]) for number, after in enumerate(drawn[1:]))
        return "".join(each[0] for each in drawn) + flows, drawn[0][1], drawn[-1][2]

    def _split(self, block: Split, path: str) -> Drawn:
        made = [f'<{block.kind}Gateway id="split{path}"/><{block.kind}Gateway id="meet{path}"/>']
        for number, each in enumerate(block.branches):
            inner, first, last = self._block(each, f"{path}_{number}")
            condition = None if block.kind == "parallel" else f"= {str(number in block.taken).lower()}"
            made.append(inner + flow(f"split{path}", first, condition) + flow(last, f"meet{path}"))
        return "".join(made), f"split{path}", f"meet{path}"

    def _again(self, block: Again, path: str) -> Drawn:
        inner, first, last = self._block(block.body, f"{path}_b")
        nodes = (
            f'<exclusiveGateway id="merge{path}"/><userTask id="t{path}"/><task id="on{path}"/>'
            f'<exclusiveGateway id="ask{path}" default="ask{path}_on{path}"/>'
        )
        flows = chain(f"merge{path}", first) + chain(last, f"t{path}", f"ask{path}", f"on{path}")
        back = flow(f"ask{path}", f"merge{path}", f"= again{path}")
        return inner + nodes + flows + back, f"merge{path}", f"on{path}"

    def _race(self, block: Race, path: str) -> Drawn:
        made = [f'<eventBasedGateway id="race{path}"/><exclusiveGateway id="after{path}"/>']
        for number, each in enumerate(block.branches):
            inner, first, last = self._block(each, f"{path}_r{number}")
            node = f"w{path}_{number}"
            made.append(event("intermediateCatchEvent", node, self._trigger("message", f"{path}_{number}")) + inner)
            made.append(chain(f"race{path}", node, first) + chain(last, f"after{path}"))
        return "".join(made), f"race{path}", f"after{path}"

    def _wait(self, block: Wait, path: str) -> Drawn:
        drawn = event("intermediateCatchEvent", f"w{path}", self._trigger(block.trigger, path))
        return drawn, f"w{path}", f"w{path}"

    def _raise(self, block: Raise, path: str) -> Drawn:
        thrown = event("intermediateThrowEvent", f"x{path}", "escalation x")
        return f'<userTask id="t{path}"/>{thrown}' + chain(f"t{path}", f"x{path}"), f"t{path}", f"x{path}"

    def _undo(self, block: Undo, path: str) -> Drawn:
        thrown = event("intermediateThrowEvent", f"x{path}", "compensate")
        return f'<userTask id="t{path}"/>{thrown}' + chain(f"t{path}", f"x{path}"), f"t{path}", f"x{path}"

    def _fork(self, block: Fork, path: str) -> Drawn:
        made = [f'<parallelGateway id="fork{path}"/>']
        for number, each in enumerate(block.branches):
            inner, first, last = self._block(each, f"{path}_{number}")
            made.append(inner + flow(f"fork{path}", first) + _end(last, f"{path}_{number}f"))
        return "".join(made), f"fork{path}", ""

    def _stop(self, block: Stop, path: str) -> Drawn:
        end = event("endEvent", f"stop{path}", "error e" if block.kind == "error" else block.kind)
        return f'<userTask id="t{path}"/>{end}' + chain(f"t{path}", f"stop{path}"), f"t{path}", ""


def _end(last: str, path: str) -> str:
    return f'<endEvent id="end{path}"/>{flow(last, f"end{path}")}' if last else ""


def _many(many: Many | None) -> str:
    if many is None:
        return ""
    if many.kind == "loop":
        return f'<standardLoopCharacteristics loopMaximum="{many.number}"/>'
    enough = ""
    if many.enough is not None:
        enough = f"<completionCondition>= nrOfCompletedInstances >= {many.enough}</completionCondition>"
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(many.kind == "sequential").lower()}">'
        f"<loopCardinality>{many.number}</loopCardinality>{enough}</multiInstanceLoopCharacteristics>"
    )
