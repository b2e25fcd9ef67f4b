"""Writes the tables of docs/reference/bpmn.md from the code: `python -m engine.bpmn.reference`."""

import re
from pathlib import Path

from engine.bpmn.extensions import CAMUNDA_ATTRIBUTES, CAMUNDA_REFUSED, OBIEG_ATTRIBUTES, OBIEG_REFUSED
from engine.bpmn.support import table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "bpmn.md"


def elements() -> str:
    """Every element and position with its verdict."""
    rows = [
        f"| `{element}` | {position} | {'runs' if verdict.runs else 'refused'} | {verdict.because} |"
        for element, position, verdict in table()
    ]
    return "\n".join(["| element | position or trigger | verdict | because |", "|---|---|---|---|", *rows])


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
    """The page with its three tables as the code has them now."""
    tables = iter([elements(), attributes(), refused()])
    return re.sub(r"^\|.*(?:\n\|.*)*", lambda _: next(tables), text, flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
