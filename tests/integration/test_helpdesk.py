"""Tickets by mail, web and phone, from the first word to the last, with real cases, mails and links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from audit.erasing import ErasePersonalData
from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from core.settings import Settings
from crm.contacts import CreateContact
from crm.errors import WrongFields
from crm.profiles import Email
from crm.queries import customer
from engine.errors import StepRefused
from engine.models import InstanceRow
from engine.queries import instance
from processes.helpdesk.models import TicketRow
from processes.helpdesk.tickets import LINK_WORKS, OpenTicket, ReplyToTicket, RevokeTicketLink
from tests.help_desk import BUYER, DESK, PRODUCT, HelpDesk
from tests.post_office import person
from tests.web import PASSWORD, Program, form_token, log_in
from webapp import create_app
from webapp.accounts.people import AddAccount
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import build
from webapp.outbox.tokens import SignedTokens


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[HelpDesk]:
    settings = Settings(
        database_url=database_url,
        data=tmp_path / "data",
        public_url="https://firma.example",
        ticket_address="pomoc@firma.example",
        ticket_form=True,
    )
    built = build(settings, clock=clock)
    yield HelpDesk(built, clock)
    built.close()


@pytest.fixture
def visitor(desk: HelpDesk) -> FlaskClient:
    """A customer's browser."""
    return create_app(desk.application).test_client()


def send(browser: FlaskClient, address: str, **fields: Any) -> Any:
    return browser.post(address, data=fields | {"csrf_token": form_token(browser)}, follow_redirects=True)


def test_srv_04_a_ticket_by_phone_has_a_number_a_clock_and_a_link(desk: HelpDesk) -> None:
    desk.customer(key_account=True)

    ticket = desk.open(channel="phone", name="Jan Lis")

    case = desk.case(ticket)
    assert ticket.number == f"T-{desk.clock.now().year}-0001"
    assert (ticket.customer_name, case.definition.key, case.stage) == ("Żuraw", "helpdesk", "working")
    assert case.service_level is not None
    (task,) = desk.tasks(DESK)
    assert task.due_at is not None
    (mail,) = desk.sent()
    assert (mail.recipient, mail.subject) == (BUYER, f"[{ticket.number}] {ticket.subject}")
    assert "https://firma.example/ticket/" in mail.text


def test_srv_04_a_mail_opens_a_ticket_and_an_answer_to_it_goes_on(desk: HelpDesk) -> None:
    desk.customer()

    desk.mail("Pompa stoi", "Od wczoraj nie działa.")
    (ticket,) = desk.tickets()
    desk.complete(step="ask", reply="Czy pali się lampka?")
    assert desk.ticket(ticket.id).state == "waiting"
    desk.mail(f"Re: [{ticket.number}] Pompa stoi", "Tak, czerwona.")

    found = desk.ticket(ticket.id)
    assert (found.channel, found.customer_name, found.name, found.state) == ("mail", "Żuraw", "Jan Lis", "open")
    assert [(each.is_ours, each.text) for each in found.said] == [
        (False, "Od wczoraj nie działa."),
        (True, "Czy pali się lampka?"),
        (False, "Tak, czerwona."),
    ]
    assert desk.case(ticket).variables["said"] == "Tak, czerwona."
    assert [each.element_id for each in desk.tasks(DESK)] == ["work"]


def test_srv_04_mails_of_machines_open_nothing_and_of_others_a_ticket_of_their_own(desk: HelpDesk) -> None:
    desk.customer()
    desk.mail("Pompa stoi")
    (ticket,) = desk.tickets()

    desk.mail("Automatyczna odpowiedź", Auto_Submitted="auto-replied")
    desk.mail(f"Re: [{ticket.number}] Pompa stoi", "Ja też!", sender="obcy@inny.example")

    assert len(desk.tickets()) == 2
    assert len(desk.ticket(ticket.id).said) == 1  # nobody but its customer goes on with a ticket


def test_srv_04_the_clock_stands_while_the_customer_is_waited_for(desk: HelpDesk) -> None:
    ticket = desk.open()
    desk.wait(hours=2)
    before = desk.case(ticket).service_level
    desk.complete(step="ask", reply="Która?")

    desk.wait(days=7)

    after = desk.case(ticket).service_level
    assert before is not None
    assert after is not None
    assert (before.used, after.used) == ("PT2H", "PT2H")
    assert (before.is_running, after.is_running, after.due_at) == (True, False, None)


def test_srv_04_an_answer_that_does_not_come_is_reminded_of_and_escalated(desk: HelpDesk) -> None:
    ticket = desk.open()

    desk.wait(days=3)

    with desk.application.database.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT content FROM audit_entry WHERE type = 'ticket.noted'").all()
    assert [what in b"".join(bytes(each) for (each,) in told) for what in (b"answer_due", b"answer_late")] == [
        True,
        True,
    ]
    assert desk.case(ticket).state == "running"


def test_srv_04_a_customer_reads_and_replies_behind_the_link(desk: HelpDesk, visitor: FlaskClient) -> None:
    ticket = desk.open()
    desk.complete(step="solved", reply="Ma <b>dwa</b> metry.")
    address = desk.link()

    seen = visitor.get(address)
    replied = send(visitor, address, text="A trzymetrowa?")
    desk.work()

    assert "&lt;b&gt;dwa&lt;/b&gt; metry" in seen.text
    assert ticket.number in seen.text
    assert "Thank you, it has reached us" in replied.text
    assert (desk.ticket(ticket.id).state, desk.case(ticket).stage) == ("open", "working")
    assert send(visitor, address, text=" ").status_code == 422
    desk.complete(step="solved", reply="Też jest.")
    desk.wait(days=8)
    assert (desk.ticket(ticket.id).state, desk.case(ticket).outcome) == ("closed", "solved")
    assert "This ticket is closed" in visitor.get(address).text
    assert send(visitor, address, text="Jeszcze jedno").status_code == 409


def test_srv_04_a_link_expires_is_revoked_and_cannot_be_made_up(desk: HelpDesk, visitor: FlaskClient) -> None:
    ticket = desk.open()
    address = desk.link()
    offers = SignedTokens(desk.application.secret_key, "https://firma.example")
    link_id = link_of(desk, ticket.id)

    forged = visitor.get(address[:-3] + "abc")
    foreign = visitor.get(f"/ticket/{offers.token(link_id)}")  # signed by us, for another purpose
    works = visitor.get(address)
    desk.clock.advance(LINK_WORKS)
    expired = visitor.get(address)

    assert [each.status_code for each in (forged, foreign, works, expired)] == [404, 404, 200, 404]
    assert ticket.subject not in expired.text
    desk.do(ReplyToTicket(ticket_id=ticket.id, text="Halo?", channel="phone"))
    desk.complete(step="ask", reply="Słuchamy.")
    assert visitor.get(address).status_code == 200  # each message of ours makes it work longer
    desk.do(RevokeTicketLink(ticket_id=ticket.id))
    assert visitor.get(address).status_code == 404


def test_srv_04_the_form_of_the_web_opens_tickets_where_a_setting_allows_it(
    desk: HelpDesk, visitor: FlaskClient
) -> None:
    assert visitor.get("/ticket").status_code == 200
    wrong = send(visitor, "/ticket", subject="Faktura", text="Gdzie jest?", email="nikt")
    sent = send(visitor, "/ticket", subject="Faktura", text="Gdzie jest?", email=BUYER, name="Jan", kind="question")
    trapped = send(visitor, "/ticket", subject="Kup", text="teraz", email="bot@bot.example", website="x")
    desk.work()

    (ticket,) = desk.tickets()
    assert (wrong.status_code, "not an e-mail address" in wrong.text) == (422, True)
    assert ticket.number in sent.text
    assert trapped.status_code == 200
    assert (ticket.channel, ticket.state, ticket.case_id is not None) == ("web", "open", True)
    desk.application.settings = replace(desk.application.settings, ticket_form=False)
    assert visitor.get("/ticket").status_code == 404


def test_srv_03_a_suggestion_goes_to_product_management(desk: HelpDesk) -> None:
    desk.customer()

    ticket = desk.open(kind="suggestion", subject="Zróbcie pompę na korbę")

    assert [each.element_id for each in desk.tasks(PRODUCT)] == ["work"]
    assert desk.tasks(DESK) == []
    desk.complete(PRODUCT, step="solved", reply="Dziękujemy, pomyślimy.")
    assert desk.ticket(ticket.id).state == "answered"


def test_srv_03_who_needs_a_new_product_becomes_an_enquiry_that_starts_a_sale(desk: HelpDesk) -> None:
    customer_id = desk.customer()

    ticket = desk.open(kind="new_product", subject="Pompa na korbę", product_group="crank pumps")

    assert (desk.case(ticket).outcome, desk.ticket(ticket.id).state) == ("passed_to_sales", "closed")
    with desk.application.units.reading(SYSTEM) as view:
        sales = view.session.scalars(select(InstanceRow).where(InstanceRow.definition_key == "sales_cycle")).all()
        assert customer(view, customer_id).id == customer_id
    (sale,) = sales
    assert [each.element_id for each in desk.tasks()] == ["qualify_lead"]
    with desk.application.units.reading(SYSTEM) as view:
        found = instance(view, sale.id).variables
    assert (found["customer_id"], found["product_group"]) == (customer_id, "crank pumps")
    assert found["need_text"].startswith("Pompa na korbę")


def test_srv_03_a_question_that_turns_out_to_be_a_need_or_a_suggestion_is_passed_on(desk: HelpDesk) -> None:
    desk.customer()
    ticket = desk.open()
    with pytest.raises(StepRefused, match="which other kind"):
        desk.complete(step="reroute", new_kind="question")

    desk.complete(step="reroute", new_kind="suggestion")
    desk.complete(PRODUCT, step="new_product", reply="Zadzwoni handlowiec.")

    assert (desk.ticket(ticket.id).kind, desk.case(ticket).outcome) == ("suggestion", "passed_to_sales")
    assert sorted(each.element_id for each in desk.tasks()) == ["qualify_lead"]


def test_a_ticket_without_words_is_refused_field_by_field_and_an_answer_needs_words(desk: HelpDesk) -> None:
    with pytest.raises(WrongFields) as wrong:
        desk.do(OpenTicket(channel="smoke", subject=" ", text="", kind="wish", email="x"))
    with pytest.raises(Forbidden):
        desk.do(OpenTicket(channel="phone", subject="a", text="b"), person("aud", "auditor"))
    desk.open()

    assert wrong.value.details["fields"].keys() == {"/channel", "/subject", "/text", "/kind", "/email"}
    with pytest.raises(StepRefused, match="Write what the customer is told"):
        desk.complete(step="solved")


def test_srv_04_programs_and_pages_open_tickets_and_look_after_links(desk: HelpDesk) -> None:
    app = create_app(desk.application)
    desk.do(AddAccount(name="www", roles=frozenset({"service_desk"})), SYSTEM)
    site = Program(app, desk.do(CreateToken(name="www"), SYSTEM).token)
    desk.do(AddAccount(name="ola", roles=frozenset({"service_desk"}), password=PASSWORD), SYSTEM)
    browser = app.test_client()
    log_in(browser, name="ola")

    made = site.post("/tickets", json={"subject": "Cena", "text": "Ile?", "email": BUYER})
    said = send(browser, "/tickets", subject="Zwrot", text="Chce oddać.", name="p. Lis", kind="fault")
    wrong = send(browser, "/tickets", subject="Zwrot", text="Chce oddać.", customer="C-nobody")
    desk.work()

    assert (made.status_code, made.json["state"]) == (201, "open")
    assert "tell the customer its number" in said.text
    assert wrong.status_code == 404
    assert site.get("/tickets?kind=fault").json["items"][0]["subject"] == "Zwrot"
    number = made.json["number"]
    address = f"/tickets/{made.json['id']}"
    assert site.get(f"/tickets/{number}").json["said"][0]["text"] == "Ile?"
    assert site.post(f"{address}/replies", json={"text": "I kiedy?"}).json["said"][1]["author"] == BUYER
    assert site.post(f"{address}/link").json["address"].startswith("https://firma.example/ticket/")
    assert site.post(f"{address}/link/revoke").status_code == 200
    assert "Case and tasks" in browser.get(address).text
    assert number in browser.get("/tickets").text
    assert "shown this once" in send(browser, f"{address}/link").text
    assert "I jeszcze" in send(browser, f"{address}/reply", text="I jeszcze").text
    assert "It works no longer" in send(browser, f"{address}/revoke").text


def test_a_person_who_is_erased_is_erased_from_their_tickets_and_from_the_trail_of_them(desk: HelpDesk) -> None:
    customer_id = desk.customer(emails=())
    jan = desk.do(CreateContact(customer_id=customer_id, name="Jan Lis", email=BUYER))
    desk.customer(name="Obca", emails=(Email(address="obca@obca.example"),))
    mine = desk.open(name="Jan Lis", subject="Moja pompa", customer_id=customer_id)
    other = desk.open(name="Ktoś", subject="Inna", email="obca@obca.example")

    desk.do(ErasePersonalData(subject=f"contact:{jan}", reason="asked to be"), SYSTEM)

    found = desk.ticket(mine.id)
    assert (found.name, found.email, found.subject, found.said[0].text) == ("(erased)", None, "(erased)", "(erased)")
    assert desk.ticket(other.id).subject == "Inna"
    with desk.application.database.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT content FROM audit_personal").all()
    told = b"".join(bytes(each) for (each,) in kept).decode()
    assert ("Moja pompa" in told, "Inna" in told) == (False, True)


def test_a_firm_without_a_help_desk_has_no_form_no_links_and_no_tickets_of_mails(desk: HelpDesk) -> None:
    desk.open()
    address = desk.link()
    desk.application.settings = replace(desk.application.settings, modules_off=("helpdesk",))
    desk.application.units.ports[Settings] = desk.application.settings
    visitor = create_app(desk.application).test_client()

    answers = [visitor.get(each).status_code for each in ("/ticket", address)]
    desk.mail("Pompa stoi")

    assert (answers, len(desk.tickets())) == ([404, 404], 1)


def link_of(desk: HelpDesk, ticket_id: str) -> str:
    with desk.application.units.reading(SYSTEM) as view:
        return view.session.get_one(TicketRow, ticket_id).link_id
