"""Makes PDFs of office files by LibreOffice, where it is installed."""

import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from documents.content.kinds import OPEN, SHEET, SLIDES, WORD
from documents.content.programs import Allowance, run
from documents.content.readers import CannotRead

ALLOWANCE = Allowance(seconds=120, memory=6 << 30, largest_file=256 << 20)
ENDINGS = {
    WORD: ".docx",
    SHEET: ".xlsx",
    SLIDES: ".pptx",
    f"{OPEN}text": ".odt",
    f"{OPEN}spreadsheet": ".ods",
    f"{OPEN}presentation": ".odp",
    f"{OPEN}graphics": ".odg",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/rtf": ".rtf",
}


@lru_cache(maxsize=1)
def program() -> str | None:
    """LibreOffice, None where it is not installed; looked for once."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def is_installed() -> bool:
    """Whether LibreOffice is there."""
    return program() is not None


def converted(source: BinaryIO, media_type: str) -> bytes:
    """The file as PDF. Raises `CannotRead`."""
    soffice = program()
    assert soffice is not None
    with tempfile.TemporaryDirectory(prefix="obieg-office-") as name:
        folder = Path(name)
        original = folder / f"document{ENDINGS[media_type]}"  # never the name that its sender gave it
        with original.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        profile = (folder / "profile").as_uri()  # its own: two runs do not share one, and nothing of it is kept
        options = ["--headless", "--norestore", "--nolockcheck", "--nodefault", f"-env:UserInstallation={profile}"]
        run([soffice, *options, "--convert-to", "pdf", "--outdir", name, str(original)], folder, ALLOWANCE)
        result = folder / "document.pdf"
        if not result.is_file() or result.is_symlink():
            raise CannotRead("LibreOffice made no PDF of it")
        return result.read_bytes()
