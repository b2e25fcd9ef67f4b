"""The report on approvals: how long they take, how many need nobody, and what each group decides."""

from flask import Response

from engine.errors import DefinitionNotFound
from engine.reports import cohorts
from processes.offer_approval.figures import ApprovalFigures, approval_figures
from webapp.pages.blueprint import blueprint
from webapp.pages.formats import words
from webapp.pages.report_frame import Chart, Column, Report, Series, percent, period, show, span
from webapp.web import view

PROCESS = "offer_approval"
COLUMNS = (
    Column("group", "Group"),
    Column("people", "People", "count"),
    Column("approved", "Approved", "count"),
    Column("returned", "Returned", "count"),
    Column("rejected", "Rejected", "count"),
)


@blueprint.get("/reports/approvals")
def approval_report() -> Response | str:
    """What became of the approvals that began in the period, and who decided what."""
    days_of = period()
    with view() as reading:
        try:
            plan = cohorts.plan(reading, PROCESS)
        except DefinitionNotFound:
            found = None
        else:
            found = approval_figures(reading, cohorts.Wanted(plan=plan, since=days_of.since, until=days_of.until))
    return show(_report(found), "approval_report", period=days_of)


def _report(found: ApprovalFigures | None) -> Report:
    groups = found.by_group if found else []
    return Report(
        key="approvals",
        title="Approvals",
        lead="The approvals of offers that began in the period: how long they took, and who decided what",
        columns=COLUMNS,
        rows=[(words(each.group), each.people, each.approved, each.returned, each.rejected) for each in groups],
        charts=(_chart(found),) if groups and found else (),
        facts=_facts(found) if found and found.begun else (),
        note="Calendar time from the freeze of the first version to the lock of the approved one.",
        nothing="Nobody decided on an offer whose approval began in this time. Choose a longer one.",
    )


def _facts(found: ApprovalFigures) -> tuple[tuple[str, str], ...]:
    return (
        ("Began", f"{found.begun:,d}"),
        ("Approved", f"{found.approved:,d}"),
        ("Half approved within", span(found.half)),
        ("9 of 10 within", span(found.most)),
        ("Nobody had to be asked", percent(found.auto_share)),
        ("Approved as first written", percent(found.first_pass_share)),
        ("Versions of approved ones", "–" if found.versions is None else f"{found.versions:.2f}"),
        ("Rejected", f"{found.rejected:,d}"),
        ("Withdrawn", f"{found.withdrawn:,d}"),
        ("Reminders", f"{found.reminded:,d}"),
        ("Stand-ins asked", f"{found.passed_on:,d}"),
    )


def _chart(found: ApprovalFigures) -> Chart:
    return Chart(
        title="What each group decided",
        categories=[words(each.group) for each in found.by_group],
        series=(
            Series(name="approved", values=[each.approved for each in found.by_group], look="good"),
            Series(name="returned", values=[each.returned for each in found.by_group], look="soon"),
            Series(name="rejected", values=[each.rejected for each in found.by_group], look="late"),
        ),
        is_stacked=True,
    )
