"""How long cases stay in each stage, how often they come back to it, and what people did in time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select

from core.records import dataclass
from engine.models import InstanceRow, TaskHistoryRow, TokenLogRow, WorkItemRow
from engine.reports.cohorts import BOUNDARY, Wanted, begun, number_of
from engine.service_levels import SCOPES
from storage.unit_of_work import Reading

HALF, MOST = 0.5, 0.9
BLINK = timedelta(seconds=1)  # between two elements of a stage: the case has not left it


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """Calendar time in a stage, summed over the visits of each case; half and nine tenths of the cases took no more.

    `returns` are visits after a case's first.
    """

    stage: str
    cases: int
    half: timedelta | None
    most: timedelta | None
    returns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """A user task of a process: how many were done, how long they took, and how many were done by their due time."""

    element_id: str
    name: str
    done: int
    open: int
    half: timedelta | None
    most: timedelta | None
    with_due: int  # done ones that were to be done by some time
    in_time: int
    overdue: int  # open ones whose time has passed


def stage_times(view: Reading, wanted: Wanted) -> list[StageTime]:
    """Of the cases that began in the period, by stage; what still runs is counted until now.

    Tokens that are in a stage at the same time count once; a sub-process counts by what is inside it.
    """
    now, number = view.clock.now(), number_of(wanted.plan, TokenLogRow.stage).label("number")
    until = func.greatest(func.coalesce(TokenLogRow.left_at, InstanceRow.ended_at, now), TokenLogRow.entered_at)
    span = func.tstzrange(TokenLogRow.entered_at, until + BLINK, "[]")
    merged = func.range_agg(span)
    visits = (
        select(TokenLogRow.instance_id.label("id"), number, func.unnest(merged).label("visit"))
        .join(InstanceRow, InstanceRow.id == TokenLogRow.instance_id)
        .where(*begun(view, wanted), TokenLogRow.type.not_in((BOUNDARY, *SCOPES)), TokenLogRow.stage.is_not(None))
        .group_by(TokenLogRow.instance_id, number)
        .subquery()
    )
    took = func.sum(func.upper(visits.c.visit) - func.lower(visits.c.visit) - literal(BLINK))
    each = (
        select(visits.c.number, took.label("took"), func.count().label("visits"))
        .group_by(visits.c.id, visits.c.number)
        .subquery()
    )
    rows = view.session.execute(
        select(each.c.number, func.count(), *_quantiles(each.c.took), func.sum(each.c.visits - 1)).group_by(
            each.c.number
        )
    )
    found = {row[0]: row for row in rows}
    return [_stage_time(stage, found.get(place)) for place, stage in enumerate(wanted.plan.stages)]


def step_times(view: Reading, wanted: Wanted) -> list[StepTime]:
    """Of the cases that began in the period, by user task, those that were done most often first.

    A step of several names, as versions renamed it, has the last of them in the alphabet.
    """
    took, due, now = TaskHistoryRow.ended_at - TaskHistoryRow.created_at, TaskHistoryRow.due_at, view.clock.now()
    cases = select(InstanceRow.id).where(*begun(view, wanted))
    done = view.session.execute(
        select(
            TaskHistoryRow.element_id,
            func.max(TaskHistoryRow.name),
            func.count(),
            *_quantiles(took),
            func.count(due),
            func.count().filter(TaskHistoryRow.ended_at <= due),
        )
        .where(TaskHistoryRow.instance_id.in_(cases), TaskHistoryRow.state == "completed")
        .group_by(TaskHistoryRow.element_id)
    )
    waiting = view.session.execute(
        select(
            WorkItemRow.element_id,
            func.max(WorkItemRow.name),
            func.count(),
            func.count().filter(WorkItemRow.due_at < now),
        )
        .where(WorkItemRow.instance_id.in_(cases))
        .group_by(WorkItemRow.element_id)
    )
    found = {row[0]: _step(row) for row in done}
    for element, name, count, late in waiting:
        known = found.get(element) or _step((element, name, 0, None, None, 0, 0))
        found[element] = replace(known, open=count, overdue=late)
    return sorted(found.values(), key=lambda each: (-each.done, -each.open, each.name))


def _quantiles(took: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [func.percentile_disc(each).within_group(took) for each in (HALF, MOST)]


def _stage_time(stage: str, row: Any) -> StageTime:
    _, cases, half, most, returns = row or (None, 0, None, None, 0)
    return StageTime(stage=stage, cases=cases, half=half, most=most, returns=int(returns))


def _step(row: Any) -> StepTime:
    element, name, done, half, most, with_due, in_time = row
    return StepTime(
        element_id=element,
        name=name,
        done=done,
        open=0,
        half=half,
        most=most,
        with_due=with_due,
        in_time=in_time,
        overdue=0,
    )
