"""What exactly is hashed: entries and personal values as canonical JSON (RFC 8785), and the two hashes of the trail."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from typing import Any, cast

import rfc8785

FORMAT = 1  # the entry's field `v`; a reader refuses what it does not know
GENESIS = bytes(32)  # the previous hash of a chain's first entry
SALT = 32  # bytes; a fixed length keeps salt and value apart
EXACT = 2**53  # RFC 8785 writes numbers as doubles, which are exact only below
# where Python's JSON differs from RFC 8785: huge integers, exponents, whole floats, keys beyond the basic plane
_SHAPES = bytes.maketrans(b"123456789\xf1\xf2\xf3\xf4", b"000000000\xf0\xf0\xf0\xf0")
_ZEROS = b"0" * 16
NESTED = (dict, list, tuple)
_WHOLE = re.compile(rb"\.0\b")


def canonical(value: Any) -> bytes:
    """The bytes of a value: the same value gives the same bytes on every machine and in every release.

    Decimals, times and integers beyond 2^53 become strings, because a JSON number would lose digits. Raises
    `TypeError` for what has no such form.
    """
    try:
        content = _encode(value).encode()  # several times as fast as rfc8785, and nearly always the same
    except ValueError:  # NaN, half a surrogate pair
        content = b""
    if content and not _is_special(content) and _has_text_keys(value):
        return content
    return rfc8785.dumps(cast("Any", plain(value)))


def _is_special(content: bytes) -> bool:
    """Whether the fast way may be wrong; text that only looks like it costs time, nothing else."""
    shape = content.translate(_SHAPES)
    return (
        (_ZEROS in shape and any(before + _ZEROS in shape for before in (b'":', b"[", b",", b"-")))
        or b"0e+" in shape
        or b"0e-" in shape
        or b"\xf0" in shape
        or shape[:1] == b"0"
        or (b".0" in shape and _WHOLE.search(content) is not None)
    )


def _has_text_keys(value: Any) -> bool:
    todo = [value] if isinstance(value, NESTED) else []
    while todo:
        inner = todo.pop()
        if isinstance(inner, dict) and set(map(type, inner)) - {str}:
            return False
        items = inner.values() if isinstance(inner, dict) else inner
        todo += [item for item in items if isinstance(item, NESTED)]
    return True


def chain_hash(previous: bytes, content: bytes) -> bytes:
    """The hash of an entry: SHA-256 over its predecessor's hash followed by its own canonical bytes."""
    return hashlib.sha256(previous + content).digest()


def commitment(salt: bytes, content: bytes) -> bytes:
    """What an entry shows of a personal value: SHA-256 over the secret salt followed by the value's canonical bytes."""
    return hashlib.sha256(salt + content).digest()


def moment(at: datetime) -> str:
    """A point in time as the trail writes it: UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


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


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=plain
).encode


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key if key.isascii() else key.encode("utf-8", "backslashreplace").decode()
    raise TypeError(f"a key of type {type(key).__name__} has no form in the trail")
