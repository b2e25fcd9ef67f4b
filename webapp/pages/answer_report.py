"""The report on answers: how long customers wait from their enquiry until the offer is sent."""

from flask import Response

from crm.enquiries import AnswerTimes, answer_times
from webapp.pages.blueprint import blueprint
from webapp.pages.report_frame import Chart, Column, Report, Series, days, period, show, span
from webapp.web import view

COLUMNS = (
    Column("owner", "Who answers for the offer"),
    Column("offers", "Offers", "count"),
    Column("half", "Half left within", "span"),
    Column("most", "9 of 10 left within", "span"),
)


@blueprint.get("/reports/answers")
def answer_report() -> Response | str:
    """The time from enquiry to offer, of offers that left in the period."""
    days_of = period()
    with view() as reading:
        found = answer_times(reading, days_of.since, days_of.until)
    return show(_report(found), "answer_report", period=days_of)


def _report(found: AnswerTimes) -> Report:
    people = [each.owner_name for each in found.by_owner]
    chart = Chart(
        title="Days from enquiry to offer",
        categories=people,
        series=(
            Series(name="half left within", values=[days(each.half) for each in found.by_owner]),
            Series(name="9 of 10 left within", values=[days(each.most) for each in found.by_owner], look="plain"),
        ),
        unit="d",
    )
    return Report(
        key="answers",
        title="Answers",
        lead="The time from an enquiry until its offer was sent, of offers that were first sent in the period",
        columns=COLUMNS,
        rows=[(each.owner_name, each.offers, each.half, each.most) for each in found.by_owner],
        charts=(chart,) if people else (),
        facts=(
            ("Offers sent", f"{found.offers:,d}"),
            ("Half left within", span(found.half)),
            ("9 of 10 left within", span(found.most)),
            ("Not answered yet", f"{found.waiting:,d}"),
        ),
        note="Calendar time. Offers that nobody asked for are left out.",
        nothing="No offer that a customer had asked for was sent in this time. Choose a longer one.",
    )
