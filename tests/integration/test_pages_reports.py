"""The pages of reports: what they show to whom, their files, and the cases behind their numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from tests.integration.test_reports_funnel import MODEL
from tests.web import PASSWORD, log_in
from webapp.bootstrap import Application


@pytest.fixture
def sold(application: Application) -> list[str]:
    """A case that stands at its first stage, and one that was lost at the second."""
    run = application.executor.execute
    run(DeployDefinitions(files=(DeploymentFile(name="sell.bpmn", content=MODEL),)), actor=SYSTEM)
    cases = [run(StartInstance(definition_key="process", variables={"due": "P1D"}), actor=SYSTEM) for _ in range(2)]
    task = cases[1].tasks[0]
    for answer in ("on", "lost"):
        done = run(CompleteTask(task_id=task.id, data={"answer": answer}), actor=SYSTEM)
        task = done.tasks[0] if done.tasks else None
    return [each.id for each in cases]


@pytest.fixture
def chief(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("chief", "sales_director", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="chief")
    return browser


def table(page: str) -> list[list[str]]:
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    rows = [re.sub(r"<[^>]+>", " ", row) for row in body.split("</tr>")[:-1]]
    return [re.sub(r"\s{2,}", "|", row.strip()).split("|") for row in rows]


def test_wfl_07_the_funnel_is_a_chart_and_a_table_that_say_the_same(chief: FlaskClient, sold: list[str]) -> None:
    page = chief.get("/reports/funnel?process=process").text

    told = table(page)
    assert told[0] == ["Lead", "2", "100.0 %", "–", "1", "0"]
    assert told[1] == ["Offer", "1", "50.0 %", "50.0 %", "0", "1"]
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    chart = json.loads(data)
    assert chart["categories"] == ["Lead", "Offer", "Order"]
    assert [each["values"] for each in chart["series"]] == [[1, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert "style=" not in page[page.index("<main") :]


def test_wfl_07_a_number_leads_to_its_cases(chief: FlaskClient, sold: list[str]) -> None:
    page = chief.get("/reports/funnel?process=process").text
    (link,) = re.findall(r'href="(/reports/funnel/cases\?[^"]*stage=offer[^"]*fate=lost[^"]*)"', page)

    behind = chief.get(link.replace("&amp;", "&")).text

    assert f"/cases/{sold[1]}" in behind
    assert f"/cases/{sold[0]}" not in behind


@pytest.mark.parametrize(
    ("address", "rows"),
    [
        ("/reports/funnel?process=process&count=open", [["Lead", "1"], ["Offer", "0"], ["Order", "0"]]),
        ("/reports/funnel?process=process&count=entered", [["Lead", "2"], ["Offer", "1"], ["Order", "0"]]),
    ],
)
def test_open_cases_and_entries_are_counted_apart(
    chief: FlaskClient, sold: list[str], address: str, rows: list[list[str]]
) -> None:
    assert table(chief.get(address).text) == rows


@pytest.mark.parametrize("name", ["funnel", "stages", "tasks"])
def test_every_report_is_given_out_as_a_file_and_the_trail_knows(
    chief: FlaskClient, application: Application, sold: list[str], name: str
) -> None:
    page = chief.get(f"/reports/{name}?process=process").text
    (address,) = re.findall(rf'href="(/reports/{name}\?[^"]*form=csv[^"]*)"', page)

    answer = chief.get(address.replace("&amp;", "&"))

    assert answer.headers["Content-Disposition"].startswith("attachment")
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert len(lines) == len(table(page)) + 1
    with application.database.engine.connect() as connection:
        given = connection.exec_driver_sql("SELECT type FROM audit_entry WHERE type = 'audit.data_given_out'").all()
    assert len(given) == 1


def test_a_representative_sees_figures_of_their_own_cases(
    app: Flask, add_account: Callable[..., str], sold: list[str]
) -> None:
    add_account("rep", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="rep")

    page = browser.get("/reports/funnel?process=process").text

    assert "Of the cases that you are involved in." in page
    assert "Nothing to count" in page


def test_strange_filters_are_put_right(chief: FlaskClient, sold: list[str]) -> None:
    page = chief.get("/reports/funnel?process=process&since=2026-13-45&until=%00&person=nobody&count=odd")
    unknown = chief.get("/reports/funnel?process=nothing")
    cases = chief.get("/reports/funnel/cases?process=process&stage=nowhere&fate=odd&after=")

    assert (page.status_code, unknown.status_code, cases.status_code) == (200, 404, 200)
    assert "Nothing to count" in page.text


def test_srv_08_a_report_on_repairs_says_that_there_are_none(chief: FlaskClient) -> None:
    page = chief.get("/reports/repairs")

    assert page.status_code == 200
    assert "Nothing to count" in page.text
