"""Models that import one another, as `obieg check` and scenarios find them among the files beside."""

from engine.bpmn import Known
from engine.definitions import DeploymentFile, check_files
from engine.dmn.imports import by_namespace, imported_files, imported_models, missing_imports
from engine.scenarios import play
from tests.engine_world import bpmn, chain

DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def importing(namespace: str, *others: str, content: str = "") -> bytes:
    imports = "".join(f'<import namespace="{other}" name="{other}" importType="{DMN}"/>' for other in others)
    return f'<definitions xmlns="{DMN}" name="m" namespace="{namespace}">{imports}{content}</definitions>'.encode()


LIBRARY = importing(
    "lib",
    content='<businessKnowledgeModel id="tax" name="tax"><encapsulatedLogic><formalParameter name="net"/>'
    "<literalExpression><text>net * 0.2</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>",
)
PRICE = importing(
    "price",
    "lib",
    content='<decision id="price" name="price"><knowledgeRequirement><requiredKnowledge href="lib#tax"/>'
    "</knowledgeRequirement><literalExpression><text>lib.tax(net)</text></literalExpression></decision>",
)


def check(*contents: bytes) -> list[str]:
    files = tuple(DeploymentFile(name=f"{n}.dmn", content=content) for n, content in enumerate(contents))
    return [finding.sentence for finding in check_files(files, Known())[1]]


def test_a_check_finds_imports_among_its_files():
    assert check(PRICE, LIBRARY) == []
    assert "imports 'lib', which is not there" in check(PRICE)[0]


def test_models_that_import_one_another_in_a_circle_are_refused():
    assert any("which is not there" in sentence for sentence in check(importing("a", "b"), importing("b", "a")))
    assert imported_models(importing("a", "a"), {"a": importing("a", "a")}) == {}


def test_imports_of_imports_are_found_and_named_when_they_are_missing():
    a, b, c = importing("a", "b"), importing("b", "c"), importing("c")

    assert list(imported_files(a, by_namespace([a, b, c]))) == ["b", "c"]
    assert missing_imports(a, by_namespace([a, b])) == {"c"}
    assert by_namespace([b"no xml", importing(""), a]) == {"a": a}


def test_a_scenario_decides_with_a_model_that_imports_one_beside_it(tmp_path):
    process = bpmn(
        '<startEvent id="start"/><businessRuleTask id="price" camunda:decisionRef="price" '
        'camunda:resultVariable="total"/><endEvent id="end"/>' + chain("start", "price", "end")
    )
    for name, content in (("p.bpmn", process), ("price.dmn", PRICE), ("lib.dmn", LIBRARY)):
        (tmp_path / name).write_bytes(content)
    scenario = tmp_path / "p.scenario.yaml"
    scenario.write_text(
        "process: process\nscenarios:\n  - name: it adds tax\n    start: {variables: {net: 100}}\n"
        "    steps:\n      - expect: {state: completed, variables: {total: 20}}\n"
    )

    assert [(result.ok, result.failures) for result in play(scenario).results] == [(True, [])]
