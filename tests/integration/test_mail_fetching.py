"""Mail is fetched from a real IMAP server: each message is filed once, where it belongs or into the inbox."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

import webapp.mailbox
from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Email, Profile
from documents.intake_sorting import arrivals, unread_mail
from documents.queries import document, linked_documents
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from storage.jobs.worker import Worker
from tests.imap_server import PASSWORD, USER, ImapServer, imap_server
from webapp.bootstrap import Application
from webapp.mailbox import MailboxAway, fetch_mail

PROCESS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
<process id="complaint" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
<userTask id="t" name="Answer"/><sequenceFlow id="g" sourceRef="t" targetRef="e"/><endEvent id="e"/></process>
</definitions>"""


class Killed(BaseException):
    """The process is gone."""


def message(identifier: str = "one", *, to: str = "office@example.org", answers: str = "", **more: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = more.get("sender", "Jan <jan@wisla.example>"), to
    made["Subject"] = more.get("subject", "Complaint")
    made["Message-ID"] = f"<{identifier}@wisla.example>"
    made["Date"] = "Mon, 5 Jan 2026 10:00:00 +0100"
    if answers:
        made["In-Reply-To"] = f"<{answers}@wisla.example>"
    made.set_content(more.get("text", "The pump leaks."))
    return made


@pytest.fixture
def office(application: Application, imap: ImapServer) -> Application:
    application.settings = replace(
        application.settings,
        imap_host="127.0.0.1",
        imap_port=imap.port,
        imap_security="none",
        imap_user=USER,
        imap_password=PASSWORD,
    )
    return application


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


@pytest.fixture
def customer(office: Application) -> str:
    profile = Profile(name="Wisła", country="PL", emails=(Email(address="Jan@wisla.example"),))
    made: str = office.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id
    return made


@pytest.fixture
def case(office: Application) -> str:
    file = DeploymentFile(name="complaint.bpmn", content=PROCESS)
    office.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
    started: str = office.executor.execute(StartInstance(definition_key="complaint"), actor=SYSTEM).id
    return started


def waiting(office: Application) -> list[Any]:
    with office.units.reading(SYSTEM) as view:
        return list(arrivals(view).items)


def of_case(office: Application, case: str) -> list[str]:
    with office.units.reading(SYSTEM) as view:
        return [each.title for each in linked_documents(view, "case", case)]


def test_new_mail_lands_in_the_inbox_and_is_moved_away(office: Application, imap: ImapServer, customer: str) -> None:
    imap.deliver(bytes(message(sender="Eve <eve@evil.example>", to="office@obieg.example, jan@wisla.example")))

    settled = fetch_mail(office)

    assert settled == 1
    (found,) = waiting(office)
    assert (found.title, found.origin, found.source) == ("Complaint", "Eve <eve@evil.example>", "mail")
    assert found.suggested == (("crm.customer", customer),)
    assert found.media_type == "message/rfc822"
    assert (imap.count("INBOX"), imap.count("Obieg")) == (0, 1)


def test_mail_to_a_case_is_filed_there_when_its_sender_is_known(
    office: Application, imap: ImapServer, customer: str, case: str
) -> None:
    imap.deliver(
        bytes(message("one", to=f"case+{case.lower()}@obieg.example", subject="By address")),
        bytes(message("two", subject=f"By subject [case:{case}]")),
    )

    fetch_mail(office)

    assert of_case(office, case) == ["By address", f"By subject [case:{case}]"]
    assert waiting(office) == []
    with office.units.reading(SYSTEM) as view:
        assert len(linked_documents(view, "crm.customer", customer)) == 2


def test_mail_of_strangers_to_a_case_waits_for_a_person(office: Application, imap: ImapServer, case: str) -> None:
    imap.deliver(bytes(message(to=f"case+{case}@obieg.example", sender="eve@evil.example")))

    fetch_mail(office)

    (found,) = waiting(office)
    assert found.suggested == (("case", case),)
    assert "not known" in (found.finding or "")
    assert of_case(office, case) == []


def test_a_case_that_does_not_exist_is_not_believed(office: Application, imap: ImapServer, customer: str) -> None:
    imap.deliver(bytes(message(to="case+01ARZ3NDEKTSV4RRFFQ69G5FAV@obieg.example")))

    fetch_mail(office)

    assert waiting(office) == []
    with office.units.reading(SYSTEM) as view:
        (filed,) = linked_documents(view, "crm.customer", customer)
        assert "case" not in [link.kind for link in document(view, filed.document_id).links]


def test_an_answer_goes_where_the_message_went(office: Application, imap: ImapServer, customer: str, case: str) -> None:
    imap.deliver(bytes(message("one", subject=f"[case:{case}]")))
    fetch_mail(office)
    Worker(office.database.engine, office).drain()
    imap.deliver(bytes(message("two", answers="one", subject="Re: complaint")))

    fetch_mail(office)

    assert "Re: complaint" in of_case(office, case)


def test_a_message_that_comes_twice_is_filed_once(
    office: Application, imap: ImapServer, case: str, customer: str
) -> None:
    first = bytes(message())
    imap.deliver(first, b"Delivered-To: case+" + case.lower().encode() + b"@obieg.example\r\n" + first)

    fetch_mail(office)
    imap.deliver(b"Received: once more\r\n" + first)
    fetch_mail(office)

    assert waiting(office) == []
    assert of_case(office, case) == ["Complaint"]
    with office.units.reading(SYSTEM) as view:
        assert len(linked_documents(view, "crm.customer", customer)) == 1
    assert (imap.count("INBOX"), imap.count("Obieg")) == (0, 3)


def test_another_message_under_the_same_identifier_is_not_lost(office: Application, imap: ImapServer) -> None:
    imap.deliver(bytes(message()), bytes(message(text="Pay to another account.")))

    fetch_mail(office)

    assert len(waiting(office)) == 2


@pytest.mark.parametrize("where", ["before the commit", "after the commit"])
def test_each_message_is_filed_once_though_we_are_killed_in_between(
    office: Application, imap: ImapServer, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    imap.deliver(*(bytes(message(str(number), subject=f"Mail {number}")) for number in range(6)))
    dice = random.Random(20260105)
    take, put_away = webapp.mailbox._take, webapp.mailbox._put_away

    def sometimes(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if dice.random() < 0.4:
                raise Killed
            return function(*arguments)

        return call

    if where == "before the commit":
        monkeypatch.setattr(webapp.mailbox, "_take", sometimes(take))
    else:
        monkeypatch.setattr(webapp.mailbox, "_put_away", sometimes(put_away))

    kills = 0
    for _ in range(40):
        try:
            if fetch_mail(office) == 0:
                break
        except Killed:
            kills += 1

    assert kills > 0
    assert sorted(each.title for each in waiting(office)) == [f"Mail {number}" for number in range(6)]
    assert (imap.count("INBOX"), imap.count("Obieg")) == (0, 6)


def test_a_message_that_cannot_be_read_stays_with_a_finding(office: Application, imap: ImapServer) -> None:
    imap.deliver(b"\r\n\x01\x02 no headers at all", bytes(message()))

    first, second = fetch_mail(office), fetch_mail(office)

    assert (first, second) == (1, 0)
    assert imap.count("INBOX") == 1
    with office.units.reading(SYSTEM) as view:
        (found,) = unread_mail(view)
    assert re.search("stays in the mailbox because it cannot be read", found.finding)


def test_where_messages_are_not_moved_they_are_known_by_their_number(office: Application, imap: ImapServer) -> None:
    office.settings = replace(office.settings, imap_done="")
    imap.deliver(bytes(message()))

    fetch_mail(office)
    fetch_mail(office)

    assert len(waiting(office)) == 1
    assert imap.count("INBOX") == 1


def test_a_server_that_is_away_or_refuses_is_told(office: Application) -> None:
    office.settings = replace(office.settings, imap_password="wrong")
    with pytest.raises(MailboxAway, match="OBIEG_IMAP"):
        fetch_mail(office)

    office.settings = replace(office.settings, imap_port=1)
    with pytest.raises(MailboxAway):
        fetch_mail(office)
