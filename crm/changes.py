"""What differs between two states of a record, as the trail tells it."""

from collections.abc import Iterable
from dataclasses import is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from crm.money import plain
from crm.profiles import stored


def differences(before: Any, after: Any, names: Iterable[str]) -> dict[str, Any]:
    """Field to [old, new], for these fields of two records of the same kind."""
    return {name: [told(getattr(before, name)), told(getattr(after, name))] for name in sorted(names)}


def told(value: Any) -> Any:
    """A value in the types that JSON knows."""
    match value:
        case Decimal():
            return plain(value)
        case tuple():
            return stored(value) if value and is_dataclass(value[0]) else list(value)
        case date():  # moments too
            return value.isoformat()
        case _:
            return value
