"""Puts user tasks into the inbox and moves them to the history, with what else a command changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.jsontext import to_json
from engine.store import FEW, Finished, Writing
from storage.writes import to_array

TASK_COLUMNS = (
    "instance_id", "id", "definition_id", "definition_key", "element_id", "name", "loop_id", "business_key", "stage",
    "assignee", "candidates", "priority", "created_at", "claimed_at", "due_at", "follow_up_at", "form_id", "search",
)  # fmt: skip
OFFER_COLUMNS = ("name", "due_at", "id", "instance_id")
_LOCKED = (  # what is known of a task that is locked
    "definition_id", "definition_key", "element_id", "name", "loop_id", "assignee", "created_at", "claimed_at",
    "due_at", "form_id",
)  # fmt: skip
_KEPT = f"instance_id, id, candidates, resolved_by, {', '.join(_LOCKED)}"
_ENDED = "ended_at, state, actor, reason, data, documents, idempotency_key, answer"
# the one task that a person completes, whose row is known: nothing has to be read back
FINISH = "DELETE FROM work_item WHERE instance_id = %(instance)s AND id = %(done)s"
KEEP = (
    f"INSERT INTO task_history ({_KEPT}, {_ENDED}) VALUES (%(instance)s, %(done)s, %(done_candidates)s, "  # noqa: S608 -- names are constants of this module
    f"%(done_resolved_by)s, {', '.join([f'%(done_{name})s' for name in _LOCKED])}, %(now)s, 'completed', %(actor)s, "
    "NULL, %(data)s, %(documents)s, %(idempotency_key)s, %(answer)s)"
)
WITHDRAW = (
    "DELETE FROM task_offer WHERE name {names} AND due_at = coalesce(%(done_due_at)s::timestamptz, 'infinity') "
    "AND id = %(done)s AND instance_id = %(instance)s"
)
# several, or such as nobody completes
GONE = f"DELETE FROM work_item WHERE instance_id = %(instance)s AND id {{ids}} RETURNING {_KEPT}"  # noqa: S608 -- constants
KEEP_ALL = (
    f"INSERT INTO task_history ({_KEPT}, {_ENDED}) SELECT {_KEPT}, %(now)s::timestamptz, "  # noqa: S608 -- names are constants of this module
    "CASE WHEN id = %(done)s THEN 'completed' ELSE 'cancelled' END, %(actor)s, "
    "CASE WHEN id = %(done)s THEN NULL ELSE 'the process no longer needs it' END, "
    "CASE WHEN id = %(done)s THEN %(data)s::jsonb ELSE '{}' END, "
    "CASE WHEN id = %(done)s THEN %(documents)s::jsonb ELSE '[]' END, "
    "CASE WHEN id = %(done)s THEN %(idempotency_key)s::text END, "
    "CASE WHEN id = %(done)s THEN %(answer)s::jsonb END FROM gone"
)
# the lists in which a task stands; one that is offered to nobody in particular has one, too
_NAMES = "CASE candidates WHEN '{}' THEN '{\"\"}' ELSE candidates END"
_DUE_AT = "coalesce(due_at, 'infinity')"
WITHDRAW_ALL = (
    f"DELETE FROM task_offer o USING (SELECT id, {_NAMES} AS names, {_DUE_AT} AS due_at FROM gone) g "  # noqa: S608 -- constants of this module
    "WHERE o.name = ANY(g.names) AND o.due_at = g.due_at AND o.id = g.id"
)
OFFER_ALL = (
    f"INSERT INTO task_offer (name, due_at, id, instance_id) SELECT unnest({_NAMES}), {_DUE_AT}, id, instance_id "  # noqa: S608 -- constants of this module
    "FROM opened"
)
NOBODY = ("",)
NEVER = "infinity"


def close_tasks(writing: Writing, withdrawn: Sequence[str], done: Finished | None) -> None:
    """Move tasks to the history: those that nobody needs any more, and the one that is done."""
    if done is not None:
        writing.values.update(
            done=done.task.task_id,
            data=to_json(done.data),
            documents=to_json(done.documents),
            idempotency_key=done.idempotency_key,
            answer=to_json(done.answer) if done.answer is not None else None,
        )
        if not withdrawn:
            _finish(writing, done)
            return
    elif withdrawn:
        writing.values.update(done=None, data="{}", documents="[]", idempotency_key=None, answer=None)
    else:
        return
    closed = [*withdrawn, *([done.task.task_id] if done else [])]
    writing.add(GONE.format(ids=writing.one_of("closed", closed)), name="gone")
    writing.add(KEEP_ALL)
    writing.add(WITHDRAW_ALL)


def _finish(writing: Writing, done: Finished) -> None:
    task = done.task
    writing.values.update({f"done_{name}": getattr(task, name) for name in _LOCKED})
    writing.add(FINISH)
    writing.add(KEEP, done_candidates=to_array(task.candidates), done_resolved_by=to_array(task.resolved_by))
    writing.add(WITHDRAW.format(names=writing.one_of("offered_to", task.candidates or NOBODY)))


def open_tasks(writing: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put tasks into the inbox, and into the lists of those whom they are offered to."""
    if not rows:
        return
    offers = [offer for row in rows for offer in _offers(row)]
    if len(offers) < FEW:
        writing.insert("work_item", TASK_COLUMNS, rows)
        writing.insert("task_offer", OFFER_COLUMNS, offers)
    else:
        writing.insert("work_item", TASK_COLUMNS, rows, returning="opened")
        writing.add(OFFER_ALL)


def _offers(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    placed = {"due_at": row["due_at"] or NEVER, "id": row["id"], "instance_id": row["instance_id"]}
    return [{"name": name, **placed} for name in row["candidates"] or NOBODY]
