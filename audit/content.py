"""What exactly is hashed: entries and personal values as canonical JSON (RFC 8785), and the two hashes of the trail."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, cast

import rfc8785

FORMAT = 1  # the entry's field `v`; a reader refuses what it does not know
GENESIS = bytes(32)  # the previous hash of a chain's first entry
SALT = 32  # bytes; a fixed length keeps salt and value apart
EXACT = 2**53  # RFC 8785 writes numbers as doubles, which are exact only below


def canonical(value: Any) -> bytes:
    """The bytes of a value: the same value gives the same bytes on every machine and in every release.

    Decimals, times and integers beyond 2^53 become strings, because a JSON number would lose digits. Raises
    `TypeError` for what has no such form.
    """
    return rfc8785.dumps(cast("Any", plain(value)))


def chain_hash(previous: bytes, content: bytes) -> bytes:
    """The hash of an entry: SHA-256 over its predecessor's hash followed by its own canonical bytes."""
    return hashlib.sha256(previous + content).digest()


def commitment(salt: bytes, content: bytes) -> bytes:
    """What an entry shows of a personal value: SHA-256 over the secret salt followed by the value's canonical bytes."""
    return hashlib.sha256(salt + content).digest()


def moment(at: datetime) -> str:
    """A point in time as the trail writes it: UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:  # noqa: C901, PLR0912 -- one line per type reads better than a table of functions
    """The value in the types that JSON knows."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool():
            return value
        case str():
            return _text(value)
        case int():
            return value if -EXACT < value < EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(Decimal(value))
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case Decimal():
            return str(value)
        case datetime():
            return moment(value) if value.tzinfo else value.isoformat(timespec="microseconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return f"PT{Decimal(value // timedelta(microseconds=1)).scaleb(-6):f}S"
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=rfc8785.dumps)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in the trail")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _text(str(key))
    raise TypeError(f"a key of type {type(key).__name__} has no form in the trail")


def _text(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, which browsers can send in JSON, becomes its escape."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()
