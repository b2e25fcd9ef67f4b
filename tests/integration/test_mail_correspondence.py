"""Mail that answers ours lands where ours was, mail that came back is noted, and customers' files know of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest

from core.identity import SYSTEM
from crm.activities.queries import ActivityFilter, activities
from crm.contacts import CreateContact
from crm.outbox.queueing import About
from crm.profiles import Email
from documents.intake_sorting import arrivals
from documents.queries import linked_documents
from storage.jobs.worker import Worker
from tests.imap_server import PASSWORD, USER, ImapServer, imap_server
from tests.mailbox import Mailbox
from tests.post_office import PostOffice, open_office
from webapp.accounts.people import AddAccount
from webapp.bootstrap import Application
from webapp.mailbox import fetch_mail

REPORT = """From: MAILER-DAEMON@mx.example
To: office@example.org
Subject: Undelivered Mail
Message-ID: <report@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; biuro@wisla.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such person

--b
Content-Type: text/rfc822-headers

Message-ID: {ours}

--b--
"""


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


@pytest.fixture
def office(application: Application, imap: ImapServer) -> Iterator[PostOffice]:
    fetched = {"imap_host": "127.0.0.1", "imap_port": imap.port, "imap_security": "none"}
    application.settings = replace(application.settings, imap_user=USER, imap_password=PASSWORD, **fetched)
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


def written(office: PostOffice, customer: str, **values: object) -> str:
    """A mail of ours that has left and is filed; its Message-ID."""
    office.queue(customer_id=customer, channel="email", **values)
    Worker(office.application.database.engine, office.application).drain()
    return str(office.box.letters[-1][1]["Message-ID"])


def letter(sender: str, to: str, *, answers: str = "", identifier: str = "one", subject: str = "Re: Oferta") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = f"<{identifier}@wisla.example>"
    if answers:
        made["In-Reply-To"] = answers
    made.set_content("Dziękujemy.")
    return bytes(made)


def filed(office: PostOffice, kind: str, identifier: str) -> list[str]:
    return [each.title for each in office.ask(linked_documents, kind, identifier) if each.role == "correspondence"]


def waiting(office: PostOffice) -> int:
    return len(office.ask(arrivals, actor=SYSTEM).items)


def test_eml_02_an_answer_lands_with_the_customer_and_what_it_is_about(office: PostOffice, imap: ImapServer) -> None:
    customer = office.customer()
    offer = About(entity="crm.customer", id=customer)
    ours = written(office, customer, about=offer)
    imap.deliver(letter("biuro@wisla.example", "office@example.org", answers=ours))

    fetch_mail(office.application)

    assert filed(office, "crm.customer", customer) == ["Re: Oferta"]
    assert waiting(office) == 0


def test_eml_04_an_answer_is_an_incoming_activity_of_whoever_wrote_first(office: PostOffice, imap: ImapServer) -> None:
    customer = office.customer()
    ours = written(office, customer)
    imap.deliver(letter("biuro@wisla.example", "office@example.org", answers=ours))

    fetch_mail(office.application)

    (came,) = office.ask(activities, ActivityFilter(customer_id=customer, direction="incoming")).items
    assert (came.method, came.subject, came.employee, came.state) == ("email", "Re: Oferta", "ewa", "not_done")


def test_eml_04_the_type_of_what_came_in_is_guessed_from_its_words(office: PostOffice, imap: ImapServer) -> None:
    customer = office.customer()
    ours = written(office, customer)
    subjects = {
        "Reklamacja: pompa z oferty": "complaint",
        "Zapytanie o 3 pompy": "sale",
        "Вопрос по насосу": "consultation",
        "Życzenia": None,
    }
    for number, subject in enumerate(subjects):
        mail = letter(
            "biuro@wisla.example", "office@example.org", answers=ours, subject=subject, identifier=f"n{number}"
        )
        imap.deliver(mail)

    fetch_mail(office.application)

    found = office.ask(activities, ActivityFilter(customer_id=customer, direction="incoming")).items
    assert {each.subject: each.type for each in found} == subjects


def test_eml_02_mail_of_a_known_customer_is_filed_by_itself_whichever_line_names_them(
    office: PostOffice, imap: ImapServer
) -> None:
    first = office.customer()
    second = office.customer(name="Odra", emails=(Email(address="x@odra.example"),))
    imap.deliver(letter("biuro@wisla.example", "office@example.org, x@odra.example", subject="Zapytanie o pompy"))

    fetch_mail(office.application)

    assert (filed(office, "crm.customer", first), filed(office, "crm.customer", second)) == (
        ["Zapytanie o pompy"],
        ["Zapytanie o pompy"],
    )
    assert waiting(office) == 0
    (came,) = office.ask(activities, ActivityFilter(customer_id=first)).items
    assert (came.direction, came.type) == ("incoming", "sale")


def test_eml_02_mail_of_a_stranger_that_names_a_customer_waits_for_a_person(
    office: PostOffice, imap: ImapServer
) -> None:
    customer = office.customer()
    imap.deliver(letter("eve@evil.example", "office@example.org, biuro@wisla.example", subject="Zapytanie"))

    fetch_mail(office.application)

    assert (filed(office, "crm.customer", customer), waiting(office)) == ([], 1)


def test_eml_02_an_answer_of_a_stranger_waits_for_a_person(office: PostOffice, imap: ImapServer) -> None:
    customer = office.customer()
    ours = written(office, customer)
    imap.deliver(letter("eve@evil.example", "office@example.org", answers=ours))

    fetch_mail(office.application)

    assert (filed(office, "crm.customer", customer), waiting(office)) == ([], 1)


def test_eml_01_a_colleagues_blind_copy_is_filed_with_the_customers_it_went_to(
    office: PostOffice, imap: ImapServer
) -> None:
    first = office.customer()
    second = office.customer(name="Odra", emails=(Email(address="x@odra.example"),))
    office.do(AddAccount(name="ewa", roles=frozenset({"sales_rep"}), email="ewa@example.org"), SYSTEM)
    imap.deliver(letter("ewa@example.org", "biuro@wisla.example, x@odra.example", subject="Terms"))

    fetch_mail(office.application)

    assert (filed(office, "crm.customer", first), filed(office, "crm.customer", second)) == (["Terms"], ["Terms"])
    (sent,) = office.ask(activities, ActivityFilter(customer_id=second)).items
    assert sent.direction == "outgoing"


def test_eml_03_one_mail_to_two_customers_is_stored_once(office: PostOffice, imap: ImapServer) -> None:
    office.customer()
    office.customer(name="Odra", emails=(Email(address="x@odra.example"),))
    office.do(AddAccount(name="ewa", roles=frozenset({"sales_rep"}), email="ewa@example.org"), SYSTEM)
    copy = letter("ewa@example.org", "biuro@wisla.example, x@odra.example", subject="Terms")
    imap.deliver(copy, copy)

    fetch_mail(office.application)

    assert office.rows("SELECT count(*) FROM document") == [(1,)]
    assert office.rows("SELECT count(*) FROM activity") == [(2,)]


def test_eml_02_an_address_of_two_customers_waits_for_a_person(office: PostOffice, imap: ImapServer) -> None:
    office.customer()
    other = office.customer(name="Odra", emails=())
    office.do(CreateContact(customer_id=other, name="Jan", email="biuro@wisla.example"), SYSTEM)
    office.do(AddAccount(name="ewa", roles=frozenset({"sales_rep"}), email="ewa@example.org"), SYSTEM)
    imap.deliver(letter("ewa@example.org", "biuro@wisla.example", subject="Terms"))

    fetch_mail(office.application)

    assert waiting(office) == 1


def test_a_bounce_in_the_mailbox_puts_the_message_back(office: PostOffice, imap: ImapServer) -> None:
    customer = office.customer()
    ours = written(office, customer)
    imap.deliver(REPORT.format(ours=ours).encode())

    fetch_mail(office.application)

    assert office.rows("SELECT state, reason FROM outbox_message") == [("returned", "550 no such person")]
    assert office.rows("SELECT kind, address FROM outbox_bar") == [("bounced", "biuro@wisla.example")]
    told = office.rows("SELECT count(*) FROM audit_entry WHERE type = 'message.returned'")
    assert told == [(1,)]


def test_a_report_about_somebody_elses_mail_changes_nothing(office: PostOffice, imap: ImapServer) -> None:
    written(office, office.customer())
    imap.deliver(REPORT.format(ours="<other@example.org>").encode())

    fetch_mail(office.application)

    assert office.rows("SELECT state FROM outbox_message") == [("sent",)]
