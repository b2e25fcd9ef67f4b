"""The report on visits of the web site."""

from flask import Response

from crm.visits.queries import VisitDay, visit_days
from webapp.pages.blueprint import blueprint
from webapp.pages.report_frame import Chart, Column, Report, Series, period, show
from webapp.web import view

COLUMNS = (
    Column("day", "Day", "day"),
    Column("known", "Visits of people we know", "count"),
    Column("anonymous", "Visits of others", "count"),
    Column("pages", "Pages", "count"),
)


@blueprint.get("/reports/visits")
def visit_report() -> Response | str:
    """How many came to the web site on which day."""
    days_of = period()
    with view() as reading:
        found = visit_days(reading, days_of.since, days_of.until)
    return show(_report(found), "visit_report", period=days_of)


def _report(found: list[VisitDay]) -> Report:
    series = (
        Series(name="people we know", values=[each.known for each in found]),
        Series(name="others", values=[each.anonymous for each in found], look="plain"),
    )
    chart = Chart(
        title="Visits a day",
        categories=[each.day.isoformat() for each in found],
        series=series,
        kind="columns",
        is_stacked=True,
    )
    return Report(
        key="visits",
        title="Web visits",
        lead="Visits of the web site, by the day on which they began",
        columns=COLUMNS,
        rows=[(each.day, each.known, each.anonymous, each.pages) for each in found],
        charts=(chart,) if found else (),
        facts=(
            ("Of people we know", f"{sum(each.known for each in found):,d}"),
            ("Of others", f"{sum(each.anonymous for each in found):,d}"),
        ),
        note="Visits of people we know are activities, too. Those of others are kept for 90 days.",
        nothing="No visit in this time. The web site tells of them through the API (POST /web-visits).",
    )
