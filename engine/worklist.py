"""Finds and counts among very many open tasks, whichever filter, order and person ask.

Three ways lead to a page. By due date, walk along the lists of the person's own names and keep what matches; in other
orders, or where somebody sees all tasks, walk along the index of the order; or gather all that match through the
indexes of the filters and sort them. The first is best where more than a few match. PostgreSQL knows rather well how
many match, but takes for granted that they lie evenly along the order, and where they do not a page takes seconds. So
we ask for its estimate and decide ourselves: walk not much further than the page ought to be, then gather.

A list only says where to look: each row must meet all conditions, rights included.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.records import dataclass
from engine.paging import DoubleOrder, Order, Place
from engine.task_filter import Asked
from engine.views import TaskSummary

FEW = 3000  # tasks: so many are gathered sooner than walked to
BET = 2000  # rows: so far along lists at least, which costs what gathering a few does
AHEAD = 8000  # rows: a page along an index that ought to end further away is gathered
PATIENCE = 2.5  # times as far as the page ought to be
SPARED = 4  # where many match, gathering costs so much that walking every fourth as far is a bet worth taking
FURTHEST = 50_000  # rows
MERGED = 50_000  # rows of lists: more take longer to merge than to look up
LOOKED_AT = 5000  # rows: so many are looked at sooner than an index of many names says which
GLANCED = 20_000  # rows: the same where any of them will do, which are read in the order in which they lie
COLUMNS = (
    "w.id, w.name, w.element_id, w.instance_id, w.definition_id, w.definition_key, w.business_key, w.stage, "
    "w.assignee, w.candidates, w.priority, w.created_at, w.due_at, w.follow_up_at, w.owner, w.is_delegated, w.search"
)
IN_ALL = "SELECT reltuples FROM pg_class WHERE oid = 'work_item'::regclass"


@dataclass(frozen=True, slots=True)
class Found:
    """Tasks in order, one more than asked for where there are more, and how many match in all, up to a number."""

    rows: list[TaskSummary]
    total: int


def page(session: Session, order: Order, asked: Asked, after: str | None, limit: int, *, up_to: int) -> Found:
    """The tasks behind `after`; with 0 for `up_to` nothing is counted for them. Raises `InvalidInput`."""
    search = _Search(session, order, asked, None if after is None else order.place(after), limit + 1)
    rows = search.walk()
    if rows is None:
        return search.gather(up_to)
    if (after is None and len(rows) <= limit) or not up_to:
        return Found(rows, len(rows))
    return Found(rows, _count(session, asked, up_to, many=search.expected))


def count(session: Session, asked: Asked, up_to: int) -> int:
    """How many tasks match, counted up to a number."""
    return _count(session, asked, up_to)


def _count(session: Session, asked: Asked, up_to: int, *, many: float = 0) -> int:
    """Where many match (`many`, if that is known) it is enough to look at some rows; else indexes say which."""
    values = {**asked.values, "up_to": up_to}
    if asked.is_lists and len(asked.lists) * up_to <= MERGED:
        lists, whose = _lists(asked, "due_at, id")
        values |= {**whose, "steps": up_to}
        found = f"SELECT DISTINCT due_at, id FROM ({lists}) listed ORDER BY due_at, id"  # noqa: S608 -- constants; a task may stand in several
        return _counted(session, found, values)
    if _has_enough_of_first(session, asked, up_to):
        return up_to
    glanced = _glance(session, asked, up_to, many)
    return _counted(session, f"SELECT 1 FROM {_matching(session, asked)}", values) if glanced is None else glanced  # noqa: S608 -- constants


def _counted(session: Session, found: str, values: dict[str, Any]) -> int:
    return int(_rows(session, f"SELECT count(*) FROM ({found} LIMIT %(up_to)s) found", values)[0][0])  # noqa: S608 -- constants


def _has_enough_of_first(session: Session, asked: Asked, up_to: int) -> bool:
    """Whether the index of names and variables, asked for the first of many names alone, finds as many already."""
    first = asked.by_first_names
    if first is None or _expected(session, first, asked.values) < up_to:
        return False
    return _counted(session, f"SELECT 1 FROM work_item w WHERE {first}", {**asked.values, "up_to": up_to}) == up_to  # noqa: S608 -- constants


def _glance(session: Session, asked: Asked, up_to: int, many: float) -> int | None:
    """How many match where rows as they lie tell that soon, else None.

    So it is where a part of them is enough, above all for whoever has many names: an index would have to be asked for
    each. The bet is kept short, for what matches may lie far behind.
    """
    if asked.seen is None or (asked.has_variables and not asked.is_crowded):
        return None
    expected = many or _expected(session, asked.where(apart=True), asked.values)
    if expected < up_to:
        return None
    others = asked.without_rights or "true"
    rows = _expected(session, others, asked.values)
    distance = PATIENCE * up_to * max(rows, expected) / expected
    if distance > PATIENCE * (FURTHEST if asked.is_crowded else GLANCED):
        return None
    near = f"SELECT * FROM work_item w WHERE {others} LIMIT %(steps)s"  # noqa: S608 -- constants
    values = {**asked.values, "up_to": up_to, "steps": int(distance)}
    found = _counted(session, f"SELECT 1 FROM ({near}) w WHERE {asked.seen}", values)  # noqa: S608 -- constants
    if found == up_to:
        return found
    all_near = _rows(session, f"SELECT count(*) FROM ({near}) near", values)[0][0]  # noqa: S608 -- constants
    return found if all_near < int(distance) else None


def _matching(session: Session, asked: Asked) -> str:
    """What is asked for.

    Where few rows meet the other conditions, looking at them costs less than finding all that one may see; beside a
    variable an index finds both at once, if it need not be asked for many names.
    """
    by_index = f"work_item w WHERE {asked.where(apart=True)}"
    if asked.seen is None or not asked.others or (asked.has_variables and not asked.is_crowded):
        return by_index
    if _expected(session, asked.without_rights, asked.values) > (GLANCED if asked.is_crowded else LOOKED_AT):
        return by_index
    return f"(SELECT * FROM work_item w WHERE {asked.without_rights} OFFSET 0) w WHERE {asked.seen}"  # noqa: S608 -- constants


def _expected(session: Session, where: str, values: dict[str, Any]) -> float:
    """How many match, as PostgreSQL estimates it."""
    plan = _rows(session, f"EXPLAIN (FORMAT JSON) SELECT 1 FROM work_item w WHERE {where}", values)[0][0]  # noqa: S608 -- constants
    return max(float(plan[0]["Plan"]["Plan Rows"]), 1.0)


def _rows(session: Session, text: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Never prepared: a plan for all values would know nothing of these values."""
    driver: Any = session.connection().connection.driver_connection
    found: list[tuple[Any, ...]] = driver.execute(text, values, prepare=False).fetchall()
    return found


def _lists(asked: Asked, by: str, behind: str = "true") -> tuple[str, dict[str, Any]]:
    """The lists as one, each in order and no longer than `steps`: PostgreSQL merges them and stops where it may."""
    parts = [
        f"(SELECT {each.due} AS due_at, id FROM {each.table} WHERE {each.column} = %(whose{number})s"  # noqa: S608 -- constants
        f" AND {behind.format(due=each.due)} ORDER BY {by} LIMIT %(steps)s)"
        for number, each in enumerate(asked.lists)
    ]
    return " UNION ALL ".join(parts), {f"whose{number}": each.whose for number, each in enumerate(asked.lists)}


class _Search:
    """One page of what is asked for."""

    def __init__(self, session: Session, order: Order, asked: Asked, place: Place | None, limit: int) -> None:
        self._session, self._order, self._asked = session, order, asked
        self._place, self._limit = place, limit
        self._key = order.column.key
        self._is_double = isinstance(order, DoubleOrder)
        is_down = order.descending != self._is_double  # of two columns the first is negated
        self._way = " DESC" if is_down else ""
        self._then = "<" if is_down else ">"
        self.expected = 1.0  # as far as it was asked

    def walk(self) -> list[TaskSummary] | None:
        """The page where walking leads to it, else None."""
        if self._key == "due_at" and self._asked.lists:
            steps = self.steps_along_lists()
            return self._along_lists(steps) if steps else None
        steps = self.steps_along_index()
        return self._along_index(steps) if steps else None

    def steps_along_lists(self) -> int:
        """How far to walk, 0 for not at all."""
        if self._asked.is_lists:
            return BET
        expected = self.expected = _expected(self._session, self._asked.where(apart=True), self._asked.values)
        return 0 if expected <= FEW else int(min(max(BET, expected / SPARED), FURTHEST))

    def steps_along_index(self) -> int:
        """How far to walk, 0 for not at all."""
        in_all = float(_rows(self._session, IN_ALL, {})[0][0])
        where, values = self._asked.where(apart=True), self._asked.values
        expected = max(in_all, 1.0) if self._asked.is_everything else _expected(self._session, where, values)
        self.expected = expected
        distance = PATIENCE * self._limit * max(in_all, expected) / expected
        if distance > PATIENCE * AHEAD:
            return 0
        return int(min(max(distance, expected / SPARED), FURTHEST))

    def _along_lists(self, steps: int) -> list[TaskSummary] | None:
        found: list[TaskSummary] = []
        for by, behind in self._stretches():
            lists, values = _lists(self._asked, self._by(by), behind)
            values |= {**self._asked.values, **self._places(), "steps": steps, "limit": self._limit - len(found)}
            near = f"SELECT due_at, id FROM ({lists}) listed ORDER BY {self._by(by)} LIMIT %(steps)s"  # noqa: S608 -- constants
            once = f"SELECT DISTINCT {', '.join(by)} FROM ({near}) near ORDER BY {self._by(by)}"  # noqa: S608 -- constants
            text = (
                f"SELECT {COLUMNS} FROM ({once}) near CROSS JOIN LATERAL (SELECT * FROM work_item w"  # noqa: S608 -- constants
                f" WHERE w.id = near.id AND {self._asked.where()} OFFSET 0) w"  # one by one, whatever the estimates
                f" ORDER BY {self._by(by, 'near.')} LIMIT %(limit)s"
            )
            found += map(_task, _rows(self._session, text, values))
            if len(found) == self._limit:
                break
            if _rows(self._session, f"SELECT count(*) FROM ({near}) near", values)[0][0] == steps:  # noqa: S608 -- constants
                return None  # there is more behind
        return found

    def _stretches(self) -> list[tuple[tuple[str, ...], str]]:
        """What to walk along: columns to sort by, and a condition.

        Upwards tasks without a due date come last by themselves; downwards they are a stretch of their own.
        """
        ahead = f"({{due}}, id) {self._then} (%(due)s::timestamptz, %(id)s)"
        if not self._order.descending:
            return [(("due_at", "id"), ahead if self._place else "true")]
        dated = (("due_at", "id"), "{due} < 'infinity'" + (f" AND {ahead}" if self._place else ""))
        if self._place is None or self._place.value is not None:
            return [dated, (("id",), "{due} = 'infinity'")]
        return [(("id",), f"{{due}} = 'infinity' AND id {self._then} %(id)s")]

    def _places(self) -> dict[str, Any]:
        if self._place is None:
            return {}
        if self._is_double:
            return {"rank": -self._place.value, "due": self._place.then or "infinity", "id": self._place.id}
        due = "infinity" if self._place.value is None and self._key == "due_at" else self._place.value
        return {"due": due, "id": self._place.id}

    def _by(self, columns: Sequence[str], row: str = "", last: str = "") -> str:
        keys = self._ranks(row) if self._is_double else [f"{row}{column}" for column in columns]
        return ", ".join(f"{key}{self._way}{'' if number else last}" for number, key in enumerate(keys))

    def _ranks(self, row: str) -> list[str]:
        """The keys of an order by two columns, as their index has them."""
        return [f"(- {row}{self._key})", f"coalesce({row}due_at, 'infinity')", f"{row}id"]

    def _along_index(self, steps: int) -> list[TaskSummary] | None:
        """What matches among the next rows of the order, of the part of the list in which the place is."""
        where = self._behind("w") if self._place else "true"
        if self._order.has_gaps and (self._place is None or self._place.value is not None):
            where += f" AND w.{self._key} IS NOT NULL"
        by = then = self._by(self._columns(), "w.")
        kept = "*"
        if self._is_double:  # only of columns PostgreSQL knows that they come in order already
            named = [f"{key} AS key{number}" for number, key in enumerate(self._ranks("w."))]
            kept = ", ".join(["*", *named])
            then = ", ".join(f"w.key{number}{self._way}" for number in range(len(named)))
        text = (
            f"SELECT {COLUMNS} FROM (SELECT {kept} FROM work_item w WHERE {where} ORDER BY {by} LIMIT %(steps)s) w"  # noqa: S608 -- constants
            f" WHERE {self._asked.where()} ORDER BY {then} LIMIT %(limit)s"
        )
        values = {**self._asked.values, **self._places(), "steps": steps, "limit": self._limit}
        found = list(map(_task, _rows(self._session, text, values)))
        return found if len(found) == self._limit else None

    def _columns(self) -> list[str]:
        return list(dict.fromkeys((self._key, *(["due_at"] if self._is_double else []), "id")))

    def _behind(self, row: str) -> str:
        """The rows behind the place and in the same part of the list: with a value, or without."""
        assert self._place is not None
        if self._is_double:
            keys = ", ".join(self._ranks(f"{row}."))
            return f"({keys}) {self._then} (%(rank)s::int, %(due)s::timestamptz, %(id)s)"
        if self._place.value is None:
            return f"{row}.{self._key} IS NULL AND {row}.id {self._then} %(id)s"
        if self._key == "id":
            return f"{row}.id {self._then} %(id)s"
        return f"({row}.{self._key}, {row}.id) {self._then} (%(due)s, %(id)s)"

    def gather(self, up_to: int) -> Found:
        """All that matches, sorted and counted: first keys alone, then the rows of the page."""
        keys = ", ".join(f"w.{column}" for column in dict.fromkeys(("instance_id", *self._columns())))
        behind = self._behind("f") if self._place else "true"
        if self._order.has_gaps and self._place and self._place.value is not None:
            behind = f"({behind} OR f.{self._key} IS NULL)"
        last = " NULLS LAST" if self._order.has_gaps else ""
        found, shown = (self._by(self._columns(), row, last) for row in ("f.", "w."))
        text = (
            f"WITH found AS MATERIALIZED (SELECT {keys} FROM {_matching(self._session, self._asked)}),"  # noqa: S608 -- constants
            f" chosen AS (SELECT * FROM found f WHERE {behind} ORDER BY {found} LIMIT %(limit)s)"
            f" SELECT {COLUMNS}, (SELECT count(*) FROM found) FROM chosen c"
            f" JOIN work_item w ON w.instance_id = c.instance_id AND w.id = c.id ORDER BY {shown}"
        )
        rows = _rows(self._session, text, {**self._asked.values, **self._places(), "limit": self._limit})
        if not rows:
            is_empty = self._place is None or not up_to
            return Found([], 0 if is_empty else _count(self._session, self._asked, up_to))
        return Found(list(map(_task, rows)), min(rows[0][-1], up_to))


def _task(row: tuple[Any, ...]) -> TaskSummary:
    return TaskSummary(
        id=row[0],
        name=row[1],
        element_id=row[2],
        instance_id=row[3],
        definition_id=row[4],
        definition_key=row[5],
        business_key=row[6],
        stage=row[7],
        assignee=row[8],
        candidate_groups=named(row[9], "group:"),
        candidate_users=named(row[9], "user:"),
        priority=row[10],
        created_at=row[11],
        due_at=row[12],
        follow_up_at=row[13],
        owner=row[14] if row[15] else None,
        search=row[16],
    )


def named(candidates: Sequence[str], kind: str) -> tuple[str, ...]:
    """The candidates of one kind, by their names alone."""
    return tuple(name.removeprefix(kind) for name in candidates if name.startswith(kind))
