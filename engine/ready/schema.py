"""What editors read of the catalogue: JSON Schema of inputs and outputs, and bpmn.io element templates."""

from collections.abc import Iterable, Sequence
from typing import Any

from engine.feel.types import Type
from engine.ready.declared import Operation, Parameter

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEMPLATES = "https://unpkg.com/@camunda/element-templates-json-schema/resources/schema.json"
VERSION = 1  # of the templates: raised when a diagram that uses one has to be looked at again
_SIMPLE: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "date and time": {"type": "string", "format": "date-time"},
    "duration": {"type": "string", "format": "duration"},
    "days and time duration": {"type": "string", "format": "duration"},
    "years and months duration": {"type": "string", "format": "duration"},
    "context": {"type": "object"},
    "list": {"type": "array"},
}


def json_schema(operation: Operation) -> dict[str, Any]:
    """One JSON Schema with the definitions `inputs` and `outputs`; `x-feel-type` has each type as FEEL names it."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:obieg:operation:{operation.name}",
        "title": operation.title,
        "description": operation.description,
        "type": "object",
        "properties": {
            "inputs": _object(operation.inputs, closed=not operation.free_inputs),
            "outputs": _object(operation.outputs, closed=not operation.free_inputs),
        },
    }


def _object(parameters: Sequence[Parameter], *, closed: bool) -> dict[str, Any]:
    required = [each.name for each in parameters if each.required]
    found: dict[str, Any] = {"type": "object", "properties": {each.name: _property(each) for each in parameters}}
    if required:
        found["required"] = required
    return found | {"additionalProperties": not closed}


def _property(parameter: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": parameter.title,
        "description": parameter.description,
        "x-feel-type": parameter.type,
    }
    if parameter.choices:
        found |= {"enum": list(parameter.choices)}
    if parameter.example:
        found["x-example"] = parameter.example
    return found | _type(parameter.feel_type)


def _type(feel: Type) -> dict[str, Any]:
    if feel.name == "list" and feel.parts:
        return {"type": "array", "items": _type(feel.parts[0])}
    return dict(_SIMPLE.get(feel.name, {}))


def element_templates(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """A template for each operation, as editors with the Camunda 7 properties panel take them."""
    return [_template(operation) for operation in operations]


def _template(operation: Operation) -> dict[str, Any]:
    is_worker = operation.place == "worker"
    bound = [_hidden("camunda:type", "external"), _topic()] if is_worker else [_hidden("obieg:handler", operation.name)]
    inputs = [] if is_worker else [_input(each) for each in operation.inputs]
    return {
        "$schema": TEMPLATES,
        "name": operation.title,
        "id": f"obieg.{operation.name}",
        "version": VERSION,
        "description": operation.description,
        "appliesTo": ["bpmn:Task", "bpmn:ServiceTask", "bpmn:SendTask"],
        "elementType": {"value": "bpmn:ServiceTask"},
        "groups": [{"id": "inputs", "label": "Inputs"}, {"id": "outputs", "label": "Outputs"}],
        "properties": [*bound, *inputs, *map(_output, operation.outputs)],
    }


def _hidden(name: str, value: str) -> dict[str, Any]:
    return {"type": "Hidden", "value": value, "binding": {"type": "property", "name": name}}


def _topic() -> dict[str, Any]:
    return {
        "label": "Topic",
        "description": "What workers fetch.",
        "type": "String",
        "group": "inputs",
        "binding": {"type": "property", "name": "camunda:topic"},
        "constraints": {"notEmpty": True},
    }


def _input(parameter: Parameter) -> dict[str, Any]:
    about = f"{parameter.description} ({parameter.type}; FEEL after =)"
    found: dict[str, Any] = {
        "label": parameter.title,
        "description": f"{about} Example: {parameter.example}" if parameter.example else about,
        "type": "Text" if parameter.lines > 1 else "String",
        "group": "inputs",
        "binding": {"type": "camunda:inputParameter", "name": parameter.name},
    }
    if parameter.choices:
        choices = [{"name": each, "value": each} for each in parameter.choices]
        found |= {"type": "Dropdown", "choices": choices}
        if parameter.required:
            found["value"] = parameter.choices[0]
    if parameter.required:
        return found | {"constraints": {"notEmpty": True}}
    return found | {"optional": True}


def _output(parameter: Parameter) -> dict[str, Any]:
    return {
        "label": parameter.title,
        "description": f"Name of the variable that takes it: {parameter.description}",
        "type": "String",
        "group": "outputs",
        "binding": {"type": "camunda:outputParameter", "source": f"= {parameter.name}"},
        "optional": True,
    }
