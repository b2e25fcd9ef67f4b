"""`obieg feel` and `obieg decide`: one expression, one decision, without a server or database."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from engine.dmn import Model, read_model
from engine.dmn.imports import by_namespace, imported_models
from engine.feel import FeelSyntaxError, Problem, compile_expression, decode, plain
from webapp.cli import FINDINGS, print_json


def _context(text: str, option: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise click.UsageError(f"{option} is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise click.UsageError(f"{option} must be a JSON object.")
    try:
        return {name: decode(item) for name, item in value.items()}
    except (ValueError, ArithmeticError) as error:
        raise click.UsageError(f"{option}: {error}.") from error


def _underlined(text: str, problem: Problem) -> str:
    """The line of the text with the place marked below it."""
    start, end = max(problem.start, 0), max(problem.end, problem.start + 1)
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    line = text[first : len(text) if last < 0 else last]
    return f"{line}\n{' ' * (start - first)}{'^' * max(1, min(end - start, len(line) - (start - first)))}"


@click.command()
@click.argument("expression")
@click.option("--context", "context_text", default="{}", metavar="JSON", help='Variables, such as {"total": 1200}.')
@click.pass_context
def feel(context: click.Context, expression: str, context_text: str) -> None:
    """Evaluate one FEEL EXPRESSION and print its value as JSON; exit code 1 when a part of it was wrong."""
    variables = _context(context_text, "--context")
    try:
        outcome = compile_expression(expression).evaluate(variables)
    except FeelSyntaxError as error:
        place = Problem(error.sentence, error.start, error.end)
        click.echo(f"{_underlined(expression, place)}\n{error.sentence}", err=True)
        context.exit(FINDINGS)
    print_json(plain(outcome.value))
    for problem in outcome.problems:
        click.echo(f"{_underlined(expression, problem)}\n{problem.message}", err=True)
    context.exit(FINDINGS if outcome.problems else 0)


def _model(path: Path) -> Model:
    """The model of a file; what it imports is looked for in the files beside it."""
    content = path.read_bytes()
    beside = by_namespace(each.read_bytes() for each in sorted(path.parent.glob("*.dmn")) if each != path)
    return read_model(content, imported_models(content, beside))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--decision", required=True, metavar="NAME", help="Name or id of a decision or decision service.")
@click.option("--input", "input_text", default="{}", metavar="JSON", help="Input data by name.")
@click.pass_context
def decide(context: click.Context, file: Path, decision: str, input_text: str) -> None:
    """Evaluate a decision of FILE; print its result, the rules that fired and the problems as one JSON object."""
    decided = _model(file).decide(decision, _context(input_text, "--input"))
    print_json(
        {
            "result": plain(decided.value),
            "rules": [
                {
                    "table": rule.table,
                    "rule": rule.index,
                    "inputs": plain(rule.inputs),
                    "outputs": plain(rule.outputs),
                }
                for rule in decided.rules
            ],
            "problems": [problem.message for problem in decided.problems],
        }
    )
    context.exit(FINDINGS if decided.problems else 0)
