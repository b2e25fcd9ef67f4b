"""Writes the tables of docs/reference/bpmn.md from the code: `python -m engine.bpmn.reference`."""

import re
from pathlib import Path

from engine.bpmn.extensions import CAMUNDA_ATTRIBUTES, CAMUNDA_REFUSED, OBIEG_ATTRIBUTES, OBIEG_REFUSED
from engine.bpmn.standard import ATTRIBUTES, Attribute
from engine.bpmn.support import table

_MANY = 9  # places that are told by name
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "bpmn.md"


def elements() -> str:
    """Every element and position with its verdict."""
    rows = [
        f"| `{element}` | {position} | {'runs' if verdict.runs else 'refused'} | {verdict.because} |"
        for element, position, verdict in table()
    ]
    return "\n".join(["| element | position or trigger | verdict | because |", "|---|---|---|---|", *rows])


def standard() -> str:
    """The attributes of the standard, and which of their values are executed."""
    rows = [
        f"| `{name}` | {_places(each)} | {each.verdict} | {_values(each)} | {each.because} |"
        for name, found in ATTRIBUTES.items()
        for each in found
    ]
    head = ["| attribute | where | verdict | values, others are refused | what it says |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _places(attribute: Attribute) -> str:
    if "*" in attribute.places:
        return "any"
    if len(attribute.places) > _MANY:
        return "activities" if "userTask" in attribute.places else "expressions"
    return ", ".join(f"`{place}`" for place in sorted(attribute.places))


def _values(attribute: Attribute) -> str:
    if {"true", "false"} <= attribute.values:
        return "`true`, `false`"
    return ", ".join(f"`{value}`" for value in sorted(attribute.values) if value not in {"0", "1"}) or "any"


def attributes() -> str:
    """The attributes that are understood."""
    rows = []
    for prefix, known in (("camunda", CAMUNDA_ATTRIBUTES), ("obieg", OBIEG_ATTRIBUTES)):
        for name, (places, does) in known.items():
            where = "any" if places == {"*"} else ", ".join(f"`{place}`" for place in sorted(places))
            rows.append(f"| `{prefix}:{name}` | {where} | {does} |")
    return "\n".join(["| attribute | where | what it does |", "|---|---|---|", *rows])


def refused() -> str:
    """The attributes and extension elements that are refused."""
    rows = [f"| `camunda:{name}` | {because} |" for name, because in CAMUNDA_REFUSED.items()]
    rows += [f"| `obieg:{name}` | {because} |" for name, because in OBIEG_REFUSED.items()]
    return "\n".join(["| refused | because |", "|---|---|", *rows])


def page(text: str) -> str:
    """The page with its four tables as the code has them now."""
    tables = iter([elements(), standard(), attributes(), refused()])
    return re.sub(r"^\|.*(?:\n\|.*)*", lambda _: next(tables), text, flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
