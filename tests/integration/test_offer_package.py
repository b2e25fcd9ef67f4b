"""What is approved goes to the customer as one package: papers at fixed versions, the link, and proof of it."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from core.identity import SYSTEM
from crm.offers import ReviseOffer
from crm.outbox.handling import NoteBounce
from crm.outbox.offers import SendOffer
from crm.outbox.ports import PaperRef, Tokens
from crm.outbox.queries import MessageFilter, messages
from crm.sales.accepting import AcceptOffer
from documents.filing import AddVersion, FileDocument
from documents.links import DocumentLink
from documents.queries import linked_documents
from engine.errors import FormRefused, StepRefused
from engine.inbox import TaskFilter, tasks
from engine.instances import StartedInstance
from engine.views import TaskSummary
from processes.offer_approval.news import TELL, publish_news
from tests.mailbox import Mailbox
from tests.offer_case import PDF, REP, OfferDesk
from tests.post_office import KEEPER, PostOffice, open_office
from tests.sales_desk import JOBS
from tests.web import Program, log_in
from webapp.bootstrap import Application
from webapp.outbox.offer_paper import offer_paper
from webapp.outbox.paper_set import NoPapers, write_set
from webapp.outbox.tokens import SignedTokens

URL = "https://obieg.example.org"
WORDS = {"sent_by": "email", "cover_subject": "Oferta", "cover_text": "Prosimy o odpowiedź: {link}"}


@pytest.fixture
def office(application: Application) -> Iterator[PostOffice]:
    application.settings = replace(application.settings, public_url=URL)
    application.units.ports[Tokens] = SignedTokens("secret", URL)
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


class Sending:
    """An approved offer whose package is to be assembled."""

    def __init__(self, office: PostOffice) -> None:
        self.office, self.desk = office, OfferDesk(office.application)
        self.offer_id = self.desk.make_offer(customer_id=office.customer())
        self.catalogue = self.file("Katalog", b"%PDF-1.7 first")
        self.case: StartedInstance = self.desk.start(self.offer_id, sends=True)
        self.desk.prepare(self.case)

    def file(self, title: str, content: bytes) -> str:
        blob = self.blob(content)
        links = (DocumentLink(kind="crm.offer", id=self.offer_id),)
        order = FileDocument(title=title, blob=blob, file_name=f"{title}.pdf", links=links)
        return str(self.desk.do(order).id)

    def blob(self, content: bytes) -> Any:
        application = self.office.application
        return application.blobs.put(io.BytesIO(content), announce=application.staging.announce)

    def task(self, element: str = "assemble_package") -> TaskSummary:
        with self.office.application.units.reading(SYSTEM) as view:
            (found,) = [each for each in tasks(view, TaskFilter()).items if each.element_id == element]
        return found

    def send(self, **data: Any) -> None:
        self.desk.complete(self.task().id, REP, **WORDS | {"recipient": "biuro@wisla.example"} | data)

    def manifest(self, case: str | None = None) -> str:
        with self.office.application.units.reading(KEEPER) as view:
            filed = linked_documents(view, "case", case or self.case.id)
            (found,) = [each for each in filed if each.type == "package_manifest"]
        with self.office.application.blobs.open(found.digest) as content:
            return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content.read())).pages)

    def work(self) -> None:
        """Jobs that tell approvals, until none is left."""
        while True:
            with self.office.application.database.engine.begin() as connection:
                row = connection.execute(JOBS, {"name": TELL}).first()
            if row is None:
                return
            publish_news(self.office.application, row.args["arguments"])

    def papers(self) -> list[tuple[str, bytes]]:
        """Names and contents of what the last mail carries."""
        parts = self.office.box.letters[-1][1].iter_attachments()
        return [(each.get_filename(), each.get_content()) for each in parts]


@pytest.fixture
def sending(office: PostOffice) -> Sending:
    return Sending(office)


def test_the_package_leaves_with_papers_at_the_versions_that_were_chosen(sending: Sending) -> None:
    choices = {each["value"] for each in sending.desk.task(sending.task().id, REP).data["papers"]}
    chosen = f"{sending.catalogue}:1"
    assert chosen in choices
    order = AddVersion(
        document_id=sending.catalogue,
        blob=sending.blob(b"%PDF-1.7 second"),
        file_name="k.pdf",
        reason="newer",
        expected_version=1,
    )
    sending.desk.do(order)

    sending.send(enclosures=[chosen])
    sending.office.send()

    ((recipients, letter),) = sending.office.box.letters
    text = letter.get_body(("plain",)).get_content()
    found = sending.desk.instance(sending.case.id)
    assert recipients == ["biuro@wisla.example"]
    assert re.search(rf"{URL}/answer/\S+", text)
    assert [content[:8] for _, content in sending.papers()] == [b"%PDF-1.7", b"%PDF-1.7"]
    assert sending.papers()[1][1] == b"%PDF-1.7 first"
    assert (found.outcome, found.variables["offer_result"]) == ("approved_sent", "approved_sent")
    assert sending.desk.offer(sending.offer_id).state == "sent"
    manifest = sending.manifest().replace("\n", "")
    for _, content in sending.papers():
        assert hashlib.sha256(content).hexdigest() in manifest
    assert "biuro@wisla.example" in manifest


def test_what_is_attached_to_the_task_goes_along_and_the_approval_sheet_does_not(sending: Sending) -> None:
    sending.desk.attach(sending.task().id, kind="drawing", content=PDF + b"drawing")

    sending.send()
    sending.office.send()

    names = [name for name, _ in sending.papers()]
    assert len(names) == 2
    assert not any("approval" in name for name in names)


def test_a_way_without_mail_is_noted_in_the_manifest(sending: Sending) -> None:
    sending.desk.complete(sending.task().id, REP, sent_by="post")

    assert sending.desk.offer(sending.offer_id).state == "sent"
    assert "by post" in sending.manifest()
    assert sending.office.ask(messages, MessageFilter()).items == []


def test_an_offer_that_is_sent_from_its_page_ends_the_task_and_has_its_manifest(sending: Sending) -> None:
    pdf = offer_paper(sending.office.application, sending.offer_id, actor=REP)
    sending.desk.do(SendOffer(offer_id=sending.offer_id, pdf=pdf, recipient="prezes@wisla.example"))

    sending.work()

    assert sending.desk.instance(sending.case.id).outcome == "approved_sent"
    assert "prezes@wisla.example" in sending.manifest()
    assert len(sending.office.ask(messages, MessageFilter()).items) == 1


def test_an_offer_that_was_answered_before_the_approval_heard_of_it_leaves_no_incident(sending: Sending) -> None:
    pdf = offer_paper(sending.office.application, sending.offer_id, actor=REP)
    sending.desk.do(SendOffer(offer_id=sending.offer_id, pdf=pdf, recipient="prezes@wisla.example"))
    sending.desk.do(AcceptOffer(offer_id=sending.offer_id))

    sending.work()

    assert sending.desk.instance(sending.case.id).outcome == "approved_sent"


@pytest.mark.parametrize("way", ["post", "email"])
def test_a_version_that_was_opened_meanwhile_does_not_leave_with_the_package_of_the_one_before(
    sending: Sending, way: str
) -> None:
    sending.desk.do(ReviseOffer(offer_id=sending.offer_id, note="cheaper"))

    with pytest.raises(StepRefused, match="package of version 1, for there is version 2"):
        sending.send(sent_by=way)

    assert sending.desk.offer(sending.offer_id).state == "draft"
    sending.desk.complete(sending.task().id, REP, sent_by="revise", sending_note="as on its page")
    assert sending.task("revise_offer").instance_id == sending.case.id


def test_a_paper_of_another_task_that_nobody_ticked_stays_in_the_house(sending: Sending) -> None:
    blob = sending.blob(b"%PDF-1.7 risks")
    links = (DocumentLink(kind="task", id=sending.case.tasks[0].id),)
    sending.desk.do(FileDocument(title="Risks", blob=blob, file_name="risks.pdf", links=links))

    sending.send()
    sending.office.send()

    assert [content == b"%PDF-1.7 risks" for _, content in sending.papers()] == [False]


def test_the_manifest_of_what_goes_by_post_names_what_was_attached(sending: Sending) -> None:
    sending.desk.attach(sending.task().id, kind="drawing", content=PDF + b"drawing")

    sending.desk.complete(sending.task().id, REP, sent_by="post")

    assert hashlib.sha256(PDF + b"drawing").hexdigest() in sending.manifest().replace("\n", "")


def test_mail_of_an_earlier_version_that_comes_back_asks_nobody(sending: Sending) -> None:
    sending.send()
    sending.office.send()
    outside = sending.office.box.letters[-1][1]["Message-ID"].strip("<>")
    sending.desk.do(ReviseOffer(offer_id=sending.offer_id, note="cheaper"))
    again = sending.desk.start(sending.offer_id, sends=True)
    sending.desk.prepare(again)
    sending.send()
    bounce = NoteBounce(outside_ids=(outside,), recipient="biuro@wisla.example", status="5.1.1", reason="no")
    sending.office.do(bounce, SYSTEM)

    sending.work()

    with sending.office.application.units.reading(SYSTEM) as view:
        assert tasks(view, TaskFilter()).items == []


def test_an_address_that_is_none_is_told_to_the_person_and_nothing_is_sent(sending: Sending) -> None:
    with pytest.raises(FormRefused, match="must be an e-mail address"):
        sending.send(recipient="other", other_recipient="a@b.example\r\nBcc: all@b.example")

    assert sending.desk.offer(sending.offer_id).state == "approved"
    assert sending.office.ask(messages, MessageFilter()).items == []


def test_mail_that_comes_back_is_sent_again_to_the_right_address(sending: Sending) -> None:
    sending.send(enclosures=[f"{sending.catalogue}:1"])
    sending.office.send()
    outside = sending.office.box.letters[-1][1]["Message-ID"].strip("<>")
    bounce = NoteBounce(
        outside_ids=(outside,), recipient="biuro@wisla.example", status="5.1.1", reason="no such mailbox"
    )
    sending.office.do(bounce, SYSTEM)
    sending.office.do(bounce, SYSTEM)
    sending.work()

    task = sending.task("fix_address")
    data = sending.desk.task(task.id, REP).data
    assert data["returned"] == {"to": "biuro@wisla.example", "reason": "no such mailbox"}
    answer = {"recipient": "other", "other_recipient": "nowy@wisla.example"}
    sending.desk.complete(task.id, REP, **WORDS | answer)
    sending.office.send()

    assert sending.office.box.letters[-1][0] == ["nowy@wisla.example"]
    assert len(sending.papers()) == 2
    assert sending.desk.instance(task.instance_id).outcome == "approved_sent"
    assert "nowy@wisla.example" in sending.manifest(task.instance_id)


def test_mail_that_comes_back_after_the_answer_asks_nobody(sending: Sending) -> None:
    sending.send()
    sending.office.send()
    sending.desk.do(AcceptOffer(offer_id=sending.offer_id))
    outside = sending.office.box.letters[-1][1]["Message-ID"].strip("<>")
    sending.office.do(
        NoteBounce(outside_ids=(outside,), recipient="biuro@wisla.example", status="5.1.1", reason="no"), SYSTEM
    )

    sending.work()

    with sending.office.application.units.reading(SYSTEM) as view:
        assert tasks(view, TaskFilter()).items == []


def test_off_06_what_left_with_an_offer_is_one_set_at_fixed_versions_and_stands_in_the_trail(
    sending: Sending, anna: FlaskClient, program: Callable[..., Program]
) -> None:
    pdf = offer_paper(sending.office.application, sending.offer_id, actor=REP)
    papers = (PaperRef(document_id=sending.catalogue), PaperRef(document_id=sending.file("Katalog", b"another")))
    sent = sending.desk.do(SendOffer(offer_id=sending.offer_id, pdf=pdf, papers=papers))
    sending.desk.do(
        AddVersion(
            document_id=sending.catalogue,
            blob=sending.blob(b"%PDF-1.7 second"),
            file_name="k.pdf",
            reason="newer",
            expected_version=1,
        )
    )

    log_in(anna)
    page = anna.get(f"/offers/{sending.offer_id}/answers").get_data(as_text=True)
    with anna.get(f"/outbox/{sent.message_id}/papers") as answer:
        whole = answer.data
    with program("bot", "sales_rep").get(f"/outbox/messages/{sent.message_id}/papers") as answer:
        by_program = answer.data

    assert f"/outbox/{sent.message_id}/papers" in page
    with zipfile.ZipFile(io.BytesIO(whole)) as pack:
        names = pack.namelist()
        sums = pack.read("SHA256SUMS").decode().splitlines()
        assert names == [names[0], "02 Katalog.pdf", "03 Katalog.pdf", "SHA256SUMS"]
        assert (pack.read("02 Katalog.pdf"), pack.read("03 Katalog.pdf")) == (b"%PDF-1.7 first", b"another")
        assert sums == [f"{hashlib.sha256(pack.read(name)).hexdigest()}  {name}" for name in names[:3]]
        assert zipfile.ZipFile(io.BytesIO(by_program)).namelist() == names
    types = sending.office.rows(f"SELECT type FROM audit_entry WHERE stream = 'message:{sent.message_id}'")
    reads = sending.office.rows("SELECT count(*) FROM audit_entry WHERE type = 'document.read'")
    assert ("message.queued",) in types
    assert reads == [(6,)]  # three papers, for two readers


def test_a_message_without_documents_has_no_set_of_them(sending: Sending) -> None:
    message_id = sending.office.queue(recipient="a@wisla.example", channel="email")

    with pytest.raises(NoPapers, match="No document goes with this message"):
        write_set(sending.office.application, REP, message_id, io.BytesIO())
