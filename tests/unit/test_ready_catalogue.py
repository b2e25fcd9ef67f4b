"""The catalogue as editors and people read it."""

import json
from pathlib import Path

import pytest

import webapp.operations  # noqa: F401 -- declares the operations
from engine.bpmn import Known, check_bpmn
from engine.feel.builtins import BUILTINS
from engine.handlers import HANDLERS
from engine.ready import OPERATIONS, Operation
from engine.ready.reference import page
from engine.ready.schema import element_templates, json_schema
from tests.engine_world import bpmn, line

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "operations.md"
SHIPPED = [each for each in OPERATIONS if not each.name.startswith("test_")]


def test_the_reference_page_shows_the_catalogue_as_it_is() -> None:
    assert PAGE.read_text() == page(SHIPPED), "run: python -m webapp.operations"


@pytest.mark.parametrize("operation", SHIPPED, ids=lambda each: each.name)
def test_every_operation_says_what_it_is_for(operation: Operation) -> None:
    for each in (*operation.inputs, *operation.outputs):
        assert each.description.endswith("."), each.name
    assert operation.description.endswith(".")
    assert not {each.name for each in operation.outputs} & BUILTINS.keys(), "an expression would mean the function"
    assert (operation.place == "worker") != (operation.name in HANDLERS.names())
    assert (operation.place == "outside") == (operation.name in HANDLERS.deferred_names())


@pytest.mark.parametrize("operation", SHIPPED, ids=lambda each: each.name)
def test_every_operation_has_a_schema(operation: Operation) -> None:
    schema = json_schema(operation)

    assert json.loads(json.dumps(schema)) == schema
    assert schema["properties"]["inputs"]["additionalProperties"] is operation.free_inputs
    assert list(schema["properties"]["inputs"]["properties"]) == [each.name for each in operation.inputs]


@pytest.mark.parametrize("operation", SHIPPED, ids=lambda each: each.name)
def test_a_task_made_from_the_template_is_one_that_runs(operation: Operation) -> None:
    (template,) = element_templates([operation])
    attributes, inputs = [], []
    for each in template["properties"]:
        binding = each["binding"]
        if binding["type"] == "property":
            attributes.append(f'{binding["name"]}="{each.get("value", "work")}"')
        elif binding["type"] == "camunda:inputParameter" and "constraints" in each:
            inputs.append(f'<camunda:inputParameter name="{binding["name"]}">= anything</camunda:inputParameter>')
        elif binding["type"] == "camunda:outputParameter":
            inputs.append(
                f'<camunda:outputParameter name="taken{len(inputs)}">{binding["source"]}</camunda:outputParameter>'
            )
    inner = f"<extensionElements><camunda:inputOutput>{''.join(inputs)}</camunda:inputOutput></extensionElements>"
    source = bpmn(line(f'<serviceTask id="task" {" ".join(attributes)}>{inner}</serviceTask>', names=("task",)))

    checked = check_bpmn("x.bpmn", source, Known(handlers=HANDLERS.names(), deferred=HANDLERS.deferred_names()))

    assert [str(each) for each in checked.findings] == []


def test_a_task_cannot_call_what_workers_do() -> None:
    source = bpmn(line('<serviceTask id="task" obieg:handler="external.work"/>', names=("task",)))

    checked = check_bpmn("x.bpmn", source, Known(handlers=HANDLERS.names()))

    assert "camunda:topic" in " ".join(each.sentence for each in checked.findings)
