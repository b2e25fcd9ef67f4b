"""What the trail says of files of data that people took."""

from __future__ import annotations

from typing import Any

from audit.queries import entries
from core.identity import SYSTEM
from webapp.bootstrap import Application


def given_out(application: Application, *, what: str) -> list[tuple[str, Any, Any]]:
    """What, of which subject, how many rows."""
    with application.units.reading(SYSTEM) as view:
        found = [each.data for each in entries(view, limit=500).items if each.type == "audit.data_given_out"]
    return [(data["what"], data["subject"], data["rows"]) for data in found if data["what"] == what]
