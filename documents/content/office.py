"""Makes PDFs of office files by LibreOffice, where it is installed."""

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from documents.content.kinds import OPEN, SHEET, SLIDES, WORD
from documents.content.launcher import SOCKETS
from documents.content.programs import Allowance, run
from documents.content.readers import CannotRead

ALLOWANCE = Allowance(seconds=120, memory=3 << 30, largest_file=256 << 20)
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
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>2</value></prop></item>
</oor:items>
"""  # nothing that a file links to is fetched, nothing in it runs


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
        profile = _profile(folder, Path(soffice).resolve().parent)
        options = ["--headless", "--norestore", "--nolockcheck", "--nodefault", f"-env:UserInstallation={profile}"]
        try:
            run([soffice, *options, "--convert-to", "pdf", "--outdir", name, str(original)], folder, ALLOWANCE)
        finally:
            _remove_socket(profile)
        result = folder / "document.pdf"
        if not result.is_file() or result.is_symlink():
            raise CannotRead("LibreOffice made no PDF of it")
        return result.read_bytes()


def _profile(folder: Path, program_folder: Path) -> str:
    """The address of a profile of its own: two runs do not share one, and nothing of it is kept.

    A profile that was made by another build is tidied, and LibreOffice starts again: so it names the build.
    """
    user = folder / "profile" / "user"
    (user / "extensions").mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(SETTINGS)
    with suppress(OSError):
        lines = (program_folder / "versionrc").read_text().splitlines()
        build = next((line.partition("=")[2] for line in lines if line.startswith("buildid=")), "")
        (user / "extensions" / "buildid").write_text(build)
    return (folder / "profile").as_uri()


def _remove_socket(profile: str) -> None:
    """LibreOffice (7.4) makes a socket named after its profile in /tmp, and leaves it when it is stopped."""
    digest = hashlib.md5(profile.encode("utf-16-le"), usedforsecurity=False).digest()
    name = f"OSL_PIPE_{os.getuid()}_SingleOfficeIPC_{''.join(f'{byte:x}' for byte in digest)}"
    for folder in SOCKETS:
        Path(folder, name).unlink(missing_ok=True)
