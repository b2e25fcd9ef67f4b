"""The pages of administrators: migrating cases and operating on one, each with its refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from storage.jobs.worker import Worker
from tests.engine_world import bpmn, line
from tests.web import PASSWORD, WHOLE_FIRM, log_in, post
from webapp.bootstrap import Application

BEFORE = bpmn(line('<userTask id="check" name="Check"/>', names=("check",)), attributes='obieg:sla="P2D"')
AFTER = bpmn(line('<userTask id="review" name="Review"/>', '<userTask id="sign"/>', names=("review", "sign")))


@pytest.fixture
def chief(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("root", *WHOLE_FIRM, password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="root")
    return browser


@pytest.fixture
def clerk(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    return browser


@pytest.fixture
def versions(application: Application) -> tuple[str, str]:
    """Two versions, and two cases of the first."""

    def deploy(source: bytes) -> str:
        command = DeployDefinitions(files=(DeploymentFile(name="process.bpmn", content=source),))
        return str(application.executor.execute(command, actor=SYSTEM)[0].id)

    before = deploy(BEFORE)
    for _ in range(2):
        application.executor.execute(StartInstance(definition_key="process"), actor=SYSTEM)
    return before, deploy(AFTER)


def cases(application: Application) -> list[str]:
    with application.database.engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT id FROM instance ORDER BY id")]


def test_a_plan_is_made_rehearsed_and_carried_out(
    application: Application, chief: FlaskClient, versions: tuple[str, str]
) -> None:
    before, after = versions
    assert f"/definitions/{before}/migration" in chief.get(f"/definitions/{before}").get_data(as_text=True)
    address = f"/definitions/{before}/migration"

    plan = chief.get(address).get_data(as_text=True)
    stay = chief.get(f"{address}?to={after}&rehearse=yes").get_data(as_text=True)
    go_on = chief.get(f"{address}?to={after}&element.check=review&rehearse=yes").get_data(as_text=True)
    refused = post(chief, address, to=after, **{"element.check": "review"})
    started = post(chief, address, to=after, reason="renamed", **{"element.check": "review"})
    Worker(application.database.engine, application, threads=1).drain()

    assert "Migrate 2 cases" in plan
    assert '<span class="mark mark-late">open</span>' in plan
    assert "0 would go on, 2 would stay" in stay
    assert "2 would go on, 0 would stay" in go_on
    assert (refused.status_code, refused.json["detail"]) == (422, "Give a reason; it stays in the trail.")
    assert started.status_code == 204
    watched = chief.get(started.headers["HX-Redirect"]).get_data(as_text=True)
    assert "Finished" in watched
    assert "renamed" in watched
    part = chief.get(started.headers["HX-Redirect"], headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in part


def test_a_wrong_plan_is_told_on_its_page(chief: FlaskClient, versions: tuple[str, str]) -> None:
    before, after = versions

    page = chief.get(f"/definitions/{before}/migration?to={after}&element.check=nowhere&rehearse=yes")

    assert page.status_code == 200
    assert "The new version has no element nowhere for check" in page.get_data(as_text=True)


def test_a_process_without_another_version_says_so(application: Application, chief: FlaskClient) -> None:
    file = DeploymentFile(name="p.bpmn", content=BEFORE)
    (made,) = application.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)

    page = chief.get(f"/definitions/{made.id}/migration")

    assert "There is no other version" in page.get_data(as_text=True)


def test_an_employee_sees_no_migration(clerk: FlaskClient, versions: tuple[str, str]) -> None:
    before, after = versions

    assert "/migration" not in clerk.get(f"/definitions/{before}").get_data(as_text=True)
    assert clerk.get(f"/definitions/{before}/migration?to={after}").status_code == 403
    assert post(clerk, f"/definitions/{before}/migration", to=after, reason="x").status_code == 403
    assert clerk.get("/migrations/none").status_code == 403


def test_a_case_is_held_moved_changed_and_cancelled_on_its_page(
    application: Application, chief: FlaskClient, versions: tuple[str, str]
) -> None:
    case = cases(application)[0]
    page = chief.get(f"/cases/{case}").get_data(as_text=True)
    assert 'id="operations"' in page
    assert "to be done by" in page

    answers = [
        post(chief, f"/cases/{case}/suspend", reason="audit"),
        post(chief, f"/cases/{case}/variables", variables='{"amount": 4}', reason="while it is held"),
        post(chief, f"/cases/{case}/resume", reason="over"),
        post(chief, f"/cases/{case}/move", source="check", target="check", reason="again"),
        post(chief, f"/cases/{case}/variables", variables='{"amount": 5}', reason="typing error"),
        post(chief, f"/cases/{case}/cancel", reason="withdrawn"),
    ]

    assert [answer.status_code for answer in answers] == [204] * 6
    over = chief.get(f"/cases/{case}").get_data(as_text=True)
    assert "Cancelled" in over
    assert 'id="operations"' not in over


@pytest.mark.parametrize(
    ("verb", "fields", "sentence"),
    [
        ("suspend", {}, "Give a reason"),
        ("resume", {"reason": " "}, "Give a reason"),
        ("cancel", {}, "Give a reason"),
        ("move", {"source": "check", "target": "check"}, "Give a reason"),
        ("move", {"source": "check", "target": "nowhere", "reason": "x"}, "There is no element nowhere"),
        ("move", {"source": "end", "target": "check", "reason": "x"}, "No token stands at end"),
        ("variables", {"variables": "{}", "reason": "x"}, "Name at least one variable"),
        ("variables", {"variables": "a = 1", "reason": "x"}, "The variables are no JSON"),
        ("variables", {"variables": "[1]", "reason": "x"}, "Write the variables as"),
        ("variables", {"variables": '{"a": 1}'}, "Give a reason"),
    ],
)
def test_an_operation_that_makes_no_sense_is_refused_in_a_sentence(
    application: Application,
    chief: FlaskClient,
    versions: tuple[str, str],
    verb: str,
    fields: dict[str, str],
    sentence: str,
) -> None:
    answer = post(chief, f"/cases/{cases(application)[0]}/{verb}", **fields)

    assert answer.status_code == 422
    assert sentence in answer.json["detail"]


def test_an_employee_operates_on_nothing(
    application: Application, clerk: FlaskClient, versions: tuple[str, str]
) -> None:
    case = cases(application)[0]

    answers = [post(clerk, f"/cases/{case}/{verb}", reason="x") for verb in ("suspend", "resume", "cancel")]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert post(clerk, "/incidents/none/retry", reason="x").status_code == 403
