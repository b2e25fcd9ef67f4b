"""A tree as it is stored, and back: in one piece, or in parts once it has many tokens or long lists."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.jsontext import to_json
from engine.spiff.parts import NARROW, WIDE, Part, Stored, has_long_lists, split, whole
from engine.spiff.stored import pack, unpack
from engine.spiff.wide import Wide


def restore(tree: Any, snapshot: Mapping[str, Any]) -> list[Part]:
    """Take over a stored state; the tree must be new. A state in parts has them in `rows`, which are returned."""
    rows: list[Part] | None = snapshot.get("rows")
    if rows is None:
        unpack(tree, snapshot)
        return []
    unpack(tree, whole(snapshot, rows))
    Wide(tree, rows)
    return rows


def take_stored(tree: Any, *, follows: bool = True) -> Stored:
    """What has to be written since this was asked last: all of a small tree, of a wide one what changed.

    Unless the tree `follows` itself, all of it is written each time.
    """
    wide: Wide | None = tree.wide if follows else None
    is_long = any(has_long_lists(task.__dict__["internal_data"]) for task in _few(tree))
    if wide is not None and (is_long or len(tree.tasks) >= NARROW):
        taken = wide.take()
        tree.parts = taken.head["parts"]
        return taken
    before = tree.parts
    if len(tree.tasks) <= WIDE and not is_long:
        if wide is not None:
            wide.leave()
        tree.parts = 0
        return Stored(head=pack(tree), first=before)
    head, rows = split(pack(tree), before)
    tree.parts = head["parts"]
    if follows:
        Wide(tree, rows)
    texts = {number: to_json(content) for number, content in rows}
    return Stored(head=head, first=before, changed=texts, size=sum(map(len, texts.values())))


def _few(tree: Any) -> Iterable[Any]:
    """The tokens of a tree that is not stored in parts for their number alone."""
    return tree.tasks.values() if len(tree.tasks) <= WIDE else ()
