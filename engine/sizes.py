"""How large the variables of one case may become: what is stored with every step must stay small enough to store."""

import json
from typing import Any

from core.errors import TooLarge
from engine.runtime import Case

_LIMIT = [4 << 20]  # bytes of JSON; a list, so that it can be set
_KEPT = ("vars", "items", "out", "payload", "records", "todo")  # where tokens keep values


class VariablesTooLarge(TooLarge):
    """A command would store more variables in a case than this installation keeps; nothing has changed."""

    code = "variables_too_large"


def use_limit(size: int) -> None:
    """From now on a case keeps at most so many bytes of variables, as JSON."""
    _LIMIT[0] = size


def check_size(size: int, case: Case, instance_id: str) -> None:
    """Refuse a state with too large variables; a small state is not looked into. Raises `VariablesTooLarge`."""
    limit = _LIMIT[0]
    if size <= limit:
        return
    snapshot = case.snapshot()
    sizes = {name: _size(value) for name, value in snapshot["variables"].items()}
    inner = sum(_size(internal[key]) for *_, internal in snapshot["tokens"] for key in _KEPT if key in internal)
    total = sum(sizes.values()) + inner + _size(snapshot.get("records", []))
    if total <= limit:
        return
    largest = max(sizes, key=lambda name: sizes[name], default="")
    told = f"; the largest is {largest} with {sizes[largest]} bytes" if largest else ""
    raise VariablesTooLarge(
        f"The variables of the case would take {total} bytes, at most {limit} are kept{told}. File large data as a "
        "document and keep its id.",
        instance=instance_id,
        size=total,
        limit=limit,
        largest=largest,
    )


def _size(value: Any) -> int:
    return len(json.dumps(value))
