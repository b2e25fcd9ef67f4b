"""Decisions that import other models: deployed together, found among what is deployed, and kept as they were."""

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine import queries
from engine.errors import DeploymentRefused
from tests.engine_world import World, bpmn, chain

DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"
PROCESS = bpmn(
    '<startEvent id="start"/><businessRuleTask id="price" camunda:decisionRef="price" camunda:resultVariable="total"/>'
    '<userTask id="read"/><endEvent id="end"/>' + chain("start", "price", "read", "end")
)
FUNCTION = (
    '<businessKnowledgeModel id="tax" name="tax"><encapsulatedLogic><formalParameter name="net"/>{}'
    "</encapsulatedLogic></businessKnowledgeModel>"
)
TYPE = '<itemDefinition name="rate"><typeRef>number</typeRef></itemDefinition>'


def model(namespace: str, content: str) -> bytes:
    return f'<definitions xmlns="{DMN}" name="{namespace}" namespace="{namespace}">{content}</definitions>'.encode()


def library(rate: str) -> tuple[str, bytes]:
    return "lib.dmn", model("lib", FUNCTION.format(f"<literalExpression><text>net * {rate}</text></literalExpression>"))


PRICE = (
    "price.dmn",
    model(
        "price",
        f'<import namespace="lib" name="lib" importType="{DMN}"/><inputData id="net" name="net"/>'
        '<decision id="price" name="price"><informationRequirement><requiredInput href="#net"/>'
        '</informationRequirement><knowledgeRequirement><requiredKnowledge href="lib#tax"/></knowledgeRequirement>'
        "<literalExpression><text>lib.tax(net) + net</text></literalExpression></decision>",
    ),
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def total(world: World, net: int) -> object:
    case = world.start(net=net)
    with world.reading() as view:
        return queries.instance(view, case.id).variables["total"]


def test_models_of_one_deployment_import_one_another(world: World) -> None:
    world.deploy(PRICE, library("0.2"), ("p.bpmn", PROCESS))

    assert total(world, 100) == 120


def test_a_model_imports_what_is_deployed_and_keeps_the_version_it_was_deployed_with(world: World) -> None:
    world.deploy(library("0.2"))
    world.deploy(PRICE, ("p.bpmn", PROCESS))

    world.deploy(library("0.5"))

    assert total(world, 100) == 120


def test_a_model_gets_a_new_version_when_what_it_imports_has_changed(world: World) -> None:
    first = world.deploy(PRICE, library("0.2"), ("p.bpmn", PROCESS))
    again = world.deploy(PRICE)
    world.deploy(library("0.5"))

    second = world.deploy(PRICE)

    assert again[0] == first[0]
    assert second[0].version == 2
    assert total(world, 100) == 150


def test_an_import_that_is_nowhere_refuses_the_deployment(world: World) -> None:
    with pytest.raises(DeploymentRefused, match="imports 'lib', which is not there"):
        world.deploy(PRICE)


def test_an_import_with_errors_refuses_the_model_that_imports_it(world: World) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        world.deploy(PRICE, library("("))

    assert {finding["file"] for finding in refused.value.details["findings"]} == {"price.dmn", "lib.dmn"}


def test_two_files_of_one_namespace_are_no_import(world: World) -> None:
    with pytest.raises(DeploymentRefused, match="the one file of that namespace"):
        world.deploy(PRICE, library("0.2"), ("other.dmn", model("lib", TYPE)))


def test_a_file_of_types_only_is_kept_with_the_model_that_imports_it(world: World) -> None:
    typed = model(
        "typed",
        f'<import namespace="types" name="t" importType="{DMN}"/><decision id="price" name="price">'
        '<variable name="price" typeRef="t.rate"/><literalExpression><text>net * 2</text></literalExpression>'
        "</decision>",
    )

    world.deploy(("typed.dmn", typed), ("types.dmn", model("types", TYPE)), ("p.bpmn", PROCESS))

    assert total(world, 3) == 6
