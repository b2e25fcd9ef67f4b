"""Builds SpiffWorkflow's specification of a checked process, straight from our own model."""

import dataclasses

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from engine.bpmn.model import Node, Process
from engine.spiff.activities import BusinessRuleTask, PassThrough, ScriptTask, ServiceTask, SubProcess, UserTask
from engine.spiff.element import INSTANCE, Element, ProcessScope
from engine.spiff.events import EndEvent, StartEvent, TimerBoundary, TimerCatch
from engine.spiff.gateways import Exclusive, Inclusive, Parallel
from engine.spiff.loops import MultiInstance
from engine.spiff.tree import ROOT

CLASSES: dict[str, type[Element]] = {
    "startEvent": StartEvent,
    "endEvent": EndEvent,
    "intermediateThrowEvent": PassThrough,
    "intermediateCatchEvent": TimerCatch,
    "boundaryEvent": TimerBoundary,
    "task": PassThrough,
    "manualTask": PassThrough,
    "userTask": UserTask,
    "scriptTask": ScriptTask,
    "serviceTask": ServiceTask,
    "businessRuleTask": BusinessRuleTask,
    "subProcess": SubProcess,
    "exclusiveGateway": Exclusive,
    "parallelGateway": Parallel,
}


def build_spec(process: Process) -> WorkflowSpec:
    """The specification that instances of the process share; it has no state."""
    spec = WorkflowSpec(process.id)
    root = Node(id=process.id, kind="process", name=process.name, line=None, scope="")
    spec.start = ProcessScope(spec, root, ROOT)
    for node in process.nodes.values():
        if node.loop is not None:
            MultiInstance(spec, node)
            inner = dataclasses.replace(node, loop=None, outgoing=(), boundaries=())
            CLASSES[node.kind](spec, inner, node.id + INSTANCE)
        elif node.kind == "inclusiveGateway":
            Inclusive(spec, node, process)
        else:
            CLASSES[node.kind](spec, node)
    return spec
