"""Reports on processes: the funnel, the time that stages take, and what people did in time."""

from collections.abc import Mapping
from typing import Any

from flask import Response, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import queries
from engine.reports import cohorts, durations
from engine.reports.cohorts import Plan, Wanted
from engine.reports.durations import StepTime
from engine.reports.funnel import LOST, NOW, WON, Fate, Funnel, share
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, asked, blueprint, is_continuation
from webapp.pages.formats import words
from webapp.pages.report_frame import Chart, Column, Period, Report, Series, address_with, days, percent, period, show
from webapp.pages.shell import names
from webapp.web import view

FIRST = "sales_cycle"  # the process that is shown where the address names none
COUNTS = {"": "Began in the period", "open": "Open now", "entered": "Entered in the period"}
FATES: Mapping[str, Fate] = {WON: WON, NOW: NOW, LOST: LOST}
FUNNEL = (
    Column("stage", "Stage"),
    Column("reached", "Reached", "count"),
    Column("share", "Of all", "share"),
    Column("kept", "Of the stage before", "share"),
    Column("now", "Still there", "count"),
    Column("lost", "Lost there", "count"),
)
COUNTED = (Column("stage", "Stage"), Column("cases", "Cases", "count"))
STAGES = (
    Column("stage", "Stage"),
    Column("cases", "Cases", "count"),
    Column("half_days", "Half took at most", "span"),
    Column("most_days", "9 of 10 took at most", "span"),
    Column("returns", "Came back", "count"),
)
STEPS = (
    Column("task", "Task"),
    Column("done", "Done", "count"),
    Column("half_days", "Half took at most", "span"),
    Column("most_days", "9 of 10 took at most", "span"),
    Column("in_time", "In time", "share"),
    Column("open", "Open", "count"),
    Column("overdue", "Overdue", "count"),
)


@blueprint.get("/reports")
def reports() -> BaseResponse:
    """The first of them."""
    return redirect(url_for("pages.funnel_report"))


@blueprint.get("/reports/funnel")
def funnel_report() -> Response | str:
    """How far cases come: those that began in a period, those that are open now, or what was entered when."""
    count, days_of = asked("count"), period()
    with view() as reading:
        wanted, form = _asked(reading, days_of)
        match count:
            case "open":
                report = _counted(wanted.plan, cohorts.snapshot(reading, wanted), "Open cases by the stage they are in")
            case "entered":
                told = "Cases that came to a stage, or beyond it, for the first time in the period"
                report = _counted(wanted.plan, cohorts.entries(reading, wanted), told)
            case _:
                report = _funnel(wanted.plan, cohorts.cohort(reading, wanted))
    return show(report, "funnel_report", **form, counts=COUNTS, count=count)


@blueprint.get("/reports/funnel/cases")
def funnel_cases() -> str:
    """The cases behind a number of the funnel."""
    days_of, fate = period(), FATES.get(asked("fate"))
    with view() as reading:
        wanted, form = _asked(reading, days_of)
        stage = asked("stage") if asked("stage") in wanted.plan.stages else next(iter(wanted.plan.stages), "")
        found = cohorts.cohort_cases(reading, wanted, stage=stage, fate=fate, after=asked("after") or None, limit=MOST)
    told = {None: "Reached", NOW: "Still at", LOST: "Lost at", WON: "Won; reached"}[fate]
    more = address_with("funnel_cases", after=found.next) if found.next else ""
    values = {"cases": found, "names": names(), "title": f"{told} {words(stage).lower()}", "more": more, **form}
    return render_template("case_rows.html" if is_continuation() else "reports/cases.html", **values)


@blueprint.get("/reports/stages")
def stage_report() -> Response | str:
    """How long cases stay in each stage."""
    with view() as reading:
        wanted, form = _asked(reading, period())
        found = durations.stage_times(reading, wanted)
    rows = [(words(each.stage), each.cases, each.half, each.most, each.returns) for each in found]
    chart = Chart(
        title="Days in each stage",
        categories=[words(each.stage) for each in found],
        series=(
            Series(name="half took at most", values=[days(each.half) for each in found], look="accent"),
            Series(name="9 of 10 took at most", values=[days(each.most) for each in found], look="plain"),
        ),
        unit="d",
    )
    report = Report(
        key="time-in-stages",
        title="Time in stages",
        lead=f"{wanted.plan.name}: how long cases that began in the period stayed in each stage, all visits together",
        columns=STAGES,
        rows=rows if any(each.cases for each in found) else (),
        charts=(chart,),
        note="Calendar time. What still runs is counted until now.",
    )
    return show(report, "stage_report", **form)


@blueprint.get("/reports/tasks")
def step_report() -> Response | str:
    """How long people's tasks take, and whether they are done by their due time."""
    with view() as reading:
        wanted, form = _asked(reading, period())
        found = durations.step_times(reading, wanted)
    rows = [
        (each.name, each.done, each.half, each.most, share(each.in_time, each.with_due), each.open, each.overdue)
        for each in found
    ]
    done, in_time = sum(each.with_due for each in found), sum(each.in_time for each in found)
    report = Report(
        key="tasks-in-time",
        title="Tasks in time",
        lead=f"{wanted.plan.name}: the tasks of cases that began in the period",
        columns=STEPS,
        rows=rows,
        charts=(_in_time(found),),
        facts=(
            ("Tasks done", f"{sum(each.done for each in found):,d}"),
            ("Done in time", percent(share(in_time, done))),
            ("Open", f"{sum(each.open for each in found):,d}"),
            ("Overdue now", f"{sum(each.overdue for each in found):,d}"),
        ),
        note="In time: done by the moment they were due; tasks without one are left out.",
        nothing="No task in this time. Choose a longer one, or another process.",
    )
    return show(report, "step_report", **form)


def _asked(reading: Reading, days_of: Period) -> tuple[Wanted, dict[str, Any]]:
    """What the address asks for, and what the form of filters shows. Raises `DefinitionNotFound`."""
    known = {each.key: each.name for each in queries.definitions(reading) if each.kind == "process"}
    key = asked("process") or (FIRST if FIRST in known else next(iter(known), FIRST))
    plan, person = cohorts.plan(reading, key), asked("person")
    wanted = Wanted(plan=plan, since=days_of.since, until=days_of.until, started_by=person or None)
    return wanted, {"processes": known, "process": key, "person": person, "period": days_of}


def _funnel(plan: Plan, found: Funnel) -> Report:
    rows = [(words(each.stage), each.reached, each.share, each.kept, each.now, each.lost) for each in found.stages]
    going_on = [each.reached - each.now - each.lost for each in found.stages]
    chart = Chart(
        title="How far cases came",
        categories=[words(each.stage) for each in found.stages],
        series=(
            Series(name="went on", values=going_on, look="accent"),
            Series(name="still there", values=[each.now for each in found.stages], look="soon"),
            Series(name="lost there", values=[each.lost for each in found.stages], look="plain"),
        ),
        is_stacked=True,
    )
    return Report(
        key="funnel",
        title="Funnel",
        lead=f"{plan.name}: what became of the cases that began in the period",
        columns=FUNNEL,
        rows=rows if found.started else (),
        charts=(chart,),
        facts=(
            ("Began", f"{found.started:,d}"),
            ("Succeeded", f"{found.won:,d}"),
            ("Still open", f"{found.now:,d}"),
            ("Lost", f"{found.lost:,d}"),
            ("Success rate", percent(found.win_rate)),
        ),
        links={
            (number, column): address_with("funnel_cases", process=plan.key, stage=each.stage, fate=fate)
            for number, each in enumerate(found.stages)
            for column, fate in (("reached", ""), ("now", NOW), ("lost", LOST))
        },
        note=f"A case counts where it came furthest. Success: {_goals(plan)}. The rate leaves open cases out.",
    )


def _goals(plan: Plan) -> str:
    return ", ".join(words(goal).lower() for goal in plan.goals) or "any end of the process"


def _counted(plan: Plan, found: Mapping[str, int], told: str) -> Report:
    stages = [words(stage) for stage in found]
    chart = Chart(title=told, categories=stages, series=(Series(name="cases", values=list(found.values())),))
    return Report(
        key="funnel-cases",
        title="Funnel",
        lead=f"{plan.name}: {told[0].lower()}{told[1:]}",
        columns=COUNTED,
        rows=list(zip(stages, found.values(), strict=True)) if any(found.values()) else (),
        charts=(chart,),
        facts=(("Together", f"{sum(found.values()):,d}"),) if asked("count") == "open" else (),
    )


def _in_time(found: list[StepTime]) -> Chart:
    return Chart(
        title="Tasks that were to be done by some time",
        categories=[each.name for each in found],
        series=(
            Series(name="in time", values=[each.in_time for each in found], look="good"),
            Series(name="late", values=[each.with_due - each.in_time for each in found], look="late"),
            Series(name="open and overdue", values=[each.overdue for each in found], look="soon"),
        ),
        is_stacked=True,
    )
