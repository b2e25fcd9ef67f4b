"""Figures of approvals: how long they take, how many need nobody, who asks for more, what slips through.

All of it follows from the history of the cases that began in a period; nothing is stored for it.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, distinct, func, select

from core.records import dataclass
from crm.models import OfferDecisionRow
from engine.models import InstanceRow, TokenLogRow
from engine.reports.cohorts import Wanted, begun
from storage.unit_of_work import Reading

APPROVED = "lock"  # the element at which an offer counts as approved
HALF, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """What one group decided in the period's cases, and by how many people."""

    group: str
    people: int
    approved: int
    returned: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFigures:
    """Of the cases that began in the period; a share is of those that were approved."""

    begun: int
    approved: int
    by_nobody: int  # approved within all limits
    first_pass: int  # approved without a new version
    withdrawn: int
    rejected: int
    half: timedelta | None  # from the freeze to the approval
    most: timedelta | None
    reminded: int  # decisions of which somebody was reminded
    passed_on: int  # decisions for which a stand-in was asked
    decisions: int
    versions: Decimal | None  # mean, of approved ones
    by_group: list[Approver]

    @property
    def auto_share(self) -> Decimal | None:
        """Approved ones that nobody had to be asked about."""
        return Decimal(self.by_nobody) / self.approved if self.approved else None

    @property
    def first_pass_share(self) -> Decimal | None:
        """Approved ones that were never returned."""
        return Decimal(self.first_pass) / self.approved if self.approved else None


def approval_figures(view: Reading, wanted: Wanted) -> ApprovalFigures:
    """Two statements over the cases that are asked for."""
    mine = begun(view, wanted)
    each = _cases(mine)
    is_approved = each.c.approved_at.is_not(None)
    took = each.c.approved_at - each.c.frozen_at
    quantiles = [func.percentile_disc(part).within_group(took).filter(is_approved) for part in (HALF, MOST)]
    counts: dict[str, ColumnElement[Any]] = {
        "begun": func.count(),
        "approved": func.count().filter(is_approved),
        "by_nobody": func.count().filter(is_approved, each.c.asked == 0),
        "first_pass": func.count().filter(is_approved, each.c.versions == 0),
        "withdrawn": func.count().filter(each.c.outcome == "withdrawn"),
        "rejected": func.count().filter(each.c.outcome == "rejected"),
        "half": quantiles[0],
        "most": quantiles[1],
        "reminded": func.coalesce(func.sum(each.c.reminded), 0),
        "passed_on": func.coalesce(func.sum(each.c.passed_on), 0),
        "versions": func.avg(each.c.versions + 1).filter(is_approved),
    }
    row = view.session.execute(select(*(what.label(name) for name, what in counts.items()))).mappings().one()
    groups = _by_group(view, mine)
    decided = sum(one.approved + one.returned + one.rejected for one in groups)
    whole = {name: int(row[name]) for name in ("reminded", "passed_on")}
    return ApprovalFigures(**{**row, **whole}, decisions=decided, by_group=groups)


def _by_group(view: Reading, mine: Any) -> list[Approver]:
    said = OfferDecisionRow.decision
    query = (
        select(
            OfferDecisionRow.group,
            func.count(distinct(OfferDecisionRow.actor)),
            *(func.count().filter(said == answer) for answer in ("approve", "return", "reject")),
        )
        .join(InstanceRow, InstanceRow.id == OfferDecisionRow.case_id)
        .where(*mine)
        .group_by(OfferDecisionRow.group)
        .order_by(func.count().desc(), OfferDecisionRow.group)
    )
    return [
        Approver(group=str(row[0]), people=row[1], approved=row[2], returned=row[3], rejected=row[4])
        for row in view.session.execute(query)
    ]


def _cases(mine: Any) -> Any:
    """Each case with what happened at its elements."""
    log = TokenLogRow

    def visits(element: str) -> Any:
        return func.count(distinct(case((log.element_id == element, log.id))))

    return (
        select(
            InstanceRow.id,
            InstanceRow.outcome,
            func.min(case((log.element_id == APPROVED, log.entered_at))).label("approved_at"),
            func.min(case((log.element_id == "freeze", log.entered_at))).label("frozen_at"),
            visits("approve_offer").label("asked"),
            visits("new_version").label("versions"),
            visits("remind_approver").label("reminded"),
            visits("ask_stand_in").label("passed_on"),
        )
        .outerjoin(log, log.instance_id == InstanceRow.id)
        .where(*mine)
        .group_by(InstanceRow.id, InstanceRow.outcome)
        .subquery()
    )
