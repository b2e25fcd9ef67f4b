"""Filed messages are taken apart by a job: attachments become linked documents, conversations are kept together."""

from __future__ import annotations

import io
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Profile
from documents.access import DOCUMENT
from documents.mail.queries import Mail, mail_of, message_of
from documents.queries import linked_documents
from storage.jobs.worker import Worker
from tests.msg_files import Outlook
from tests.web import WHOLE_FIRM, Program, log_in
from webapp.bootstrap import Application
from webapp.mail_jobs import open_mail

Make = Callable[..., Program]


def message(
    identifier: str = "one", *, answers: str = "", subject: str = "Offer", text: str = "Hello."
) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Jan <jan@example.com>", "office@example.org", subject
    made["Message-ID"] = f"<{identifier}@example.com>"
    if answers:
        made["References"] = f"<{answers}@example.com>"
    made.set_content(text)
    return made


def upload(program: Program, content: bytes, name: str = "mail.eml", **fields: str) -> str:
    filed = program.post("/documents", data={**fields, "file": (io.BytesIO(content), name)})
    assert filed.status_code == 201, filed.text
    found: str = filed.json["id"]
    return found


def work(application: Application) -> None:
    Worker(application.database.engine, application).drain()


def read(application: Application, document_id: str) -> Mail:
    with application.units.reading(SYSTEM) as view:
        found = mail_of(view, document_id)
    assert found is not None
    return found


@pytest.fixture
def rep(program: Make) -> Program:
    return program("rep", "sales_rep")


def test_attachments_become_documents_that_hang_on_the_message(rep: Program, application: Application) -> None:
    sent = message()
    sent.add_attachment(b"%PDF-1.7 plan", maintype="application", subtype="pdf", filename="../../Plan\u202e.pdf")
    sent.add_attachment(b"<svg onload=alert(1)>", maintype="image", subtype="svg+xml", filename="<b>x</b>.svg")

    document_id = upload(rep, bytes(sent))
    work(application)

    mail = read(application, document_id)
    assert [(each.title, each.file_name, each.media_type) for each in mail.attachments] == [
        ("Plan", "Plan.pdf", "application/pdf"),
        ("b_", "b_.svg", "image/svg+xml"),
    ]
    assert (mail.subject, mail.sender, mail.excerpt) == ("Offer", "Jan <jan@example.com>", "Hello.")
    assert rep.get(f"/documents/{document_id}").json["latest"]["media_type"] == "message/rfc822"
    assert rep.get(f"/documents/{mail.attachments[0].document_id}").status_code == 200


def test_what_a_message_belongs_to_its_attachments_belong_to(rep: Program, application: Application) -> None:
    profile = Profile(name="Wisła", country="PL")
    customer = application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id
    sent = message()
    sent.add_attachment(b"x", maintype="application", subtype="pdf", filename="plan.pdf")

    upload(rep, bytes(sent), links=f'[{{"kind": "crm.customer", "id": "{customer}"}}]')
    work(application)

    with application.units.reading(SYSTEM) as view:
        roles = {each.title: each.role for each in linked_documents(view, "crm.customer", customer)}
    assert roles == {"mail": "reference", "plan": "attachment"}


def test_who_sees_a_message_sees_what_hangs_on_it_and_nobody_else(
    rep: Program, program: Make, application: Application
) -> None:
    other = program("other", "sales_rep")
    profile = Profile(name="Wisła", country="PL")
    customer = application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id
    sent = message()
    sent.add_attachment(b"x", maintype="application", subtype="pdf", filename="plan.pdf")
    document_id = upload(rep, bytes(sent))
    work(application)
    attachment = read(application, document_id).attachments[0].document_id
    before = other.get(f"/documents/{attachment}").status_code

    rep.post(f"/documents/{document_id}/links", json={"kind": "crm.customer", "id": customer})

    assert before == 404
    assert other.get(f"/documents/{attachment}").status_code == 200
    with application.units.reading(SYSTEM) as view:
        assert message_of(view, attachment) == document_id


def test_a_message_inside_a_message_is_taken_apart_too(rep: Program, application: Application) -> None:
    inner = message("inner", subject="Inner")
    inner.add_attachment(b"deep", maintype="text", subtype="plain", filename="deep.txt")
    outer = message("outer")
    outer.add_attachment(inner)

    document_id = upload(rep, bytes(outer))
    work(application)

    nested = read(application, document_id).attachments[0]
    assert nested.file_name == "Inner.eml"
    assert [each.file_name for each in read(application, nested.document_id).attachments] == ["deep.txt"]


def test_messages_without_end_are_taken_apart_five_deep(rep: Program, application: Application) -> None:
    sent = message("0")
    for number in range(1, 9):
        outer = message(str(number))
        outer.add_attachment(sent)
        sent = outer

    at = upload(rep, bytes(sent))
    work(application)

    depth = 0
    while attachments := read(application, at).attachments:
        depth, at = depth + 1, attachments[0].document_id
    assert depth == 6
    assert "depth of five" in read(application, at).findings[0]


def test_outlook_messages_are_taken_apart(rep: Program, application: Application) -> None:
    inner = Outlook(subject="Inner", message_id="<inner@example.com>", attachments=[("deep.txt", b"deep")])

    document_id = upload(rep, Outlook(attachments=[("plan.pdf", b"%PDF-1.7"), ("x", inner)]).content(), "saved.msg")
    work(application)

    mail = read(application, document_id)
    assert [each.file_name for each in mail.attachments] == ["plan.pdf", "Inner.eml"]
    assert [each.file_name for each in read(application, mail.attachments[1].document_id).attachments] == ["deep.txt"]


def test_a_conversation_is_kept_whatever_the_order_of_its_messages(rep: Program, application: Application) -> None:
    third = upload(rep, bytes(message("three", answers="two", text="third")), "three.eml")
    first = upload(rep, bytes(message("one", text="first")), "one.eml")
    stranger = upload(rep, bytes(message("else", text="else")), "else.eml")
    work(application)
    apart = len(read(application, first).thread)

    second = upload(rep, bytes(message("two", answers="one", text="second")), "two.eml")
    work(application)

    assert apart == 1
    assert {each.document_id for each in read(application, third).thread} == {first, second, third}
    assert [each.document_id for each in read(application, stranger).thread] == [stranger]


def test_taking_apart_again_changes_nothing(rep: Program, application: Application) -> None:
    sent = message()
    sent.add_attachment(b"x", maintype="application", subtype="pdf", filename="plan.pdf")
    document_id = upload(rep, bytes(sent))
    work(application)

    open_mail(application, {"document_id": document_id})

    with application.units.reading(SYSTEM) as view:
        assert len(linked_documents(view, DOCUMENT, document_id)) == 1


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"no headers here at all", "note.eml"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "bad.msg")],
)
def test_what_cannot_be_read_is_kept_and_told(
    rep: Program, application: Application, content: bytes, name: str
) -> None:
    document_id = upload(rep, content, name)
    work(application)

    assert "cannot be taken apart" in read(application, document_id).findings[0]


def test_the_page_of_a_message_shows_it_with_its_conversation(
    anna: FlaskClient, program: Make, application: Application, add_account: Any
) -> None:
    log_in(anna)
    rep = program("rep", *WHOLE_FIRM)
    sent = message("one", subject="Offer <script>", text="Dear <b>Anna</b>")
    sent.add_attachment(b"x", maintype="application", subtype="pdf", filename="plan.pdf")
    profile = Profile(name="Wisła", country="PL")
    customer = application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id
    links = f'[{{"kind": "crm.customer", "id": "{customer}"}}]'
    document_id = upload(rep, bytes(sent), links=links)
    upload(rep, bytes(message("two", answers="one", subject="Re: Offer")), "two.eml", links=links)
    work(application)

    page = anna.get(f"/documents/{document_id}").text

    assert "Dear &lt;b&gt;Anna&lt;/b&gt;" in page
    assert "<script>" not in page.partition('aria-label="Message"')[2].partition("</section>")[0]
    assert "plan" in page
    assert "Re: Offer" in page
