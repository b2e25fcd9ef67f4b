"""The report on activities: what each employee planned, held, left or cancelled on each day, and how soon we answer."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from flask import Response, url_for

from crm.planning.reports import PlanCount, ResponseReport, plans, responses
from webapp.pages.blueprint import blueprint
from webapp.pages.report_frame import Chart, Column, Look, Report, Series, period, show, span
from webapp.pages.shell import names
from webapp.web import view

KINDS: tuple[tuple[str, Look], ...] = (("planned", "accent"), ("held", "good"), ("overdue", "late"))
COLUMNS = (
    Column("day", "Day", "day"),
    Column("employee", "Employee"),
    Column("planned", "Planned", "count"),
    Column("held", "Held", "count"),
    Column("overdue", "Overdue", "count"),
    Column("cancelled", "Cancelled", "count"),
)


@blueprint.get("/reports/activities")
def activity_report() -> Response | str:
    """Activities of the period by employee and day; those of a number are one click away."""
    days_of = period()
    with view() as reading:
        found = plans(reading, days_of.since, days_of.until)
        answered = responses(reading, days_of.since, days_of.until)
    return show(_report(found, answered), "activity_report", period=days_of)


def _report(found: list[PlanCount], answered: ResponseReport) -> Report:
    people = names()
    return Report(
        key="activities",
        title="Activities",
        lead="What was planned with customers in the period, and what became of it",
        columns=COLUMNS,
        rows=[
            (each.day, people.get(each.employee, each.employee), each.planned, each.held, each.overdue, each.cancelled)
            for each in found
        ],
        charts=_charts(found, people),
        facts=(
            ("Came in", f"{answered.received:,d}"),
            ("Answered", f"{answered.answered:,d}"),
            ("Overdue to answer", f"{answered.overdue:,d}"),
            ("Half answered within", span(_seconds(answered))),
        ),
        links={(at, "employee"): _behind(each) for at, each in enumerate(found)},
        note="Overdue are planned ones whose time has passed, on the day for which they were planned.",
        nothing="No activity falls into this time. Choose a longer one.",
    )


def _charts(found: list[PlanCount], people: Mapping[str, str]) -> tuple[Chart, ...]:
    sums: dict[str, Counter[str]] = {}
    for each in found:
        counts = {name: getattr(each, name) for name, _ in KINDS}
        sums.setdefault(each.employee, Counter()).update(counts)
    if not sums:
        return ()
    series = [Series(name=name, values=[counts[name] for counts in sums.values()], look=look) for name, look in KINDS]
    categories = [people.get(each, each) for each in sums]
    return (Chart(title="By employee", categories=categories, series=series, is_stacked=True),)


def _behind(each: PlanCount) -> str:
    """The list of that employee's activities of that day."""
    after = each.day + timedelta(days=1)
    return url_for("pages.activities", show="everybody", employee=each.employee, since=each.day, until=after)


def _seconds(answered: ResponseReport) -> timedelta | None:
    return None if answered.median_seconds is None else timedelta(seconds=answered.median_seconds)
