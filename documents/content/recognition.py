"""Recognising text in pictures of pages (OCR) by OCRmyPDF and Tesseract, where they are installed."""

import shutil
import sys
from functools import lru_cache
from pathlib import Path

PROGRAM = "ocrmypdf"


def program() -> str | None:
    """OCRmyPDF, of this environment or of the system."""
    beside = Path(sys.executable).with_name(PROGRAM)
    return str(beside) if beside.exists() else shutil.which(PROGRAM)


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Whether both programs are there; looked for once."""
    return program() is not None and shutil.which("tesseract") is not None
