"""The course of a case: its tasks on its page and by REST, whose they are, and how long they have stood so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from engine.course import case_tasks, tally
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.errors import InstanceNotFound
from engine.instances import StartInstance
from engine.tasks import ClaimTask, CompleteTask
from tests.engine_world import EVERYTHING, World, bpmn, chain, line, person
from tests.web import PASSWORD, log_in
from webapp.bootstrap import Application

STEPS = (
    '<userTask id="check" name="Check" camunda:candidateGroups="legal"/>',
    '<parallelGateway id="fork"/>',
    '<userTask id="answer" name="Answer" camunda:assignee="jan" camunda:dueDate="=due"/>',
    '<userTask id="file" name="File" camunda:candidateGroups="legal"/>',
)
CASE = bpmn(
    f'<startEvent id="start"/>{"".join(STEPS)}' + chain("start", "check", "fork", "answer") + chain("fork", "file")
)
ANNA = person("anna", "legal")


@pytest.fixture
def world(engine: object, clock: FixedClock) -> World:
    found = World(engine, clock)  # type: ignore[arg-type]
    found.deploy(CASE)
    return found


def test_tsk_05_a_case_tells_its_tasks_done_open_and_overdue_with_their_owners_and_times(
    world: World, clock: FixedClock
) -> None:
    began = clock.now()
    case = world.start(due=(began + timedelta(hours=5)).isoformat())
    clock.advance(timedelta(hours=2))
    world.do(ClaimTask(task_id=case.tasks[0].id), ANNA)
    world.complete(case.tasks[0].id, ANNA)
    clock.advance(timedelta(hours=4))

    with world.units.reading(ANNA) as view:
        found = {each.name: each for each in case_tasks(view, case.id).items}
        counts = tally(view, case.id)

    told = {name: (each.state, each.owner, each.since - began, each.seconds) for name, each in found.items()}
    assert told == {
        "Check": ("done", "anna", timedelta(hours=2), 2 * 3600),
        "Answer": ("overdue", "jan", timedelta(hours=5), 3600),
        "File": ("open", None, timedelta(hours=2), 4 * 3600),
    }
    assert found["File"].candidates == ("group:legal",)
    assert (counts.open, counts.overdue, counts.done, counts.cancelled) == (1, 1, 1, 0)


def test_the_tasks_of_a_long_case_come_in_parts_each_once(world: World) -> None:
    case = world.start(due=None)
    world.complete(case.tasks[0].id, ANNA)

    names, after = [], None
    with world.units.reading(ANNA) as view:
        while True:
            part = case_tasks(view, case.id, after=after, limit=1)
            names += [each.name for each in part.items]
            after = part.next
            if after is None:
                break

    assert sorted(names) == ["Answer", "Check", "File"]
    assert names[-1] == "Check"


def test_whoever_may_not_see_a_case_learns_nothing_of_its_tasks(world: World) -> None:
    case = world.start(due=None)
    stranger = Actor(id="stranger", name="Stranger", permissions=EVERYTHING - {"case.read_all", "case.administer"})

    with world.units.reading(stranger) as view:
        for ask in (case_tasks, tally):
            with pytest.raises(InstanceNotFound):
                ask(view, case.id)


def test_the_page_and_rest_tell_the_course_of_a_case(
    app: Flask, application: Application, add_account: Callable[..., str]
) -> None:
    add_account("ewa", "sales_rep", password=PASSWORD, display_name="Ewa Lis")
    file = DeploymentFile(
        name="p.bpmn",
        content=bpmn(line('<userTask id="check" name="Check" camunda:assignee="ewa"/>', names=("check",))),
    )
    application.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
    cases = [application.executor.execute(StartInstance(definition_key="process"), actor=SYSTEM) for _ in range(2)]
    done = CompleteTask(task_id=cases[1].tasks[0].id, data={})
    application.executor.execute(done, actor=person("ewa"))
    browser = app.test_client()
    log_in(browser, name="ewa")

    waiting = browser.get(f"/cases/{cases[0].id}").get_data(as_text=True)
    ended = browser.get(f"/cases/{cases[1].id}").get_data(as_text=True)
    further = browser.get(f"/cases/{cases[1].id}/tasks").get_data(as_text=True)
    answer = browser.get(f"/api/v1/instances/{cases[0].id}/tasks").get_json()

    assert "1 open" in waiting
    assert "Open for" in waiting
    assert "Ewa Lis" in waiting
    assert "1 done" in ended
    assert "Done" in further
    assert answer["counts"] == {"open": 1, "overdue": 0, "done": 0, "cancelled": 0}
    assert [(each["name"], each["owner"]) for each in answer["items"]] == [("Check", "ewa")]
