"""Checks a decision model beyond what makes it run: names, types of cells, and the rules of its tables as a whole."""

from collections.abc import Iterator

from engine.dmn import coverage
from engine.dmn.domains import Opaque, constant, read_cell
from engine.dmn.findings import DmnRefused, Finding, place_in
from engine.dmn.model import Decision, Knowledge, Model
from engine.dmn.reader import Imports, read_model
from engine.dmn.tables import Column, Table
from engine.dmn.xml import line_of
from engine.feel.expressions import OPEN
from engine.feel.run import Run
from engine.feel.types import simple

_SINGLE = frozenset({"UNIQUE", "ANY", "FIRST", "PRIORITY"})


def check_file(xml: bytes, imports: Imports | None = None) -> tuple[Finding, ...]:
    """Everything that is wrong or doubtful with a DMN file; never raises for what a file may hold."""
    try:
        model = read_model(xml, imports, strict=False)
    except DmnRefused as refused:
        return refused.findings
    return check_model(model)


def check_model(model: Model) -> tuple[Finding, ...]:
    """The findings of reading a model, and those of looking at it as a whole."""
    findings = [*model.findings, *_unknown_names(model)]
    for table in model.tables:
        findings += _cell_types(model, table)
        findings += _rules(table)
    return tuple(dict.fromkeys(findings))


def _unknown_names(model: Model) -> Iterator[Finding]:
    for used in model.expressions:
        if OPEN in used.local:
            continue
        known = _visible(model, used.owner) | used.local
        for name, at in used.expression.certain.items():
            called = used.expression.text[at.end :].lstrip().startswith("(")
            if not called and not model.inputs:
                continue  # drawn without input data: any value, but no function, may be given from outside
            if name not in known:
                place = place_in(used.expression.text, at.start, at.end)
                sentence = (
                    f"{name!r} is not known here ({place}): no input, decision or function of that name is required."
                )
                yield Finding("feel.name", "error", sentence, line_of(used.element), used.element.get("id") or "")


def _visible(model: Model, owner: str) -> frozenset[str]:
    node = model.nodes.get(owner)
    names: set[str] = set()
    if isinstance(node, Decision | Knowledge):
        for reference in node.requires:
            try:
                place, required = model.resolve(reference)
            except KeyError:
                continue
            names.add(place or required.name)
    if isinstance(node, Knowledge):
        names |= {node.name, *(name for name, _ in node.parameters)}
    return frozenset(names)


def _cell_types(model: Model, table: Table) -> Iterator[Finding]:
    for number, rule in enumerate(table.rules, start=1):
        for column, tests in zip(table.columns, rule.tests, strict=True):
            wanted = _simple_type(model, column)
            if tests is None or not wanted:
                continue
            try:
                cell = read_cell(tests)
            except Opaque:
                continue
            ends = [end for limits in cell.ranges for end in (limits.low, limits.high)] if cell else []
            for end in ends:
                if end is not None and model.items.accept(Run({}), end, wanted)[1]:
                    sentence = f"Rule {number}: {tests.text!r} is compared with {column.label!r}, which is a {wanted}."
                    yield Finding("dmn.cell_type", "error", sentence, rule.line, rule.identifier)
                    break
        yield from _output_types(model, table, number)


def _simple_type(model: Model, column: Column) -> str:
    """The built-in type of an input's single values; empty when it is none."""
    found = model.items.find(column.type) if column.type else None
    return found.name if found is not None and not found.parts and simple(found.name) else ""


def _output_types(model: Model, table: Table, number: int) -> Iterator[Finding]:
    rule = table.rules[number - 1]
    for output, text, node in zip(table.outputs, rule.texts, rule.nodes, strict=True):
        try:
            value = None if node is None or not (output.type or output.allowed) else constant(node)
        except Opaque:
            continue
        if value is None:
            continue
        reason = model.items.accept(Run({}), value, output.type)[1]
        if not reason and output.allowed is not None and output.allowed.accepts(value).value is not True:
            reason = "It is not among the output's values."
        if reason:
            sentence = f"Rule {number}: the output {output.name!r} cannot be {text}. {reason}"
            yield Finding("dmn.cell_type", "error", sentence, rule.line, rule.identifier)


def _rules(table: Table) -> Iterator[Finding]:
    grid = coverage.grid_of(table)
    if grid is None:
        yield Finding("dmn.size", "warning", f"Table {table.name!r} is too large to be checked for gaps.", table.line)
        return
    if table.policy in {"UNIQUE", "ANY"}:
        yield from _overlaps(table, grid)
    try:
        yield from _unreachable(table, grid)
        if table.policy in _SINGLE and table.has_no_default:
            yield from _missing(table, grid)
    except coverage.TooLarge:
        yield Finding("dmn.size", "warning", f"Table {table.name!r} is too large to be checked for gaps.", table.line)


def _overlaps(table: Table, grid: coverage.Grid) -> Iterator[Finding]:
    for one, two, box in coverage.overlaps(grid):
        first, second = table.rules[one.number - 1], table.rules[two.number - 1]
        if table.policy == "ANY" and first.texts == second.texts:
            continue
        sentence = (
            f"Table {table.name!r}: the rules {one.number} and {two.number} both match for {grid.words(box)}, "
            f"but the hit policy {table.policy} allows "
            + ("one rule only." if table.policy == "UNIQUE" else "that only when they say the same.")
        )
        yield Finding("dmn.overlap", "error", sentence, second.line, second.identifier)


def _unreachable(table: Table, grid: coverage.Grid) -> Iterator[Finding]:
    for row in grid.rows:
        rule = table.rules[row.number - 1]
        if coverage.is_empty(row):
            sentence = f"Table {table.name!r}: no input can ever match rule {row.number}."
            yield Finding("dmn.unreachable", "warning", sentence, rule.line, rule.identifier)
        elif table.policy == "FIRST" and (hiding := coverage.is_hidden(grid, row)):
            numbers = ", ".join(map(str, hiding))
            sentence = f"Table {table.name!r}: rule {row.number} is never reached, rule {numbers} matches before it."
            yield Finding("dmn.unreachable", "warning", sentence, rule.line, rule.identifier)


def _missing(table: Table, grid: coverage.Grid) -> Iterator[Finding]:
    for box in coverage.missing(grid):
        sentence = f"Table {table.name!r}: no rule matches for {grid.words(box)}."
        yield Finding("dmn.missing", "warning", sentence, table.line)
