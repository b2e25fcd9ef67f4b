"""Whose customers somebody sees, by the four scopes: in lists, by address, in files, in the inbox and in search."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core.errors import Forbidden, InvalidInput, NotFound
from core.identity import SYSTEM
from core.ids import new_id
from crm.confining import paths
from crm.customers import CreateCustomer, CustomerExistsElsewhere, UpdateCustomer
from crm.errors import CustomerNotFound
from crm.imports.customers import take
from crm.imports.exporting import OrderExport, export_content, make_export
from crm.imports.reading import Row
from crm.imports.taking import Arrangement
from crm.merging import MergeCustomers
from crm.models import CustomerRow
from crm.profiles import Profile
from engine.instances import EntityLink, LinkEntity
from engine.tasks import ClaimTask, CompleteTask
from tests.reach_world import REACHED, Firm, asked, browser, mark_of, told
from tests.rights_matrix import browser_of
from tests.web import form_token
from webapp.accounts.queries import actor_named
from webapp.accounts.scopes import ChangeTeam, DropTeam, SetScopes, SetTeam
from webapp.bootstrap import Application
from webapp.policies import ENTITIES

SPAN = "2026-01-01", "2026-02-01"
LISTS = (
    *("/customers", "/offers", "/activities", "/devices", "/cases", "/documents"),
    *("/api/v1/customers", "/api/v1/customers?q=Xq", "/api/v1/offers", "/api/v1/activities", "/api/v1/devices"),
    *("/api/v1/instances", "/api/v1/documents", "/api/v1/tasks", "/api/v1/orders/due", "/api/v1/duplicates"),
    *("/search?q=Xq*", "/api/v1/search?q=Xq*", "/", "/today"),
    f"/api/v1/calendar?first={SPAN[0]}&last={SPAN[1]}",
    f"/api/v1/calendar?first={SPAN[0]}&last={SPAN[1]}&people=ada",
    f"/calendar/events?start={SPAN[0]}&end={SPAN[1]}&whose=ada",
    f"/api/v1/activities/calendar?since={SPAN[0]}&until={SPAN[1]}",
)
OF_NO_CUSTOMER = {"/api/v1/duplicates"}  # nobody is entered twice here


@pytest.fixture
def firm(application: Application) -> Firm:
    return Firm(application)


@pytest.fixture
def ada(firm: Firm, app: Flask) -> FlaskClient:
    return browser(firm, app, "ada")


def test_sec_02_every_list_shows_the_records_of_those_customers_that_the_scope_reaches(
    firm: Firm, ada: FlaskClient
) -> None:
    shown = {}
    for scope in REACHED:
        firm.limit(scope)
        shown |= {(scope, address): asked(ada, address) for address in LISTS}

    assert shown == {
        (scope, address): set() if address in OF_NO_CUSTOMER else whose
        for scope, whose in REACHED.items()
        for address in LISTS
    }


def test_sec_02_what_is_out_of_reach_is_answered_as_what_is_not_there(firm: Firm, ada: FlaskClient) -> None:
    firm.limit("own")
    theirs, nobodys = firm.customers["dora"], new_id()

    for address in ("/customers/{}", "/api/v1/customers/{}", "/customers/{}/edit", "/api/v1/customers/{}/history"):
        out, missing = (ada.get(address.format(each)) for each in (theirs, nobodys))
        assert out.status_code == missing.status_code == HTTPStatus.NOT_FOUND
        said = [each.get_data(as_text=True) for each in (out, missing)]
        assert said[0].replace(theirs, "") == said[1].replace(nobodys, "")
    for address in (f"/api/v1/instances/{firm.cases['dora']}", f"/api/v1/documents/{firm.documents['dora']}"):
        assert ada.get(address).status_code == HTTPStatus.NOT_FOUND
    with pytest.raises(CustomerNotFound):
        firm.do(UpdateCustomer(customer_id=theirs, changes={"needs": "x"}), firm.actor("ada"))


def test_sec_02_an_offered_task_tells_a_number_until_it_is_claimed_and_then_its_customer_while_it_is_open(
    firm: Firm, ada: FlaskClient
) -> None:
    firm.limit("own")
    task, case, customer = firm.tasks["dora"], firm.cases["dora"], firm.customers["dora"]
    seen = [f"/api/v1/instances/{case}", f"/api/v1/customers/{customer}", f"/api/v1/documents/{firm.documents['dora']}"]

    offered = {each["id"]: each for each in ada.get("/api/v1/tasks").get_json()["items"]}
    assert offered[task]["business_key"] == case[-8:]
    assert told(ada.get(f"/tasks/{task}").get_data(as_text=True)) == set()
    assert ada.get(f"/api/v1/tasks?q={mark_of('dora')}").get_json()["items"] == []
    assert [ada.get(each).status_code for each in seen] == [HTTPStatus.NOT_FOUND] * 3

    firm.do(ClaimTask(task_id=task), firm.actor("ada"))

    assert told(ada.get(f"/tasks/{task}").get_data(as_text=True)) == {"dora"}
    assert len(ada.get(f"/api/v1/tasks?q={mark_of('dora')}").get_json()["items"]) == 1
    assert [ada.get(each).status_code for each in seen] == [HTTPStatus.OK] * 3
    assert asked(ada, "/search?q=Xq*") == {"ada", "dora"}
    assert told(ada.get(f"/api/v1/customers/{firm.customers['bob']}").get_data(as_text=True)) == set()

    firm.do(CompleteTask(task_id=task, data={"finished": True}), firm.actor("ada"))

    assert [ada.get(each).status_code for each in seen] == [HTTPStatus.NOT_FOUND] * 3
    assert told(ada.get("/tasks/done").get_data(as_text=True)) == set()


def test_sec_02_nobody_opens_a_customer_by_saying_that_a_case_of_theirs_is_about_it(firm: Firm) -> None:
    firm.limit("own")
    ada = firm.actor("ada")
    theirs = EntityLink(entity="crm.customer", id=firm.customers["dora"], role="further")

    with pytest.raises(InvalidInput, match="or you may not see it"):
        firm.do(LinkEntity(instance_id=firm.cases["ada"], link=theirs), ada)
    with pytest.raises(InvalidInput, match="or you may not see it"):
        firm.start("Of mine", ada, links=(theirs,))
    firm.do(LinkEntity(instance_id=firm.cases["ada"], link=replace(theirs, id=firm.customers["ada"])), ada)


def test_sec_02_an_export_has_what_whoever_ordered_it_reaches(firm: Firm) -> None:
    firm.limit("team")
    ada = firm.actor("ada")
    made = firm.do(OrderExport(kind="customers", format="csv", wanted={}), ada)

    make_export(firm.application, {"export_id": made})

    with firm.units.reading(ada) as view:
        (told_of, digest) = export_content(view, made)
    with firm.application.blobs.open(digest) as file:
        content = file.read()
    assert told_of.rows == 2
    assert told(content.decode("utf-8-sig")) == {"ada", "bob"}
    assert len(list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))) == 3
    firm.limit("own")
    with firm.units.reading(firm.actor("ada")) as view, pytest.raises(Forbidden):
        export_content(view, made)  # it was written with more


def test_sec_02_who_looks_after_a_customer_decides_also_when_that_changes_or_it_is_merged(
    firm: Firm, ada: FlaskClient
) -> None:
    firm.limit("own")
    mine, bobs, doras = (firm.customers[each] for each in ("ada", "bob", "dora"))

    firm.do(UpdateCustomer(customer_id=bobs, changes={"owner": "ada"}), SYSTEM)
    assert asked(ada, "/api/v1/customers") == {"ada", "bob"}
    assert asked(ada, "/search?q=Xq*") == {"ada", "bob"}

    firm.do(UpdateCustomer(customer_id=mine, changes={"owner": "dora"}), SYSTEM)
    assert asked(ada, "/api/v1/offers") == {"bob"}

    firm.do(UpdateCustomer(customer_id=mine, changes={"owner": None, "owner_team": "north"}), SYSTEM)
    assert asked(ada, "/api/v1/customers") == {"bob"}
    firm.limit("team")
    assert asked(ada, "/api/v1/customers") == {"ada", "bob"}

    firm.do(MergeCustomers(kept_id=bobs, absorbed_id=doras), SYSTEM)
    assert "dora" in asked(ada, "/cases")  # what was about the absorbed one is about the one that stays


def test_sec_02_a_customer_without_an_owner_belongs_to_whoever_enters_it(firm: Firm, ada: FlaskClient) -> None:
    made = firm.do(CreateCustomer(profile=Profile(name="Nova", country="PL")), firm.actor("ada"))
    firm.limit("own")

    assert ada.get(f"/api/v1/customers/{made.id}").status_code == HTTPStatus.OK


@pytest.mark.parametrize("scope", ["own", "department"])
def test_sec_02_whoever_reaches_some_customers_does_all_of_their_work_for_them(firm: Firm, scope: str) -> None:
    firm.limit(scope)

    firm.fill("ada", firm.actor("ada"))
    firm.plan("Xqadaq training", None, firm.actor("ada"))
    firm.do(ClaimTask(task_id=firm.tasks["ada"]), firm.actor("ada"))
    firm.do(CompleteTask(task_id=firm.tasks["ada"], data={"finished": True}), firm.actor("ada"))

    with firm.units.reading(firm.actor("ada")) as view:
        owners = view.session.scalars(select(CustomerRow.owner).where(CustomerRow.name == "Xqadaq Ltd"))
        assert list(owners) == ["ada", "ada"]


def test_sec_02_a_number_that_a_customer_out_of_reach_has_is_taken_and_nothing_is_told_of_it(firm: Firm) -> None:
    firm.do(UpdateCustomer(customer_id=firm.customers["dora"], changes={"external_reference": "K-7"}), SYSTEM)
    firm.limit("own")

    with pytest.raises(CustomerExistsElsewhere) as refused:
        firm.do(CreateCustomer(profile=Profile(name="Nova", country="PL", external_reference="K-7")), firm.actor("ada"))

    assert told(str(refused.value)) == set()


def test_sec_02_an_import_gives_new_customers_to_whoever_brings_them_in_and_leaves_those_out_of_reach(
    firm: Firm,
) -> None:
    for name in ("ada", "dora"):
        firm.do(UpdateCustomer(customer_id=firm.customers[name], changes={"external_reference": f"K-{name}"}), SYSTEM)
    firm.limit("own")
    rows = [Row(line=n, cells=cells) for n, cells in enumerate((("Nova", "K-1"), ("Ada", "K-ada"), ("Dora", "K-dora")))]
    arrangement = Arrangement(columns=("name", "external_reference"), keys=("external_reference",))

    with firm.units.begin(firm.actor("ada")) as unit:
        taken = take(unit, rows, arrangement)
        unit.commit()

    assert [each.outcome for each in taken] == ["created", "updated", "rejected"]
    assert told(str(taken[2].sentence)) == set()
    with firm.units.reading(firm.actor("ada")) as view:
        seen = set(view.session.scalars(select(CustomerRow.name)))
    assert seen == {"Nova", "Ada"}


def test_sec_02_a_right_may_reach_less_than_seeing_does(firm: Firm) -> None:
    firm.limit("department")
    firm.limit("own", right="customer.edit")
    ada = firm.actor("ada")

    firm.do(UpdateCustomer(customer_id=firm.customers["ada"], changes={"needs": "a pump"}), ada)
    with pytest.raises(CustomerNotFound):
        firm.do(UpdateCustomer(customer_id=firm.customers["bob"], changes={"needs": "a pump"}), ada)


def test_sec_02_the_database_knows_the_customer_of_every_kind_of_record_that_a_case_can_be_about(firm: Firm) -> None:
    confined = {entity: row for entity, row in ENTITIES.items() if row.__tablename__ in {*paths(), "customer"}}

    with firm.units.reading(SYSTEM) as view:
        known = view.session.scalar(select(func.pg_get_functiondef(func.to_regprocedure("record_customer(text,text)"))))

    assert [entity for entity in confined if f"'{entity}'" not in str(known)] == []


def test_sec_02_administrators_give_scopes_and_teams_and_nobody_widens_their_own(firm: Firm) -> None:
    firm.limit("own")
    ada = firm.actor("ada")
    administers = replace(ada, permissions=ada.permissions | {"account.administer"})
    with pytest.raises(Forbidden, match="ask another administrator"):
        firm.do(SetScopes(role="sales_rep", scopes={"customer.read": "all"}), administers)
    with pytest.raises(Forbidden, match="ask another administrator"):
        firm.do(ChangeTeam(account="ada", team="south"), administers)
    with pytest.raises(NotFound):
        firm.do(SetScopes(role="nobody", scopes={}), SYSTEM)
    firm.do(ChangeTeam(account="bob", team=None), SYSTEM)
    firm.do(SetTeam(name="east", title="East", department="sales"), SYSTEM)
    firm.do(DropTeam(name="east"), SYSTEM)
    firm.limit("team")

    with firm.units.reading(SYSTEM) as view:
        reach = actor_named(view, "ada").reach("customer.read")

    assert reach is not None
    assert (reach.people, reach.teams) == ({"ada"}, {"north"})


def test_sec_02_an_administrator_sets_the_reach_and_the_teams_on_a_page(
    application: Application, app: Flask, firm: Firm
) -> None:
    admin = browser_of(application, app, "root", "admin")
    token: dict[str, Any] = {"csrf_token": form_token(admin)}

    page = admin.get("/scopes").get_data(as_text=True)
    for address, form in (
        ("/scopes/roles/sales_rep", {"customer.read": "own"}),
        ("/scopes/teams", {"name": "west", "title": "West", "department": "sales"}),
        ("/scopes/people", {"account": "ada", "team": "west"}),
    ):
        assert admin.post(address, data=token | form).status_code == HTTPStatus.FOUND
    refused = admin.post("/scopes/teams", data=token | {"name": "Wrong Name", "title": "x"})

    assert "Purchase" in page
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "small letters" in refused.get_data(as_text=True)
    assert firm.actor("ada").reach("customer.read") is not None
    assert browser(firm, app, "ada").get("/scopes").status_code == HTTPStatus.FORBIDDEN
