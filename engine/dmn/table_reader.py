"""Reads a `<decisionTable>` into a table that is ready to be evaluated."""

from typing import TYPE_CHECKING

from engine.dmn.items import bare
from engine.dmn.tables import AGGREGATIONS, POLICIES, Closure, Column, Output, Rule, Table
from engine.dmn.xml import Element, child, children, line_of, text_of, type_of
from engine.feel.compile_functions import ranked_values
from engine.feel.nodes import Node

if TYPE_CHECKING:
    from engine.dmn.boxed import Boxes

_CELL = frozenset({"?"})


def read_table(boxes: "Boxes", element: Element, local: frozenset[str], owner: str) -> Table:
    """The table; whatever is wrong with it becomes a finding."""
    policy = (element.get("hitPolicy") or "UNIQUE").upper()
    aggregation = (element.get("aggregation") or "").upper()
    if policy not in POLICIES or (aggregation and aggregation not in AGGREGATIONS):
        boxes.finding("dmn.hit_policy", f"There is no hit policy {policy} {aggregation}.", element)
        policy, aggregation = "UNIQUE", ""
    columns = [_column(boxes, column, local) for column in children(element, "input")]
    labels = [column.label for column in columns]
    for number, column in enumerate(columns, start=1):
        if labels.count(column.label) > 1:
            column.label = f"{column.label} ({number})"  # the trail tells inputs by their label
    outputs = [_output(boxes, output, local, owner) for output in children(element, "output")]
    rules = [rule for row in children(element, "rule") if (rule := _rule(boxes, row, local, (columns, outputs)))]
    if not outputs:
        boxes.finding("dmn.table", "A decision table needs an output.", element)
    table = Table(
        name=owner,
        policy=policy,
        aggregation=aggregation if policy == "COLLECT" else "",
        columns=columns,
        outputs=outputs,
        rules=rules,
        line=line_of(element),
        accept=boxes.items.accept,
    )
    boxes.tables.append(table)
    return table


def _column(boxes: "Boxes", element: Element, local: frozenset[str]) -> Column:
    expression = child(element, "inputExpression")
    text = text_of(expression)
    allowed = child(element, "inputValues")
    return Column(
        label=element.get("label") or text,
        text=text,
        closure=boxes.expression(text, element if expression is None else expression, local),
        type=type_of(expression),
        allowed=None if allowed is None else boxes.tests(text_of(allowed), allowed, local | _CELL),
        line=line_of(element),
    )


def _output(boxes: "Boxes", element: Element, local: frozenset[str], owner: str) -> Output:
    values = child(element, "outputValues")
    default = child(element, "defaultOutputEntry")
    tests = None if values is None else boxes.tests(text_of(values), values, local | _CELL)
    item = boxes.items.items.get(bare(type_of(element)))
    if tests is None and item is not None:
        tests = item.allowed  # the order of a type's allowed values counts, too
    return Output(
        name=" ".join((element.get("name") or owner).split()),
        type=type_of(element),
        priorities=None if tests is None else ranked_values(tests.node, local),
        default=None if default is None else boxes.expression(text_of(default), default, local),
        allowed=tests,
    )


def _rule(
    boxes: "Boxes", element: Element, local: frozenset[str], shape: tuple[list[Column], list[Output]]
) -> Rule | None:
    inputs, outputs = list(children(element, "inputEntry")), list(children(element, "outputEntry"))
    if len(inputs) != len(shape[0]) or len(outputs) != len(shape[1]):
        boxes.finding("dmn.rule", "A rule has one cell for each input and output.", element)
        return None
    results: list[Closure] = []
    read: list[Node | None] = []
    for cell in outputs:
        before = len(boxes.expressions)
        results.append(boxes.expression(text_of(cell), cell, local))
        read.append(boxes.expressions[-1].expression.node if len(boxes.expressions) > before else None)
    tests = [boxes.tests(text_of(cell), cell, local | _CELL) for cell in inputs]
    texts = [text_of(cell) for cell in outputs]
    return Rule(tests, results, texts, read, line_of(element), element.get("id") or "")
