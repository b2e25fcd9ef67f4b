"""Text recognised by OCRmyPDF, and PDFs made by LibreOffice, where these programs are installed."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from PIL import Image

from documents.content import kinds, ocr, office, recognition
from storage.jobs.worker import Worker
from tests import content_files as files
from tests.web import form_token, log_in
from webapp.bootstrap import Application


def test_the_text_of_a_scanned_page_is_recognised() -> None:
    if not recognition.is_installed():
        pytest.skip("OCRmyPDF or Tesseract is not installed: pip install 'obieg[ocr]', apt-get install tesseract-ocr")

    copy, text = ocr.recognised(io.BytesIO(files.scanned_pdf("OBIEG 2026")), "application/pdf")

    assert "OBIEG 2026" in text
    assert copy.startswith(b"%PDF-")


def test_a_scan_that_is_filed_is_recognised_by_jobs_and_found_by_its_text(
    application: Application, anna: FlaskClient
) -> None:
    if not recognition.is_installed():
        pytest.skip("OCRmyPDF or Tesseract is not installed: pip install 'obieg[ocr]', apt-get install tesseract-ocr")
    log_in(anna)
    scans = {"scan.pdf": files.scanned_pdf("OBIEG 2026"), "photo.png": png(files.scan("FAKTURA 77"))}
    headers = {"X-CSRFToken": form_token(anna)}
    filed = {
        name: anna.post("/api/v1/documents", data={"file": (io.BytesIO(content), name)}, headers=headers).json["id"]
        for name, content in scans.items()
    }

    Worker(application.database.engine, application).drain()

    text = anna.get(f"/api/v1/documents/{filed['scan.pdf']}/versions/1/text").json
    assert "OBIEG 2026" in text["text"]
    assert {each["step"]: each["state"] for each in text["steps"]} == {"text": "done", "preview": "done", "ocr": "done"}
    assert f"/documents/{filed['scan.pdf']}/1/renditions/ocr" in anna.get(f"/documents/{filed['scan.pdf']}/1/view").text
    original = anna.get(f"/api/v1/documents/{filed['scan.pdf']}/versions/1/content").data
    assert original == scans["scan.pdf"]
    found = anna.get("/api/v1/search?q=faktura").json["items"]
    assert filed["photo.png"] in str(found)


def png(picture: Image.Image) -> bytes:
    result = io.BytesIO()
    picture.save(result, "PNG")
    return result.getvalue()


def test_a_word_file_becomes_a_pdf() -> None:
    if not office.is_installed():
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-writer-nogui")

    assert office.converted(io.BytesIO(files.word("Umowa")), kinds.WORD).startswith(b"%PDF-")
