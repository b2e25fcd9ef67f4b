"""JSON in and out: numbers keep their digits, times are UTC, and text that no database can hold is refused."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, NoReturn

from flask import Response, request
from pydantic import BaseModel

from core.errors import TooLarge
from webapp.errors import BadRequest, UnsupportedMedia

LARGEST = 8 << 20  # bytes of a JSON body; documents come as multipart
DEEPEST = 100  # levels of nesting


def read_json() -> Any:
    """The body as plain JSON values; an empty body is an empty object. Raises `BadRequest` and its like."""
    if (request.content_length or 0) > LARGEST:
        raise TooLarge(f"A JSON body may have {LARGEST >> 20} MiB at most.", limit=LARGEST)
    raw = request.stream.read(LARGEST + 1)  # a body of unknown length is bounded here
    if len(raw) > LARGEST:
        raise TooLarge(f"A JSON body may have {LARGEST >> 20} MiB at most.", limit=LARGEST)
    if not raw:
        return {}
    if not request.is_json:
        raise UnsupportedMedia("Send the body as JSON, with the header Content-Type: application/json.")
    return parse(raw)


def parse(raw: bytes) -> Any:
    """JSON text as plain values. Raises `BadRequest`."""
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except RecursionError:
        raise BadRequest("The JSON body is nested too deeply.") from None
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    _check(value, DEEPEST)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: Any, levels: int) -> None:
    if levels == 0:
        raise BadRequest("The JSON body is nested too deeply.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadRequest("The JSON body contains a number that is too large.")
    elif isinstance(value, list):
        for each in value:
            _check(each, levels - 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            _check_text(name)
            _check(each, levels - 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BadRequest("The JSON body contains a NUL character, which no text may have.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRequest("The JSON body contains half a surrogate pair; it is not text.") from None


def answer_json(value: Any, *, status: int = 200) -> Response:
    """An answer with this value as its body."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text, status=status, mimetype="application/json")


def plain(value: Any) -> Any:
    """Records and values as plain JSON."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, set | frozenset):
        return [plain(each) for each in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _number(value: Decimal) -> int | float | str:
    """A JSON number where one says the same; a text where every reader of JSON would lose digits."""
    if value == value.to_integral_value() and value.adjusted() < 15:
        return int(value)
    nearest = float(value)
    return nearest if Decimal(repr(nearest)) == value else str(value)
