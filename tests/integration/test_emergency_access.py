"""Administrators see nothing by being administrators; what they open in an emergency is told and ends by itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from audit.sequencer import sequence
from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Profile
from tests.engine_world import bpmn, line
from tests.integration.test_second_factor import send
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.accounts.people import CloseAccount, ReopenAccount, SetRoles
from webapp.accounts.queries import account_named
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application

REASON = "The customer's case hangs and nobody of sales is in"


@pytest.fixture
def root(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    """The browser of an administrator, who has no other role."""
    add_account("root", "admin", password=PASSWORD, display_name="Rena Adamska")
    browser = app.test_client()
    log_in(browser, name="root")
    return browser


@pytest.fixture
def addresses(application: Application, program: Callable[..., Program]) -> list[str]:
    """A document, a customer and a case of other people, in the API."""
    ewa = program("ewa", "sales_rep", "process_designer")
    files = {"file": (io.BytesIO(b"the price is 7"), "offer.txt")}
    filed = ewa.post("/documents", data=files, content_type="multipart/form-data")
    mill = application.executor.execute(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM)
    model = {"file": (io.BytesIO(bpmn(line('<userTask id="work"/>', names=("work",)), key="job")), "job.bpmn")}
    assert ewa.post("/definitions", data=model, content_type="multipart/form-data").status_code == 201
    case = ewa.post("/instances", json={"definition_key": "job"})
    assert case.status_code == 201, case.text
    return [f"/documents/{filed.json['id']}", f"/customers/{mill.id}", f"/cases/{case.json['id']}"]


def answers(browser: FlaskClient, addresses: list[str]) -> list[int]:
    in_api = [each.replace("/cases/", "/api/v1/instances/") for each in addresses]
    in_api = [each if each.startswith("/api") else f"/api/v1{each}" for each in in_api]
    return [browser.get(each).status_code for both in zip(addresses, in_api, strict=True) for each in both]


def test_an_administrator_sees_no_document_case_or_customer_and_configures(
    root: FlaskClient, addresses: list[str]
) -> None:
    assert answers(root, addresses) == [404, 404, 403, 403, 404, 404]
    for refused in ("/audit", "/customers", "/invoices", "/records"):
        assert root.get(refused).status_code == 403, refused
    found = [root.get(f"/api/v1/{listed}").json["items"] for listed in ("instances", "documents", "tasks")]
    assert found == [[], [], []]
    for open_page in ("/people", "/definitions", "/document-types", "/api/v1/dictionaries", "/emergency-access"):
        assert root.get(open_page).status_code == 200, open_page


def test_emergency_access_shows_everything_changes_no_record_and_ends_by_itself(
    root: FlaskClient, addresses: list[str], clock: FixedClock
) -> None:
    opened = send(root, "/emergency-access", reason=REASON, minutes="30")

    assert opened.status_code == 302, opened.text
    assert answers(root, addresses) == [200] * 6
    assert "Your emergency access is open" in root.get("/people").text
    document, customer, case = addresses
    assert "it comes with emergency access" in root.get("/people/root", query_string={"about": document}).text
    headers = {"X-CSRFToken": form_token(root)}
    held = root.post(f"/api/v1/instances/{case[7:]}/suspend", json={"reason": "x"}, headers=headers)
    renamed = root.patch(f"/api/v1{customer}", json={"name": "x"}, headers=headers)
    assert (held.status_code, renamed.status_code) == (403, 403)
    assert send(root, "/emergency-access", reason=REASON, minutes="30").status_code == 409

    clock.advance(timedelta(minutes=31))

    assert answers(root, addresses) == [404, 404, 403, 403, 404, 404]


def test_emergency_access_given_back_is_over(root: FlaskClient, addresses: list[str]) -> None:
    send(root, "/emergency-access", reason=REASON, minutes="240")

    assert send(root, "/emergency-access/end").status_code == 302

    assert 200 not in answers(root, addresses)


def test_auditors_see_who_opened_what_and_why_and_others_do_not(
    app: Flask,
    application: Application,
    add_account: Callable[..., str],
    root: FlaskClient,
    anna: FlaskClient,
) -> None:
    add_account("adam", "auditor", password=PASSWORD)
    adam = app.test_client()
    log_in(adam, name="adam")
    log_in(anna)

    send(root, "/emergency-access", reason=REASON, minutes="60")

    sequence(application.database.engine)
    listed = adam.get("/emergency-access").text
    assert "Rena Adamska" in listed
    assert "nobody of sales is in" in listed
    told = adam.get("/api/v1/audit/log", query_string={"kind": "account.emergency_access_opened"}).json["items"]
    assert [each["actor"] for each in told] == ["root"]
    assert anna.get("/emergency-access").status_code == 403
    assert send(anna, "/emergency-access", reason=REASON, minutes="60").status_code == 403
    assert send(adam, "/emergency-access", reason=REASON, minutes="60").status_code == 403


def test_whoever_is_no_administrator_any_more_has_no_emergency_access_left(
    application: Application, root: FlaskClient, addresses: list[str]
) -> None:
    send(root, "/emergency-access", reason=REASON, minutes="240")

    application.executor.execute(SetRoles(name="root", roles=frozenset()), actor=SYSTEM)

    assert 200 not in answers(root, addresses)


def test_emergency_access_of_a_closed_account_does_not_come_back_with_it(
    application: Application, app: Flask, root: FlaskClient, addresses: list[str]
) -> None:
    send(root, "/emergency-access", reason=REASON, minutes="240")

    application.executor.execute(CloseAccount(name="root"), actor=SYSTEM)
    application.executor.execute(ReopenAccount(name="root"), actor=SYSTEM)

    again = app.test_client()
    log_in(again, name="root")
    assert 200 not in answers(again, addresses)


@pytest.mark.parametrize("given", [{"reason": "because", "minutes": "30"}, {"reason": REASON, "minutes": "9999"}])
def test_without_a_reason_or_an_end_nothing_is_opened(
    root: FlaskClient, addresses: list[str], given: dict[str, str]
) -> None:
    assert send(root, "/emergency-access", **given).status_code == 422

    assert 200 not in answers(root, addresses)


def test_tokens_do_not_have_the_emergency_access_of_their_account(
    app: Flask, application: Application, root: FlaskClient, addresses: list[str]
) -> None:
    token = application.executor.execute(CreateToken(name="root"), actor=SYSTEM).token
    send(root, "/emergency-access", reason=REASON, minutes="30")

    assert 200 not in [Program(app, token).get(each).status_code for each in addresses]


def test_nobody_gives_themselves_a_role_or_acts_with_the_token_of_a_person(
    application: Application, root: FlaskClient, anna: FlaskClient
) -> None:
    refused = send(root, "/people/root/roles", roles="board")

    assert refused.status_code == 403
    assert "Nobody gives themselves a role" in refused.text
    with application.units.reading(SYSTEM) as view:
        administrator = account_named(view, "root").actor()
    assert administrator.roles == {"admin"}
    with pytest.raises(Forbidden, match="person's account"):
        application.executor.execute(CreateToken(name="anna"), actor=administrator)
    assert send(root, "/people/anna/roles", roles="board").status_code == 302
