"""What inbox searches see of a task: the variables that its process declares, which follow when they change."""

from collections.abc import Mapping
from typing import Any

from core.jsontext import to_json
from engine.feel.values import plain
from engine.runtime import Case, Changes
from storage.writes import Writes

FOLLOW = (
    "UPDATE work_item w SET search = new.search FROM unnest(%(searched)s::text[], %(search)s::jsonb[]) "
    'AS new (id, search) WHERE w.instance_id = %(instance)s AND w.id = new.id COLLATE "C" AND w.search <> new.search'
)


def columns(case: Case, seen: Mapping[str, Any]) -> str:
    """The declared variables among those that a task sees, as JSON."""
    return to_json({name: plain(seen[name]) for name in case.program.process.searchable if name in seen})


def follow(writing: Writes, case: Case, changes: Changes) -> None:
    """Bring the tasks up to date that were open before; written only where it is another."""
    before = [task.id for task in case.open_tasks() if task.id not in changes.opened]
    if before:
        writing.add(FOLLOW, searched=before, search=[columns(case, case.seen_by(token)) for token in before])
