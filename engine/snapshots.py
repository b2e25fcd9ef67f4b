"""Reads stored snapshots without their definition: what a page shows of a case."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from engine.feel.values import decode, plain
from engine.models import InstancePartRow, InstanceRow
from engine.spiff.element import INSTANCE
from engine.spiff.parts import whole
from storage.unit_of_work import Reading

# the parts of an instance's state, read with its row in one statement: between two it may have gone on
PARTS = (
    select(func.jsonb_agg(func.jsonb_build_array(InstancePartRow.number, InstancePartRow.content)))
    .where(InstancePartRow.instance_id == InstanceRow.id)
    .correlate(InstanceRow)
    .scalar_subquery()
)


def state_of(view: Reading, instance_id: str) -> dict[str, Any] | None:
    """The stored state of an instance in one piece; None where there is no such instance."""
    query = select(InstanceRow.snapshot, PARTS).where(InstanceRow.id == instance_id)
    row = view.session.execute(query).first()
    return None if row is None else in_one_piece(row[0], row[1])


def in_one_piece(snapshot: Mapping[str, Any], parts: list[Any] | None) -> dict[str, Any]:
    """A state with its parts, which most have not."""
    return dict(snapshot) if parts is None else whole(snapshot, parts)


def variables_in(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The process's variables, as JSON for people."""
    return {name: plain(decode(value)) for name, value in snapshot["variables"].items()}


def seen_in(snapshot: Mapping[str, Any], token: str) -> dict[str, Any]:
    """The variables that a token sees, its own scopes' first, as JSON for people."""
    parents = {each[0]: each for each in snapshot["tokens"]}
    scopes = []
    at = parents.get(token)
    while at is not None:
        scopes.append(at[4].get("vars") or {})
        at = parents.get(at[2])
    found = dict(snapshot["variables"])
    for scope in reversed(scopes):
        found.update(scope)
    return {name: plain(decode(value)) for name, value in found.items()}


def tokens_in(snapshot: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Live tokens: id, element and state (waiting, active or failed); no armed boundary events, no empty shells."""
    found = []
    parents = {each[2] for each in snapshot["tokens"] if not each[4].get("armed")}
    around = {each[2] for each in snapshot["tokens"] if each[1].endswith(INSTANCE)}
    for token, name, _, _, internal in snapshot["tokens"]:
        if internal.get("armed") or token in around:
            continue
        state = "failed" if internal.get("failed") else "active" if token in parents else "waiting"
        found.append((token, name.partition("#")[0], state))  # what undoes an element stands at it, too
    return found
