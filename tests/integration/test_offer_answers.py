"""An offer is sent with its paper, and the customer answers by a link."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from core.clock import FixedClock
from core.identity import SYSTEM
from crm.activities.queries import ActivityFilter, activities
from crm.approvals import FreezeOffer, LockOffer
from crm.errors import OfferFrozen, WrongOfferState
from crm.offer_content import Line, Terms
from crm.offer_queries import offer
from crm.offers import CreateOffer, ReviseOffer, UpdateOffer
from crm.outbox.offers import AnswerOffer, RevokeLink, SendOffer, SentOffer, links
from crm.outbox.ports import Tokens
from crm.sales.accepting import AcceptOffer
from tests.mailbox import Mailbox
from tests.post_office import EWA, PostOffice, open_office
from tests.web import form_token
from webapp import create_app
from webapp.bootstrap import Application
from webapp.outbox.offer_paper import offer_paper
from webapp.outbox.tokens import SignedTokens

URL = "https://obieg.example.org"


@pytest.fixture
def office(application: Application, clock: FixedClock) -> Iterator[PostOffice]:
    application.settings = replace(application.settings, public_url=URL)
    application.units.ports[Tokens] = SignedTokens("secret", URL)
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


@pytest.fixture
def customer_browser(office: PostOffice) -> FlaskClient:
    """Somebody without an account."""
    app: Flask = create_app(office.application)
    return app.test_client()


def approved(office: PostOffice, **terms: Any) -> str:
    lines = (
        Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23)),
        Line(quantity=Decimal(1), description="Zawór", unit_price=Decimal("8.90"), vat_rate=Decimal(8)),
    )
    usual = {"valid_until": date(2026, 1, 31)} | terms
    made = office.do(CreateOffer(customer_id=office.customer(), lines=lines, terms=Terms(**usual)))
    office.do(FreezeOffer(offer_id=made.id))
    office.do(LockOffer(offer_id=made.id))
    return str(made.id)


def sent(office: PostOffice, offer_id: str, **values: Any) -> SentOffer:
    pdf = offer_paper(office.application, offer_id, actor=EWA)
    made: SentOffer = office.do(SendOffer(offer_id=offer_id, pdf=pdf, **values))
    office.send()
    return made


def link_in(office: PostOffice) -> str:
    (body,) = [part for part in office.box.letters[-1][1].walk() if part.get_content_type() == "text/plain"]
    found = re.search(rf"{URL}(/answer/\S+)", body.get_content())
    assert found is not None
    return found[1]


def answer(browser: FlaskClient, link: str, **fields: str) -> Any:
    return browser.post(link, data=fields | {"csrf_token": form_token(browser)})


def state(office: PostOffice, offer_id: str) -> str:
    return str(office.ask(offer, offer_id).state)


def test_off_07_an_offer_leaves_with_its_pdf_at_the_version_that_was_approved(office: PostOffice) -> None:
    offer_id = approved(office)

    made = sent(office, offer_id)

    ((recipients, letter),) = office.box.letters
    (pdf,) = letter.iter_attachments()
    assert recipients == ["biuro@wisla.example"]
    assert pdf.get_content().startswith(b"%PDF")
    assert office.message(made.message_id).about_id == offer_id
    assert state(office, offer_id) == "sent"
    assert [each.recipient for each in office.ask(links, offer_id)] == ["biuro@wisla.example"]


def test_off_09_the_paper_has_totals_and_vat_by_rate_and_is_made_once(office: PostOffice) -> None:
    offer_id = approved(office)

    papers = [offer_paper(office.application, offer_id, actor=EWA) for _ in range(2)]

    assert papers[0] == papers[1]
    ((digest,),) = office.rows(f"SELECT digest FROM document_version WHERE document_id = '{papers[0].document_id}'")
    with office.application.blobs.open(digest) as content:
        text = PdfReader(io.BytesIO(content.read())).pages[0].extract_text()
    assert [each in text for each in ("208.90 PLN", "46.71 PLN", "255.61 PLN", "0.71", "9.61")] == [True] * 5


def test_neither_the_trail_nor_the_filed_copy_has_the_link(office: PostOffice) -> None:
    made = sent(office, approved(office))
    token = link_in(office).rpartition("/")[2]

    found = office.message(made.message_id)
    ((digest,),) = office.rows(f"SELECT digest FROM document_version WHERE document_id = '{found.document_id}'")
    with office.application.blobs.open(digest) as content:
        copy = content.read()

    assert token.encode() not in copy.replace(b"=\n", b"")
    assert b"the link for the recipient alone" in copy
    assert not any(token in str(row) for row in office.rows("SELECT * FROM audit_entry"))
    assert not any(token in str(row) for row in office.rows("SELECT * FROM outbox_message"))


def test_off_05_accepting_twice_is_one_order(office: PostOffice, customer_browser: FlaskClient) -> None:
    offer_id = approved(office)
    sent(office, offer_id)
    link = link_in(office)

    first = answer(customer_browser, link, answer="accept")
    second = answer(customer_browser, link, answer="accept")
    third = office.do(AcceptOffer(offer_id=offer_id))

    assert (first.status_code, second.status_code) == (302, 302)
    assert office.rows("SELECT number, offer_id FROM customer_order") == [(third.number, offer_id)]
    assert state(office, offer_id) == "accepted"
    assert third.number in customer_browser.get(link).text
    answered = office.rows("SELECT count(*) FROM audit_entry WHERE type = 'offer.answered'")
    assert answered == [(1,)]


def test_off_01_the_order_has_the_lines_of_the_offer(office: PostOffice, customer_browser: FlaskClient) -> None:
    offer_id = approved(office)
    sent(office, offer_id)

    answer(customer_browser, link_in(office), answer="accept")

    ordered = office.rows("SELECT description, quantity, unit_price FROM customer_order_line ORDER BY position")
    offered = [(each.description, each.quantity, each.unit_price) for each in office.ask(offer, offer_id).lines]
    assert ordered == offered


def test_off_04_what_was_accepted_is_locked(office: PostOffice, customer_browser: FlaskClient) -> None:
    offer_id = approved(office)
    sent(office, offer_id)
    answer(customer_browser, link_in(office), answer="accept")

    with pytest.raises(OfferFrozen):
        office.do(UpdateOffer(offer_id=offer_id, lines=()))
    with pytest.raises(WrongOfferState):
        office.do(SendOffer(offer_id=offer_id, pdf=offer_paper(office.application, offer_id, actor=EWA)))


def test_looking_at_an_offer_answers_nothing(office: PostOffice, customer_browser: FlaskClient) -> None:
    offer_id = approved(office)
    sent(office, offer_id)

    page = customer_browser.get(link_in(office), query_string={"answer": "accept"})

    assert page.status_code == 200
    assert "Pompa" in page.text
    assert state(office, offer_id) == "sent"


def test_the_customer_gets_the_paper_that_was_sent_and_the_trail_knows(
    office: PostOffice, customer_browser: FlaskClient
) -> None:
    sent(office, approved(office))

    pdf = customer_browser.get(f"{link_in(office)}/pdf")

    assert (pdf.status_code, pdf.data[:4]) == (200, b"%PDF")
    assert office.rows("SELECT actor_id FROM audit_entry WHERE type = 'offer.read_by_customer'") == [("customer",)]


def test_a_customer_who_declines_closes_the_offer(office: PostOffice, customer_browser: FlaskClient) -> None:
    offer_id = approved(office)
    sent(office, offer_id)
    link = link_in(office)

    answer(customer_browser, link, answer="reject", remark="Too dear.")
    late = answer(customer_browser, link, answer="accept")

    assert state(office, offer_id) == "declined"
    assert (late.status_code, "it was declined" in late.text) == (409, True)
    assert office.rows("SELECT count(*) FROM customer_order") == [(0,)]


def test_a_question_becomes_an_activity_of_the_owner(office: PostOffice, customer_browser: FlaskClient) -> None:
    offer_id = approved(office)
    sent(office, offer_id)

    asked = answer(customer_browser, link_in(office), answer="ask", remark="Is it in stock?")

    assert asked.status_code == 302
    (planned,) = office.ask(activities, ActivityFilter(status="planned")).items
    assert (planned.employee, planned.method, planned.priority) == ("ewa", "email", "high")
    assert state(office, offer_id) == "sent"


def test_a_question_without_words_is_told_so(office: PostOffice, customer_browser: FlaskClient) -> None:
    sent(office, approved(office))

    asked = answer(customer_browser, link_in(office), answer="ask")

    assert (asked.status_code, "Write what you want to know" in asked.text) == (422, True)


def after_revision(office: PostOffice, offer_id: str, link_id: str, clock: FixedClock) -> None:
    del link_id, clock
    office.do(ReviseOffer(offer_id=offer_id))


def after_revocation(office: PostOffice, offer_id: str, link_id: str, clock: FixedClock) -> None:
    del offer_id, clock
    office.do(RevokeLink(link_id=link_id))


def after_its_last_day(office: PostOffice, offer_id: str, link_id: str, clock: FixedClock) -> None:
    del office, offer_id, link_id
    clock.advance(timedelta(days=30))


@pytest.mark.parametrize(
    ("happen", "status", "told"),
    [
        (after_revision, 409, "newer version"),
        (after_revocation, 404, "not valid"),
        (after_its_last_day, 409, "its time is over"),
    ],
)
def test_a_link_that_is_over_says_so_and_answers_nothing(
    office: PostOffice,
    customer_browser: FlaskClient,
    clock: FixedClock,
    happen: Callable[[PostOffice, str, str, FixedClock], None],
    status: int,
    told: str,
) -> None:
    offer_id = approved(office)
    made = sent(office, offer_id)
    link = link_in(office)

    happen(office, offer_id, made.link_id or "", clock)

    assert told in customer_browser.get(link).text
    late = answer(customer_browser, link, answer="accept")
    assert (late.status_code, told in late.text) == (status, True)
    assert office.rows("SELECT count(*) FROM customer_order") == [(0,)]


@pytest.mark.parametrize("token", ["x", "a.b", "A" * 5000, "IjAxSEdYMDAwMDAwMDAwMDAwMDAwMDAwMDAwIg.wrong"])
def test_a_token_that_we_have_not_signed_opens_nothing(customer_browser: FlaskClient, token: str) -> None:
    page = customer_browser.get(f"/answer/{token}")

    assert (page.status_code, "not valid" in page.text) == (404, True)


def test_a_form_without_its_token_is_refused(office: PostOffice, customer_browser: FlaskClient) -> None:
    offer_id = approved(office)
    sent(office, offer_id)

    refused = customer_browser.post(link_in(office), data={"answer": "accept"})

    assert refused.status_code == 400
    assert state(office, offer_id) == "sent"


def test_who_asks_too_often_has_to_wait(customer_browser: FlaskClient) -> None:
    codes = [customer_browser.post("/answer/x", data={"csrf_token": form_token(customer_browser)}) for _ in range(14)]

    assert (codes[0].status_code, codes[-1].status_code) == (404, 429)
    assert int(codes[-1].headers["Retry-After"]) > 0


def test_no_secret_stands_in_what_a_command_shows_of_itself() -> None:
    assert "secret" not in repr(AnswerOffer(token="secret", answer="accept"))


def test_the_same_order_to_send_twice_is_one_message(office: PostOffice) -> None:
    offer_id = approved(office)

    first, second = (sent(office, offer_id, key="form-1") for _ in range(2))

    assert first == second
    assert len(office.box.letters) == 1


def test_an_offer_that_nobody_approved_cannot_be_sent(office: PostOffice) -> None:
    made = office.do(CreateOffer(customer_id=office.customer()))
    document = office.file()

    from crm.outbox.ports import PaperRef

    with pytest.raises(WrongOfferState, match="draft"):
        office.do(SendOffer(offer_id=made.id, pdf=PaperRef(document_id=document.id)), SYSTEM)
