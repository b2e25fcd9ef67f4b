"""The operation mail.send against a real SMTP server."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from core.clock import FixedClock
from core.errors import DomainError, InvalidInput
from core.identity import SYSTEM
from core.settings import Settings
from documents.filing import FileDocument
from documents.links import DocumentLink
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.errors import BpmnError
from engine.handlers import ServiceCall
from engine.instances import StartInstance
from tests.engine_world import bpmn, line
from tests.mailbox import Mailbox, client_context
from tests.operation_tasks import calls
from webapp.background import make_worker
from webapp.bootstrap import Application
from webapp.operations.mailing import CaseFiles, MailServer, MailTooLarge, Outgoing, Straight, message_id, send_mail
from webapp.operations.smtp import MailNotSetUp, MailServerAway, SmtpServer

LETTER: dict[str, Any] = {"to": ["Anna Nowak <anna@example.com>"], "subject": "Oferta: łódź", "text": "Zażółć.\n"}
LOGIN = ("office", "tajne-haslo")
Post = Callable[..., SmtpServer]


class Desk:
    """What the operation needs of the world around it."""

    def __init__(self, server: SmtpServer, clock: FixedClock) -> None:
        self.clock = clock
        self._ports: dict[type, Any] = {MailServer: server, Outgoing: Straight()}

    def port(self, kind: type) -> Any:
        return self._ports[kind]

    def reading(self) -> Any:
        raise AssertionError("nothing is read here")


@pytest.fixture
def post() -> Iterator[Post]:
    """Starts a server for a mailbox and answers with the adapter that is set up for it."""
    with ExitStack() as running:

        def serve(box: Mailbox, **settings: Any) -> SmtpServer:
            controller = box.serve()
            running.callback(controller.stop)
            usual = {"mail_host": "127.0.0.1", "mail_port": controller.port}
            usual |= {"mail_from": "office@example.org", "mail_security": "starttls" if box.encrypted else "none"}
            return SmtpServer(Settings(**(usual | settings)), context=client_context())

        yield serve


def send(server: SmtpServer, clock: FixedClock, key: str = "I1:T1", **inputs: Any) -> dict[str, Any]:
    call = ServiceCall(instance_id="I1", element_id="send", business_key=None, inputs=LETTER | inputs, key=key)
    return dict(send_mail(Desk(server, clock), call) or {})


def test_a_message_arrives_encrypted_with_its_headers(post: Post, clock: FixedClock) -> None:
    box = Mailbox(login=LOGIN)
    server = post(box, mail_user=LOGIN[0], mail_password=LOGIN[1])

    result = send(server, clock, cc=["jan@example.com"], bcc=["archiwum@example.com"], sender_name="Biuro, dział ofert")

    ((recipients, letter),) = box.letters
    assert recipients == ["anna@example.com", "jan@example.com", "archiwum@example.com"]
    assert (letter["To"], letter["Cc"], letter["Bcc"]) == ("Anna Nowak <anna@example.com>", "jan@example.com", None)
    assert letter["Subject"] == "Oferta: łódź"
    assert letter["From"] == '"Biuro, dział ofert" <office@example.org>'
    assert letter.get_content().split() == ["Zażółć."]
    assert letter["Auto-Submitted"] == "auto-generated"
    assert box.was_encrypted == [True]
    assert result == {"message_id": letter["Message-ID"], "sent_at": clock.now(), "refused": [], "attached": 0}


def test_the_same_step_has_the_same_message_id_and_another_step_another(post: Post, clock: FixedClock) -> None:
    box = Mailbox()
    server = post(box)

    ids = [send(server, clock, key=key)["message_id"] for key in ("I1:T1", "I1:T1", "I1:T2")]

    assert ids[0] == ids[1] != ids[2]
    assert [letter["Message-ID"] for _, letter in box.letters] == ids
    assert ids[0] == message_id("I1:T1", "office@example.org")
    assert ids[0].endswith("@example.org>")


def test_a_refusal_for_good_is_an_error_of_the_process(post: Post, clock: FixedClock) -> None:
    box = Mailbox(refuse={"anna@example.com": "550 no such person"})
    server = post(box)

    with pytest.raises(BpmnError, match="no such person") as refused:
        send(server, clock)
    box.reply = "554 spam"
    with pytest.raises(BpmnError, match="554 spam") as spam:
        send(server, clock, to=["jan@example.com"])

    assert (refused.value.error, refused.value.variables) == ("MAIL_REFUSED", {"refused": ["anna@example.com"]})
    assert (spam.value.error, spam.value.variables) == ("MAIL_REFUSED", {"refused": []})


def test_recipients_that_are_refused_beside_others_are_told(post: Post, clock: FixedClock) -> None:
    server = post(Mailbox(refuse={"anna@example.com": "550 no such person"}))

    assert send(server, clock, cc=["jan@example.com"])["refused"] == ["anna@example.com"]


@pytest.mark.parametrize("box", [Mailbox(refuse={"anna@example.com": "450 later"}), Mailbox(reply="451 later")])
def test_what_may_go_well_later_is_tried_again(post: Post, clock: FixedClock, box: Mailbox) -> None:
    with pytest.raises(MailServerAway, match="come again later"):
        send(post(box), clock)


def test_a_server_that_is_not_there_is_tried_again(clock: FixedClock) -> None:
    nowhere = Settings(mail_host="127.0.0.1", mail_port=1, mail_from="office@example.org")

    with pytest.raises(MailServerAway, match="cannot be reached"):
        send(SmtpServer(nowhere), clock)


@pytest.mark.parametrize(
    ("box", "settings", "told"),
    [
        (Mailbox(login=LOGIN), {"mail_user": "office", "mail_password": "wrong"}, "refuses the log-in office"),
        (Mailbox(encrypted=False), {"mail_security": "starttls"}, "cannot do what is set"),
        (Mailbox(encrypted=False), {"mail_user": "office", "mail_password": "x"}, "without encryption"),
    ],
)
def test_what_an_administrator_must_set_right_is_not_tried_again(
    post: Post, clock: FixedClock, box: Mailbox, settings: dict[str, str], told: str
) -> None:
    with pytest.raises(MailNotSetUp, match=told) as refused:
        send(post(box, **settings), clock)

    assert "wrong" not in refused.value.sentence
    assert box.letters == []


def test_a_certificate_that_nobody_vouches_for_is_refused(post: Post, clock: FixedClock) -> None:
    box = Mailbox()
    trusted = post(box)
    careless = SmtpServer(trusted._settings)

    with pytest.raises(MailNotSetUp, match="certificate"):
        send(careless, clock)

    assert box.letters == []


def test_without_a_server_mail_is_an_incident_that_says_what_to_set(clock: FixedClock) -> None:
    with pytest.raises(MailNotSetUp, match="OBIEG_MAIL_HOST"):
        send(SmtpServer(Settings()), clock)


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"subject": "Hi\r\nBcc: all@example.com"}, "subject must be one line"),
        ({"to": ["nobody"]}, "not an e-mail address"),
        ({"to": ["anna@example.com\nBcc: x@example.com"]}, "to must be one line"),
        ({"to": []}, "no recipient"),
        ({"reply_to": "me"}, "not an e-mail address"),
        ({"sender_name": "A\nB"}, "sender_name must be one line"),
        ({"bcc": [f"a{number}@example.com" for number in range(101)]}, "at most 100"),
    ],
)
def test_what_cannot_be_a_message_is_refused_before_anything_is_sent(
    clock: FixedClock, inputs: dict[str, Any], told: str
) -> None:
    server = SmtpServer(Settings(mail_host="127.0.0.1", mail_port=1, mail_from="office@example.org"))

    with pytest.raises(InvalidInput, match=told):
        send(server, clock, **inputs)


def test_a_message_that_is_too_large_is_refused(clock: FixedClock) -> None:
    server = SmtpServer(Settings(mail_host="127.0.0.1", mail_from="office@example.org", mail_max_size=1000))

    with pytest.raises(MailTooLarge):
        send(server, clock, text="x" * 2000)


def file_pdf(application: Application, case_id: str, content: bytes) -> None:
    blob = application.blobs.put(io.BytesIO(content), announce=application.staging.announce)
    order = FileDocument(
        title="Offer",
        type="offer_pdf",
        blob=blob,
        file_name="Oferta ł.pdf",
        links=(DocumentLink(kind="case", id=case_id),),
    )
    application.executor.execute(order, actor=SYSTEM)


def started(application: Application, **inputs: str) -> str:
    task = calls(
        "mail.send", to="anna@example.com", subject="Offer", text="Here.", outputs={"sent": "= message_id"}, **inputs
    )
    task = task.replace("<serviceTask", "<sendTask").replace("</serviceTask", "</sendTask")
    content = bpmn(line('<userTask id="wait"/>', task, names=("wait", "call")))
    order = DeployDefinitions(files=(DeploymentFile(name="mail.bpmn", content=content),))
    application.executor.execute(order, actor=SYSTEM)
    return str(application.executor.execute(StartInstance(definition_key="process"), actor=SYSTEM).id)


def complete(application: Application, case_id: str) -> None:
    from engine.queries import TaskFilter, tasks
    from engine.tasks import CompleteTask

    with application.units.reading(SYSTEM) as view:
        (task,) = tasks(view, TaskFilter(instance_id=case_id)).items
    application.executor.execute(CompleteTask(task_id=task.id, data={}), actor=SYSTEM)
    make_worker(application).drain()


def rows(application: Application, statement: str) -> list[Any]:
    with application.database.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement))


def test_a_case_sends_its_documents_by_their_type(application: Application, post: Post) -> None:
    box = Mailbox()
    application.units.ports[MailServer] = post(box)
    case_id = started(application, attachments="offer_pdf")
    file_pdf(application, case_id, b"%PDF-1.7 offer")

    complete(application, case_id)

    ((_, letter),) = box.letters
    (attachment,) = letter.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type()) == ("Oferta ł.pdf", "application/pdf")
    assert attachment.get_content() == b"%PDF-1.7 offer"
    ((state, sent),) = rows(application, "SELECT state, snapshot->'variables'->>'sent' FROM instance")
    assert (state, sent) == ("completed", letter["Message-ID"])


def test_a_document_that_is_not_there_is_told_and_nothing_is_sent(application: Application, post: Post) -> None:
    box = Mailbox()
    application.units.ports[MailServer] = post(box)
    case_id = started(application, attachments="offer_pdf")

    complete(application, case_id)

    assert box.letters == []
    ((code, message),) = rows(application, "SELECT code, message FROM incident")
    assert code == "uncaught_error"
    assert "no document of the type offer_pdf" in message


def test_documents_that_are_too_large_are_not_even_read(application: Application, post: Post) -> None:
    box = Mailbox()
    application.units.ports[MailServer] = post(box, mail_max_size=2000)
    case_id = started(application, attachments="offer_pdf")
    file_pdf(application, case_id, b"%PDF-1.7" + b"x" * 3000)

    complete(application, case_id)

    assert box.letters == []
    assert rows(application, "SELECT code FROM incident") == [("mail_too_large",)]


def test_the_ports_of_the_application_are_those_of_its_settings(application: Application) -> None:
    with pytest.raises(DomainError, match="OBIEG_MAIL_HOST"):
        application.units.ports[MailServer].deliver(None, [])
    assert application.units.ports[CaseFiles] is not None
