"""Looking at documents in the browser: what each kind is shown as, who may, and what the trail keeps of it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from audit.queries import entries
from core.identity import SYSTEM, Actor
from documents.content.previews import MakePreviews
from documents.content.texts import ReadText
from documents.content.working import work_off
from documents.filing import FileDocument
from documents.intake import receive
from tests import content_files as files
from tests.web import PASSWORD, log_in
from webapp.bootstrap import Application

ANNA = Actor(id="anna", name="Anna Nowak", permissions=frozenset({"document.file"}))
File = Callable[[bytes, str], str]


@pytest.fixture
def browser(anna: FlaskClient) -> FlaskClient:
    log_in(anna)
    return anna


@pytest.fixture
def file(application: Application, browser: FlaskClient) -> File:
    """Files content as Anna, has it read, and gives the address of its first version."""
    del browser  # Anna has an account

    def make(content: bytes, name: str) -> str:
        announce = application.staging.announce
        source = io.BytesIO(content)
        blob = receive(source, announced=None, limit=1 << 30, store=application.blobs, announce=announce)
        filed = application.executor.execute(FileDocument(title="Offer", blob=blob, file_name=name), actor=ANNA)
        work_off(application, ReadText())
        work_off(application, MakePreviews())
        return f"/documents/{filed.id}/1"

    return make


def reads(application: Application) -> int:
    with application.units.reading(SYSTEM) as view:
        return sum(entry.type == "document.read" for entry in entries(view, limit=200).items)


def shown(browser: FlaskClient, address: str) -> str:
    answer = browser.get(f"{address}/view")
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def test_a_pdf_is_shown_by_our_own_viewer_which_fetches_it(
    application: Application, browser: FlaskClient, file: File
) -> None:
    address = file(files.pdf("Hello"), "offer.pdf")

    page = shown(browser, address)

    assert f'data-pdf="{address}/preview"' in page
    assert reads(application) == 0  # nothing of it was shown yet
    assert browser.get(f"{address}/preview").data.startswith(b"%PDF")
    assert reads(application) == 1


def test_a_letter_is_shown_as_escaped_text_and_counts_as_read(
    application: Application, browser: FlaskClient, file: File
) -> None:
    address = file(files.letter("<script>alert(1)</script> & more"), "mail.eml")

    page = shown(browser, address)

    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script>" not in page
    assert "Oferta żółta" in page
    assert reads(application) == 1


def test_html_is_shown_as_its_text(browser: FlaskClient, file: File) -> None:
    address = file(b"<!doctype html><p onclick=x()>Seen</p><script>alert(1)</script><img src=x onerror=y()>", "a.html")

    page = shown(browser, address)

    assert "Seen" in page
    assert "alert" not in page
    assert "onerror" not in page


def test_a_table_is_shown_as_a_table(browser: FlaskClient, file: File) -> None:
    assert "<td>Ilość</td><td>12.5</td>" in shown(browser, file(files.workbook(), "prices.xlsx"))


def test_a_picture_is_shown_as_it_is(browser: FlaskClient, file: File) -> None:
    address = file(files.picture(), "photo.png")

    assert f'src="{address}/preview"' in shown(browser, address)


def test_a_finding_is_shown(browser: FlaskClient, file: File) -> None:
    bomb = files.replaced(files.word("x"), {"word/bomb.bin": bytes(100 << 20)})

    assert "The text could not be read: it is packed far more tightly" in shown(browser, file(bomb, "bomb.docx"))


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>.txt", '"onload="x.txt', "gpj.\u202etxt"])
def test_no_name_becomes_markup(browser: FlaskClient, file: File, name: str) -> None:
    address = file(b"words", name)

    for page in (shown(browser, address), browser.get(address.rpartition("/")[0]).get_data(as_text=True)):
        assert "<img src=x" not in page
        assert '"onload="' not in page
        assert "\u202e" not in page


def test_a_small_picture_is_sent_without_scripts_and_without_a_trace(
    application: Application, browser: FlaskClient, file: File
) -> None:
    address = file(files.pdf("Hello"), "offer.pdf")

    answer = browser.get(f"{address}/thumbnail")

    assert answer.content_type == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["Cache-Control"].startswith("private")
    assert reads(application) == 0
    again = browser.get(f"{address}/thumbnail", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_file_without_a_picture_has_one_that_cannot_be_seen(browser: FlaskClient, file: File) -> None:
    answer = browser.get(f"{file(b'words', 'a.txt')}/thumbnail")

    assert (answer.status_code, answer.content_type) == (200, "image/gif")


def test_who_may_not_see_the_document_sees_nothing_of_it(
    app: Flask, file: File, add_account: Callable[..., str]
) -> None:
    address = file(files.pdf("secret"), "offer.pdf")
    add_account("bob", "sales_rep", password=PASSWORD)
    stranger = app.test_client()
    log_in(stranger, name="bob")

    for what in ("view", "thumbnail", "preview", "renditions/pdf", "renditions/ocr"):
        assert stranger.get(f"{address}/{what}").status_code == 404
