"""Locks, loads and stores instances: one statement that locks and reads, one that writes all that a command changed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import orjson
from orjson import Fragment
from sqlalchemy import select, update

from core.records import dataclass
from engine.errors import InstanceNotFound
from engine.events import case_stream
from engine.models import InstanceRow
from engine.runtime import Case, Changes
from storage.unit_of_work import UnitOfWork
from storage.writes import Writes, to_array

Found = TypeVar("Found", bound="Locked")
FEW = 8  # rows of one table whose texts are remembered
_INSTANCE = (
    "i.id AS instance_id, i.definition_id, i.definition_key, i.state AS instance_state, i.revision, i.stage, "
    "i.business_key, i.outcome, i.started_by, i.ended_at, i.has_documents, i.stopped_by, "
    "(SELECT max(d.id) FROM definition d) AS mark"
)
_TASK = (
    "w.id AS task_id, w.element_id, w.name, w.loop_id, w.assignee, w.candidates, w.created_at, w.claimed_at, "
    "w.due_at, w.form_id, w.owner, w.is_delegated, w.resolved_by"
)
_CALLED = "i.parent_id, i.parent_token, i.parent_element, i.root_id, i.depth"
_NOT_CALLED = "AND i.root_id IS NULL"
# the order of names after OF is the order of locking: always the instance first
_LOCK_TASK = "FROM work_item w JOIN instance i ON i.id = w.instance_id WHERE w.id = $1 {which}FOR UPDATE OF i, w"
LOCK_TASK = f"SELECT {_INSTANCE}, {_TASK} {_LOCK_TASK}".format(which=f"{_NOT_CALLED} ")
LOCK_INSTANCE = f"SELECT {_INSTANCE} FROM instance i WHERE i.id = $1 {_NOT_CALLED} FOR UPDATE OF i"  # noqa: S608 -- constants
# values behind a SELECT are not looked at by the planner, which otherwise would plan each look anew: half of its time
_DUE = (
    "WHERE t.due_at <= (SELECT $1::timestamptz) AND NOT t.is_held {which} ORDER BY t.due_at, t.id "
    "LIMIT (SELECT $2::bigint) FOR UPDATE OF {locked} SKIP LOCKED"
)
_LOCK_DUE = "i.snapshot, t.id AS timer_id, t.due_at FROM timer t JOIN instance i ON i.id = t.instance_id"
LOCK_DUE = f"SELECT {_INSTANCE}, {_LOCK_DUE} {_DUE}".format(which="AND NOT t.is_called", locked="i, t")
# who was called: the root of all calls is locked first, always, so that its lock is that of the whole family
_ROOT = "JOIN instance r ON r.id = i.root_id"
LOCK_ROOT = f"SELECT r.id FROM instance i {_ROOT} WHERE i.id = $1 FOR UPDATE OF r"  # noqa: S608 -- constants
LOCK_ROOT_OF_TASK = (
    f"SELECT r.id FROM work_item w JOIN instance i ON i.id = w.instance_id {_ROOT} WHERE w.id = $1 FOR UPDATE OF r"  # noqa: S608 -- constants
)
LOCK_CALLED = f"SELECT {_INSTANCE}, {_CALLED} FROM instance i WHERE i.id = $1 FOR UPDATE OF i"  # noqa: S608 -- constants
LOCK_CALLED_TASK = f"SELECT {_INSTANCE}, {_CALLED}, {_TASK} {_LOCK_TASK}".format(which="")
LOCK_CALLED_DUE = f"SELECT {_INSTANCE}, {_CALLED}, {_LOCK_DUE} {_ROOT} {_DUE}".format(
    which="AND t.is_called", locked="r, i, t"
)
LIVE_CALLED = "SELECT id FROM instance WHERE parent_id = %s AND parent_token = %s AND ended_at IS NULL ORDER BY id"
SNAPSHOT = "SELECT snapshot FROM instance WHERE id = %s"


@dataclass(slots=True, kw_only=True)  # not frozen: one is made with every command, which costs as much as a token
class Locked:
    """An instance whose row this transaction has locked, as it is now; `mark` as of `catalog.newest_deployment`."""

    instance_id: str
    definition_id: str
    definition_key: str
    instance_state: str
    revision: int
    stage: str | None
    business_key: str | None
    outcome: str | None
    started_by: str
    ended_at: datetime | None
    has_documents: bool
    mark: str
    stopped_by: str | None = None
    parent_id: str | None = None
    parent_token: str | None = None
    parent_element: str | None = None
    root_id: str | None = None
    depth: int = 0


@dataclass(slots=True, kw_only=True)
class LockedTask(Locked):
    """An open task, locked together with its instance."""

    task_id: str
    element_id: str
    name: str
    loop_id: str | None
    assignee: str | None
    candidates: list[str]
    created_at: datetime
    claimed_at: datetime | None
    due_at: datetime | None
    form_id: str | None
    owner: str | None
    is_delegated: bool
    resolved_by: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The task that this command completes, for the history."""

    task: LockedTask
    data: dict[str, Any]
    documents: list[dict[str, Any]]
    idempotency_key: str | None
    answer: dict[str, Any] | None


def lock_task(unit: UnitOfWork, task_id: str) -> LockedTask | None:
    """Lock the instance of an open task, then the task: what is read is true as long as the unit lives."""
    row = _locked(unit, LOCK_TASK, task_id)
    if row is None and _locked(unit, LOCK_ROOT_OF_TASK, task_id) is not None:
        row = _locked(unit, LOCK_CALLED_TASK, task_id)
    return None if row is None else _seen(unit, LockedTask(**row))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A timer that is due, and its instance with its stored state."""

    locked: Locked
    snapshot: dict[str, Any]
    timer_id: str
    due_at: datetime


def lock_due(unit: UnitOfWork, now: datetime, limit: int) -> list[Due]:
    """Lock the timers that are due, the oldest first, with their instances; those that others hold are left out."""
    rows: list[dict[str, Any]] = []
    for statement in (LOCK_DUE, LOCK_CALLED_DUE):
        rows += unit.fetch(statement.encode(), now, limit)
    rows.sort(key=lambda row: (row["due_at"], row["timer_id"]))
    names = ("snapshot", "timer_id", "due_at")
    return [Due(**{name: row.pop(name) for name in names}, locked=Locked(**row)) for row in rows[:limit]]


def lock_idle_instance(unit: UnitOfWork, instance_id: str) -> Locked | None:
    """Lock an instance unless somebody else is working on it right now, or on one that it was called with."""
    row = _locked(unit, f"{LOCK_INSTANCE} SKIP LOCKED", instance_id)
    if row is None and _locked(unit, f"{LOCK_ROOT} SKIP LOCKED", instance_id) is not None:
        row = _locked(unit, LOCK_CALLED, instance_id)
    return None if row is None else _seen(unit, Locked(**row))


def lock_instance(unit: UnitOfWork, instance_id: str) -> Locked:
    """Lock an instance, then read it. Raises `InstanceNotFound`."""
    row = _locked(unit, LOCK_INSTANCE, instance_id)
    if row is None and _locked(unit, LOCK_ROOT, instance_id) is not None:
        row = _locked(unit, LOCK_CALLED, instance_id)
    if row is None:
        raise InstanceNotFound(f"There is no case {instance_id}.", instance=instance_id)
    return _seen(unit, Locked(**row))


def _seen(unit: UnitOfWork, locked: Found) -> Found:
    """Tell the unit of the revision that nobody else can change now."""
    unit.revisions[case_stream(locked.instance_id)] = locked.revision, locked.revision
    return locked


def note_documents(unit: UnitOfWork, instances: Collection[str]) -> None:
    """These instances have documents now; until then a completion need not ask for them.

    A completion that has one of them locked is waited for, and keeps what it wrote: this changes nothing else of the
    row. Several are locked in the order of their ids, so that two who file for the same cases do not block each other.
    """
    wanted = select(InstanceRow.id).where(InstanceRow.id.in_(instances), ~InstanceRow.has_documents)
    locked = wanted.order_by(InstanceRow.id).with_for_update(key_share=True).cte("locked")
    noted = update(InstanceRow).where(InstanceRow.id == locked.c.id)
    unit.connection.execute(noted.values(has_documents=True))


def lock_related(unit: UnitOfWork, instance_id: str) -> Locked:
    """Lock a caller or a called case of an instance that this unit has locked: nobody else can have it."""
    row = _locked(unit, LOCK_CALLED, instance_id)
    assert row is not None
    return _seen(unit, Locked(**row))


def live_called(unit: UnitOfWork, instance_id: str, token: str) -> list[str]:
    """The live cases that a token of a locked instance waits for."""
    return [row[0] for row in unit.driver.execute(LIVE_CALLED, (instance_id, token)).fetchall()]


def _locked(unit: UnitOfWork, statement: str, key: str) -> dict[str, Any] | None:
    return next(iter(unit.fetch(statement.encode(), key)), None)


def read_snapshot(unit: UnitOfWork, instance_id: str) -> dict[str, Any]:
    """The stored state of an instance that this unit has locked."""
    row = unit.driver.execute(SNAPSHOT, (instance_id,)).fetchone()
    assert row is not None
    found: dict[str, Any] = row[0]
    return found


@lru_cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) "


@lru_cache(maxsize=100)
def _places(table: str, columns: tuple[str, ...], number: int, empty: tuple[str, ...]) -> tuple[list[str], str]:
    """What the values of a row are called in the statement, and its text there; some shared ones it has not."""
    own = {column: f"{table}_{column}_{number}" for column in columns}
    names = [own[column] if column in empty else SHARED.get(column, own[column]) for column in columns]
    return names, "(" + ", ".join([f"%({name})s" for name in names]) + ")"


class Writing(Writes):
    """Collects what one command changes in one instance; it is written with a single statement."""

    def __init__(self, instance_id: str, now: datetime, actor: str) -> None:
        super().__init__(instance=instance_id, now=now, actor=actor)

    def insert(
        self, table: str, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]], *, returning: str | None = None
    ) -> None:
        """Add rows to a table; what they become can be read under the name `returning`."""
        if not rows:
            return
        text = self._many(table, columns, rows) if len(rows) > FEW else None
        text = text or self._few(table, columns, rows)
        self.add(text if returning is None else f"{text} RETURNING *", name=returning)

    def _few(self, table: str, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> str:
        """Values that stand in the statement one by one."""
        values, places = self.values, []
        for number, row in enumerate(rows):
            empty = tuple([column for column in NULLABLE if column in row and row[column] is None])
            place = _places if number < FEW else _places.__wrapped__
            names, text = place(table, columns, number, empty)
            own = [to_array(row[column]) if column in ARRAYS else row[column] for column in columns]
            values.update(zip(names, own, strict=True))
            places.append(text)
        return _insertion(table, columns) + "VALUES " + ", ".join(places)

    def _many(self, table: str, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> str | None:
        """All values as one: the statement is the same however many there are. None where JSON cannot hold them."""
        texts = [column for column in columns if column in IN_JSON]
        written = [{**row, **{column: Fragment(row[column]) for column in texts}} for row in rows] if texts else rows
        try:
            self.values[f"{table}_rows"] = orjson.dumps(written).decode()
        except TypeError:
            return None
        listed = ", ".join(columns)
        told = f"SELECT {listed} FROM json_populate_recordset(NULL::{table}, %({table}_rows)s::json)"  # noqa: S608 -- constants of this module
        return _insertion(table, columns) + told

    def create(self, row: Mapping[str, Any]) -> None:
        """A new instance."""
        columns = INSTANCE_COLUMNS if row["root_id"] is None else INSTANCE_COLUMNS + CALL_TREE_COLUMNS
        self.insert("instance", columns, [row])

    def update(self, locked: Locked, case: Case, snapshot: str, *, state: str, ended: bool) -> None:
        """The new state of a locked instance."""
        self.add(
            "UPDATE instance SET state = %(state)s, revision = %(revision)s, stage = %(stage)s, "
            "outcome = %(outcome)s, snapshot = %(snapshot)s::jsonb, "
            "ended_at = CASE WHEN %(ended)s THEN %(now)s::timestamptz END WHERE id = %(instance)s",
            state=state,
            revision=locked.revision + 1,
            stage=case.stage,
            outcome=case.outcome,
            snapshot=snapshot,
            ended=ended,
        )

    def visits(self, changes: Changes) -> None:
        """The history of tokens."""
        entered = [
            {
                "instance_id": self.values["instance"],
                "id": visit.id,
                "element_id": visit.node.id,
                "type": visit.type,
                "name": visit.node.name,
                "stage": visit.stage,
                "entered_at": visit.entered_at,
                "left_at": visit.left_at,
                "actor": self.values["actor"] if visit.left_at else None,
                "reason": visit.cancelled,
            }
            for visit in changes.entered.values()
        ]
        self.insert("token_log", LOG_COLUMNS, entered)
        for number, reason in enumerate(dict.fromkeys(reason for _, reason in changes.left)):
            ids = self.one_of(f"left{number}", [token for token, why in changes.left if why == reason])
            self.add(
                f"UPDATE token_log SET left_at = %(now)s, actor = %(actor)s, reason = %(reason{number})s "  # noqa: S608 -- a number
                f"WHERE instance_id = %(instance)s AND id {ids}",
                **{f"reason{number}": reason},
            )

    def one_of(self, name: str, ids: Sequence[str]) -> str:
        """A comparison with these ids; a single one is sent as text, which costs less than an array."""
        self.values[name] = ids[0] if len(ids) == 1 else to_array(ids)
        return f"= %({name})s" if len(ids) == 1 else f"= ANY(%({name})s)"

    def timers(self, changes: Changes, *, called: bool) -> None:
        """Arm and disarm; a token that is held behind an element before which it was held keeps its row."""
        disarmed = [token for token in changes.disarmed if token not in changes.armed]
        again = {token: changes.armed[token].due_at for token in changes.disarmed if token in changes.armed}
        if again:
            self.add(TIMER_AGAIN, again=list(again), again_at=list(again.values()))
        if disarmed:
            ids = self.one_of("disarmed", disarmed)
            self.add(f"DELETE FROM timer WHERE instance_id = %(instance)s AND id {ids}")  # noqa: S608 -- a placeholder
        rows = [
            {
                "instance_id": self.values["instance"],
                "id": timer.id,
                "element_id": timer.node.id,
                "due_at": timer.due_at,
                "is_called": called,
            }
            for timer in changes.armed.values()
            if timer.id not in again
        ]
        self.insert("timer", TIMER_COLUMNS, rows)

    def subscriptions(self, changes: Changes) -> None:
        """Listen, and listen no more."""
        if changes.unsubscribed:
            ids = self.one_of("unsubscribed", changes.unsubscribed)
            self.add(f"DELETE FROM message_subscription WHERE instance_id = %(instance)s AND id {ids}")  # noqa: S608 -- a placeholder
        rows = [
            {
                "instance_id": self.values["instance"],
                "id": each.id,
                "element_id": each.node.id,
                "kind": each.kind,
                "name": each.name,
                "key": each.key,
                "created_at": self.values["now"],
            }
            for each in changes.subscribed.values()
        ]
        self.insert("message_subscription", SUBSCRIPTION_COLUMNS, rows)

    def calls(self, made: Sequence[Mapping[str, Any]], over: Sequence[str]) -> None:
        """Work that is to be done outside, and work that is done or not needed any more."""
        if over:
            ids = self.one_of("uncalled", over)
            self.add(f"DELETE FROM service_call WHERE instance_id = %(instance)s AND id {ids}")  # noqa: S608 -- a placeholder
        self.insert("service_call", CALL_COLUMNS, made)


# columns that have one value in the whole statement
SHARED = {
    "instance_id": "instance",
    "definition_id": "definition_id",
    "definition_key": "definition_key",
    "business_key": "business_key",
    "entered_at": "now",
    "left_at": "now",
    "created_at": "now",
    "actor": "actor",
}
ARRAYS = ("candidates",)
IN_JSON = ("search", "inputs", "snapshot")  # whose values are JSON already
NULLABLE = ("business_key", "left_at", "actor")  # of these, a row may have none
INSTANCE_COLUMNS = (
    "id", "definition_id", "definition_key", "state", "revision", "stage", "business_key", "outcome", "snapshot",
    "started_by", "started_at", "ended_at",
)  # fmt: skip
CALL_TREE_COLUMNS = ("parent_id", "parent_token", "parent_element", "root_id", "depth")
LOG_COLUMNS = (
    "instance_id", "id", "element_id", "type", "name", "stage", "entered_at", "left_at", "actor", "reason",
)  # fmt: skip
SUBSCRIPTION_COLUMNS = ("instance_id", "id", "element_id", "kind", "name", "key", "created_at")
CALL_COLUMNS = (
    "instance_id", "id", "element_id", "definition_key", "business_key", "kind", "topic", "inputs", "priority",
    "retries", "due_at", "created_at",
)  # fmt: skip
TIMER_AGAIN = (
    "UPDATE timer t SET due_at = new.due_at FROM unnest(%(again)s::text[], %(again_at)s::timestamptz[]) "
    'AS new (id, due_at) WHERE t.instance_id = %(instance)s AND t.id = new.id COLLATE "C"'
)
TIMER_COLUMNS = ("instance_id", "id", "element_id", "due_at", "is_called")
