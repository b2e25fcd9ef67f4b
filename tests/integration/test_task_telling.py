"""People are told of tasks that others give them, give back to them, or mention them at."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from audit.erasing import ErasePersonalData
from core.identity import SYSTEM
from tests.engine_world import bpmn, line
from tests.web import Program
from webapp.accounts.people import CloseAccount, SetProfile
from webapp.bootstrap import Application

JOB = bpmn(
    line('<userTask id="check" name="Check&#10;it" camunda:candidateGroups="legal"/>', names=("check",)), key="job"
)


@pytest.fixture
def people(program: Callable[..., Program], application: Application) -> dict[str, Program]:
    """Anna and Ewa are lawyers, Jan is not."""
    known = {
        "anna": program("anna", "legal", "process_designer"),
        "ewa": program("ewa", "legal"),
        "jan": program("jan", "sales_rep"),
    }
    application.executor.execute(SetProfile(name="anna", display_name="Anna Nowak"), actor=SYSTEM)
    file = {"file": (io.BytesIO(JOB), "job.bpmn")}
    assert known["anna"].post("/definitions", data=file, content_type="multipart/form-data").status_code == 201
    return known


@pytest.fixture
def task(people: dict[str, Program]) -> str:
    """A task of a case that Anna started."""
    started = people["anna"].post("/instances", json={"definition_key": "job"})
    return str(started.json["tasks"][0]["id"])


def told(who: Program) -> list[tuple[str, str]]:
    return [(each["title"], each["address"]) for each in who.get("/notifications").json["items"]]


def remark(people: dict[str, Program], task: str, text: str) -> None:
    assert people["anna"].post(f"/tasks/{task}/comment", json={"text": text}).status_code == 200


def test_a_mention_tells_those_who_may_see_the_task_and_nobody_else(
    people: dict[str, Program], task: str, application: Application
) -> None:
    remark(people, task, "@ewa please look, @jan too, @anna and @nobody")

    assert told(people["ewa"]) == [("Anna Nowak mentions you at: Check it", f"/tasks/{task}")]
    assert told(people["jan"]) == []
    assert told(people["anna"]) == []
    remark(people, task, "@ewa once more")
    assert len(told(people["ewa"])) == 2

    application.executor.execute(CloseAccount(name="ewa"), actor=SYSTEM)
    remark(people, task, "@ewa are you there?")  # nothing to tell to, nothing goes wrong


def test_whoever_is_given_a_task_or_gets_one_back_is_told(people: dict[str, Program], task: str) -> None:
    anna, ewa = people["anna"], people["ewa"]
    assert anna.post(f"/tasks/{task}/claim").status_code == 200

    assert anna.post(f"/tasks/{task}/delegate", json={"assignee": "ewa"}).status_code == 200
    assert told(ewa) == [("Anna Nowak gave you: Check it", f"/tasks/{task}")]
    assert ewa.post(f"/tasks/{task}/resolve").status_code == 200
    assert [title for title, _ in told(anna)] == ["ewa did what you asked for and gave back: Check it"]
    assert anna.post(f"/tasks/{task}/assign", json={"assignee": "ewa"}).status_code == 200
    assert len(told(ewa)) == 2


def test_who_is_erased_is_called_by_their_log_in_name_in_what_they_told_others(
    people: dict[str, Program], task: str, application: Application
) -> None:
    remark(people, task, "@ewa please look")

    application.executor.execute(ErasePersonalData(subject="account:anna", reason="left the firm"), actor=SYSTEM)

    assert told(people["ewa"]) == [("anna mentions you at: Check it", f"/tasks/{task}")]
