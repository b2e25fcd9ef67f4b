"""An interaction: contacts and the tasks that come of them in one order, with what each follows and what is open."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.clock import FixedClock
from core.errors import DomainError
from core.identity import SYSTEM, Actor
from crm.activities.content import Content, Link, Participant
from crm.activities.queries import activity
from crm.activities.registering import ChangeActivity, RegisterActivity
from crm.activities.settling import CancelActivity, HoldActivity
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.tasks import CompleteTask
from processes.planner_task import PACKAGE
from tests.offer_case import MANAGER, REP, OfferDesk, person
from tests.web import PASSWORD, Program, log_in
from webapp.bootstrap import Application
from webapp.interactions import Interaction, interaction_of_activity, interaction_of_case
from webapp.planner import new_task, variables_of

HOUR = timedelta(hours=1)
MET = (Participant(side="customer", name="Pan Maj"),)


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
    opened = OfferDesk(application)
    opened.do(DeployDefinitions(files=files), SYSTEM)
    return opened


def contact(desk: OfferDesk, customer_id: str, subject: str, *, planned: bool = False, **values: Any) -> str:
    now = desk.application.clock.now()
    usual: dict[str, Any] = {"method": "phone", "direction": "outgoing", "participants": MET, "state": "done"}
    usual |= {"status": "planned", "planned_from": now + HOUR} if planned else {"status": "held", "held_from": now}
    content = Content(employee="ewa", subject=subject, customer_id=customer_id, **usual | values)
    return str(desk.do(RegisterActivity(content=content)))


def give(desk: OfferDesk, about: str, title: str, *, supervisor: str | None = None) -> Any:
    with desk.application.units.reading(REP) as view:
        found = activity(view, about)
    wanted = variables_of(title=title, assignee="ewa", supervisor=supervisor)
    return desk.do(new_task(wanted, about=found, giver=MANAGER), MANAGER)


def around(desk: OfferDesk, activity_id: str, actor: Actor = REP) -> Interaction:
    with desk.application.units.reading(actor) as view:
        return interaction_of_activity(view, activity_id)


def told(found: Interaction) -> list[tuple[str, str, str, bool, str | None]]:
    titles = {each.id: each.title for each in found.steps}
    return [(each.kind, each.title, each.state, each.is_open, titles.get(each.after or "")) for each in found.steps]


def test_act_27_contacts_and_tasks_are_one_ordered_list_with_dependencies_and_states(
    desk: OfferDesk, clock: FixedClock
) -> None:
    buyer = desk.make_customer()
    first = contact(desk, buyer, "Zgłoszenie", direction="incoming")
    clock.advance(HOUR)
    given = give(desk, first, "Sprawdź magazyn", supervisor="jan")
    clock.advance(HOUR)
    follow = contact(desk, buyer, "Oddzwonić", planned=True, follows_id=first)
    clock.advance(HOUR / 2)
    desk.do(CompleteTask(task_id=given.tasks[0].id, data={"result": "Są trzy"}))
    contact(desk, buyer, "Inna sprawa")

    found = around(desk, follow)

    (verify,) = [each.title for each in found.steps if each.kind == "task" and each.is_open]
    (done,) = [each.title for each in found.steps if each.kind == "task" and not each.is_open]
    assert told(found) == [
        ("contact", "Zgłoszenie", "held", False, None),
        ("task", done, "completed", False, "Zgłoszenie"),
        ("task", verify, "open", True, done),
        ("contact", "Oddzwonić", "planned", True, "Zgłoszenie"),
    ]
    assert (found.open, found.is_over, found.hidden) == (2, False, 0)
    with desk.application.units.reading(REP) as view:
        assert interaction_of_case(view, given.id).steps == found.steps


def test_act_27_it_is_over_when_every_contact_and_every_task_is_closed(desk: OfferDesk, clock: FixedClock) -> None:
    buyer = desk.make_customer()
    first = contact(desk, buyer, "Zgłoszenie", state="partly_done", direction="incoming")
    given = give(desk, first, "Sprawdź")
    planned = contact(desk, buyer, "Oddzwonić", planned=True, follows_id=first)
    dropped = contact(desk, buyer, "Wizyta", planned=True, follows_id=first)
    assert around(desk, first).open == 4
    desk.do(CompleteTask(task_id=given.tasks[0].id, data={"result": "Tak"}))
    desk.do(CancelActivity(activity_id=dropped, reason="Nie trzeba"))
    desk.do(HoldActivity(activity_id=planned, held_from=clock.now()))
    assert [each.title for each in around(desk, first).steps if each.is_open] == ["Zgłoszenie"]

    desk.do(ChangeActivity(activity_id=first, changes={"state": "done"}))

    assert around(desk, first).is_over


def test_act_27_no_step_stands_before_the_one_that_it_follows(desk: OfferDesk, clock: FixedClock) -> None:
    buyer = desk.make_customer()
    late = contact(desk, buyer, "Druga", planned=True)
    early = contact(desk, buyer, "Wcześniejsza", follows_id=late)

    assert [each.id for each in around(desk, early).steps] == [late, early]


def test_act_27_what_is_about_the_same_case_belongs_to_it(desk: OfferDesk) -> None:
    buyer = desk.make_customer()
    first = contact(desk, buyer, "Zgłoszenie", direction="incoming")
    given = give(desk, first, "Sprawdź")
    contact(desk, buyer, "W tej sprawie", links=(Link(entity="case", record_id=given.id),))

    assert [each.title for each in around(desk, first).steps if each.kind == "contact"] == [
        "Zgłoszenie",
        "W tej sprawie",
    ]


def test_act_27_private_contacts_and_cases_of_others_are_left_out_and_said_to_be(desk: OfferDesk) -> None:
    buyer = desk.make_customer()
    first = contact(desk, buyer, "Zgłoszenie", direction="incoming")
    give(desk, first, "Sprawdź")
    contact(desk, buyer, "Prywatnie", follows_id=first, is_private=True)

    found = around(desk, first, person("Rita", "sales_rep"))

    assert [each.title for each in found.steps] == ["Zgłoszenie"]
    assert (found.hidden, found.open, found.is_over) == (1, 0, False)


def test_act_27_the_page_shows_it_from_the_activity_and_from_the_case(
    desk: OfferDesk, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("ewa", "sales_rep", password=PASSWORD, display_name="Ewa Maj")
    browser: FlaskClient = app.test_client()
    log_in(browser, name="ewa")
    first = contact(desk, desk.make_customer(), "Zgłoszenie", direction="incoming")
    given = give(desk, first, "Sprawdź magazyn")

    (link,) = re.findall(rf'href="(/activities/{first}/interaction)"', browser.get(f"/activities/{first}").text)
    (case,) = re.findall(rf'href="(/cases/{given.id}/interaction)"', browser.get(f"/cases/{given.id}").text)

    for address in (link, case):
        page = browser.get(address).text
        assert re.findall(r'data-step="(\w+)"', page) == ["contact", "task"]
        assert '<td data-label="After">1</td>' in page
        assert "1 open" in page
    with pytest.raises(DomainError):
        around(desk, first, person("Robot", "worker"))


def test_act_27_programs_read_it(desk: OfferDesk, program: Callable[..., Program]) -> None:
    first = contact(desk, desk.make_customer(), "Zgłoszenie", direction="incoming")
    given = give(desk, first, "Sprawdź")
    ewa, robot = program("ewa", "sales_rep"), program("robot", "worker")

    by_contact = ewa.get(f"/activities/{first}/interaction").json

    assert [each["kind"] for each in by_contact["steps"]] == ["contact", "task"]
    assert by_contact["steps"] == ewa.get(f"/instances/{given.id}/interaction").json["steps"]
    assert by_contact["steps"][1]["after"] == first
    assert robot.get(f"/activities/{first}/interaction").status_code == 403
