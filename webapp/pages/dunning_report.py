"""The report on dunning: how far claims come and what is paid at each level, with the ratios of the whole."""

from decimal import Decimal

from flask import Response

from crm.company import company
from engine.reports.funnel import share
from processes.dunning import figures
from processes.dunning.figures import Achieved, Debts
from webapp.pages.blueprint import blueprint
from webapp.pages.formats import money
from webapp.pages.report_frame import Chart, Column, Report, Series, percent, period, show
from webapp.web import view

LEVELS = ("Overdue", "Reminded", "Demanded", "Called", "Demanded with interest", "Last demand")
COLUMNS = (
    Column("level", "Came as far as"),
    Column("reached", "Reached", "count"),
    Column("settled", "Settled there", "count"),
    Column("share", "Of all, settled by then", "share"),
    Column("days", "Half settled after days", "count"),
    Column("running", "Still there", "count"),
    Column("given_away", "Given away", "count"),
    Column("other", "Ended otherwise", "count"),
    Column("owed", "Owed", "money"),
    Column("paid", "Paid", "money"),
    Column("recovered", "Recovered", "share"),
)
THOUSAND = 1000
TENTH = Decimal("0.1")


@blueprint.get("/reports/dunning")
def dunning_report() -> Response | str:
    """Claims whose dunning began in the period."""
    days_of = period()
    with view() as reading:
        found = figures.achieved(reading, days_of.since, days_of.until)
        debts = figures.debts(reading, days_of.first, days_of.last)
        currency = company(reading).currency
    report = Report(
        key="dunning",
        title="Dunning",
        lead="Claims whose dunning began in the period, and what has become of them",
        columns=COLUMNS,
        rows=_rows(found) if found.begun else (),
        charts=(_chart(found),),
        facts=_facts(found, debts, currency),
        note="Settled: paid or credited. Owed: what was open when dunning began; paid: what has come since. "
        "Wrong letters left although everything was paid by then; there must be none.",
        nothing="No dunning began in this time. Choose a longer one.",
    )
    return show(report, "dunning_report", period=days_of, filter_form="reports/_period.html")


def _rows(found: Achieved) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    settled = 0
    for each, name in zip(found.levels, LEVELS, strict=True):
        settled += each.settled
        days = None if each.days is None else int(each.days)
        counts = (each.running, each.given_away, each.other)
        recovered = each.paid / each.owed if each.owed else None
        rows.append(
            (
                name,
                each.reached,
                each.settled,
                share(settled, found.begun),
                days,
                *counts,
                each.owed,
                each.paid,
                recovered,
            )
        )
    return rows


def _chart(found: Achieved) -> Chart:
    parts = (("settled", "good"), ("running", "soon"), ("given_away", "late"), ("other", "plain"))
    titles = {"settled": "settled", "running": "still there", "given_away": "given away", "other": "ended otherwise"}
    return Chart(
        title="Where claims stopped",
        categories=LEVELS,
        series=[
            Series(name=titles[key], values=[getattr(each, key) for each in found.levels], look=look)  # type: ignore[arg-type]
            for key, look in parts
        ],
        is_stacked=True,
    )


def _facts(found: Achieved, debts: Debts, currency: str) -> list[tuple[str, str]]:
    promises = found.promises_kept + found.promises_broken
    per_thousand = found.calls / found.paid * THOUSAND if found.paid else None
    given = sum(each.given_away for each in found.levels)
    return [
        ("Claims", f"{found.begun:,d}"),
        ("Recovered", percent(found.paid / found.owed if found.owed else None)),
        ("Days sales outstanding", _number(debts.days_sales_outstanding)),
        ("Best possible", _number(debts.best_possible)),
        ("Collection effectiveness", percent(debts.collection_effectiveness)),
        ("Open at the end", money(debts.closing, currency)),
        ("Promises kept", percent(share(found.promises_kept, promises))),
        ("Disputed", percent(share(found.disputed, found.begun))),
        (f"Calls for 1000 {currency} paid", _number(per_thousand)),
        ("Given away", percent(share(given, found.begun))),
        ("Written off", percent(share(found.written_off, found.begun))),
        ("Letters sent", f"{found.letters:,d}"),
        ("Kept here in time", f"{found.stopped_in_time:,d}"),
        ("Wrong letters", f"{found.wrong_letters:,d}"),
    ]


def _number(value: Decimal | None) -> str:
    return "–" if value is None else f"{value.quantize(TENTH):,}"
