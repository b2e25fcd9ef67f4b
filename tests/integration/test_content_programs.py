"""Text recognised by OCRmyPDF, and PDFs made by LibreOffice, where these programs are installed."""

from __future__ import annotations

import io

import pytest

from documents.content import kinds, ocr, office, recognition
from tests import content_files as files


def test_the_text_of_a_scanned_page_is_recognised() -> None:
    if not recognition.is_installed():
        pytest.skip("OCRmyPDF or Tesseract is not installed: pip install 'obieg[ocr]', apt-get install tesseract-ocr")

    copy, text = ocr.recognised(io.BytesIO(files.scanned_pdf("OBIEG 2026")), "application/pdf")

    assert "OBIEG 2026" in text
    assert copy.startswith(b"%PDF-")


def test_a_word_file_becomes_a_pdf() -> None:
    if not office.is_installed():
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-writer-nogui")

    assert office.converted(io.BytesIO(files.word("Umowa")), kinds.WORD).startswith(b"%PDF-")
