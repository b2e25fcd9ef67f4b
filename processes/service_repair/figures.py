"""Figures of repairs: how long they take, what comes back, what customers agree to, and whether the law was kept.

All of it follows from the history of the cases that began in a period; nothing is stored for it.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Subquery, func, select

from core.records import dataclass
from engine.models import InstanceRow, TokenLogRow
from engine.reports.cohorts import Wanted, begun
from storage.unit_of_work import Reading

WAITING = (  # elements at which the case waits for somebody outside
    "device_arrives",
    "customer_consents",
    "await_parts",
    "paid",
)
REPAIRED = ("repaired_warranty", "repaired_paid")
LEGAL = timedelta(days=14)  # from the report until a complaint is answered
HALF, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairFigures:
    """Of the cases that began in the period; spans are calendar time, `net` without waiting for others."""

    begun: int
    closed: int
    by_outcome: dict[str, int]
    half: timedelta | None
    most: timedelta | None
    net_half: timedelta | None
    net_most: timedelta | None
    repaired: int
    first_time: int  # repaired with exactly one test
    tests: dict[int, int]  # repaired cases by how many tests they took
    quotes: int
    accepted: int
    waited: timedelta
    worked: timedelta
    late_answers: int

    @property
    def waiting_share(self) -> Decimal | None:
        """How much of the time of closed cases others let us wait."""
        return _share(self.waited, self.waited + self.worked)


def repair_figures(view: Reading, wanted: Wanted) -> RepairFigures:
    """Four statements, each over the cases that are asked for."""
    mine = begun(view, wanted)
    cases = select(InstanceRow.id).where(*mine)
    outcomes = view.session.execute(
        select(InstanceRow.outcome, func.count()).where(*mine).group_by(InstanceRow.outcome)
    ).all()
    known = {str(outcome): count for outcome, count in outcomes if outcome}
    total = sum(count for _, count in outcomes)
    times = _times(view, mine)
    visits = dict(_visits(view, cases))
    tests = _tests(view, mine)
    answered = (
        select(func.count())
        .select_from(TokenLogRow)
        .join(InstanceRow, InstanceRow.id == TokenLogRow.instance_id)
        .where(*mine, TokenLogRow.element_id == "answer", TokenLogRow.entered_at > InstanceRow.started_at + LEGAL)
    )
    return RepairFigures(
        begun=total,
        closed=sum(known.values()),
        by_outcome=known,
        half=times[0],
        most=times[1],
        net_half=times[2],
        net_most=times[3],
        waited=times[4] or timedelta(),
        worked=times[5] or timedelta(),
        repaired=sum(tests.values()),
        first_time=tests.get(1, 0),
        tests=tests,
        quotes=visits.get("send_quote", 0),
        accepted=visits.get("note_consent", 0),
        late_answers=view.session.scalars(answered).one(),
    )


def _times(view: Reading, mine: Any) -> Any:
    """Turnaround of closed cases, as it was and without waiting; the sums of both parts."""
    waits = _waits(mine)
    took = InstanceRow.ended_at - InstanceRow.started_at
    waited = func.coalesce(waits.c.waited, timedelta())
    net = took - waited
    quantiles = [func.percentile_disc(each).within_group(what) for what in (took, net) for each in (HALF, MOST)]
    query = (
        select(*quantiles, func.sum(waited), func.sum(net))
        .select_from(InstanceRow)
        .outerjoin(waits, waits.c.id == InstanceRow.id)
        .where(*mine, InstanceRow.ended_at.is_not(None), InstanceRow.outcome != "duplicate")
    )
    return view.session.execute(query).one()


def _waits(mine: Any) -> Subquery:
    spent = func.sum(func.coalesce(TokenLogRow.left_at, InstanceRow.ended_at) - TokenLogRow.entered_at)
    return (
        select(TokenLogRow.instance_id.label("id"), spent.label("waited"))
        .join(InstanceRow, InstanceRow.id == TokenLogRow.instance_id)
        .where(*mine, InstanceRow.ended_at.is_not(None), TokenLogRow.element_id.in_(WAITING))
        .group_by(TokenLogRow.instance_id)
        .subquery()
    )


def _visits(view: Reading, cases: Any) -> list[tuple[str, int]]:
    wanted = (
        select(TokenLogRow.element_id, func.count())
        .where(TokenLogRow.instance_id.in_(cases), TokenLogRow.element_id.in_(("send_quote", "note_consent")))
        .group_by(TokenLogRow.element_id)
    )
    return [(element, count) for element, count in view.session.execute(wanted)]


def _tests(view: Reading, mine: Any) -> dict[int, int]:
    """Repaired cases by the number of their tests."""
    each = (
        select(TokenLogRow.instance_id, func.count().label("tests"))
        .join(InstanceRow, InstanceRow.id == TokenLogRow.instance_id)
        .where(*mine, InstanceRow.outcome.in_(REPAIRED), TokenLogRow.element_id == "note_test")
        .group_by(TokenLogRow.instance_id)
        .subquery()
    )
    rows = view.session.execute(select(each.c.tests, func.count()).group_by(each.c.tests).order_by(each.c.tests))
    return {int(tests): int(count) for tests, count in rows}


def _share(part: timedelta, whole: timedelta) -> Decimal | None:
    if not whole:
        return None
    return Decimal(str(part.total_seconds())) / Decimal(str(whole.total_seconds()))
