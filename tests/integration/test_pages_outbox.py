"""The pages and the API of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.approvals import FreezeOffer, LockOffer
from crm.offer_content import Line
from crm.offers import CreateOffer
from crm.outbox.ports import Tokens
from tests.mailbox import Mailbox
from tests.post_office import PostOffice, open_office
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp import create_app
from webapp.accounts.people import AddAccount
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application
from webapp.outbox.tokens import SignedTokens

URL = "https://obieg.example.org"


@pytest.fixture
def office(application: Application) -> Iterator[PostOffice]:
    application.settings = replace(application.settings, public_url=URL)
    application.units.ports[Tokens] = SignedTokens("secret", URL)
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


@pytest.fixture
def ewa(office: PostOffice) -> FlaskClient:
    """A saleswoman's browser, logged in."""
    order = AddAccount(name="ewa", roles=frozenset({"sales_rep"}), password=PASSWORD, display_name="Ewa Maj")
    office.do(order, SYSTEM)
    browser = create_app(office.application).test_client()
    log_in(browser, name="ewa")
    return browser


def approved(office: PostOffice) -> str:
    line = Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23))
    made = office.do(CreateOffer(customer_id=office.customer(), lines=(line,)))
    office.do(FreezeOffer(offer_id=made.id))
    office.do(LockOffer(offer_id=made.id))
    return str(made.id)


def send(browser: FlaskClient, address: str, **fields: str) -> object:
    return browser.post(address, data=fields | {"csrf_token": form_token(browser)})


def test_off_07_an_offer_is_sent_from_its_page(office: PostOffice, ewa: FlaskClient) -> None:
    offer_id = approved(office)
    page = ewa.get(f"/offers/{offer_id}/send").text

    send(ewa, f"/offers/{offer_id}/send", recipient="biuro@wisla.example", subject="Oferta", text="Hej", has_link="on")
    office.send()

    assert "biuro@wisla.example" in page
    assert "/answer/" in str(office.box.letters[0][1])
    assert "link is open" in ewa.get(f"/offers/{offer_id}/answers").text


def test_off_05_an_employee_notes_that_the_customer_accepts(office: PostOffice, ewa: FlaskClient) -> None:
    offer_id = approved(office)
    assert "Accepted by customer" in ewa.get(f"/offers/{offer_id}").text

    for _ in range(2):
        send(ewa, f"/offers/{offer_id}/accept")

    assert office.rows("SELECT offer_id FROM customer_order") == [(offer_id,)]


def test_a_message_is_written_sent_and_looked_at(office: PostOffice, ewa: FlaskClient) -> None:
    customer = office.customer()
    document = office.file()
    form = ewa.get(f"/messages/new?customer={customer}&document={document.id}").text

    sent = ewa.post(
        "/messages",
        data={
            "csrf_token": form_token(ewa),
            "customer": customer,
            "document": document.id,
            "version": "1",
            "channel": "email",
            "subject": "<b>Umowa</b>",
            "text": "Dzień dobry",
        },
    )
    office.send()

    page = ewa.get(sent.location).text
    assert "Oferta" in form
    assert "&lt;b&gt;Umowa&lt;/b&gt;" in page
    assert document.digest[:8] in page
    assert "sent" in page
    assert ewa.get(f"/outbox?customer={customer}").text.count("row-title") == 1


def test_what_is_wrong_is_told_and_what_was_typed_stays(office: PostOffice, ewa: FlaskClient) -> None:
    fields = {"channel": "email", "recipient": "nobody", "subject": "S", "text": "kept words"}

    refused = ewa.post("/messages", data=fields | {"csrf_token": form_token(ewa)})

    assert refused.status_code == 422
    assert "not an e-mail address" in refused.text
    assert "kept words" in refused.text


def test_whom_to_write_to_is_found_while_typing(office: PostOffice, ewa: FlaskClient) -> None:
    office.customer()

    by_name = ewa.get("/messages/recipients?recipient=wis").text
    by_address = ewa.get("/messages/recipients?recipient=biuro@").text

    assert "biuro@wisla.example" in by_name
    assert "biuro@wisla.example" in by_address


def test_off_08_a_text_is_filled_for_an_offer_before_it_is_sent(office: PostOffice, ewa: FlaskClient) -> None:
    filled = ewa.get(f"/messages/words?template=offer&offer={approved(office)}").text

    assert "OF-2026-0001" in filled
    assert "{link}" in filled


def test_sms_02_the_form_tells_how_many_sms_a_text_takes(ewa: FlaskClient) -> None:
    told = ewa.post("/messages/count", data={"text": "ż" * 71, "csrf_token": form_token(ewa)}).text

    assert "2 segments" in told


@pytest.fixture
def program_of(office: PostOffice) -> Callable[..., Program]:
    def make(name: str, *roles: str) -> Program:
        office.do(AddAccount(name=name, roles=frozenset(roles)), SYSTEM)
        token = office.do(CreateToken(name=name), SYSTEM).token
        return Program(create_app(office.application), token)

    return make


def test_a_program_sends_and_follows_a_message(office: PostOffice, program_of: Callable[..., Program]) -> None:
    program = program_of("erp", "sales_rep")
    body = {"customer_id": office.customer(), "channel": "email", "subject": "S", "text": "T", "key": "erp-1"}

    first, second = (program.post("/outbox/messages", json=body) for _ in range(2))
    office.send()
    found = program.get(f"/outbox/messages/{first.json['id']}").json

    assert (first.status_code, first.json["id"] == second.json["id"]) == (201, True)
    assert (found["state"], [each["outcome"] for each in found["tries"]]) == ("sent", ["sent"])


def test_who_may_not_send_is_refused(office: PostOffice, program_of: Callable[..., Program]) -> None:
    program = program_of("reader", "technical_reviewer")
    body = {"customer_id": office.customer(), "channel": "email", "subject": "S", "text": "T"}

    refused = program.post("/outbox/messages", json=body)

    assert (refused.status_code, office.rows("SELECT count(*) FROM outbox_message")) == (403, [(0,)])


def test_an_opt_out_and_its_end_stand_in_the_list(office: PostOffice, program_of: Callable[..., Program]) -> None:
    program = program_of("keeper", *WHOLE_FIRM)

    barred = program.post("/outbox/addresses", json={"channel": "email", "address": "X@y.example"}).json
    listed = program.get("/outbox/addresses").json
    program.post("/outbox/addresses/free", json={"channel": "email", "address": "x@y.example"})

    assert barred["is_barred"]
    assert [each["address"] for each in listed] == ["x@y.example"]
    assert program.get("/outbox/addresses").json == []
