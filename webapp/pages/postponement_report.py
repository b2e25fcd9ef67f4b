"""The report on postponed activities: how often, for which reason, by whom, in which stage of which process."""

from collections import Counter

from flask import Response

from crm.activities.words import REASON
from crm.dictionaries import dictionaries
from crm.planning.reports import PostponementCount, postponements
from engine.queries import definitions
from webapp.pages.blueprint import blueprint
from webapp.pages.customers import said
from webapp.pages.formats import words
from webapp.pages.report_frame import Chart, Column, Look, Report, Series, period, show
from webapp.pages.shell import names
from webapp.web import view

COLUMNS = (
    Column("reason", "Reason"),
    Column("employee", "Employee"),
    Column("process", "Process"),
    Column("stage", "Stage"),
    Column("times", "Times", "count"),
)
NONE = "–"


@blueprint.get("/reports/postponements")
def postponement_report() -> Response | str:
    """Postponements of the period, the most frequent first."""
    days_of = period()
    with view() as reading:
        found = postponements(reading, days_of.since, days_of.until)
        lists = {each.key: each for each in dictionaries(reading)}
        processes = {each.key: each.name for each in definitions(reading) if each.kind == "process"}
    people = names()
    reasons = {each.reason: said(lists, REASON, each.reason) or each.reason for each in found}
    rows = [
        (
            reasons[each.reason],
            people.get(each.employee, each.employee),
            processes.get(each.process, each.process) if each.process else NONE,
            words(each.stage) if each.stage else NONE,
            each.times,
        )
        for each in found
    ]
    report = Report(
        key="postponements",
        title="Postponements",
        lead="Activities that were put off in the period: why, by whom, and where their case was by then",
        columns=COLUMNS,
        rows=rows,
        charts=_charts(found, reasons),
        facts=(("Postponed", f"{sum(each.times for each in found):,d}"),),
        note="Process and stage are those of the case that the activity, or what it is about, belonged to by then.",
        nothing="No activity was postponed in this time. Choose a longer one.",
    )
    return show(report, "postponement_report", period=days_of)


def _charts(found: list[PostponementCount], reasons: dict[str, str]) -> tuple[Chart, ...]:
    if not found:
        return ()
    by_reason: Counter[str] = Counter()
    by_stage: Counter[str] = Counter()
    for each in found:
        by_reason[reasons[each.reason]] += each.times
        by_stage[words(each.stage) if each.stage else NONE] += each.times
    shown: tuple[tuple[str, Counter[str], Look], ...] = (
        ("By reason", by_reason, "soon"),
        ("By stage", by_stage, "accent"),
    )
    return tuple(
        Chart(
            title=title,
            categories=[name for name, _ in counts.most_common()],
            series=(Series(name="postponed", values=[times for _, times in counts.most_common()], look=look),),
        )
        for title, counts, look in shown
    )
