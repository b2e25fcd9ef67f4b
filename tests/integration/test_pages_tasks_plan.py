"""Planning one's tasks on their pages: dates, priority, passing on, and an inbox that shows what is due."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from tests.engine_world import bpmn, line
from tests.web import PASSWORD, log_in, post
from webapp.bootstrap import Application

ONE = bpmn(line('<userTask id="check" name="Check" camunda:assignee="ewa"/>', names=("check",)))


@pytest.fixture
def ewa(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("jan", "sales_rep", password=PASSWORD, display_name="Jan Lis")
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    return browser


@pytest.fixture
def task(application: Application) -> str:
    file = DeploymentFile(name="p.bpmn", content=ONE)
    application.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
    started = application.executor.execute(StartInstance(definition_key="process"), actor=SYSTEM)
    return str(started.tasks[0].id)


def test_a_task_is_put_aside_and_found_again(ewa: FlaskClient, task: str) -> None:
    assert 'id="plan"' in ewa.get(f"/tasks/{task}").get_data(as_text=True)

    plan = {"due_at": "2026-02-01T10:00", "follow_up_at": "2026-01-20T08:00", "priority": "80"}
    assert post(ewa, f"/tasks/{task}/schedule", **plan).status_code == 204

    assert f"/tasks/{task}" not in ewa.get("/?show=mine").get_data(as_text=True)
    aside = ewa.get("/?show=mine&aside=yes&sort=-priority").get_data(as_text=True)
    assert f"/tasks/{task}" in aside
    assert "priority 80" in aside
    page = ewa.get(f"/tasks/{task}").get_data(as_text=True)
    assert 'value="2026-02-01T10:00"' in page
    assert post(ewa, f"/tasks/{task}/schedule", priority="50").status_code == 204
    assert f"/tasks/{task}" in ewa.get("/?show=mine&sort=nonsense&due=nonsense").get_data(as_text=True)
    assert f"/tasks/{task}" not in ewa.get("/?show=mine&due=week").get_data(as_text=True)


def test_a_task_is_delegated_and_given_back(app: Flask, ewa: FlaskClient, task: str) -> None:
    jan = app.test_client()
    log_in(jan, name="jan")

    assert post(ewa, f"/tasks/{task}/delegate", assignee="jan").status_code == 204
    assert "Give back to" in jan.get(f"/tasks/{task}").get_data(as_text=True)
    assert "Take back from" in ewa.get(f"/tasks/{task}").get_data(as_text=True)
    assert post(ewa, f"/tasks/{task}/assign", assignee="ewa").status_code == 204
    assert "Take back from" not in ewa.get(f"/tasks/{task}").get_data(as_text=True)
    assert post(ewa, f"/tasks/{task}/delegate", assignee="jan").status_code == 204
    assert post(jan, f"/tasks/{task}/resolve").status_code == 204
    assert post(ewa, f"/tasks/{task}/assign", assignee="jan").status_code == 204

    assert f"/tasks/{task}" in jan.get("/?show=mine").get_data(as_text=True)


@pytest.mark.parametrize(
    ("verb", "fields", "sentence"),
    [
        ("schedule", {"due_at": "tomorrow"}, "tomorrow is no date and time"),
        ("schedule", {"priority": "high"}, "high is no whole number"),
        ("schedule", {"priority": "9999999"}, "A priority is a whole number"),
        ("delegate", {"assignee": " "}, "Name the person"),
        ("assign", {"assignee": ""}, "Name the person"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    ewa: FlaskClient, task: str, verb: str, fields: dict[str, str], sentence: str
) -> None:
    answer = post(ewa, f"/tasks/{task}/{verb}", **fields)

    assert answer.status_code == 422
    assert sentence in answer.json["detail"]
