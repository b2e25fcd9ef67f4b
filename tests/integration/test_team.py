"""Heads of teams see what their people have to do, by page, calendar and REST; nobody sees what their peers have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.errors import Forbidden, InvalidInput
from core.identity import SYSTEM, Actor
from crm.activities.content import Content
from crm.activities.registering import RegisterActivity
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.errors import TaskNotFound
from engine.inbox import TaskFilter, task, tasks
from engine.instances import StartInstance
from tests.engine_world import bpmn, line
from tests.web import PASSWORD, log_in
from webapp.accounts.queries import actor_named
from webapp.accounts.scopes import ChangeTeam, SetTeam
from webapp.bootstrap import Application

PLAN = {"method": "meeting", "direction": "outgoing", "status": "planned"}
# the director leads sales, the manager the team north of it
PLACES = {"director": "sales", "manager": "north", "anna": "north", "jan": "north", "rival": "south", "piotr": "south"}
TASK = bpmn(
    line(
        '<userTask id="call" name="Call them" camunda:assignee="=who" camunda:candidateUsers="=[who]"'
        ' camunda:dueDate="=due"/>',
        names=("call",),
    )
)


class Firm:
    """People in teams, each with a task and a planned activity."""

    def __init__(self, application: Application, add_account: Callable[..., str]) -> None:
        self.application = application
        do = application.executor.execute
        for name in PLACES:
            add_account(name, "sales_rep", password=PASSWORD, display_name=name.title())
        for team, department, head in (
            ("sales", None, "director"),
            ("north", "sales", "manager"),
            ("south", "sales", "rival"),
        ):
            do(SetTeam(name=team, title=team.title(), department=department, head=head), actor=SYSTEM)
        for name, team in PLACES.items():
            do(ChangeTeam(account=name, team=team), actor=SYSTEM)
        do(DeployDefinitions(files=(DeploymentFile(name="p.bpmn", content=TASK),)), actor=SYSTEM)
        self.at = at = application.clock.now() + timedelta(hours=2)
        self.tasks: dict[str, str] = {}
        for name in PLACES:
            begun = do(
                StartInstance(definition_key="process", variables={"who": name, "due": at.isoformat()}), actor=SYSTEM
            )
            self.tasks[name] = begun.tasks[0].id
            do(
                RegisterActivity(content=Content(**PLAN, subject=f"Visit of {name}", employee=name, planned_from=at)),
                actor=SYSTEM,
            )

    def actor(self, name: str) -> Actor:
        with self.application.units.reading(SYSTEM) as view:
            return actor_named(view, name)

    def sees(self, name: str) -> set[str]:
        """Whose tasks somebody is shown."""
        me = self.actor(name)
        with self.application.units.reading(me) as view:
            found = {
                str(each.assignee) for sort in ("due", "-priority") for each in tasks(view, TaskFilter(sort=sort)).items
            }
            for owner, key in self.tasks.items():
                if owner in found:
                    assert task(view, key).assignee == owner
                else:
                    with pytest.raises(TaskNotFound):
                        task(view, key)
        return found


@pytest.fixture
def firm(application: Application, add_account: Callable[..., str]) -> Firm:
    return Firm(application, add_account)


def browser_of(app: Flask, name: str) -> FlaskClient:
    browser = app.test_client()
    log_in(browser, name=name)
    return browser


def test_tsk_08_a_head_sees_the_tasks_and_activities_of_all_below_and_none_of_their_peers(
    app: Flask, firm: Firm
) -> None:
    assert firm.sees("director") == set(PLACES)
    assert firm.sees("manager") == {"manager", "anna", "jan"}
    assert firm.sees("anna") == {"anna"}

    page = browser_of(app, "manager").get("/team").get_data(as_text=True)

    assert [name in page for name in ("Visit of anna", "Visit of jan", "Visit of manager")] == [True] * 3
    assert [f"Visit of {name}" in page for name in ("rival", "piotr", "director")] == [False] * 3
    assert {key for key in firm.tasks.values() if key in page} == {
        firm.tasks[each] for each in ("manager", "anna", "jan")
    }


@pytest.mark.parametrize(("who", "of"), [("anna", "jan"), ("manager", "rival"), ("manager", "director"), ("anna", "x")])
def test_nobody_asks_for_the_plan_of_a_peer_or_of_who_stands_above(app: Flask, firm: Firm, who: str, of: str) -> None:
    browser = browser_of(app, who)

    assert browser.get(f"/team?person={of}").status_code == 403
    assert browser.get(f"/team?person={who}").status_code == 200


def test_a_head_sees_less_as_soon_as_somebody_else_leads(firm: Firm) -> None:
    firm.application.executor.execute(
        SetTeam(name="north", title="North", department="sales", head="jan"), actor=SYSTEM
    )

    assert firm.sees("manager") == {"manager"}
    assert firm.sees("jan") == {"manager", "anna", "jan"}


def test_who_leads_a_team_is_somebody_else_with_an_open_account(firm: Firm) -> None:
    admin = Actor(id="anna", name="Anna", permissions=frozenset({"account.administer"}))
    do = firm.application.executor.execute

    with pytest.raises(Forbidden, match="head of a team"):
        do(SetTeam(name="south", title="South", department="sales", head="anna"), actor=admin)
    with pytest.raises(InvalidInput, match="no open account"):
        do(SetTeam(name="south", title="South", department="sales", head="nobody"), actor=admin)


def test_whoever_leads_a_team_puts_neither_people_nor_teams_below_themselves(firm: Firm) -> None:
    do = firm.application.executor.execute
    do(SetTeam(name="legal", title="Legal"), actor=SYSTEM)
    do(ChangeTeam(account="piotr", team="legal"), actor=SYSTEM)
    admin = Actor(id="director", name="Director", permissions=frozenset({"account.administer"}))

    for refused in (
        SetTeam(name="legal", title="Legal", department="sales"),
        SetTeam(name="north", title="North", department="sales", head="piotr"),
        SetTeam(name="board", title="Board", department="sales", head="piotr"),
        ChangeTeam(account="piotr", team="sales"),
        ChangeTeam(account="piotr", team="north"),
    ):
        with pytest.raises(Forbidden, match="below themselves"):
            do(refused, actor=admin)
    do(SetTeam(name="north", title="The North", department="sales", head="manager"), actor=admin)
    do(ChangeTeam(account="jan", team="legal"), actor=admin)

    assert firm.sees("director") == set(PLACES) - {"piotr", "jan"}


def test_tsk_06_a_teams_calendar_has_tasks_and_activities_and_its_workload_is_told_by_person_and_week(
    app: Flask, firm: Firm
) -> None:
    held = Content(**PLAN | {"status": "held"}, subject="Was there", employee="anna", held_from=firm.at)
    firm.application.executor.execute(RegisterActivity(content=held), actor=SYSTEM)
    browser = browser_of(app, "manager")
    today = firm.application.clock.now().date()
    span = {"start": str(today - timedelta(days=1)), "end": str(today + timedelta(days=4)), "whose": "team"}

    titles = {each["title"] for each in browser.get("/calendar/events", query_string=span).get_json()}
    loads = browser.get("/api/v1/planner/workload?weeks=2").get_json()
    other = browser.get("/calendar/events", query_string=span | {"whose": "rival"}).get_json()

    assert titles == {
        "Task: Call them", "Anna: Task: Call them", "Jan: Task: Call them",
        "Manager: Visit of manager", "Anna: Visit of anna", "Jan: Visit of jan", "Anna: Was there",
    }  # fmt: skip
    assert [each["person"] for each in loads] == ["manager", "anna", "jan"]
    for each in loads:
        first = each["weeks"][0]
        assert (first["tasks"], first["activities"], first["minutes"], each["before"]) == (1, 1, 30, 0)
    assert not [each for each in other if "Task" in each["title"]]
    assert browser.get("/team?week=soon").status_code == 422
