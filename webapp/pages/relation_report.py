"""The report on what made customers more or less satisfied."""

from collections import Counter

from flask import Response, url_for

from crm import relations
from crm.dictionaries import dictionaries
from crm.relations import MOST, Change
from crm.satisfaction import CAUSES
from webapp.pages.blueprint import blueprint
from webapp.pages.customers import said
from webapp.pages.report_frame import Chart, Column, Report, Series, period, show
from webapp.pages.shell import names
from webapp.web import view

CHANGES = (
    Column("day", "Day", "day"),
    Column("customer", "Customer"),
    Column("before", "Before", "count"),
    Column("after", "After", "count"),
    Column("cause", "Cause"),
    Column("activity", "After the activity"),
    Column("remark", "Remark"),
    Column("by", "Recorded by"),
)


@blueprint.get("/reports/satisfaction")
def satisfaction_report() -> Response | str:
    """The changes of satisfaction in a period, with their causes and the activities that led to them."""
    days_of = period()
    with view() as reading:
        found = relations.changes(reading, days_of.since, days_of.until)
        lists = {each.key: each for each in dictionaries(reading)}
    people = names()
    causes = {each.cause: said(lists, CAUSES, each.cause) or "not told" for each in found}
    report = Report(
        key="satisfaction",
        title="Satisfaction",
        lead="Customers who are more or less satisfied than before, and by what that changed",
        columns=CHANGES,
        rows=[
            (
                each.recorded_at,
                each.customer_name,
                each.before,
                each.after,
                causes[each.cause],
                said(lists, "activity_method", each.activity_method),
                each.remark,
                people.get(each.recorded_by, each.recorded_by),
            )
            for each in found
        ],
        charts=_causes(found, causes),
        links=_links(found),
        note=f"The newest {MOST}." if len(found) == MOST else "Satisfaction is from 1, angry, to 5, delighted.",
        nothing="Nobody's satisfaction changed in this time. Choose a longer one.",
    )
    return show(report, "satisfaction_report", period=days_of, filter_form="reports/_period.html")


def _causes(found: list[Change], causes: dict[str | None, str]) -> tuple[Chart, ...]:
    if not found:
        return ()
    counts = Counter((causes[each.cause], each.after > each.before) for each in found)
    categories = sorted(set(causes.values()))
    better, worse = ([counts[cause, is_better] for cause in categories] for is_better in (True, False))
    series = [Series(name="better", values=better, look="good"), Series(name="worse", values=worse, look="late")]
    return (Chart(title="By cause", categories=categories, series=series, is_stacked=True),)


def _links(found: list[Change]) -> dict[tuple[int, str], str]:
    links = {(at, "customer"): url_for("pages.customer", customer_id=each.customer_id) for at, each in enumerate(found)}
    for at, each in enumerate(found):
        if each.activity_id:
            links[at, "activity"] = url_for("pages.activity", activity_id=each.activity_id)
    return links
