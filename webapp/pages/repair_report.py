"""The report on repairs: turnaround, first-time fix, quotes, waiting, the legal deadline."""

from decimal import Decimal

from flask import Response

from engine.errors import DefinitionNotFound
from engine.reports import cohorts
from engine.reports.funnel import share
from processes.service_repair.figures import RepairFigures, repair_figures
from webapp.pages.blueprint import blueprint
from webapp.pages.formats import words
from webapp.pages.report_frame import Chart, Column, Report, Series, percent, period, show, span
from webapp.web import view

PROCESS = "service_repair"
COLUMNS = (Column("outcome", "Outcome"), Column("cases", "Cases", "count"), Column("share", "Of all closed", "share"))


@blueprint.get("/reports/repairs")
def repair_report() -> Response | str:
    """What became of the repairs that began in the period, and how well we did."""
    days_of = period()
    with view() as reading:
        try:
            plan = cohorts.plan(reading, PROCESS)
        except DefinitionNotFound:
            found = None
        else:
            wanted = cohorts.Wanted(plan=plan, since=days_of.since, until=days_of.until)
            found = repair_figures(reading, wanted)
    return show(_report(found), "repair_report", period=days_of)


def _report(found: RepairFigures | None) -> Report:
    outcomes = [] if found is None else sorted(found.by_outcome.items(), key=lambda each: (-each[1], each[0]))
    closed = found.closed if found else 0
    return Report(
        key="repairs",
        title="Repairs",
        lead="The repairs that began in the period: how they ended, how long they took, what came back",
        columns=COLUMNS,
        rows=[(words(outcome), count, share(count, closed)) for outcome, count in outcomes],
        charts=() if found is None else _charts(found, outcomes),
        facts=() if found is None else _facts(found),
        note="Calendar time. Net leaves out waiting for the device, the customer's consent, parts and a payment.",
        nothing="No repair was closed of those that began in this time. Choose a longer one.",
    )


def _facts(found: RepairFigures) -> tuple[tuple[str, str], ...]:
    return (
        ("Began", f"{found.begun:,d}"),
        ("Closed", f"{found.closed:,d}"),
        ("Half took at most", span(found.half)),
        ("9 of 10 took at most", span(found.most)),
        ("Net, half at most", span(found.net_half)),
        ("Net, 9 of 10 at most", span(found.net_most)),
        ("Fixed the first time", percent(share(found.first_time, found.repaired))),
        ("Tests per repair", _mean(found)),
        ("Quotes accepted", percent(share(found.accepted, found.quotes))),
        ("Time spent waiting", percent(found.waiting_share)),
        ("Answers after the legal day", f"{found.late_answers:,d}"),
    )


def _charts(found: RepairFigures, outcomes: list[tuple[str, int]]) -> tuple[Chart, ...]:
    ended = Chart(
        title="How repairs ended",
        categories=[words(outcome) for outcome, _ in outcomes],
        series=(Series(name="cases", values=[count for _, count in outcomes]),),
    )
    if not found.tests:
        return (ended,)
    tests = Chart(
        title="Tests that a repair took",
        categories=[str(count) for count in found.tests],
        series=(Series(name="repairs", values=list(found.tests.values()), look="good"),),
        kind="columns",
    )
    return ended, tests


def _mean(found: RepairFigures) -> str:
    if not found.repaired:
        return "–"
    tests = sum(count * cases for count, cases in found.tests.items())
    return str((Decimal(tests) / found.repaired).quantize(Decimal("0.01")))
