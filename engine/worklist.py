"""Finds and counts among very many open tasks, whichever filter, order and person ask.

Two ways lead to a page: walk along the index of the order and keep what matches, good where many tasks match; or gather
all that match through the indexes of the filters and sort them, good where few do. PostgreSQL knows rather well how
many match, but takes for granted that they lie evenly along the order, and where they do not a page takes seconds. So
we ask for its estimate and decide ourselves: walk not much further than the page ought to be, then gather.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, func, literal, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from engine.models import WorkItemRow
from engine.paging import Order, Place

Conditions = Callable[[type[WorkItemRow], bool], list[ColumnElement[bool]]]  # of a row; True: as indexes like them
AHEAD = 5000  # rows: a page that ought to end further away is gathered
PATIENCE = 2.5  # times as far as the page ought to be
SPARED = 4  # where many match, gathering costs so much that walking every fourth as far is a bet worth taking
FURTHEST = 50_000  # rows
# a plan for all values would know nothing of these values
CUSTOM = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), reltuples FROM pg_class"
    " WHERE oid = 'work_item'::regclass"
)


@dataclass(frozen=True, slots=True)
class Found:
    """Tasks in order, one more than asked for where there are more, and how many match in all, up to a number."""

    rows: list[WorkItemRow]
    total: int


def page(session: Session, order: Order, matching: Conditions, after: str | None, limit: int, *, up_to: int) -> Found:
    """The tasks behind `after`. Raises `InvalidInput`."""
    place = None if after is None else order.place(after)
    steps = _steps(session, matching, limit + 1)
    if steps:
        rows = _walk(session, order, matching, place, steps, limit + 1)
        if len(rows) > limit:
            return Found(rows, _count(session, matching, up_to, many=True))
    return _gather(session, order, matching, place, limit + 1, up_to)


def count(session: Session, matching: Conditions, up_to: int) -> int:
    """How many tasks match, counted up to a number."""
    _plan_for_values(session)
    return _count(session, matching, up_to)


def _count(session: Session, matching: Conditions, up_to: int, *, many: bool = False) -> int:
    """Where `many` match it is enough to look at some rows; else indexes say which."""
    conditions = matching(WorkItemRow, not many)
    found = select(literal(1)).select_from(WorkItemRow).where(*conditions).limit(up_to).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def _plan_for_values(session: Session) -> float:
    """From now on in this transaction PostgreSQL plans for the values at hand; how many open tasks there are."""
    return float(session.execute(CUSTOM).one().reltuples)


def _steps(session: Session, matching: Conditions, limit: int) -> int:
    """How far to walk, 0 for not at all."""
    in_all = _plan_for_values(session)
    wanted = select(WorkItemRow.id).where(*matching(WorkItemRow, False))  # shorter, and the estimate is the same
    plan = session.execute(_Explained(wanted)).scalar_one()
    expected = max(float(plan[0]["Plan"]["Plan Rows"]), 1.0)
    distance = PATIENCE * limit * max(in_all, expected) / expected
    if distance > PATIENCE * AHEAD:
        return 0
    return int(min(max(distance, expected / SPARED), FURTHEST))


class _Explained(Executable, ClauseElement):
    """The plan of a query, as JSON."""

    inherit_cache = False

    def __init__(self, query: Select[Any]) -> None:
        self.query = query


@compiles(_Explained)
def _explain(element: _Explained, compiler: SQLCompiler, **options: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + compiler.process(element.query, **options)


def _walk(
    session: Session, order: Order, matching: Conditions, place: Place | None, steps: int, limit: int
) -> list[WorkItemRow]:
    """What matches among the next rows of the order, of the part of the list in which the place is."""
    nearest = select(WorkItemRow).order_by(*order.by()).limit(steps)
    if place is not None:
        nearest = nearest.where(order.behind(place))
    if order.has_gaps and (place is None or place.value is not None):
        nearest = nearest.where(order.column.is_not(None))
    row = aliased(WorkItemRow, nearest.subquery())
    return list(session.scalars(select(row).where(*matching(row, False)).order_by(*order.by(row)).limit(limit)))


def _gather(session: Session, order: Order, matching: Conditions, place: Place | None, limit: int, up_to: int) -> Found:
    """All that matches, sorted and counted: first keys alone, then the rows of the page."""
    keys = [WorkItemRow.instance_id, WorkItemRow.id]
    keys += [] if order.column is WorkItemRow.id else [order.column]
    found = select(*keys).where(*matching(WorkItemRow, True)).cte("found").prefix_with("MATERIALIZED")
    nearest = select(found).order_by(*_gaps_last(order, found.c)).limit(limit)
    if place is not None:
        behind = order.behind(place, found.c)
        has_gaps_to_come = order.has_gaps and place.value is not None
        nearest = nearest.where(behind | found.c[order.column.key].is_(None) if has_gaps_to_come else behind)
    chosen = nearest.subquery()
    total = select(func.count()).select_from(found).scalar_subquery()
    is_chosen = (WorkItemRow.instance_id == chosen.c.instance_id) & (WorkItemRow.id == chosen.c.id)
    query = select(WorkItemRow, total).join(chosen, is_chosen).order_by(*_gaps_last(order, WorkItemRow))
    rows = session.execute(query).all()
    if not rows:
        return Found([], 0 if place is None else _count(session, matching, up_to))
    return Found([row for row, _ in rows], min(rows[0][1], up_to))


def _gaps_last(order: Order, row: Any) -> list[Any]:
    first, *others = order.by(row)
    return [first.nulls_last() if order.has_gaps else first, *others]
