"""The step that recognises text in pictures of pages, and keeps a searchable copy beside the original."""

import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from core.records import dataclass
from documents.content.previews import PDF_TYPE, store
from documents.content.programs import Allowance, run
from documents.content.readers import Text
from documents.content.reading.found import tidy
from documents.content.recognition import program
from documents.content.renditions import OCR_COPY, Made, keep
from documents.content.texts import keep_texts
from documents.content.waiting import JOBS, OCR, TEXT, Order, Outcome, finish
from documents.content.working import Host, has_failed, readers_of, spooled, work_off
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

ALLOWANCE = Allowance(seconds=600, memory=4 << 30, largest_file=256 << 20)
DEFAULT_LANGUAGES = ("pol", "eng", "deu", "rus", "ron")
DPI = "200"  # of a picture that does not say how large it is


@dataclass(frozen=True, slots=True)
class Recognised:
    """What came of one version."""

    outcome: Outcome
    text: str = ""
    made: tuple[Made, ...] = ()


class RecogniseText:
    """Recognises text, one version at a time: each takes long."""

    name = OCR
    batch = 1
    after: str | None = TEXT

    def do(self, host: Host, order: Order) -> Recognised:
        """Recognise one version."""
        with spooled(host, order.digest, order.size, readers_of(host).limits) as file:
            copy, text = recognised(file, order.media_type)
        made = store(host, OCR_COPY, 0, copy, PDF_TYPE)
        return Recognised(Outcome(order=order, characters=len(text), reader="OCRmyPDF"), text, (made,))

    def failed(self, order: Order, reason: str) -> Recognised:
        """There will be no text."""
        return Recognised(has_failed(order, f"Its text could not be recognised: {reason}."))

    def record(self, unit: UnitOfWork, done: list[Recognised]) -> None:
        """Keep text and copy."""
        ours = finish(unit, OCR, [each.outcome for each in done], unit.clock.now())
        kept = [each for each in done if each.made and each.outcome.order.version in ours]
        for each in kept:
            keep(unit, *each.outcome.order.version, each.made)
        keep_texts(unit, {each.outcome.order: Text(text=each.text) for each in kept})


def recognised(source: BinaryIO, media_type: str) -> tuple[bytes, str]:
    """A searchable PDF and its text. Raises `CannotRead`."""
    found = program()
    assert found is not None
    with tempfile.TemporaryDirectory(prefix="obieg-ocr-") as name:
        folder = Path(name)
        original, result, text = folder / "original", folder / "result.pdf", folder / "text.txt"
        with original.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        options = ["--language", "+".join(languages()), "--output-type", "pdf", "--sidecar", str(text), "--jobs", "1"]
        kind = ["--skip-text"] if media_type == PDF_TYPE else ["--image-dpi", DPI]
        run([found, "--quiet", *options, *kind, str(original), str(result)], folder, ALLOWANCE)
        return result.read_bytes(), tidy(text.read_text(errors="replace").replace("\f", "\n"))


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The installed ones of those that our users write; English where none of them is."""
    tesseract = shutil.which("tesseract") or "tesseract"
    told = subprocess.run([tesseract, "--list-langs"], capture_output=True, check=False, timeout=20).stdout.decode()
    known = set(told.split())
    return tuple(each for each in DEFAULT_LANGUAGES if each in known) or ("eng",)


@job(JOBS[OCR])
def recognise_texts(host: Host, arguments: dict[str, Any]) -> None:
    """Recognise what waits."""
    del arguments
    work_off(host, RecogniseText())
