"""The pages of documents: the list with its filters and folders, one document with its panels, types, comparison."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from documents.document_types import DefineDocumentType
from documents.filing import AddVersion, FileDocument
from documents.intake import receive
from documents.queries import Document, document
from tests.web import PASSWORD, WHOLE_FIRM, log_in, post
from webapp.bootstrap import Application

Add = Callable[..., str]
FORM = {
    "components": [
        {"type": "textfield", "key": "counterparty", "label": "Counterparty"},
        {"type": "number", "key": "days", "label": "Days"},
        {"type": "checkbox", "key": "urgent", "label": "Urgent"},
        {"type": "select", "key": "kind", "label": "Kind", "values": [{"label": "A", "value": "a"}]},
        {"type": "group", "path": "place", "components": [{"type": "textfield", "key": "city", "label": "City"}]},
        {"type": "dynamiclist", "path": "parts", "components": [{"type": "textfield", "key": "name"}]},
    ]
}


class Archive:
    """One person's browser on an installation with a type of documents."""

    def __init__(self, application: Application, browser: FlaskClient, name: str) -> None:
        self.application, self.browser, self.name = application, browser, name

    def file(self, title: str = "Umowa", content: bytes = b"14 days", **more: Any) -> str:
        command = FileDocument(title=title, blob=self.store(content), file_name="umowa.txt", **more)
        return str(self.application.executor.execute(command, actor=self.actor()).id)

    def add(self, document_id: str, content: bytes) -> None:
        command = AddVersion(document_id=document_id, blob=self.store(content), file_name="umowa.txt")
        self.application.executor.execute(command, actor=self.actor())

    def store(self, content: bytes) -> Any:
        here = self.application
        return receive(
            io.BytesIO(content), announced=None, limit=1000, store=here.blobs, announce=here.staging.announce
        )

    def actor(self) -> Any:
        from webapp.accounts.queries import account_named

        with self.application.units.reading(SYSTEM) as view:
            return account_named(view, self.name).actor()

    def found(self, document_id: str) -> Document:
        with self.application.units.reading(SYSTEM) as view:
            return document(view, document_id)

    def page(self, address: str, **query: Any) -> str:
        answer = self.browser.get(address, query_string=query or None)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def post(self, address: str, **fields: Any) -> Any:
        return post(self.browser, address, **fields)


@pytest.fixture
def archive(application: Application, app: Flask, add_account: Add) -> Callable[..., Archive]:
    define = DefineDocumentType(key="contract", name="Umowa ramowa", form=FORM, numbering="UR/{seq:03}")
    application.executor.execute(define, actor=SYSTEM)

    def enter(name: str, *roles: str) -> Archive:
        add_account(name, *roles, password=PASSWORD, display_name=name.capitalize())
        browser = app.test_client()
        log_in(browser, name=name)
        return Archive(application, browser, name)

    return enter


@pytest.fixture
def anna(archive: Callable[..., Archive]) -> Archive:
    return archive("anna", "sales_manager")


def test_the_list_shows_type_number_state_and_tags(anna: Archive) -> None:
    anna.file("Umowa <b>ACME</b>", type="contract", tags=("pilne",))

    page = anna.page("/documents")

    for shown in ("Umowa &lt;b&gt;ACME&lt;/b&gt;", "Umowa ramowa", "UR/001", "Draft", "pilne"):
        assert shown in page
    assert "<b>ACME</b>" not in page


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({"tag": "pilne"}, True),
        ({"state": "void"}, False),
        ({"q": "umo"}, True),
        ({"q": "days -14"}, False),
        ({"q": '"half a phrase'}, False),
    ],
)
def test_the_list_is_narrowed_by_its_address(anna: Archive, query: dict[str, str], there: bool) -> None:
    filed = anna.file(tags=("pilne",))

    assert (filed in anna.page("/documents", **query)) is there


def test_a_long_list_continues_where_it_ended(anna: Archive) -> None:
    ids = [anna.file(f"Umowa {n}", content=str(n).encode(), tags=("many",)) for n in range(42)]

    first = anna.page("/documents", tag="many")
    last = next(each for each in ids if each not in first)
    rest = anna.browser.get("/documents", query_string={"tag": "many", "after": ids[2]}, headers={"HX-Request": "true"})

    assert f"after={ids[2]}" in first
    assert "tag=many" in first.partition('id="more"')[2]
    assert last in rest.text
    assert "<html" not in rest.text


def test_a_search_is_kept_as_a_folder_and_forgotten(anna: Archive, archive: Callable[..., Archive]) -> None:
    filed, other = anna.file("Umowa", type="contract"), anna.file("List")

    kept = anna.post("/document-folders", name="Contracts", type="contract", is_shared="on")

    address = kept.headers["HX-Redirect"]
    page = anna.page(address)
    assert filed in page
    assert other not in page
    assert "Contracts" in archive("bob", "sales_rep").page("/documents")
    anna.post(f"/document-folders/{address.partition('=')[2]}/remove")
    assert "Contracts" not in anna.page("/documents")


def test_chosen_documents_are_tagged_together(anna: Archive) -> None:
    ids = [anna.file(str(n), content=str(n).encode()) for n in range(2)]

    answer = anna.post("/documents/tags", ids=ids, tags="pilne, 2026", verb="add")
    anna.post("/documents/tags", ids=ids[:1], tags="2026", verb="remove")

    assert answer.headers["HX-Refresh"] == "true"
    assert [anna.found(each).tags for each in ids] == [("pilne",), ("2026", "pilne")]
    assert anna.post("/documents/tags", tags="x", verb="add").status_code == 422


def test_a_document_is_described_with_the_inputs_of_its_type(anna: Archive) -> None:
    filed = anna.file(type="contract", fields={"parts": [{"name": "axle"}], "urgent": True})

    page = anna.page(f"/documents/{filed}")
    answer = anna.post(
        f"/documents/{filed}/about",
        **{"title": "Umowa 7", "type": "contract", "tags": "a, b", "revision": "1", "field.counterparty": "ACME"},
        **{"field.days": "1 234,5", "field.kind": "a", "field.place.city": "Łódź"},
    )

    assert 'name="field.place.city"' in page
    assert answer.status_code == 204, answer.text
    found = anna.found(filed)
    assert (found.title, found.tags, found.number) == ("Umowa 7", ("a", "b"), "UR/001")
    assert found.fields == {
        "counterparty": "ACME",
        "days": 1234.5,
        "urgent": False,
        "kind": "a",
        "place": {"city": "Łódź"},
        "parts": [{"name": "axle"}],
    }


def test_a_wrong_field_is_told_and_nothing_changes(anna: Archive) -> None:
    filed = anna.file(type="contract")

    answer = anna.post(f"/documents/{filed}/about", **{"title": "X", "type": "contract", "field.days": "soon"})

    assert (answer.status_code, answer.json["details"]["fields"]) == (422, {"/fields/days": "Days must be a number."})
    assert anna.found(filed).title == "Umowa"


def test_choosing_a_type_shows_its_inputs(anna: Archive) -> None:
    filed = anna.file()

    assert "Counterparty" in anna.page(f"/documents/{filed}/fields", type="contract")
    assert "Counterparty" not in anna.page(f"/documents/{filed}/fields", type="")


def test_a_state_is_changed_from_the_page_by_those_who_may(anna: Archive, archive: Callable[..., Archive]) -> None:
    filed = anna.file()
    rep = archive("bob", "sales_rep")
    own = rep.file("Bob's")

    answer = anna.post(f"/documents/{filed}/state", state="approved", expected="draft", reason="agreed")

    assert answer.status_code == 204
    assert "Approved" in anna.page(f"/documents/{filed}")
    assert 'id="change-state"' not in rep.page(f"/documents/{own}")
    assert rep.post(f"/documents/{own}/state", state="approved").status_code == 403


def test_a_document_is_checked_out_given_back_and_its_lock_broken(
    anna: Archive, archive: Callable[..., Archive]
) -> None:
    filed = anna.file()
    admin = archive("root", *WHOLE_FIRM)

    anna.post(f"/documents/{filed}/lock")
    assert "Give it back unchanged" in anna.page(f"/documents/{filed}")
    seen = admin.page(f"/documents/{filed}")
    assert "Break the lock" in seen
    assert "What has changed" not in seen
    assert admin.post(f"/documents/{filed}/unlock", reason="on leave").status_code == 204
    anna.post(f"/documents/{filed}/lock")
    anna.post(f"/documents/{filed}/unlock")

    assert anna.found(filed).checked_out_by is None


def test_versions_are_compared_side_by_side_and_restored(anna: Archive) -> None:
    filed = anna.file(content=b"pay in 14 days <script>")
    anna.add(filed, b"pay in 30 days <script>")

    page = anna.page(f"/documents/{filed}/comparison", before=1, after=2)
    pages = anna.page(f"/documents/{filed}/comparison", before=1, after=2, show="pages")
    restored = anna.post(f"/documents/{filed}/restore/1", newest="2")

    assert "<del>14</del>" in page
    assert "<ins>30</ins>" in page
    assert "days <script>" not in page
    assert all(f"/documents/{filed}/{n}/view" in pages for n in (1, 2))
    assert restored.headers["HX-Redirect"].endswith(filed)
    assert anna.found(filed).latest.n == 3
    assert anna.browser.get(f"/documents/{filed}/comparison?before=x&after=2").status_code == 422


def test_a_document_is_linked_to_what_a_search_finds(anna: Archive) -> None:
    from crm.customers import CreateCustomer
    from crm.profiles import Profile

    created = anna.application.executor.execute(
        CreateCustomer(profile=Profile(name="Żuraw", country="PL", payment_days=30)), actor=SYSTEM
    )
    filed = anna.file()

    choices = anna.page(f"/documents/{filed}/link-choices", kind="crm.customer", target="Żur")
    linked = anna.post(f"/documents/{filed}/links", kind="crm.customer", id=created.id)

    assert created.id in choices
    assert linked.status_code == 204
    assert "Żuraw" in anna.page(f"/documents/{filed}")
    for kind in ("case", "task", "crm.contact", "crm.offer", "crm.order", "crm.product"):
        assert "Nothing that you may see fits" in anna.page(f"/documents/{filed}/link-choices", kind=kind, target="zz")


def test_a_type_is_defined_and_changed_on_its_page(archive: Callable[..., Archive]) -> None:
    designer = archive("marek", "process_designer")
    values = {
        "name": "Protokół",
        "form": '{"properties": {"place": {"type": "string"}}}',
        "readers": ["legal", "board"],
    }

    made = designer.post("/document-types", key="protocol", is_active="on", **values)
    changed = designer.post("/document-types", key="protocol", revision="1", **values | {"name": "Protokół odbioru"})

    assert made.headers["HX-Redirect"] == "/document-types"
    assert changed.status_code == 204, changed.text
    page = designer.page("/document-types")
    assert "Protokół odbioru" in page
    assert "out of use" in page
    assert "Board, Legal" in page
    assert "place" in designer.page("/document-types/protocol")
    assert designer.post("/document-types", key="x", name="X", form="{").status_code == 422


def test_types_are_shown_but_not_changed_without_the_right(anna: Archive) -> None:
    assert "New type" not in anna.page("/document-types")
    assert "Define</button>" not in anna.page("/document-types/new")
    assert anna.post("/document-types", key="x", name="X").status_code == 403
