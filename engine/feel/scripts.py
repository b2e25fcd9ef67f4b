"""Script tasks: lines `name = expression`, evaluated in order, each seeing the ones before."""

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.feel.errors import FeelSyntaxError, Problem
from engine.feel.expressions import Expression, compile_expression
from engine.feel.lexer import KEYWORDS, words_of
from engine.feel.run import Run

_ASSIGNMENT = re.compile(r"\s*([^\W\d][^=\n\"(){}\[\]<>!,]*?)\s*=(?!=)", re.UNICODE)


class Script:
    """Assignments ready to be run."""

    def __init__(self, assignments: list[tuple[str, int, Expression]]) -> None:
        self.assignments = assignments  # name, offset of the expression in the script's text, expression

    @property
    def names(self) -> frozenset[str]:
        """The variables that must exist before the script runs."""
        known: set[str] = set()
        needed: set[str] = set()
        for name, _, expression in self.assignments:
            needed |= expression.names - known
            known.add(name)
        return frozenset(needed)

    @property
    def assigned(self) -> tuple[str, ...]:
        """The variables that the script sets, in their order."""
        return tuple(dict.fromkeys(name for name, _, _ in self.assignments))

    def run(
        self, variables: Mapping[str, Any], *, now: datetime | None = None
    ) -> tuple[dict[str, Any], tuple[Problem, ...]]:
        """What the lines assign, and the problems met on the way; never raises."""
        assigned: dict[str, Any] = {}
        problems: list[Problem] = []
        seen = ChainMap(assigned, variables)  # type: ignore[arg-type]
        run = Run(seen, now)
        for name, offset, expression in self.assignments:
            with run.within(seen, None) as line:
                line.problems = []
                assigned[name] = expression.fitting(seen).value(line)
            problems += [Problem(item.message, item.start + offset, item.end + offset) for item in line.problems]
        run.settle()
        return assigned, tuple(problems)


@lru_cache(maxsize=1024)
def _script(text: str, names: frozenset[str]) -> Script:
    assignments: list[tuple[str, int, Expression]] = []
    known = set(names)
    for start, end in _statements(text):
        match = _ASSIGNMENT.match(text, start, end)
        name = " ".join(match[1].split()) if match else ""
        if match is None or words_of(name) is None or name in KEYWORDS:
            raise FeelSyntaxError("A line of a script reads: name = expression.", start, end)
        offset = match.end()
        try:
            expression = compile_expression(text[offset:end], frozenset(known))
        except FeelSyntaxError as error:
            raise FeelSyntaxError(error.sentence, error.start + offset, error.end + offset) from None
        assignments.append((name, offset, expression))
        known.add(name)
    return Script(assignments)


def compile_script(text: str, names: Iterable[str] = ()) -> Script:
    """A script, cached; raises FeelSyntaxError. An expression goes on over lines that do not begin with `name =`."""
    return _script(text, frozenset(names))


def single_value(name: str, text: str) -> Script:
    """A script that is one expression, whose value goes to a variable; raises FeelSyntaxError."""
    try:
        assigned = compile_script(text).assigned
    except FeelSyntaxError:
        return Script([(name, 0, compile_expression(text))])
    told = ", ".join(assigned)
    sentence = f"The script assigns {told}, so it has no value that {name} could take; write one expression alone"
    raise FeelSyntaxError(f"{sentence} (a comparison in parentheses).", 0, len(text))


def _statements(text: str) -> list[tuple[int, int]]:
    """Where each assignment starts and ends: a new one begins on a line `name =` outside of all brackets."""
    starts: list[int] = []
    depth = 0
    position = 0
    for line in text.splitlines(keepends=True):
        content = _without_comment(line)
        if content.strip():
            if depth <= 0 and (not starts or _ASSIGNMENT.match(line)):
                starts.append(position)
            bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", content)
            depth += sum(bare.count(sign) for sign in "([{") - sum(bare.count(sign) for sign in ")]}")
        position += len(line)
    return list(zip(starts, [*starts[1:], len(text)], strict=False))


def _without_comment(line: str) -> str:
    return re.sub(r'("(?:[^"\\]|\\.)*")|//.*', lambda match: match[1] or "", line)
