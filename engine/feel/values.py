"""FEEL values to JSON and back: without loss for storage, readable for people."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.kinds import Function, Range, YearsMonths, imported, kind
from engine.feel.temporal import at_literal, temporal_text

__all__ = ["Function", "Range", "YearsMonths", "decode", "encode", "imported", "kind", "plain"]

_TEMPORAL = (datetime, date, time, timedelta, YearsMonths)
_LONGEST_INTEGER = 40  # digits that are written out


def encode(value: Any) -> Any:
    """JSON from which `decode` makes the equal value; dates and the like become `{"@": "date", "v": "2026-01-01"}`.

    Functions cannot be stored and become null; what is no FEEL value at all raises TypeError.
    """
    if value is None or isinstance(value, (str, bool, int)):  # a tuple of types is checked faster than their union
        return value
    if isinstance(value, (Decimal, float)):
        return _number(value, lambda text: {"@": "number", "v": text})
    if isinstance(value, _TEMPORAL):
        return {"@": kind(value), "v": temporal_text(value)}
    if isinstance(value, Mapping):
        entries = {str(key): encode(item) for key, item in value.items()}
        return {"@": "context", "v": entries} if "@" in entries else entries
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, Range):
        ends = {"low": encode(value.low), "high": encode(value.high)}
        sign = {"sign": value.sign} if value.sign else {}
        return {"@": "range", "v": {**ends, "included": [value.low_included, value.high_included], **sign}}
    if isinstance(value, Function):
        return None
    raise TypeError(f"a value of type {kind(value)} cannot be stored as JSON")


def decode(stored: Any) -> Any:
    """The value that `encode` stored; any other JSON is read as FEEL reads it, numbers as Decimal."""
    if isinstance(stored, Mapping):
        tag = stored.get("@")
        if isinstance(tag, str) and stored.keys() == {"@", "v"}:
            return _DECODERS.get(tag, _temporal)(stored["v"])
        return {str(key): decode(item) for key, item in stored.items()}
    if isinstance(stored, list | tuple):
        return [decode(item) for item in stored]
    return imported(stored)


def plain(value: Any) -> Any:
    """JSON for people and the REST interface: dates and durations as ISO 8601 text, functions and ranges as text."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, Decimal | float):
        return _number(value, lambda text: text)
    if isinstance(value, _TEMPORAL):
        return temporal_text(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Range):
        return range_text(value, lambda end: str(plain(end)))
    return str(value)


def range_text(value: Range, text: Callable[[Any], str]) -> str:
    """A range as FEEL writes it, each end written by `text`; one open end makes it a comparison."""
    if value.low is None and value.high is not None:
        return f"(<{'=' if value.high_included else ''}{text(value.high)})"
    if value.high is None and value.low is not None:
        return f"(>{'=' if value.low_included else ''}{text(value.low)})"
    opening, closing = "[" if value.low_included else "(", "]" if value.high_included else ")"
    return f"{opening}{text(value.low)}..{text(value.high)}{closing}"


def _number(value: Decimal | float, otherwise: Callable[[str], Any]) -> Any:
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if number == number.to_integral_value() and number.adjusted() < _LONGEST_INTEGER:
        return int(number)
    near = float(number)
    return near if Decimal(repr(near)) == number else otherwise(str(number))


def _temporal(text: Any) -> Any:
    value = at_literal(text) if isinstance(text, str) else None
    if value is None:
        raise ValueError(f"{text!r} is no stored FEEL value")
    return value


def _range(stored: Any) -> Range:
    low_included, high_included = stored["included"]
    sign = str(stored.get("sign", ""))
    return Range(decode(stored["low"]), decode(stored["high"]), bool(low_included), bool(high_included), sign)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "number": Decimal,
    "context": lambda entries: {str(key): decode(item) for key, item in entries.items()},
    "range": _range,
}
