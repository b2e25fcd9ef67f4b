"""The inbox: its views, filters that people keep and share, several tasks at once, and drafts of forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from audit.erasing import ErasePersonalData
from core.clock import FixedClock
from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import CancelInstance, StartInstance
from engine.tasks import CompleteTask
from tests.engine_world import bpmn, line
from tests.web import PASSWORD, form_token, log_in, post
from webapp.accounts.queries import account_named
from webapp.bootstrap import Application
from webapp.inbox.models import TaskDraftRow

STEP = '<userTask id="check" name="Check {n}" camunda:candidateGroups="sales_rep"{more}/>'
FORM = {
    "type": "default",
    "id": "note_form",
    "components": [{"type": "textfield", "key": "note", "label": "Note", "validate": {"required": True}}],
}
OFFICE = ZoneInfo("Europe/Warsaw")
Start = Callable[..., str]


def model(key: str, more: str = "") -> bytes:
    step = STEP.format(n=key, more=more)
    return bpmn(line(step, names=("check",)), key=key, attributes='obieg:searchable="region"')


@pytest.fixture
def people(app: Flask, add_account: Callable[..., str]) -> dict[str, FlaskClient]:
    roles = {"ewa": ("sales_rep", "accounting"), "jan": ("sales_rep",), "ola": ("accounting",)}
    found = {}
    for name, held in roles.items():
        add_account(name, *held, password=PASSWORD)
        found[name] = app.test_client()
        log_in(found[name], name=name)
    return found


@pytest.fixture
def start(application: Application) -> Start:
    """Starts a case of a process; the id of its task."""
    files = (
        DeploymentFile(name="a.bpmn", content=model("alpha")),
        DeploymentFile(name="b.bpmn", content=model("beta", ' camunda:formRef="note_form"')),
        DeploymentFile(name="note.form", content=json.dumps(FORM).encode()),
    )
    application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)

    def one(key: str = "alpha", **variables: str) -> str:
        command = StartInstance(definition_key=key, variables=variables)
        return str(application.executor.execute(command, actor=SYSTEM).tasks[0].id)

    return one


def plan(browser: FlaskClient, task: str, due: datetime) -> None:
    written = due.astimezone(OFFICE).strftime("%Y-%m-%dT%H:%M")
    assert post(browser, f"/tasks/{task}/schedule", due_at=written, priority="50").status_code == 204


def shown(browser: FlaskClient, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def test_each_view_shows_its_tasks_and_no_others(
    people: dict[str, FlaskClient], start: Start, clock: FixedClock
) -> None:
    late, today, later, given = start(), start(), start(), start()
    now = clock.now()
    for task, due in (
        (late, now - timedelta(hours=2)),
        (today, now + timedelta(minutes=5)),
        (later, now + timedelta(9)),
    ):
        plan(people["ewa"], task, due)
    assert post(people["ewa"], f"/tasks/{given}/claim").status_code == 204
    assert post(people["ewa"], f"/tasks/{given}/delegate", assignee="jan").status_code == 204

    views = {show: shown(people["ewa"], f"/?show={show}") for show in ("overdue", "today", "delegated", "groups")}

    tasks = {"late": late, "today": today, "later": later, "given": given}
    seen = {show: {name for name, task in tasks.items() if f"/tasks/{task}" in page} for show, page in views.items()}
    assert seen == {
        "overdue": {"late"},
        "today": {"today"},
        "delegated": {"given"},
        "groups": {"late", "today", "later"},
    }


def test_what_a_colleague_took_is_not_overdue_for_me(
    people: dict[str, FlaskClient], start: Start, clock: FixedClock
) -> None:
    task = start()
    plan(people["ewa"], task, clock.now() - timedelta(1))
    assert f"/tasks/{task}" in shown(people["jan"], "/?show=overdue")

    assert post(people["ewa"], f"/tasks/{task}/claim").status_code == 204

    assert f"/tasks/{task}" not in shown(people["jan"], "/?show=overdue")
    assert f"/tasks/{task}" in shown(people["ewa"], "/?show=overdue")


def test_a_process_is_filtered_by_the_columns_that_it_declares(people: dict[str, FlaskClient], start: Start) -> None:
    north, south = start(region="north"), start(region="south")
    other = start("beta", region="north")

    page = shown(people["ewa"], "/?show=groups&process=alpha&column=region&value=north")

    assert f"/tasks/{north}" in page
    assert f"/tasks/{south}" not in page
    assert f"/tasks/{other}" not in page
    assert '<option value="region" selected' in page


def test_a_kept_filter_is_counted_and_shared_with_a_group_and_nobody_else(
    people: dict[str, FlaskClient], start: Start
) -> None:
    start(region="north")
    start(region="south")
    look = {"show": "groups", "process": "alpha", "column": "region", "value": "north"}

    assert post(people["ewa"], "/inbox/filters", name="Northern", groups="sales_rep", **look).status_code == 302

    for name, has_it in (("ewa", True), ("jan", True), ("ola", False)):
        views = shown(people[name], "/inbox/views?show=groups")
        assert ("Northern" in views) is has_it
    views = shown(people["jan"], "/inbox/views?show=groups")
    assert '<span class="count">1</span>' in views.split("Northern")[1]


def test_a_filter_is_dropped_by_its_owner_alone(people: dict[str, FlaskClient]) -> None:
    post(people["ewa"], "/inbox/filters", name="Mine", groups="sales_rep", show="groups", sort="created")
    kept = shown(people["ewa"], "/inbox/views").split("filter=")[1][:26]

    assert post(people["jan"], f"/inbox/filters/{kept}/drop").status_code == 404
    assert "Mine" in shown(people["ewa"], "/inbox/views")
    assert post(people["ewa"], f"/inbox/filters/{kept}/drop").status_code == 302
    assert "Mine" not in shown(people["jan"], "/inbox/views")


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"name": "  "}, 422, "Give the filter a name"),
        ({"name": "x" * 81}, 422, "at most 80 characters"),
        ({"name": "Theirs", "groups": "accounting"}, 403, "You do not belong to accounting"),
    ],
)
def test_a_filter_that_cannot_be_kept_is_refused(
    people: dict[str, FlaskClient], fields: dict[str, str], status: int, sentence: str
) -> None:
    answer = post(people["jan"], "/inbox/filters", **fields)

    assert (answer.status_code, sentence in answer.json["detail"]) == (status, True)


def test_tasks_are_grouped_and_a_heading_is_not_repeated_on_the_next_page(
    people: dict[str, FlaskClient], start: Start
) -> None:
    for _ in range(42):
        start()

    first = shown(people["ewa"], "/?show=groups&grouped=yes&sort=name")
    more = first.split('id="more"')[1].split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    rest = people["ewa"].get(more, headers={"HX-Request": "true"}).get_data(as_text=True)

    assert first.count('class="list-head"') == 1
    assert "Check alpha</h2>" in first
    assert rest.count('class="inbox-row"') == 2
    assert 'class="list-head"' not in rest


def test_only_tasks_of_one_kind_are_completed_together(people: dict[str, FlaskClient], start: Start) -> None:
    one, two, other = start("beta"), start("beta"), start("alpha")

    together = shown(people["ewa"], f"/tasks/together?id={one}&id={two}")
    mixed = people["ewa"].get(f"/tasks/together?id={one}&id={other}")

    assert f'data-task="{two}"' in together
    assert "note_form" in together
    assert mixed.status_code == 422
    assert "Only tasks of one kind" in mixed.get_data(as_text=True)
    assert people["ola"].get(f"/tasks/together?id={one}").status_code == 404


def keep(browser: FlaskClient, task: str, data: object) -> int:
    headers = {"X-CSRFToken": form_token(browser), "Accept": "application/problem+json"}
    return int(browser.put(f"/tasks/{task}/draft", json=data, headers=headers).status_code)


def drafts(application: Application) -> int:
    with application.units.reading(SYSTEM) as reading:
        return reading.session.scalar(select(func.count()).select_from(TaskDraftRow)) or 0


def test_a_draft_is_there_after_a_reload_for_its_writer_alone(people: dict[str, FlaskClient], start: Start) -> None:
    task = start("beta")

    assert keep(people["ewa"], task, {"note": "half a sentence"}) == 204

    assert "half a sentence" in shown(people["ewa"], f"/tasks/{task}")
    assert "half a sentence" not in shown(people["jan"], f"/tasks/{task}")
    assert keep(people["ewa"], task, {}) == 204
    assert "half a sentence" not in shown(people["ewa"], f"/tasks/{task}")


def test_a_draft_is_gone_with_its_task_and_leaves_nothing_in_the_trail(
    application: Application, people: dict[str, FlaskClient], start: Start
) -> None:
    done, cancelled = start("beta"), start("beta")
    for task in (done, cancelled):
        assert keep(people["ewa"], task, {"note": "first thought"}) == 204
    assert keep(people["jan"], done, {"note": "first thought"}) == 204
    with application.units.reading(SYSTEM) as reading:
        actor = account_named(reading, "ewa").actor()
        case = (
            reading.session.connection()
            .exec_driver_sql("SELECT instance_id FROM work_item WHERE id = %s", (cancelled,))
            .scalar_one()
        )

    application.executor.execute(CompleteTask(task_id=done, data={"note": "what I decided"}), actor=actor)
    assert drafts(application) == 1
    application.executor.execute(CancelInstance(instance_id=case, reason="not needed"), actor=SYSTEM)

    assert drafts(application) == 0
    assert keep(people["ewa"], done, {"note": "too late"}) == 404
    with application.units.reading(SYSTEM) as reading:
        told = reading.session.connection().exec_driver_sql(
            "SELECT count(*) FROM audit_entry e WHERE e::text LIKE '%%first thought%%'"
        )
        assert told.scalar_one() == 0


def test_a_draft_of_somebody_elses_task_or_of_no_shape_is_refused(people: dict[str, FlaskClient], start: Start) -> None:
    task = start("beta")
    post(people["ewa"], f"/tasks/{task}/claim")

    assert keep(people["jan"], task, {"note": "x"}) == 404
    assert keep(people["ola"], task, {"note": "x"}) == 404
    assert keep(people["ewa"], task, ["x"]) == 422
    assert keep(people["ewa"], task, {"note": "x" * 300_000}) == 422


def test_a_draft_with_numbers_that_are_none_is_refused(people: dict[str, FlaskClient], start: Start) -> None:
    task = start("beta")
    headers = {"X-CSRFToken": form_token(people["ewa"]), "Content-Type": "application/json"}

    for body in ('{"note": NaN}', '{"note": 1e999}', '{"note": ' + "[" * 5000 + "]" * 5000 + "}"):
        answer = people["ewa"].put(f"/tasks/{task}/draft", data=body, headers=headers)
        assert answer.status_code == 400, body[:20]


@pytest.mark.parametrize("value", ["1e999999", "1e-20000", "1e99999999999999999999", "-7.50"])
def test_a_column_is_filtered_by_any_number_that_somebody_types(
    people: dict[str, FlaskClient], start: Start, value: str
) -> None:
    start(region="north")

    page = people["ewa"].get(
        "/", query_string={"show": "groups", "process": "alpha", "column": "region", "value": value}
    )

    assert page.status_code == 200


def test_with_a_person_their_drafts_and_filters_are_erased(
    application: Application, people: dict[str, FlaskClient], start: Start
) -> None:
    assert keep(people["ewa"], start("beta"), {"note": "half a sentence"}) == 204
    assert post(people["ewa"], "/inbox/filters", name="Ewa's own", groups="sales_rep", show="overdue").status_code < 400
    assert "Ewa&#39;s own" in shown(people["jan"], "/")

    application.executor.execute(ErasePersonalData(subject="account:ewa", reason="asked on Monday"), actor=SYSTEM)

    assert drafts(application) == 0
    assert "Ewa&#39;s own" not in shown(people["jan"], "/")


def test_a_filter_that_is_kept_again_shows_whom_it_is_shared_with(people: dict[str, FlaskClient]) -> None:
    kept = post(people["ewa"], "/inbox/filters", name="Late", groups="accounting", show="overdue")

    page = shown(people["ewa"], kept.headers.get("HX-Redirect") or kept.headers["Location"])

    assert 'value="accounting" checked' in page
    assert 'value="sales_rep" checked' not in page
