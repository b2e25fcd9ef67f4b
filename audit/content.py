"""What exactly is hashed: entries and personal values as canonical JSON (RFC 8785), and the two hashes of the trail."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from typing import Any, cast

import orjson
import rfc8785

FORMAT = 1  # the entry's field `v`; a reader refuses what it does not know
GENESIS = bytes(32)  # the previous hash of a chain's first entry
SALT = 32  # bytes; a fixed length keeps salt and value apart
EXACT = 2**53  # RFC 8785 writes numbers as doubles, which are exact only below
_BEYOND = re.compile(rb"[\xf0-\xf4]")  # RFC 8785 sorts keys beyond the basic plane as UTF-16 does
_OPTIONS = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)  # fmt: skip

SIMPLE = {str, bool, type(None), Decimal, datetime, date, time}  # the last ones become text


def canonical(value: Any) -> bytes:
    """The bytes of a value: the same value gives the same bytes on every machine and in every release.

    Decimals, times and integers beyond 2^53 become strings, because a JSON number would lose digits. Raises
    `TypeError` for what has no such form.
    """
    try:
        content = orjson.dumps(value, plain, _OPTIONS)  # twenty times as fast as rfc8785, and nearly always the same
    except (TypeError, ValueError):  # half a surrogate pair, more than 64 bits, or something without a form
        content = b""
    if content and (content.isascii() or not _BEYOND.search(content)) and _is_simple(value):
        return content
    return rfc8785.dumps(cast("Any", plain(value)))


def _is_simple(value: Any) -> bool:
    """Whether orjson writes a value as RFC 8785 does: it has other ideas of floats and of huge integers."""
    todo = [value]
    for each in todo:  # grows
        kind = type(each)
        if kind is dict:
            todo += each.values()
        elif kind is list or kind is tuple:
            todo += each
        elif kind is int:
            if not -EXACT < each < EXACT:
                return False
        elif kind not in SIMPLE:
            return False
    return True


def chain_hash(previous: bytes, content: bytes) -> bytes:
    """The hash of an entry: SHA-256 over its predecessor's hash followed by its own canonical bytes."""
    return hashlib.sha256(previous + content).digest()


def commitment(salt: bytes, content: bytes) -> bytes:
    """What an entry shows of a personal value: SHA-256 over the secret salt followed by the value's canonical bytes."""
    return hashlib.sha256(salt + content).digest()


def moment(at: datetime) -> str:
    """A point in time as the trail writes it: UTC with microseconds."""
    here = at if at.tzinfo is UTC else at.astimezone(UTC)
    return here.isoformat(timespec="microseconds").replace("+00:00", "Z")


@singledispatch
def plain(value: Any) -> Any:
    """The value in the types that JSON knows."""
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in the trail")


@plain.register(bool)
@plain.register(type(None))
def _(value: Any) -> Any:
    return value


@plain.register
def _(value: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, which browsers can send in JSON, becomes its escape."""
    if value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


@plain.register
def _(value: int) -> int | str:
    return value if -EXACT < value < EXACT else str(value)


@plain.register
def _(value: float) -> Any:
    if not math.isfinite(value):
        return str(Decimal(value))
    return plain(int(value)) if value.is_integer() else value  # whole numbers have one form, however computed


@plain.register(dict)
def _(value: dict[Any, Any]) -> dict[str, Any]:
    return {_key(key): plain(item) for key, item in value.items()}


@plain.register(list)
@plain.register(tuple)
def _(value: list[Any]) -> list[Any]:
    return [plain(item) for item in value]


@plain.register(set)
@plain.register(frozenset)
def _(value: frozenset[Any]) -> list[Any]:
    return sorted((plain(item) for item in value), key=canonical)


@plain.register
def _(value: Enum) -> Any:
    return plain(value.value)


@plain.register
def _(value: Decimal) -> str:
    return str(value)


@plain.register
def _(value: datetime) -> str:
    return moment(value) if value.tzinfo else value.isoformat(timespec="microseconds")


@plain.register
def _(value: date | time) -> str:
    return value.isoformat()


@plain.register
def _(value: timedelta) -> str:
    return f"PT{Decimal(value // timedelta(microseconds=1)).scaleb(-6):f}S"


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key if key.isascii() else key.encode("utf-8", "backslashreplace").decode()
    raise TypeError(f"a key of type {type(key).__name__} has no form in the trail")
