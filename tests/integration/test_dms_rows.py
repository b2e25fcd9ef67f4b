"""Documents where the work is: with activities, customers and cases, each with its trail."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Profile
from documents.document_types import DefineDocumentType
from documents.states import ChangeState
from tests.content_files import pdf
from tests.integration.test_pages_activities import register
from tests.integration.test_pages_documents import Archive
from tests.web import PASSWORD, Program, log_in
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application


class Desk:
    """Ewa's browser and her program, with an activity about a customer."""

    def __init__(self, archive: Archive, program: Program) -> None:
        self.archive, self.browser, self.program = archive, archive.browser, program
        run = archive.application.executor.execute
        self.customer: str = run(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM).id
        self.activity = self.register()

    def register(self, **fields: str) -> str:
        return register(self.browser, customer_id=self.customer, **fields).rsplit("/", 1)[1]

    def upload(self, content: bytes, links: str, **more: Any) -> Any:
        data = {"links": links, "file": (io.BytesIO(content), "protokół.pdf"), **more}
        return self.program.post("/documents", data=data)

    def count(self, table: str) -> int:
        with self.archive.application.database.engine.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.fixture
def desk(application: Application, app: Any, add_account: Callable[..., str]) -> Desk:
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    token = application.executor.execute(CreateToken(name="ewa"), actor=SYSTEM).token
    return Desk(Archive(application, browser, "ewa"), Program(app, token))


def test_dms_02_a_registered_document_is_found_from_the_activity_and_linked_without_a_copy(desk: Desk) -> None:
    document = desk.archive.file("Umowa <ramowa>")
    desk.archive.file("Cennik")
    before = (desk.count("document_version"), desk.count("blob"))
    page = desk.archive.page(f"/activities/{desk.activity}")
    assert "/documents/choices?kind=crm.activity" in page

    choices = desk.archive.page("/documents/choices", kind="crm.activity", id=desk.activity, q="umow")
    (address,) = re.findall(r'hx-post="([^"]+)"', choices)
    made = desk.archive.post(address, kind="crm.activity", id=desk.activity)

    assert address == f"/documents/{document}/links"
    assert "Umowa &lt;ramowa&gt;" in choices
    assert made.status_code == 204, made.text
    assert f'href="/documents/{document}"' in desk.archive.page(f"/activities/{desk.activity}")
    assert f'href="/activities/{desk.activity}"' in desk.archive.page(f"/documents/{document}")
    assert (desk.count("document_version"), desk.count("blob")) == before


def test_dms_02_the_search_offers_no_document_that_one_may_not_see(
    desk: Desk, application: Application, add_account: Callable[..., str]
) -> None:
    add_account("olga", "sales_rep")
    Archive(application, desk.browser, "olga").file("Umowa tajna")

    choices = desk.archive.page("/documents/choices", kind="crm.activity", id=desk.activity, q="umowa")

    assert "tajna" not in choices
    assert "No document that you may see fits." in choices


def test_dms_03_a_file_becomes_a_document_with_number_and_its_link_at_once(desk: Desk) -> None:
    desk.archive.application.executor.execute(
        DefineDocumentType(key="protocol", name="Protokół", numbering="PR/{seq:03}"), actor=SYSTEM
    )
    content = pdf("Odbiór pomp")

    answer = desk.upload(content, f'[{{"kind": "crm.activity", "id": "{desk.activity}"}}]', type="protocol")

    assert answer.status_code == 201, answer.text
    found = desk.archive.found(answer.json["id"])
    assert (found.number, found.type, found.latest.digest) == (
        "PR/001",
        "protocol",
        hashlib.sha256(content).hexdigest(),
    )
    assert (found.created_by, bool(found.created_at)) == (desk.archive.actor().id, True)
    assert "PR/001" in desk.archive.page(f"/documents/{found.id}")
    assert f'href="/documents/{found.id}"' in desk.archive.page(f"/activities/{desk.activity}")


@pytest.mark.parametrize("activity", ["01ARZ3NDEKTSV4RRFFQ69G5FAV", ""])
def test_dms_03_an_upload_that_fails_leaves_neither_document_nor_link(desk: Desk, activity: str) -> None:
    answer = desk.upload(pdf("Odbiór"), f'[{{"kind": "crm.activity", "id": "{activity}"}}]')

    assert answer.status_code in {403, 422}, answer.text
    assert [desk.count(table) for table in ("document", "document_version", "document_link", "blob")] == [0, 0, 0, 0]


def test_dms_04_a_document_is_read_on_the_page_of_the_activity(desk: Desk) -> None:
    link = f'[{{"kind": "crm.activity", "id": "{desk.activity}"}}]'
    document = desk.upload(pdf("Odbiór"), link).json["id"]

    (view,) = re.findall(r'data-preview="([^"]+)"', desk.archive.page(f"/activities/{desk.activity}"))
    shown = desk.browser.get(view.replace("&amp;", "&"))

    assert view.startswith(f"/documents/{document}/")
    assert shown.status_code == 200
    assert f"/documents/{document}/1/preview" in shown.text


def test_dms_04_what_hangs_on_a_private_activity_is_read_by_those_who_take_part(
    desk: Desk, application: Application, app: Any, add_account: Callable[..., str]
) -> None:
    private = desk.register(is_private="on")
    document = desk.upload(pdf("Rozmowa"), f'[{{"kind": "crm.activity", "id": "{private}"}}]').json["id"]
    add_account("olga", "sales_rep", password=PASSWORD)
    olga: FlaskClient = app.test_client()
    log_in(olga, name="olga")

    assert desk.browser.get(f"/documents/{document}/1/view").status_code == 200
    assert olga.get(f"/documents/{document}/1/view").status_code == 404
    assert olga.get(f"/documents/{document}/1/content").status_code == 404


def test_dms_07_documents_are_one_click_from_the_page_of_what_they_belong_to(desk: Desk) -> None:
    pages = {"crm.customer": f"/customers/{desk.customer}", "crm.activity": f"/activities/{desk.activity}"}
    for kind, page in pages.items():
        key = page.rsplit("/", 1)[1]
        document = desk.upload(pdf(kind), f'[{{"kind": "{kind}", "id": "{key}"}}]').json["id"]

        assert f'href="/documents/{document}"' in desk.archive.page(page), kind


def test_dms_09_what_happened_to_a_document_stands_in_its_trail_with_person_and_time(desk: Desk) -> None:
    link = f'[{{"kind": "crm.activity", "id": "{desk.activity}"}}]'
    document = desk.upload(pdf("Odbiór"), link).json["id"]
    desk.browser.get(f"/documents/{document}/1/content")
    desk.archive.add(document, b"second")
    desk.archive.application.executor.execute(ChangeState(document_id=document, state="approved"), actor=SYSTEM)

    with desk.archive.application.database.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT type, actor_id, stream_seq, previous_hash, hash FROM audit_entry WHERE stream = :s ORDER BY 3"
            ),
            {"s": f"document:{document}"},
        ).all()
    assert [row.type for row in rows] == [
        "document.filed",
        "document.read",
        "document.version_added",
        "document.state_changed",
    ]
    ewa = desk.archive.actor().id
    assert [row.actor_id for row in rows] == [ewa, ewa, ewa, SYSTEM.id]
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    with pytest.raises(DBAPIError), desk.archive.application.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE stream = :s"), {"s": f"document:{document}"})
