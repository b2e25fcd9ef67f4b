"""Reads and writes the parts of wide instances' states; small ones have none."""

from collections.abc import Mapping
from typing import Any

from engine.spiff.parts import Stored, has_parts, whole
from engine.store import read_snapshot
from storage.unit_of_work import UnitOfWork
from storage.writes import Writes, to_array

READ = "SELECT number, content FROM instance_part WHERE instance_id = %s ORDER BY number"
DROP = "DELETE FROM instance_part WHERE instance_id = %(instance)s AND"
PUT = (
    "INSERT INTO instance_part (instance_id, number, content) SELECT %(instance)s, part.number, part.content "
    "FROM unnest(%(part_numbers)s::integer[], %(part_contents)s::jsonb[]) AS part (number, content) "
    "ON CONFLICT (instance_id, number) DO UPDATE SET content = excluded.content"
)


def read_state(unit: UnitOfWork, instance_id: str, known: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The stored state of a locked instance, with its parts where it has some; `known` is all but these."""
    snapshot = known or read_snapshot(unit, instance_id)
    if not has_parts(snapshot):
        return snapshot
    return {**snapshot, "rows": unit.driver.execute(READ, (instance_id,)).fetchall()}


def read_whole(unit: UnitOfWork, instance_id: str) -> Mapping[str, Any]:
    """The stored state of an instance that this unit has locked, in one piece."""
    found = read_state(unit, instance_id)
    return whole(found, found.get("rows", ()))


def write_parts(writing: Writes, stored: Stored) -> None:
    """The parts that changed."""
    if stored.first:
        writing.add(f"{DROP} number < %(first_part)s", first_part=stored.first)
    if stored.gone:
        writing.add(f"{DROP} number = ANY(%(parts_gone)s::integer[])", parts_gone=to_array(map(str, stored.gone)))
    if stored.changed:
        numbers, contents = map(str, stored.changed), stored.changed.values()
        writing.add(PUT, part_numbers=to_array(numbers), part_contents=to_array(contents))
