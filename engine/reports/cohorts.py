"""Counts cases by stage in the database: those that began in a period, those that are open, and who entered when.

What is read is the history of the cases that are asked for: one look-up by the key for each, nothing of the others.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Subquery, and_, case, cast, func, literal, null, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from core.records import dataclass
from engine import access
from engine.errors import DefinitionNotFound
from engine.models import DefinitionRow, InstanceRow, TokenLogRow
from engine.queries import page_of
from engine.reports.funnel import LOST, NOW, WON, Fate, Funnel, Tally, funnel, places
from engine.views import InstanceSummary, Page
from storage.unit_of_work import Reading

SEE_ALL = "report.read_all"  # figures of all cases, not only of those that one is involved in
BOUNDARY = "boundaryEvent"  # armed wherever a token is; that it waits says nothing of how far the case came


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The stages of a process in the order of its newest version, and what counts as success."""

    key: str
    name: str
    stages: tuple[str, ...]
    goals: tuple[str, ...]
    numbers: Mapping[str, int]  # of every stage that any version has or had


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases of a process: those of a span of time, `since` inclusive and `until` exclusive, None for open ends.

    `among` narrows further, by a condition on `InstanceRow`.
    """

    plan: Plan
    since: datetime | None = None
    until: datetime | None = None
    started_by: str | None = None
    among: ColumnElement[bool] = field(default_factory=true)


def plan(view: Reading, key: str) -> Plan:
    """What a process says of its stages and goals. Raises `DefinitionNotFound`."""
    mine = (DefinitionRow.kind == "process") & (DefinitionRow.key == key)
    rows = view.session.execute(
        select(DefinitionRow.name, DefinitionRow.info).where(mine).order_by(DefinitionRow.version.desc())
    ).all()
    if not rows:
        raise DefinitionNotFound(f"There is no process {key}.", definition=key)
    stages = [tuple(info.get("stages", ())) for _, info in rows]
    newest = rows[0].info
    return Plan(
        key=key,
        name=rows[0].name,
        stages=stages[0],
        goals=tuple(newest.get("goals", ())),
        numbers=places(stages),
    )


def cohort(view: Reading, wanted: Wanted) -> Funnel:
    """What became of the cases that began in the period."""
    if not wanted.plan.stages:
        return funnel((), ())
    found = _furthest(view, wanted)
    query = select(found.c.highest, found.c.fate, func.count()).group_by(found.c.highest, found.c.fate)
    tallies = [Tally(highest=number, fate=fate, count=count) for number, fate, count in view.session.execute(query)]
    return funnel(wanted.plan.stages, tallies)


def cohort_cases(
    view: Reading, wanted: Wanted, *, stage: str, fate: Fate | None = None, after: str | None = None, limit: int = 50
) -> Page[InstanceSummary]:
    """The cases behind a number of the cohort, newest first: those that reached a stage, or of a fate at it."""
    number = wanted.plan.numbers.get(stage, len(wanted.plan.stages))
    found = _furthest(view, wanted)
    if fate is None:
        reached = (found.c.highest >= number) | (found.c.fate == WON)
    else:
        reached = (found.c.fate == fate) & ((found.c.highest == number) if fate != WON else true())
    query = select(InstanceRow).where(InstanceRow.id.in_(select(found.c.id).where(reached)))
    return page_of(view, query, after, limit)


def snapshot(view: Reading, wanted: Wanted) -> dict[str, int]:
    """The open cases by the stage that they are in now, whenever they began; the period does not count."""
    open_now = select(InstanceRow.stage, func.count()).where(
        InstanceRow.definition_key == wanted.plan.key, InstanceRow.ended_at.is_(None), *_whose(view, wanted)
    )
    found = dict.fromkeys(wanted.plan.stages, 0)
    for stage, count in view.session.execute(open_now.group_by(InstanceRow.stage)):
        if found:
            found[wanted.plan.stages[wanted.plan.numbers.get(stage or "", 0)]] += count
    return found


def entries(view: Reading, wanted: Wanted) -> dict[str, int]:
    """How many cases came to each stage, or beyond it, for the first time in the period, whenever they began."""
    stages = wanted.plan.stages
    if not stages:
        return {}
    won_at = case((_fate(wanted.plan) == WON, InstanceRow.ended_at)).label("won_at")
    cases = select(InstanceRow.id, InstanceRow.started_at, won_at).where(
        InstanceRow.definition_key == wanted.plan.key, *_whose(view, wanted), *_alive(wanted)
    )
    chosen, number = cases.subquery(), number_of(wanted.plan, TokenLogRow.stage)
    numbers = func.generate_series(0, len(stages) - 1).table_valued("number").render_derived(name="each_stage")
    reached = and_(TokenLogRow.instance_id == chosen.c.id, number >= numbers.c.number, TokenLogRow.type != BOUNDARY)
    at_once = case((numbers.c.number == 0, chosen.c.started_at))  # whatever began has reached the first stage
    first = func.coalesce(func.min(TokenLogRow.entered_at), chosen.c.won_at, at_once)
    visits = (
        select(numbers.c.number.label("number"), first.label("first"))
        .select_from(chosen.join(numbers, true()).outerjoin(TokenLogRow, reached))
        .group_by(chosen.c.id, numbers.c.number, chosen.c.started_at, chosen.c.won_at)
        .subquery()
    )
    counted = (
        select(visits.c.number, func.count())
        .where(visits.c.first.is_not(None), *_within(visits.c.first, wanted))
        .group_by(visits.c.number)
    )
    found = dict.fromkeys(stages, 0)
    return found | {stages[number]: count for number, count in view.session.execute(counted)}


def _furthest(view: Reading, wanted: Wanted) -> Subquery:
    """The cases of the cohort, each with the number of its furthest stage and its fate."""
    highest = (
        select(func.max(number_of(wanted.plan, TokenLogRow.stage)))
        .where(TokenLogRow.instance_id == InstanceRow.id, TokenLogRow.type != BOUNDARY)
        .scalar_subquery()
    )
    return (
        select(InstanceRow.id, func.coalesce(highest, 0).label("highest"), _fate(wanted.plan).label("fate"))
        .where(*begun(view, wanted))
        .subquery()
    )


def begun(view: Reading, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The cases that are asked for and began in the period, as conditions on `InstanceRow`."""
    of_process = InstanceRow.definition_key == wanted.plan.key
    return [of_process, *_whose(view, wanted), *_within(InstanceRow.started_at, wanted)]


def _whose(view: Reading, wanted: Wanted) -> list[ColumnElement[bool]]:
    rights = true() if view.actor.may(SEE_ALL) else access.visible_instances(view.actor)
    mine = true() if wanted.started_by is None else InstanceRow.started_by == wanted.started_by
    return [rights, mine, wanted.among]


def _within(moment: ColumnElement[datetime] | InstrumentedAttribute[datetime], wanted: Wanted) -> list[Any]:
    found = [] if wanted.since is None else [moment >= wanted.since]
    return found if wanted.until is None else [*found, moment < wanted.until]


def _alive(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Cases that were open at some moment of the period."""
    found: list[ColumnElement[bool]] = [] if wanted.until is None else [InstanceRow.started_at < wanted.until]
    if wanted.since is not None:
        found.append(or_(InstanceRow.ended_at.is_(None), InstanceRow.ended_at >= wanted.since))
    return found


def _fate(plan: Plan) -> ColumnElement[str]:
    """Without goals, a case that came to any end of its process has succeeded; one that was cancelled never has."""
    is_won = InstanceRow.state == "completed"
    if plan.goals:
        is_won = is_won & InstanceRow.outcome.in_(plan.goals)
    return case((InstanceRow.ended_at.is_(None), literal(NOW)), (is_won, literal(WON)), else_=literal(LOST))


def number_of(plan: Plan, stage: InstrumentedAttribute[str | None]) -> ColumnElement[int | None]:
    """The number of a stage in the plan's order; NULL for none."""
    return case(dict(plan.numbers), value=stage, else_=cast(null(), Integer))
