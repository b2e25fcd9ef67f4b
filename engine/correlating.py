"""The keys that a message has in its content: what the correlation properties of deployed processes read there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine import catalog
from engine.bpmn.model import Process
from engine.feel.kinds import imported
from engine.models import StartEventRow
from storage.unit_of_work import UnitOfWork

PATH = "message_path"  # in the place of a start event: the newest version of a process knows where a message has a key


def keys_in(unit: UnitOfWork, name: str, payload: Mapping[str, Any]) -> dict[str, str]:
    """By property, the keys of a message as the newest versions of all processes read them."""
    wanted = (StartEventRow.kind == PATH) & (StartEventRow.name == name)
    found: dict[str, str] = {}
    for definition in unit.session.scalars(select(StartEventRow.definition_id).where(wanted).distinct()).all():
        found |= read_keys(catalog.program(unit, definition).process, name, payload, unit.clock.now())
    return found


def read_keys(process: Process, name: str, payload: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """By property, the keys of a message; what is no text or number there is no key."""
    values = imported(dict(payload))
    found: dict[str, str] = {}
    for path in process.paths:
        value = path.value.evaluate(values, now) if path.message == name else None
        if value is not None and not isinstance(value, bool | list | dict) and str(value):
            found[path.key] = str(value)
    return found
