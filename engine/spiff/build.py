"""Builds SpiffWorkflow's specification of a checked process, straight from our own model."""

import dataclasses

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from engine.bpmn.model import Node, Process
from engine.spiff.activities import BusinessRuleTask, PassThrough, ScriptTask, ServiceTask, UserTask
from engine.spiff.ad_hoc import AdHocScope
from engine.spiff.calls import CallActivity, CallCompensation
from engine.spiff.compensation import CompensationScope, ProcessScope, UnawaitedCompensation
from engine.spiff.element import INSTANCE, Element
from engine.spiff.events import EndEvent, EventGateway, StartEvent, ThrowEvent
from engine.spiff.gateways import Complex, Exclusive, Inclusive, Parallel
from engine.spiff.listening import Boundary, Catch, Catching, HandlerStart, Listener
from engine.spiff.loops import MultiInstance, RepeatLoop
from engine.spiff.scopes import EventSubProcess, SubProcess, Transaction
from engine.spiff.throwing import Throw
from engine.spiff.tokens import ROOT

CLASSES: dict[str, type[Element]] = {
    "startEvent": StartEvent,
    "endEvent": EndEvent,
    "intermediateThrowEvent": ThrowEvent,
    "intermediateCatchEvent": Catch,
    "boundaryEvent": Boundary,
    "task": PassThrough,
    "manualTask": PassThrough,
    "userTask": UserTask,
    "scriptTask": ScriptTask,
    "serviceTask": ServiceTask,
    "businessRuleTask": BusinessRuleTask,
    "sendTask": Throw,
    "receiveTask": Catch,
    "callActivity": CallActivity,
    "subProcess": SubProcess,
    "transaction": Transaction,
    "adHocSubProcess": AdHocScope,
    "exclusiveGateway": Exclusive,
    "parallelGateway": Parallel,
    "eventBasedGateway": EventGateway,
}


def build_spec(process: Process) -> WorkflowSpec:
    """The specification that instances of the process share; it has no state."""
    spec = WorkflowSpec(process.id)
    root = Node(id=process.id, kind="process", name=process.name, line=None, scope="")
    spec.start = ProcessScope(spec, root, ROOT)
    for node in process.nodes.values():
        _build(spec, node, process)
    return spec


def _build(spec: WorkflowSpec, node: Node, process: Process) -> None:
    if node.loop is not None or node.repeat is not None:
        around = MultiInstance if node.loop is not None else RepeatLoop
        around(spec, node)
        inner = dataclasses.replace(node, loop=None, repeat=None, outgoing=(), boundaries=(), needs=1, sends=1)
        _class(inner)(spec, inner, node.id + INSTANCE)
    elif node.kind == "inclusiveGateway":
        Inclusive(spec, node, process)
    elif node.kind == "complexGateway":
        (Complex if node.activation is not None else Inclusive)(spec, node, process)
    elif node.by_event:
        _build_handler(spec, node, process)
        return
    else:
        _class(node)(spec, node)
    if node.kind in {"subProcess", "transaction", "adHocSubProcess"}:
        CompensationScope(spec, node)
    elif node.kind == "callActivity":
        CallCompensation(spec, node)
    if any(not trigger.is_awaited for trigger in node.triggers):
        UnawaitedCompensation(spec, node)
    if issubclass(CLASSES.get(node.kind, Element), Catching):
        _build_listeners(spec, node)


def _class(node: Node) -> type[Element]:
    """What executes a node; a send task that calls a handler works as a service task does."""
    works = node.kind == "sendTask" and (node.handler is not None or node.outside is not None)
    return ServiceTask if works else CLASSES[node.kind]


def _build_handler(spec: WorkflowSpec, node: Node, process: Process) -> None:
    """An event sub-process: its content, what undoes it, and what waits for its event."""
    EventSubProcess(spec, node)
    CompensationScope(spec, node)
    for start in (process.nodes[each] for each in node.starts):
        if "compensation" not in start.kinds:
            HandlerStart(spec, start, node.id)
            _build_listeners(spec, start)


def _build_listeners(spec: WorkflowSpec, node: Node) -> None:
    if len(node.triggers) > 1:
        for number in range(len(node.triggers)):
            Listener(spec, node, number)
