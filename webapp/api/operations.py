"""The catalogue of ready operations, for editors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.records import dataclass
from engine.ready import OPERATIONS, Fault, Operation, Parameter
from engine.ready.schema import element_templates, json_schema
from webapp.api.routing import Routes
from webapp.web import current_actor

routes = Routes("operations")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """An operation; `json_schema` describes the objects `inputs` and `outputs`."""

    name: str
    title: str
    description: str
    place: str
    inputs: Sequence[Parameter]
    outputs: Sequence[Parameter]
    errors: Sequence[Fault]
    json_schema: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationList:
    """The whole catalogue."""

    items: Sequence[OperationView]


@routes.get("/operations", "What service and send tasks can do without Python", answer=OperationList)
def operations() -> OperationList:
    """List the operations."""
    current_actor()
    return OperationList(items=[_shown(each) for each in OPERATIONS])


@routes.get("/operations/element-templates", "The same as bpmn.io element templates", answer=list[dict[str, Any]])
def templates() -> list[dict[str, Any]]:
    """The templates that an editor offers."""
    current_actor()
    return element_templates(OPERATIONS)


def _shown(operation: Operation) -> OperationView:
    return OperationView(
        name=operation.name,
        title=operation.title,
        description=operation.description,
        place=operation.place,
        inputs=operation.inputs,
        outputs=operation.outputs,
        errors=operation.faults,
        json_schema=json_schema(operation),
    )
