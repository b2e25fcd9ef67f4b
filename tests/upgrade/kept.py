"""The state of a case as the database has it, which is not in one piece where there are many tokens."""

import json
from typing import Any

from engine.runtime import Case
from engine.spiff import parts


def kept(case: Case) -> dict[str, Any]:
    """The state, with its parts in `rows` as far as there are any."""
    sizes = parts.CHUNK[0], parts.LONG[0]
    parts.CHUNK[0], parts.LONG[0] = 64, 100  # lists as outside of tests
    taken = case.take_stored()
    parts.CHUNK[0], parts.LONG[0] = sizes
    rows = [[number, json.loads(text)] for number, text in taken.changed.items()]
    return {**taken.head, "rows": rows} if rows else taken.head
