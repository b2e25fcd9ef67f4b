"""Which open tasks are asked for, as conditions of SQL.

The inbox asks often and about other values each time: its statements are put together as text, a third of the time
that objects take, from constants of this module; values are sent apart from them.
"""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.identity import Actor
from core.records import dataclass
from engine import access
from engine.paging import contains

Value = str | int | float | bool | None  # of a declared variable
MOST_LISTS = 100  # lists of one person that are walked along at once; more take longer to plan than to gather
CROWDED = 32  # names of one person: to look for more in an index takes longer than to look at many rows
# the lists that tasks stand in by due date, `infinity` where there is none
OFFERED = ("task_offer", "due_at", "name")
ASSIGNED = ("work_item", "coalesce(due_at, 'infinity')", "assignee")
DELEGATED = ("work_item", "coalesce(due_at, 'infinity')", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which open tasks; `sort` is created, due, priority or name, with `-` in front for the other direction.

    By `-priority` the highest come first, and among equal ones what is due first, undated ones last; `priority` is that
    list from its end.

    `variables` are values that declared variables (`obieg:searchable`) must have; a text also finds the number or truth
    value that it spells. `follow_up_until` leaves out what was put aside until later, `follow_up_after` finds that.
    `free_for` leaves out what others than these took, `delegated_by` finds what that person asked others to do,
    `assigned_to` what these absent people left to whoever asks.
    """

    ids: Collection[str] | None = None
    assignee: str | None = None
    unassigned: bool = False
    free_for: Collection[str] | None = None
    assigned_to: Collection[str] | None = None
    delegated_by: str | None = None
    candidate_group: str | None = None
    definition_key: str | None = None
    element_id: str | None = None
    instance_id: str | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    follow_up_until: datetime | None = None
    follow_up_after: datetime | None = None
    minimum_priority: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    q: str | None = None
    sort: str = "-created"


@dataclass(frozen=True, slots=True)
class TaskList:
    """A list by due date: its table, the expression of the due date, the column that says whose it is, and whose."""

    table: str
    due: str
    column: str
    whose: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Conditions on `w`, an open task, with their values.

    `seen` are the rights as a condition on rows that are at hand, `seen_apart` the same as indexes like it. All that
    is asked for stands in `lists`, where there are some.
    """

    seen: str | None
    seen_apart: str | None
    others: tuple[str, ...]
    values: dict[str, Any]
    lists: tuple[TaskList, ...]
    has_variables: bool
    is_crowded: bool  # whether somebody asks who has many names

    def where(self, *, apart: bool = False) -> str:
        """All conditions; with `apart` as indexes like them."""
        seen = self.seen_apart if apart else self.seen
        found = [*self.others, *([seen] if seen else [])]
        return " AND ".join(found) if found else "true"

    @property
    def without_rights(self) -> str:
        """All conditions but the rights."""
        return " AND ".join(self.others)

    @property
    def by_first_names(self) -> str | None:
        """All conditions as an index likes them, of what is offered under the first of many names alone, if it helps.

        One that has to find no variable besides lists all that is offered under them, which helps nobody.
        """
        if self.seen is None or "names1" not in self.values or not self.has_variables:
            return None
        return " AND ".join([*self.others, access.BY_FIRST_NAMES])

    @property
    def is_everything(self) -> bool:
        """Whether every open task is asked for."""
        return self.seen is None and not self.others

    @property
    def is_lists(self) -> bool:
        """Whether the lists hold nothing else."""
        return bool(self.lists) and not self.others


def asked(actor: Actor, wanted: TaskFilter) -> Asked:
    """The conditions, rights included."""
    values: dict[str, Any] = {}
    others = _equal(wanted, values) + _beyond(wanted, values) + _variables(wanted.variables, values)
    if wanted.q or wanted.variables:  # what nobody may see is not found by it
        others += access.reached_sql(actor, "w.instance_id", values)
    is_own = wanted.assignee == actor.id  # one's own are always to be seen
    seen, apart = (None, None) if is_own else access.visible_sql(actor, values)
    lists = _lists(actor, wanted, seen)
    if is_own and len(others) == 1:
        others = []  # the list says it
        seen = apart = "w.assignee = %(assignee)s"
    is_crowded = len(values.get("names", ())) > CROWDED
    return Asked(seen, apart, tuple(others), values, lists, bool(wanted.variables), is_crowded)


def _lists(actor: Actor, wanted: TaskFilter, seen: str | None) -> tuple[TaskList, ...]:
    if wanted.assignee is not None:
        return (TaskList(*ASSIGNED, wanted.assignee),)
    if wanted.delegated_by is not None:
        return (TaskList(*DELEGATED, wanted.delegated_by),)
    if wanted.assigned_to is not None:
        if len(wanted.assigned_to) > MOST_LISTS:
            return ()
        return tuple(TaskList(*ASSIGNED, each) for each in wanted.assigned_to)
    if wanted.candidate_group is not None:
        return (TaskList(*OFFERED, f"group:{wanted.candidate_group}"),)
    if seen is None:
        return ()
    names, people = [], [actor.id, *actor.leads]
    if actor.may("task.work"):
        absent = actor.stands_in_for
        people += [each.person for each in absent]
        names = [*access.names_of(actor), access.EVERYBODY, *(name for each in absent for name in each.names)]
    names = list(dict.fromkeys(names))
    if len(names) + len(people) > MOST_LISTS:
        return ()
    lists = [TaskList(*ASSIGNED, person) for person in dict.fromkeys(people)]
    return (*lists, *(TaskList(*OFFERED, name) for name in names))


def _equal(wanted: TaskFilter, values: dict[str, Any]) -> list[str]:
    found = []
    for name in ("assignee", "definition_key", "element_id", "instance_id"):
        value = getattr(wanted, name)
        if value is not None:
            values[name] = value
            found.append(f"w.{name} = %({name})s")
    if wanted.ids is not None:
        values["ids"] = list(wanted.ids)
        found.append("w.id = ANY(%(ids)s::varchar[])")
    if wanted.unassigned:
        found.append("w.assignee IS NULL")
    if wanted.free_for is not None:
        values["free_for"] = list(wanted.free_for)
        found.append("(w.assignee IS NULL OR w.assignee = ANY(%(free_for)s::varchar[]))")
    if wanted.assigned_to is not None:
        values["assigned_to"] = list(wanted.assigned_to)
        found.append("w.assignee = ANY(%(assigned_to)s::varchar[])")
    if wanted.delegated_by is not None:
        values["delegated_by"] = wanted.delegated_by
        found.append("w.owner = %(delegated_by)s AND w.is_delegated")
    if wanted.candidate_group is not None:
        values["group"] = [f"group:{wanted.candidate_group}"]
        found.append("w.candidates && %(group)s::varchar[]")
    return found


BEYOND = {
    "due_before": "w.due_at < %(due_before)s",
    "due_after": "w.due_at >= %(due_after)s",
    "follow_up_until": "(w.follow_up_at IS NULL OR w.follow_up_at <= %(follow_up_until)s)",
    "follow_up_after": "w.follow_up_at > %(follow_up_after)s",
    "minimum_priority": "w.priority >= %(minimum_priority)s",
}
FURTHEST_DIGIT = 1000  # places before or behind the point; no number of a case has more
CONTAINS = "(w.name ILIKE %(q)s OR w.business_key ILIKE %(q)s OR w.search::text ILIKE %(q)s)"


def _beyond(wanted: TaskFilter, values: dict[str, Any]) -> list[str]:
    found = []
    for name, text in BEYOND.items():
        value = getattr(wanted, name)
        if value is not None:
            values[name] = value
            found.append(text)
    if wanted.q:
        values["q"] = contains(wanted.q)
        found.append(CONTAINS)
    return found


def _variables(variables: Mapping[str, Value], values: dict[str, Any]) -> list[str]:
    """Declared variables have these values; a text may stand for the number or the truth value that it spells."""
    found = []
    for name, value in variables.items():
        places = []
        for written in sorted(_spelt(value)):
            place = f"variable{len(values)}"
            values[place] = f"{{{json.dumps(name)}: {written}}}"
            places.append(f"w.search @> %({place})s::jsonb")
        found.append(f"({' OR '.join(places)})")
    return found


def _spelt(value: Value) -> set[str]:
    written = {json.dumps(value)}
    if isinstance(value, str):
        with suppress(ValueError, ArithmeticError, RecursionError):
            spelt = json.loads(value, parse_constant=_refuse, parse_float=Decimal)
            is_stored = not isinstance(spelt, Decimal) or abs(spelt.adjusted()) <= FURTHEST_DIGIT
            written |= {value} if isinstance(spelt, int | Decimal) and is_stored else set()
    return written


def _refuse(constant: str) -> None:
    """JSON has no NaN and no Infinity."""
    raise ValueError(constant)
