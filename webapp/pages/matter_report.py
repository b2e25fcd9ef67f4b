"""The resource plan: hours and cost by project, campaign or whatever else activities are about."""

from flask import Response

from crm.links.ends import End
from crm.planning.matters import MatterUse, use_by_matter
from webapp.linked_records import RecordTitles
from webapp.pages.blueprint import blueprint
from webapp.pages.formats import words
from webapp.pages.report_frame import Chart, Column, Report, Series, period, show
from webapp.web import view

COLUMNS = (
    Column("kind", "What"),
    Column("matter", "About"),
    Column("activities", "Activities", "count"),
    Column("people_hours", "Hours of people", "money"),
    Column("people_cost", "Their cost", "money"),
    Column("resource_hours", "Hours of rooms and devices", "money"),
    Column("resource_cost", "Cost of these", "money"),
    Column("cost", "Together", "money"),
)
SHOWN = 12  # in the chart


@blueprint.get("/reports/resources")
def matter_report() -> Response | str:
    """What each matter takes in the period; those that the reader may not see are left out."""
    days_of = period()
    with view() as reading:
        found = use_by_matter(reading, days_of.since, days_of.until)
        titles = RecordTitles().titles(reading, [End(each.entity, each.record_id) for each in found])
    named = [(titles[end], each) for each in found if (end := End(each.entity, each.record_id)) in titles]
    return show(_report(named), "matter_report", period=days_of)


def _report(found: list[tuple[str, MatterUse]]) -> Report:
    dear = [(title, each) for title, each in found if each.cost][:SHOWN]
    chart = Chart(
        title="Cost",
        categories=[title for title, _ in dear],
        series=(
            Series(name="people", values=[float(each.people_cost or 0) for _, each in dear]),
            Series(name="rooms and devices", values=[float(each.resource_cost) for _, each in dear], look="soon"),
        ),
        is_stacked=True,
    )
    rows = [
        (
            words(each.entity.rpartition(".")[2]),
            title,
            each.activities,
            each.people_hours,
            each.people_cost,
            each.resource_hours,
            each.resource_cost,
            each.cost,
        )
        for title, each in found
    ]
    return Report(
        key="resource-plan",
        title="Resource plan",
        lead="Hours and cost of people, rooms and devices by what the activities of the period are about",
        columns=COLUMNS,
        rows=rows,
        charts=(chart,) if dear else (),
        note="In the company's currency. An activity about two matters counts for each; what has no price is free.",
        nothing="No activity of this time is about a project, a campaign or another record. Choose a longer one.",
    )
