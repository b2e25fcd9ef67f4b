"""Text recognised by OCRmyPDF, and PDFs made by LibreOffice, where these programs are installed."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import docx
import pypdfium2
import pytest
from flask.testing import FlaskClient
from PIL import Image

from documents.content import kinds, ocr, office, recognition
from storage.jobs.worker import Worker
from tests import content_files as files
from tests.web import form_token, log_in
from webapp.bootstrap import Application

LIME = (0, 255, 0)


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


def test_a_picture_of_the_server_that_a_word_file_names_is_not_shown(tmp_path: Path) -> None:
    if not office.is_installed():
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-writer-nogui")
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(Image.new("RGB", (300, 200), LIME)))

    with pypdfium2.PdfDocument(office.converted(io.BytesIO(naming(secret)), kinds.WORD)) as pdf:
        shown = pdf[0].render().to_pil().convert("RGB")

    assert LIME not in {colour for _, colour in shown.getcolors(shown.width * shown.height)}


def naming(picture: Path) -> bytes:
    """A Word file with a picture that lies elsewhere."""
    document = docx.Document()
    document.add_picture(io.BytesIO(png(Image.new("RGB", (300, 200), "red"))))
    whole, result = io.BytesIO(), io.BytesIO()
    document.save(whole)
    with ZipFile(whole) as source, ZipFile(result, "w") as target:
        for name in source.namelist():
            content = source.read(name).replace(b"r:embed=", b"r:link=")
            outside = f'Target="{picture.as_uri()}" TargetMode="External"'.encode()
            target.writestr(name, content.replace(b'Target="media/image1.png"', outside))
    return result.getvalue()
