"""Logs of fines are read as streams, safely, and say what was owed, until when, and what became of it."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks._fines_log import Fine, LogRefused, read_fines
from benchmarks.road_fines import run

HEAD = "case:concept:name,concept:name,time:timestamp,amount,expense,paymentAmount,dismissal\n"
ESCALATED = """A1,Create Fine,2006-01-10 00:00:00+01:00,35.0,,,NIL
A1,Send Fine,2006-03-01 00:00:00+01:00,,11.0,,
A1,Insert Fine Notification,2006-03-10 00:00:00+01:00,,,,
A1,Add penalty,2006-05-09 00:00:00+02:00,71.5,,,
"""
XES = """<?xml version="1.0"?>{doctype}
<log xmlns="http://www.xes-standard.org/"><global scope="event"><string key="concept:name" value="?"/></global>
<trace><string key="concept:name" value="X1"/><event><string key="concept:name" value="Create Fine"/>
<date key="time:timestamp" value="2006-01-10T00:00:00.000+01:00"/><float key="amount" value="35.0"/></event>
<event><string key="concept:name" value="Payment"/><date key="time:timestamp" value="2006-02-01T00:00:00.000+01:00"/>
<float key="paymentAmount" value="{paid}"/></event></trace>
<trace><string key="concept:name" value="X2"/><event><string key="concept:name" value="Create Fine"/>
<date key="time:timestamp" value="2006-01-11T00:00:00.000+01:00"/><float key="amount" value="40.0"/></event>
</trace></log>"""


def told(folder: Path, rows: str) -> Fine:
    path = folder / "log.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    (fine,) = read_fines(path)
    return fine


def payment(day: str, amount: str) -> str:
    return f"A1,Payment,{day} 00:00:00+02:00,,,{amount},\n"


def test_the_term_ends_when_the_penalty_is_added_and_owed_is_what_was_asked_for_last(tmp_path: Path) -> None:
    fine = told(tmp_path, ESCALATED + "A1,Send for Credit Collection,2008-01-15 00:00:00+01:00,,,,\n")

    assert (fine.created_on, fine.due_on) == (date(2006, 1, 10), date(2006, 5, 9))
    assert (fine.gross, fine.outcome, fine.collected_on) == (Decimal("82.50"), "collection", date(2008, 1, 15))


def test_whoever_pays_the_fine_in_time_owes_no_penalty(tmp_path: Path) -> None:
    fine = told(tmp_path, ESCALATED + payment("2006-04-20", "35.0") + payment("2006-05-08", "11.0"))

    assert (fine.gross, fine.outcome, fine.is_paid_before_penalty) == (Decimal("46.00"), "paid", True)


def test_a_part_of_the_fine_leaves_it_open(tmp_path: Path) -> None:
    fine = told(tmp_path, ESCALATED + payment("2006-06-20", "20.0"))

    assert (fine.gross, fine.outcome) == (Decimal("82.50"), "open")


def test_what_a_judge_takes_off_is_dismissed(tmp_path: Path) -> None:
    fine = told(tmp_path, ESCALATED + "A1,Appeal to Judge,2006-05-02 00:00:00+02:00,,,,G\n")

    assert (fine.outcome, fine.dismissed_on, fine.appealed_on) == ("dismissed", date(2006, 5, 2), (date(2006, 5, 2),))


@pytest.mark.parametrize("ending", ["xes", "xes.gz"])
def test_xes_is_read_as_csv_is(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"log.{ending}"
    content = XES.format(doctype="", paid="35.0").encode()
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)

    fines = list(read_fines(path))

    assert [(each.id, each.outcome, each.gross) for each in fines] == [
        ("X1", "paid", Decimal("35.00")),
        ("X2", "open", Decimal("40.00")),
    ]
    assert fines[0].due_on == date(2006, 3, 11)


def test_a_document_type_and_its_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_text(XES.format(doctype='<!DOCTYPE log [<!ENTITY e "35.0">]>', paid="&e;"), encoding="utf-8")

    with pytest.raises(LogRefused):
        list(read_fines(path))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (ESCALATED + ESCALATED.replace("A1", "A2") + payment("2006-06-20", "20.0"), "do not stand together"),
        (payment("2006-06-20", "20.0"), "does not begin with"),
        (ESCALATED.replace("2006-03-01", "yesterday"), "no name or no time"),
        (ESCALATED.replace("71.5", "much"), "is no amount"),
    ],
)
def test_what_is_no_such_log_is_refused_with_the_reason(tmp_path: Path, rows: str, reason: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(HEAD + rows, encoding="utf-8")

    with pytest.raises(LogRefused, match=reason):
        list(read_fines(path))


def test_a_folder_without_logs_is_passed_over_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(data=tmp_path)

    assert "no log" in figures["skipped"]
    assert figures["skipped"] in capsys.readouterr().err
