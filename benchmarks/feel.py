"""How long a compiled condition and a decision table take, beside the same condition in plain Python."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.dmn import Model, read_model
from engine.feel import compile_expression

CONDITION = 'total > 1000 and customer.class = "A"'
VARIABLES = {"total": 1500, "customer": {"class": "A", "name": "ACME"}}
RULES = 100
NOW = datetime(2026, 1, 5, tzinfo=UTC)
BARS = {"condition_us": 5.0, "table_us": 300.0}


def _table() -> Model:
    """A UNIQUE table of 100 rules and 5 columns, each rule with a test in every column."""
    kinds = {"amount": "number", "weight": "number", "region": "string", "kind": "string", "express": "boolean"}
    data = "".join(f'<inputData id="i_{name}" name="{name}"/>' for name in kinds)
    required = "".join(
        f'<informationRequirement><requiredInput href="#i_{name}"/></informationRequirement>' for name in kinds
    )
    inputs = "".join(
        f'<input label="{name}"><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression></input>'
        for name, kind in kinds.items()
    )
    rules = "".join(_rule(number) for number in range(RULES))
    return read_model(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="bench" namespace="bench">'
        f'{data}<decision id="d" name="price">{required}<decisionTable hitPolicy="UNIQUE">{inputs}'
        f'<output name="price"/>{rules}</decisionTable></decision></definitions>'.encode()
    )


def _rule(number: int) -> str:
    step, rest = divmod(number, 4)
    cells = (
        f"[{step * 10}..{step * 10 + 10})",
        "&gt; 0",
        f'"{("north", "south", "east", "west")[rest]}"',
        '"parcel", "pallet"',
        "false",
    )
    tests = "".join(f"<inputEntry><text>{cell}</text></inputEntry>" for cell in cells)
    return f"<rule>{tests}<outputEntry><text>{number}</text></outputEntry></rule>"


def plain_python(variables: dict[str, Any]) -> bool:
    """The same condition as a programmer would write it."""
    return bool(Decimal(variables["total"]) > 1000 and variables["customer"]["class"] == "A")


def median_us(work: Callable[[], Any], rounds: int) -> float:
    """The median time of one call in microseconds, over batches of 100 calls."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(100):
            work()
        times.append((time.perf_counter() - started) * 1e4)
    return round(statistics.median(times), 3)


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure, tell it in words, and return the figures."""
    rounds = 20 if quick else 400
    condition = compile_expression(CONDITION)
    model = _table()
    inputs = {"amount": 245, "weight": 3, "region": "west", "kind": "pallet", "express": False}
    expected = model.decide("price", inputs, now=NOW)
    assert expected.value == Decimal(99), expected
    figures = {
        "condition_us": median_us(lambda: condition.evaluate(VARIABLES), rounds),
        "python_us": median_us(lambda: plain_python(VARIABLES), rounds),
        "table_us": median_us(lambda: model.decide("price", inputs, now=NOW), max(5, rounds // 10)),
    }
    within = {name: figures[name] <= bar for name, bar in BARS.items()}
    print(f"{CONDITION}")
    print(
        f"  compiled FEEL {figures['condition_us']} µs (bar {BARS['condition_us']}), "
        f"plain Python {figures['python_us']} µs"
    )
    print(
        f"UNIQUE table of {RULES} rules and 5 columns, last rule hit: {figures['table_us']} µs (bar {BARS['table_us']})"
    )
    return {"benchmark": "feel", **figures, "bars": BARS, "within_bars": all(within.values())}


if __name__ == "__main__":
    run()
