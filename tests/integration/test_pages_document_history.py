"""The history on a document's page: who did what on which version, for whoever may see the document."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from audit.queries import history
from core.errors import NotFound
from core.identity import SYSTEM, Actor
from documents.filing import AddVersion, FileDocument
from documents.intake import receive
from documents.reading import ReadDocument
from tests.web import PASSWORD, log_in
from webapp.bootstrap import Application
from webapp.pages.document_history import ENTRIES, happenings

ANNA = Actor(id="anna", name="Anna Nowak", permissions=frozenset({"document.file", "case.read_all"}))
BOB = Actor(id="bob", name="Bob Kowal", permissions=frozenset({"document.read_all"}))


class Shelf:
    """A document and a browser that looks at it."""

    def __init__(self, application: Application, browser: FlaskClient) -> None:
        self.application, self.browser = application, browser
        self.id = str(self.run(FileDocument(title="Umowa", blob=self.store(b"one"), file_name="umowa.txt")).id)

    def run(self, command: Any, who: Actor = ANNA) -> Any:
        return self.application.executor.execute(command, actor=who)

    def store(self, content: bytes) -> Any:
        here = self.application
        return receive(io.BytesIO(content), announced=None, limit=99, store=here.blobs, announce=here.staging.announce)

    def add(self, content: bytes, reason: str) -> None:
        self.run(AddVersion(document_id=self.id, blob=self.store(content), file_name="umowa.txt", reason=reason))

    def read(self, n: int = 1, who: Actor = ANNA, times: int = 1) -> None:
        for _ in range(times):
            self.run(ReadDocument(document_id=self.id, n=n), who)

    def told(self, **query: str) -> str:
        answer = self.browser.get(f"/documents/{self.id}/history", query_string=query or None)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", answer.text)


@pytest.fixture
def shelf(application: Application, anna: FlaskClient) -> Shelf:
    log_in(anna)
    return Shelf(application, anna)


def test_changes_are_told_with_person_version_and_reason(shelf: Shelf) -> None:
    shelf.add(b"two", "the customer's wishes")

    told = shelf.told()

    assert told.index("New version filed") < told.index("Document filed")
    assert "the customer&#39;s wishes" in told
    assert f'href="/documents/{shelf.id}">version 2</a>' in told
    assert f'href="/documents/{shelf.id}?version=1">version 1</a>' in told
    assert told.count("Anna Nowak") == 2


def test_readings_that_follow_one_another_are_one_line(shelf: Shelf) -> None:
    shelf.read(times=3)
    shelf.read(who=BOB)
    shelf.add(b"two", "late")
    shelf.read(2)

    told = shelf.told()

    assert told.count("Document read") == 2
    assert "Bob Kowal, Anna Nowak (3 times)" in told


def test_what_two_cases_are_told_is_one_line(shelf: Shelf) -> None:
    """An event is told once for each case that shows it; the document's history says it once."""
    with shelf.application.units.reading(SYSTEM) as view:
        (filed,) = history(view, f"document:{shelf.id}").items
    again = replace(filed, id="other", case="case-2", data=filed.data | {"case_id": "case-2"})
    later = replace(again, unit="another command")

    assert len(happenings([filed, again])) == 1
    assert len(happenings([filed, later])) == 2


def test_long_histories_come_a_page_at_a_time(shelf: Shelf) -> None:
    for n in range(2, ENTRIES + 3):
        shelf.add(str(n).encode(), f"change {n}")

    first = shelf.told()
    before = re.search(r"history\?before=(\d+)", first)
    assert before is not None
    second = shelf.told(before=before[1])

    assert first.count("New version filed") == ENTRIES
    assert (second.count("New version filed"), second.count("Document filed")) == (1, 1)
    assert "Show earlier" not in second
    assert shelf.told(before="drop table").count("New version filed") == ENTRIES


def test_who_may_not_see_the_document_sees_no_history(
    application: Application, app: Flask, shelf: Shelf, add_account: Callable[..., str]
) -> None:
    add_account("bob", "sales_rep", password=PASSWORD)
    stranger = app.test_client()
    log_in(stranger, name="bob")

    assert stranger.get(f"/documents/{shelf.id}/history").status_code == 404
    nobody = Actor(id="b", name="B")
    for who, stream in ((nobody, f"document:{shelf.id}"), (ANNA, "account:anna"), (ANNA, "case:1")):
        with application.units.reading(who) as view, pytest.raises(NotFound):
            history(view, stream)


def test_auditors_may_see_the_history_of_anything(application: Application, shelf: Shelf) -> None:
    auditor = Actor(id="zoe", name="Zoe", permissions=frozenset({"audit.read"}))

    with application.units.reading(auditor) as view:
        assert [each.type for each in history(view, f"document:{shelf.id}").items] == ["document.filed"]


def test_an_older_version_is_shown_when_it_is_asked_for(shelf: Shelf) -> None:
    shelf.add(b"two", "later")

    newest = shelf.browser.get(f"/documents/{shelf.id}").text
    older = shelf.browser.get(f"/documents/{shelf.id}?version=1").text
    unknown = shelf.browser.get(f"/documents/{shelf.id}?version=99").text

    assert f'data-view="/documents/{shelf.id}/2/view"' in newest
    assert f'data-view="/documents/{shelf.id}/1/view"' in older
    assert "You look at an older version" in older
    assert f'data-view="/documents/{shelf.id}/2/view"' in unknown
