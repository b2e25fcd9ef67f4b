"""The shape of a form-js schema: what a component must have so that a submission can be read by it."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import re2

_TEXTS = ("key", "path", "expression", "valuesKey", "valuesExpression")
_NUMBERS = ("min", "max", "minLength", "maxLength")
_NEEDED = {"expression": ("key", "expression"), "dynamiclist": ("path",)}
MOST_DIGITS = 30
_CODE = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9a-fA-F]{4})")  # a character by its code, as browsers write it


def components_of(parent: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Every component inside with what is wrong with its shape, in sentences; what is none is told at its parent."""
    for component in parent["components"]:
        if not isinstance(component, dict):
            yield {}, ["A component must be an object with a type."]
            continue
        told = list(_wrong(component))
        inside = component.get("components", [])
        if not isinstance(inside, list):
            yield component, [*told, "Its components must be a list."]
            continue
        yield component, told
        if inside:
            yield from components_of(component)


def _wrong(component: Mapping[str, Any]) -> Iterator[str]:
    for name in _TEXTS:
        if component.get(name) is not None and not isinstance(component[name], str):
            yield f"Its {name} must be a text."
    for name in _NEEDED.get(str(component.get("type")), ()):
        if not component.get(name):
            yield f"It has no {name}."
    if not isinstance(component.get("values") or [], list):
        yield "Its values must be a list."
    conditional = component.get("conditional") or {}
    if not isinstance(conditional, dict) or not isinstance(conditional.get("hide") or "", str):
        yield "Its condition must be an object whose `hide` is an expression."
    digits = component.get("decimalDigits")
    if digits is not None and (type(digits) is not int or not 0 <= digits <= MOST_DIGITS):
        yield f"Its decimalDigits must be a whole number up to {MOST_DIGITS}."
    rules = component.get("validate") or {}
    yield from _wrong_rules(rules) if isinstance(rules, dict) else ["Its rules (`validate`) must be an object."]


def _wrong_rules(rules: Mapping[str, Any]) -> Iterator[str]:
    for name in _NUMBERS:
        value = rules.get(name)
        if value is not None and not _is_expression(value) and number_of(value) is None:
            yield f"Its rule {name} must be a number or an expression."
    pattern = rules.get("pattern")
    if pattern and not _is_expression(pattern):
        try:
            compiled(pattern)
        except ValueError as error:
            yield f"The pattern {pattern} cannot be used: {error}."


def _is_expression(value: object) -> bool:
    return isinstance(value, str) and value.startswith("=")


def number_of(value: object) -> Decimal | None:
    """A rule's number, which may be written as text; None for what is none."""
    try:
        found = Decimal(str(value)) if isinstance(value, int | float | str | Decimal) else None
    except InvalidOperation:
        return None
    return found if found is not None and not isinstance(value, bool) and found.is_finite() else None


def compiled(pattern: object) -> "re2._Regexp[str]":
    """A pattern whose time grows with the text only, however it is written. Raises `ValueError` with a reason."""
    if not isinstance(pattern, str):
        raise ValueError("it is no text")  # noqa: TRY004 -- the value of a file, told as any other
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_CODE.sub(r"\1\\x{\2}", pattern), options)
    except (re2.error, UnicodeError) as error:
        why = "it looks ahead or behind" if re.search(r"\(\?(<?[=!])", pattern) else "it is malformed or looks back"
        raise ValueError(why) from error
