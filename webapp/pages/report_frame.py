"""What all report pages share: a chart, the table that says the same in words, filters in the address, and a CSV file.

A report is made of plain values: `show` draws it, or sends its table as a file when the address asks for that.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for

from audit.giving import GiveOut
from core.records import dataclass
from webapp.modules import is_off
from webapp.pages.blueprint import asked
from webapp.pages.formats import day, money, reader_zone
from webapp.pages.shell import names
from webapp.web import application, current_actor, run

REPORTS = (  # title, endpoint, right that is needed
    ("Funnel", "funnel_report", ""),
    ("Time in stages", "stage_report", ""),
    ("Tasks in time", "step_report", ""),
    ("Activities", "activity_report", "customer.read"),
    ("Postponements", "postponement_report", "customer.read"),
    ("Satisfaction", "satisfaction_report", "customer.read"),
    ("Answers", "answer_report", "customer.read"),
    ("Web visits", "visit_report", "customer.read"),
    ("Resource plan", "matter_report", "customer.read"),
    ("Sales", "sales_report", "customer.read"),
    ("Approvals", "approval_report", ""),
    ("Dunning", "dunning_report", "customer.finance"),
    ("Repairs", "repair_report", ""),
)
USUAL = timedelta(days=364)  # a report without a first day begins so long before its last one
HOUR, DAY = 3600, 86400  # seconds
TENTH = Decimal("0.1")
Kind = Literal["text", "count", "share", "span", "money", "day"]
Look = Literal["accent", "good", "soon", "late", "plain"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: the name in files, the title on the page, and what its values are.

    A share is 0 to 1, a span a timedelta; files have them as fractions and days.
    """

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Numbers of a chart, one for each category."""

    name: str
    values: Sequence[float | None]
    look: Look = "accent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars that lie, columns that stand, or lines; stacked ones add up. `unit` stands behind each number."""

    title: str
    categories: Sequence[str]
    series: Sequence[Series]
    kind: Literal["bars", "columns", "lines"] = "bars"
    is_stacked: bool = False
    unit: str = ""

    @property
    def drawn(self) -> dict[str, Any]:
        """What the page's script needs."""
        series = [{"name": each.name, "values": list(each.values), "look": each.look} for each in self.series]
        return {
            "kind": self.kind,
            "stacked": self.is_stacked,
            "unit": self.unit,
            "categories": list(self.categories),
            "series": series,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: its file's name, figures that stand alone, charts, and the table.

    `links` leads from a cell, by row and column, to what is behind its number; `nothing` is said where there are no
    rows.
    """

    key: str
    title: str
    lead: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    charts: Sequence[Chart] = ()
    facts: Sequence[tuple[str, str]] = ()
    links: Mapping[tuple[int, str], str] = field(default_factory=dict)
    note: str = ""
    nothing: str = "No case in this time. Choose a longer one, or another process."


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that a report is about, both inclusive, in the reader's zone."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """Where it begins."""
        return datetime.combine(self.first, time(), reader_zone())

    @property
    def until(self) -> datetime:
        """The first moment behind it."""
        return datetime.combine(self.last + timedelta(days=1), time(), reader_zone())

    @property
    def text(self) -> str:
        """The period as files and headings tell it."""
        return f"{self.first.isoformat()} to {self.last.isoformat()}"


def period() -> Period:
    """The days that the address names: up to today, and from a year before that, where it says nothing else."""
    today = application().clock.now().astimezone(reader_zone()).date()
    last = _day("until") or today
    first = _day("since") or last - USUAL
    return Period(first=min(first, last), last=max(first, last))


def show(report: Report, endpoint: str, **values: Any) -> Response | str:
    """The page of a report, or its table as a file; `values` are for its filters."""
    if asked("form") == "csv":
        return _file(report)
    me = current_actor()
    frame = {
        "report": report,
        "tabs": [
            (title, url_for(f"pages.{each}"), each == endpoint)
            for title, each, right in REPORTS
            if _may(right) and not is_off(application().settings, f"pages.{each}")
        ],
        "file": address_with(endpoint, form="csv"),
        "cells": [
            [written(value, column.kind) for value, column in zip(row, report.columns, strict=True)]
            for row in report.rows
        ],
        "sees_all": me.may("report.read_all"),
        "people": names(),
    }
    return render_template("reports/report.html", **frame, **values)


def _cells(report: Report) -> list[list[str]]:
    return [
        [written(value, column.kind) for value, column in zip(row, report.columns, strict=True)] for row in report.rows
    ]


def address_with(endpoint: str, **values: str) -> str:
    """The address of a page with the filters of this one, but for `values`; an empty one is left out."""
    known = request.args.to_dict() | values
    query = urlencode({name: value for name, value in known.items() if value})
    return f"{url_for(f'pages.{endpoint}')}?{query}"


def written(value: Any, kind: Kind) -> str:
    """A value of the table as people read it."""
    if value is None:
        return "–"
    match kind:
        case "count":
            return f"{value:,d}"
        case "share":
            return percent(value)
        case "span":
            return span(value)
        case "money":
            return money(value)
        case "day":
            return day(value)
        case _:
            return str(value)


def percent(value: Decimal | None) -> str:
    """56.3 % of a share of 0.563."""
    return "–" if value is None else f"{(100 * value).quantize(TENTH)} %"


def span(value: timedelta | None) -> str:
    """4.2 days, 3.5 hours, 12 minutes."""
    if value is None:
        return "–"
    seconds = value.total_seconds()
    if seconds >= DAY:
        return f"{seconds / DAY:,.1f} days"
    return f"{seconds / HOUR:.1f} hours" if seconds >= HOUR else f"{seconds / 60:.0f} minutes"


def days(value: timedelta | None) -> float | None:
    """A span as a number of a chart."""
    return None if value is None else round(value.total_seconds() / DAY, 2)


def _may(right: str) -> bool:
    return not right or current_actor().may(right)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(asked(name)[:10])
    except ValueError:
        return None


def _file(report: Report) -> Response:
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow([column.key for column in report.columns])
    table.writerows([_plain(value) for value in row] for row in report.rows)
    asked_for = {name: value[:200] for name, value in request.args.items() if value}
    run(GiveOut(what="report", form="csv", subject=report.key, rows=len(report.rows), filter=asked_for))
    headers = {"Content-Disposition": f'attachment; filename="{report.key}.csv"', "X-Content-Type-Options": "nosniff"}
    return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)


def _plain(value: Any) -> str:
    """A value for a table program, which must not take it for a formula."""
    match value:
        case None:
            return ""
        case timedelta():
            return f"{value.total_seconds() / DAY:.4f}"
        case Decimal():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case str() if value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
            return f"'{value}"
        case _:
            return str(value)
