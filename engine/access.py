"""Who may see and do what: the rules once as conditions inside queries, once for a row that is at hand."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

from sqlalchemy import ARRAY, Boolean, ColumnElement, Text, and_, cast, exists, func, literal, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from core.errors import InvalidInput
from core.identity import Actor, Reach, StandIn
from engine.models import KEYS, InstanceRow, TaskHistoryRow, WorkItemRow
from storage.unit_of_work import Reading, UnitOfWork

READ_ALL = ("case.read_all", "audit.read")
ADMINISTER = "case.administer"
CASES = "case.read"  # whose limit tells how far cases are seen, by the records that they are about
ROWS_PER_CASE = 4  # tasks that are looked at for each case that somebody may be involved in
EVERYBODY = ""  # the name of the list of tasks that are offered to nobody in particular
AT_ONCE = 8  # names that an index looks up at once: more or fewer take twice as long
BY_FIRST_NAMES = "w.candidates && %(names0)s::varchar[]"  # a part of what they may see
# most tasks have one candidate, and a single value is looked up in many sooner than an array
AT_HAND = (
    "w.candidates[1] = ANY(%(names)s::varchar[])"
    " OR (cardinality(w.candidates) > 1 AND w.candidates && %(names)s::varchar[])"
)
TASKS = "SELECT w.instance_id AS id FROM work_item AS w WHERE {offered} LIMIT %(rows)s"
FAMILIES = """
WITH started AS (SELECT i.id FROM instance AS i WHERE i.started_by = %(me)s LIMIT %(most)s),
has AS ({tasks}),
had AS (SELECT h.instance_id AS id FROM task_history AS h WHERE h.actor = %(me)s LIMIT %(rows)s),
gave AS (
    SELECT h.instance_id AS id FROM task_history AS h WHERE h.assignee = %(me)s AND h.assignee <> h.actor LIMIT %(rows)s
),
many AS MATERIALIZED (
    SELECT (SELECT count(*) FROM started) >= %(most)s OR (SELECT count(*) FROM has) >= %(rows)s
        OR (SELECT count(*) FROM had) >= %(rows)s OR (SELECT count(*) FROM gave) >= %(rows)s AS is_so
)
(
    SELECT DISTINCT coalesce(i.root_id, i.id) FROM instance AS i
    WHERE NOT (SELECT is_so FROM many) AND i.id IN (
        SELECT id FROM started UNION ALL SELECT id FROM has UNION ALL SELECT id FROM had UNION ALL SELECT id FROM gave
    ) LIMIT %(most)s
)
UNION ALL SELECT '' FROM many WHERE is_so
"""
# OFFSET 0 keeps each of them a look-up of its own
INVOLVED = """(
EXISTS (SELECT FROM instance AS i WHERE i.id = asked.label AND i.started_by = %(me)s OFFSET 0)
OR EXISTS (
    SELECT FROM task_history AS h
    WHERE h.instance_id = asked.label AND (h.actor = %(me)s OR h.assignee = %(me)s) OFFSET 0
)
OR EXISTS (SELECT FROM work_item AS w WHERE w.instance_id = asked.label AND ({offered}) OFFSET 0)
OR EXISTS (
    SELECT FROM instance AS i WHERE i.root_id = asked.label AND (
        i.started_by = %(me)s
        OR EXISTS (
            SELECT FROM task_history AS h
            WHERE h.instance_id = i.id AND (h.actor = %(me)s OR h.assignee = %(me)s) OFFSET 0
        )
        OR EXISTS (SELECT FROM work_item AS w WHERE w.instance_id = i.id AND ({offered}) OFFSET 0)
    ) OFFSET 0
))"""


class Offered(Protocol):
    """A task, as far as rights are concerned."""

    @property
    def assignee(self) -> str | None:
        """Whose task it is."""

    @property
    def candidates(self) -> Sequence[str]:
        """Whom it is offered to: `group:…`, `user:…`."""

    @property
    def definition_key(self) -> str:
        """The process that it belongs to."""


def names_of(actor: Actor) -> list[str]:
    """All names under which tasks are offered to somebody."""
    return [f"user:{actor.id}", *(f"group:{role}" for role in sorted(actor.roles))]


def may_work_on(actor: Actor, task: Offered) -> bool:
    """Whether somebody may claim and complete a task.

    An assigned task is its assignee's; otherwise it is everybody's whom it is offered to, and a task that is offered
    to nobody in particular is everybody's who may work on tasks at all. Who stands in for somebody does their tasks.
    """
    if actor.is_system:
        return True
    return _is_own(actor, task) or absent_owner(actor, task) is not None


def absent_owner(actor: Actor, task: Offered) -> str | None:
    """In whose place somebody works on a task; None where it is theirs, or not theirs to do."""
    if actor.is_system or _is_own(actor, task):
        return None
    return next((each.person for each in actor.stands_in_for if _does_for(each, task)), None)


def _is_own(actor: Actor, task: Offered) -> bool:
    if task.assignee is not None:
        return task.assignee == actor.id
    return not task.candidates or not set(names_of(actor)).isdisjoint(task.candidates)


def _does_for(stand_in: StandIn, task: Offered) -> bool:
    if stand_in.processes and task.definition_key not in stand_in.processes:
        return False
    if task.assignee is not None:
        return task.assignee == stand_in.person
    return not set(stand_in.names).isdisjoint(task.candidates)


def may_read_all(actor: Actor) -> bool:
    """Whether somebody sees every case."""
    return any(actor.may(permission) for permission in READ_ALL)


def workable(actor: Actor) -> ColumnElement[bool]:
    """The open tasks that somebody may work on, as a condition on `work_item`."""
    own = and_(WorkItemRow.assignee.is_(None), _offered(actor))
    return or_(WorkItemRow.assignee == actor.id, own, *(_in_place(each, free=True) for each in actor.stands_in_for))


def visible_tasks(actor: Actor) -> ColumnElement[bool]:
    """The open tasks that somebody may see.

    Those offered to them, taken by a colleague or not, those that people have whom they lead, or all.
    """
    if _sees_all(actor):
        return true()
    return _involves(actor)


def visible_sql(actor: Actor, values: dict[str, Any]) -> tuple[str | None, str | None]:
    """The same as text about `w`, its values added to `values`; None for no condition.

    First for rows that are at hand, then as indexes like it.
    """
    if _sees_all(actor):
        return None, None
    values["me"] = actor.id
    mine = "w.assignee = %(me)s"
    if actor.leads:
        values["leads"] = list(actor.leads)
        mine = f"({mine} OR w.assignee = ANY(%(leads)s::varchar[]))"
    if not actor.may("task.work"):
        return mine, mine
    if actor.is_system:
        return None, None
    values["names"] = names = names_of(actor)
    beginning = f"({mine} OR w.candidates = '{{}}' OR "
    places = {f"names{number}": some for number, some in enumerate(_some_at_once(names))}
    values |= places
    apart = " OR ".join(f"w.candidates && %({place})s::varchar[]" for place in places)
    others = "".join(f" OR {_in_place_sql(number, each, values)}" for number, each in enumerate(actor.stands_in_for))
    return f"{beginning}{AT_HAND}{others})", f"{beginning}{apart}{others})"


def _in_place_sql(number: int, stand_in: StandIn, values: dict[str, Any]) -> str:
    """The tasks that an absent colleague would see as theirs, as text; its values are added to `values`."""
    person, names, processes = (f"{name}{number}" for name in ("absent", "absent_names", "absent_processes"))
    values |= {person: stand_in.person, names: list(stand_in.names)}
    text = f"w.assignee = %({person})s OR w.candidates && %({names})s::varchar[]"
    if not stand_in.processes:
        return text
    values[processes] = list(stand_in.processes)
    return f"(({text}) AND w.definition_key = ANY(%({processes})s::varchar[]))"


def _in_place(stand_in: StandIn, *, free: bool = False) -> ColumnElement[bool]:
    """The same as a condition; `free` leaves out what somebody else has taken."""
    row = WorkItemRow
    offered = row.candidates.op("&&")(cast(list(stand_in.names), KEYS))
    theirs = or_(row.assignee == stand_in.person, and_(row.assignee.is_(None), offered) if free else offered)
    return and_(theirs, row.definition_key.in_(stand_in.processes)) if stand_in.processes else theirs


def _some_at_once(names: list[str]) -> list[list[str]]:
    return [names[first : first + AT_ONCE] for first in range(0, len(names), AT_ONCE)]


def _sees_all(actor: Actor) -> bool:
    return may_read_all(actor) or actor.may(ADMINISTER)


def _offered(actor: Actor) -> ColumnElement[bool]:
    if actor.is_system:
        return true()
    candidates = WorkItemRow.candidates
    to_some = [candidates.op("&&")(cast(some, KEYS)) for some in _some_at_once(names_of(actor))]
    return or_(candidates == cast([], KEYS), *to_some)


def visible_instances(actor: Actor) -> ColumnElement[bool]:
    """The instances that somebody is involved in, or all, as a condition on `instance`.

    Callers and called cases are one: who is involved in one of them sees them all. Of somebody whose rights do not
    reach all customers, only those that are about none that is out of reach.
    """
    if _sees_all(actor):
        return true()
    root, called = aliased(InstanceRow), aliased(InstanceRow)
    of_root = exists().where(root.id == InstanceRow.root_id, _is_involved(actor, root))
    of_called = exists().where(
        called.root_id == func.coalesce(InstanceRow.root_id, InstanceRow.id), _is_involved(actor, called)
    )
    return and_(or_(_is_involved(actor, InstanceRow), of_root, of_called), reached(actor, InstanceRow.id))


def reached(actor: Actor, instance_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether all that a case is about is within somebody's reach; nothing is asked of who sees all cases."""
    reach = _reach(actor)
    if reach is None:
        return true()
    return func.case_is_reached(instance_id, *_names(reach), type_=Boolean)


def reached_sql(actor: Actor, column: str, values: dict[str, Any]) -> list[str]:
    """The same as text, none for who sees all; its values are added to `values`."""
    reach = _reach(actor)
    if reach is None:
        return []
    values |= {"near": sorted(reach.people), "near_teams": sorted(reach.teams), "lent": sorted(reach.customers)}
    return [f"case_is_reached({column}, %(near)s::text[], %(near_teams)s::text[], %(lent)s::text[])"]


def out_of_reach(view: Reading, instances: Collection[str]) -> frozenset[str]:
    """Those of some cases whose records the asking person may not see; one question for all of them."""
    if not instances or _reach(view.actor) is None:
        return frozenset()
    wanted = select(InstanceRow.id).where(InstanceRow.id.in_(instances), ~reached(view.actor, InstanceRow.id))
    return frozenset(view.session.scalars(wanted))


def refuse_out_of_reach(unit: UnitOfWork, records: Iterable[tuple[str, str]]) -> None:
    """Refuse what nobody may say of a case: that it is about a record they may not see, for it would show them that.

    `records` are pairs of an entity and an id. Raises `InvalidInput`.
    """
    reach = None if unit.actor.is_system else unit.actor.reach(CASES)
    if reach is None:
        return
    for entity, record_id in records:
        customer = func.record_customer(entity, record_id)
        is_within = func.customer_is_reached(customer, *_names(reach))
        if not unit.session.scalar(select(or_(customer.is_(None), is_within))):
            sentence = f"There is no {entity} {record_id}, or you may not see it."
            raise InvalidInput(sentence, fields={"/links": sentence})


def _names(reach: Reach) -> Iterator[ColumnElement[Any]]:
    return (cast(sorted(each), ARRAY(Text)) for each in (reach.people, reach.teams, reach.customers))


def _reach(actor: Actor) -> Reach | None:
    return None if _sees_all(actor) else actor.reach(CASES)


def families(view: Reading, most: int) -> frozenset[str] | None:
    """The roots of all cases that somebody is involved in, as `visible_instances` tells of each; None beyond `most`.

    Four index look-ups of at most `most * ROWS_PER_CASE` rows each, however much somebody has done.
    """
    values: dict[str, Any] = {"me": view.actor.id, "rows": most * ROWS_PER_CASE, "most": most + 1}
    _, offered = visible_sql(view.actor, values)
    tasks = TASKS.format(offered=offered or "true")
    rows = view.session.connection().exec_driver_sql(FAMILIES.format(tasks=tasks), values)
    found = {row[0] for row in rows}
    return None if "" in found or len(found) > most else frozenset(found)


def involved_sql(actor: Actor, values: dict[str, Any]) -> str:
    """Whether somebody is involved in the family of the root `asked.label`, as text; its values are added to `values`.

    The same as `visible_instances` of that root, for rows that are at hand. Written so that each question is asked of
    one row by an index: a hash of everything that somebody is involved in would cost what they have ever done.
    """
    offered, _ = visible_sql(actor, values)
    values["me"] = actor.id
    return INVOLVED.format(offered=offered or "true")


def _is_involved(actor: Actor, instance: type[InstanceRow]) -> ColumnElement[bool]:
    """Whether somebody started this very instance, or has or had a task in it."""
    has_task = exists().where(WorkItemRow.instance_id == instance.id, _involves(actor))
    had_task = exists().where(
        TaskHistoryRow.instance_id == instance.id,
        or_(TaskHistoryRow.actor == actor.id, TaskHistoryRow.assignee == actor.id),
    )
    return or_(instance.started_by == actor.id, has_task, had_task)


def _involves(actor: Actor) -> ColumnElement[bool]:
    mine = WorkItemRow.assignee == actor.id
    theirs = [WorkItemRow.assignee.in_(actor.leads)] if actor.leads else []
    if not actor.may("task.work"):
        return or_(mine, *theirs)
    return or_(mine, *theirs, _offered(actor), *map(_in_place, actor.stands_in_for))


def may_see_instance(view: Reading, instance_id: str) -> bool:
    """Whether the asking person may see an instance."""
    query = select(literal(1)).where(InstanceRow.id == instance_id, visible_instances(view.actor))
    return view.session.scalar(query) is not None


def may_see_task(view: Reading, task_id: str) -> bool:
    """Whether the asking person may see a task, open or finished."""
    open_task = select(literal(1)).where(WorkItemRow.id == task_id, visible_tasks(view.actor))
    if view.session.scalar(open_task) is not None:
        return True
    owner: Any = view.session.scalar(select(TaskHistoryRow.instance_id).where(TaskHistoryRow.id == task_id))
    if owner is None:
        owner = view.session.scalar(select(WorkItemRow.instance_id).where(WorkItemRow.id == task_id))
    return owner is not None and may_see_instance(view, owner)
