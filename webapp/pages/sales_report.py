"""The report on selling: what was won and lost, why, how fast, and what is open."""

from flask import Response

from crm.company import company
from processes.sales_cycle.pipeline import SalesFigures, sales_figures
from webapp.pages.blueprint import blueprint
from webapp.pages.formats import money, reader_zone, words
from webapp.pages.report_frame import Chart, Column, Report, Series, percent, period, show, span
from webapp.pages.shell import names
from webapp.web import view

COLUMNS = (
    Column("owner", "Who sells"),
    Column("open", "Open", "count"),
    Column("open_value", "Value", "money"),
    Column("weighted", "Weighted", "money"),
    Column("won", "Won", "count"),
    Column("won_value", "Won, value", "money"),
    Column("lost", "Lost", "count"),
    Column("lost_value", "Lost, value", "money"),
)


@blueprint.get("/reports/sales")
def sales_report() -> Response | str:
    """What became of opportunities that were closed in the period, and what is open now."""
    days_of = period()
    with view() as reading:
        found = sales_figures(reading, days_of.since, days_of.until, str(reader_zone()))
        currency = company(reading).currency
    return show(_report(found, currency), "sales_report", period=days_of)


def _report(found: SalesFigures, currency: str) -> Report:
    known = names()
    rows = [
        (known.get(each.owner or "", each.owner or "nobody"), *(getattr(each, column.key) for column in COLUMNS[1:]))
        for each in found.by_owner
    ]
    return Report(
        key="sales",
        title="Sales",
        lead="Opportunities that were won or lost in the period, and those that are open now",
        columns=COLUMNS,
        rows=rows,
        charts=_charts(found),
        facts=(
            ("Open", f"{found.total('open'):,d}"),
            ("Weighted", money(found.total("weighted"), currency)),
            ("Won", f"{found.total('won'):,d}"),
            ("Won of won and lost", percent(found.win_rate)),
            ("The same by value", percent(found.value_rate)),
            ("Mean time to win", span(found.cycle)),
            ("Offers for each", "–" if found.versions is None else f"{found.versions:.2f}"),
            ("Sold in a day", "–" if found.velocity is None else money(found.velocity, currency)),
        ),
        note="Sold in a day = open ones × mean value of won ones × share won ÷ mean days to win.",
        nothing="Nothing was won or lost in this time, and nothing is open. Choose a longer one.",
    )


def _charts(found: SalesFigures) -> tuple[Chart, ...]:
    charts = []
    if found.months:
        charts.append(
            Chart(
                title="Won and lost by month",
                categories=[f"{month:%Y-%m}" for month, _, _ in found.months],
                series=(
                    Series(name="won", values=[won for _, won, _ in found.months], look="good"),
                    Series(name="lost", values=[lost for _, _, lost in found.months], look="late"),
                ),
                kind="columns",
            )
        )
    if found.reasons:
        charts.append(
            Chart(
                title="Why opportunities were lost",
                categories=[words(reason) for reason, _ in found.reasons],
                series=(Series(name="opportunities", values=[count for _, count in found.reasons], look="late"),),
            )
        )
    return tuple(charts)
