"""Values that a designer writes: FEEL after `=`, text as it stands, and the simple part of Camunda's `${…}`."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.errors import InvalidInput
from core.records import dataclass
from engine.feel import Expression, compile_expression

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?)
    | (?P<string>'[^'\\]*'|"[^"\\]*")
    | (?P<operator>==|!=|<=|>=|&&|\|\||[<>()+\-*/])
    | (?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    )""",
    re.VERBOSE,
)
_WORDS = {"==": "=", "eq": "=", "ne": "!=", "gt": ">", "lt": "<", "ge": ">=", "le": "<=", "&&": "and", "||": "or"}
_REFUSED_WORDS = frozenset({"empty", "not", "div", "mod", "instanceof"})


class NotTranslatable(InvalidInput):
    """A `${…}` expression that is more than a comparison or a path."""

    code = "expression_not_translatable"


@dataclass(frozen=True, slots=True)
class Value:
    """A text or a compiled expression."""

    text: str
    expression: Expression | None

    def evaluate(self, variables: Mapping[str, Any], now: datetime) -> Any:
        """The text itself, or what the expression gives (None where it cannot be evaluated)."""
        if self.expression is None:
            return self.text
        return self.expression.evaluate(variables, now=now).value

    def problems(self, variables: Mapping[str, Any], now: datetime) -> str:
        """Why an expression gave nothing, in words; empty when there is nothing to say."""
        if self.expression is None:
            return ""
        return "; ".join(problem.message for problem in self.expression.evaluate(variables, now=now).problems)


def attribute(text: str) -> Value:
    """An attribute's value: FEEL after `=`, `${…}` where it translates, else the text. Raises `InvalidInput`."""
    stripped = text.strip()
    if stripped.startswith("="):
        return Value(stripped, compile_expression(stripped[1:]))
    if "${" in stripped or "#{" in stripped:
        return Value(stripped, compile_expression(translate(stripped)))
    return Value(stripped, None)


def formula(text: str) -> Value:
    """A text that is always an expression, with or without `=` in front. Raises `InvalidInput`."""
    stripped = text.strip()
    if "${" in stripped or "#{" in stripped:
        return Value(stripped, compile_expression(translate(stripped)))
    return Value(stripped, compile_expression(stripped.removeprefix("=")))


def translate(text: str) -> str:
    """The FEEL that says the same as a `${…}` comparison or path. Raises `NotTranslatable`."""
    match = re.fullmatch(r"[$#]\{([^{}]*)\}", text.strip())
    if match is None:
        raise NotTranslatable(f"{text} mixes text and expressions; write one FEEL expression after =.")
    body, position, words = match[1].strip(), 0, []
    before = ""
    while position < len(body):
        token = _TOKEN.match(body, position)
        if token is None or token["path"] in _REFUSED_WORDS or (token["operator"] == "(" and before == "path"):
            raise NotTranslatable(f"{text} is more than a comparison or a path; write it in FEEL after =.")
        before = token.lastgroup or ""
        word = token[before]
        words.append(f'"{word[1:-1]}"' if before == "string" else _WORDS.get(word, word))
        if word in _WORDS or word in {"and", "or"}:
            before = "operator"
        position = token.end()
    if not words:
        raise NotTranslatable(f"{text} is empty.")
    return " ".join(words)
