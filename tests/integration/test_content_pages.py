"""Pictures of pages: drawn when somebody looks, told once an hour, kept within bounds, gone with their document."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from audit.queries import entries
from core.clock import FixedClock
from core.errors import Unavailable
from core.identity import SYSTEM, Actor
from documents.access import DocumentNotFound, VersionNotFound
from documents.content import queries
from documents.content.limits import PAGE_LIMITS
from documents.content.pages import KEPT_FOR, LookAtPage, PageNotDrawn, PagesNotDrawn, forget_pages, page_picture
from documents.content.previews import PDF_TYPE, store
from documents.content.queries import Rendition
from documents.content.readers import PageReaders
from documents.content.renditions import PDF, keep
from documents.content.texts import ReadText
from documents.content.working import work_off
from documents.filing import AddVersion, FileDocument
from documents.intake import receive
from tests import content_files as files
from tests.web import PASSWORD, Program, log_in
from webapp.bootstrap import Application

ANNA = Actor(id="anna", name="Anna", permissions=frozenset({"document.file"}), address="10.0.0.1")
BOB = Actor(id="bob", name="Bob", permissions=frozenset({"document.read_all"}))
THREE = files.pdf("one", "two", "three")
Look = Callable[..., Rendition]


@pytest.fixture
def file(application: Application) -> Callable[..., str]:
    def make(content: bytes = THREE, name: str = "offer.pdf") -> str:
        announce = application.staging.announce
        blob = receive(io.BytesIO(content), announced=None, limit=1 << 30, store=application.blobs, announce=announce)
        command = FileDocument(title="Offer", blob=blob, file_name=name)
        return str(application.executor.execute(command, actor=ANNA).id)

    return make


@pytest.fixture
def look(application: Application) -> Look:
    def at(document_id: str, page: int = 1, *, who: Actor = ANNA, n: int = 1) -> Rendition:
        return page_picture(application, who, LookAtPage(document_id=document_id, n=n, page=page))

    return at


def reads(application: Application) -> list[str]:
    with application.units.reading(SYSTEM) as view:
        return [each.actor_id for each in entries(view, limit=500).items if each.type == "document.read"]


def drawn(application: Application, found: Rendition) -> Image.Image:
    with application.blobs.open(found.digest) as stored:
        return Image.open(io.BytesIO(stored.read()))


def kept(application: Application, document_id: str) -> list[int]:
    with application.units.reading(ANNA) as view:
        return sorted(each.page for each in queries.content(view, document_id, 1).renditions if each.kind == "page")


def test_a_page_is_drawn_large_enough_to_read(application: Application, file: Callable[..., str], look: Look) -> None:
    document_id = file()

    found = look(document_id, 2)

    assert (found.media_type, found.page, found.height) == ("image/jpeg", 2, 1754)
    assert drawn(application, found).size == (found.width, found.height)
    assert look(document_id, 2).digest == found.digest
    assert kept(application, document_id) == [2]


def test_turning_pages_is_one_reading_in_an_hour(
    application: Application, file: Callable[..., str], look: Look, clock: FixedClock
) -> None:
    document_id = file()

    for page in (1, 2, 3, 1):
        look(document_id, page)
    assert reads(application) == ["anna"]

    look(document_id, who=BOB)
    look(document_id, who=replace(ANNA, address="10.0.0.2"))
    clock.advance(timedelta(hours=1))
    look(document_id, 2)
    assert reads(application) == ["anna", "bob", "anna", "anna"]


def test_pages_asked_for_at_once_are_one_reading(
    application: Application, file: Callable[..., str], look: Look
) -> None:
    document_id = file()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda page: look(document_id, page), (1, 2, 3)))

    assert reads(application) == ["anna"]
    assert kept(application, document_id) == [1, 2, 3]


def test_who_may_not_see_the_document_draws_nothing(
    application: Application, file: Callable[..., str], look: Look
) -> None:
    document_id = file()

    with pytest.raises(DocumentNotFound):
        look(document_id, who=replace(BOB, permissions=frozenset()))
    with pytest.raises(VersionNotFound):
        look(document_id, n=7)

    assert (reads(application), kept(application, document_id)) == ([], [])


@pytest.mark.parametrize("page", [0, 4, 2_000_000_000])
def test_a_page_that_is_not_there_is_named(file: Callable[..., str], look: Look, page: int) -> None:
    with pytest.raises(PageNotDrawn, match=f"Page {page} cannot be drawn: there is no page {page}"):
        look(file(), page)


def test_a_damaged_file_is_refused_and_not_tried_again(
    application: Application, file: Callable[..., str], look: Look
) -> None:
    document_id = file(b"%PDF-1.7\nnothing that follows makes sense")

    with pytest.raises(PageNotDrawn, match="the PDF is damaged"):
        look(document_id)
    application.units.ports[PageReaders].limits = replace(PAGE_LIMITS, largest_file=1)  # would be another reason
    with pytest.raises(PageNotDrawn, match="the PDF is damaged"):
        look(document_id)


def test_a_text_has_no_pages(file: Callable[..., str], look: Look) -> None:
    with pytest.raises(PagesNotDrawn):
        look(file(b"words", "words.txt"))


def test_a_scan_of_several_pages_is_drawn_page_by_page(
    application: Application, file: Callable[..., str], look: Look
) -> None:
    scan = io.BytesIO()
    sheets = [Image.new("RGB", (300, 400), color) for color in ("white", "red", "blue")]
    sheets[0].save(scan, "TIFF", save_all=True, append_images=sheets[1:])
    document_id = file(scan.getvalue(), "fax.tif")
    work_off(application, ReadText())

    red = drawn(application, look(document_id, 2)).getpixel((150, 200))

    assert isinstance(red, tuple)
    assert red[0] > 200 > 60 > red[1]
    with application.units.reading(ANNA) as view:
        assert queries.content(view, document_id, 1).pages == 3


def test_an_office_file_is_drawn_from_the_pdf_made_of_it(
    application: Application, file: Callable[..., str], look: Look
) -> None:
    document_id = file(files.word("Umowa"), "umowa.docx")
    with pytest.raises(PagesNotDrawn):
        look(document_id)

    made = store(application, PDF, 0, THREE, PDF_TYPE)
    with application.units.begin(SYSTEM) as unit:
        keep(unit, document_id, 1, [made])
        unit.commit()

    assert look(document_id, 3).height == 1754


def test_pictures_beyond_the_bound_are_forgotten_the_oldest_first(
    application: Application, file: Callable[..., str], look: Look, clock: FixedClock
) -> None:
    document_id = file()
    for page in (3, 1, 2):
        look(document_id, page)
        clock.advance(timedelta(minutes=1))

    assert forget_pages(application, kept=2) == 1

    assert kept(application, document_id) == [1, 2]
    assert look(document_id, 3).page == 3


def test_old_pictures_are_forgotten_and_their_content_is_nobodys(
    application: Application, file: Callable[..., str], look: Look, clock: FixedClock
) -> None:
    document_id = file()
    digest = look(document_id).digest
    clock.advance(KEPT_FOR + timedelta(days=1))

    assert forget_pages(application) == 1

    with application.database.engine.connect() as connection:
        claimed = connection.exec_driver_sql("SELECT count(*) FROM blob WHERE digest = %s", (digest,))
        assert claimed.scalar_one() == 0  # the sweeper removes it
        assert connection.exec_driver_sql("SELECT count(*) FROM page_reading").scalar_one() == 0


def test_the_picture_that_is_the_original_too_keeps_its_content(
    application: Application, file: Callable[..., str], look: Look, clock: FixedClock
) -> None:
    picture = look(file())
    with application.blobs.open(picture.digest) as stored:
        copy = file(stored.read(), "page.jpg")
    clock.advance(KEPT_FOR + timedelta(days=1))

    assert forget_pages(application) == 1

    assert look(copy).page == 1


def test_who_waits_too_long_for_a_turn_is_told_so() -> None:
    readers = PageReaders(replace(PAGE_LIMITS, seconds=0.05), processes=0)

    with pytest.raises(Unavailable, match="Try again"):
        readers.page(("0" * 64, 1), lambda: readers.picture(0, media_type="image/png", page=1, width=9, height=9))
    readers.close()


def test_a_page_is_served_once_and_asked_for_again(
    application: Application, app: Flask, file: Callable[..., str], anna: FlaskClient
) -> None:
    log_in(anna)
    address = f"/documents/{file()}/1/pages/1"

    first = anna.get(address)
    again = anna.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, first.content_type, again.status_code) == (200, "image/jpeg", 304)
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Content-Security-Policy"].startswith("sandbox")
    assert anna.get(address[:-1] + "9").status_code == 422
    assert app.test_client().get(address).status_code == 302
    assert reads(application) == ["anna"]


def test_programs_get_pages_too(
    file: Callable[..., str], program: Callable[..., Program], add_account: Callable[..., Any]
) -> None:
    document_id = file()
    add_account("anna", "sales_rep", password=PASSWORD)
    auditor, stranger = program("auditor", "auditor"), program("bob", "sales_rep")

    answer = auditor.get(f"/documents/{document_id}/versions/1/pages/3")

    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    assert auditor.get(f"/documents/{document_id}/versions/1/pages/4").json["code"] == "page_not_drawn"
    assert stranger.get(f"/documents/{document_id}/versions/1/pages/3").status_code == 404


def test_two_versions_are_compared_page_by_page(
    application: Application, file: Callable[..., str], anna: FlaskClient
) -> None:
    document_id = file(files.pdf("one", "two"))
    announce = application.staging.announce
    longer = receive(io.BytesIO(THREE), announced=None, limit=1 << 30, store=application.blobs, announce=announce)
    application.executor.execute(AddVersion(document_id=document_id, blob=longer, file_name="o.pdf"), actor=ANNA)
    work_off(application, ReadText())
    log_in(anna)

    page = anna.get(f"/documents/{document_id}/comparison?before=1&after=2&show=pages").text

    assert page.count("<figure") == 5
    assert f'src="/documents/{document_id}/2/pages/3"' in page
    assert "Version 1 has no page 3" in page
    assert reads(application) == []  # the pictures are told when they are fetched
