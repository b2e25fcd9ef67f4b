"""The step that makes pictures of versions, and PDFs of office files where LibreOffice is installed."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import field
from typing import Any

from core.records import dataclass
from documents.content import office
from documents.content.kinds import CONVERTED, is_drawn
from documents.content.readers import CannotRead, Picture, Readers, Text
from documents.content.renditions import OCR_COPY, PAGE, PDF, THUMBNAIL, Made, keep
from documents.content.texts import keep_texts
from documents.content.waiting import JOBS, PREVIEW, TEXT, Order, Outcome, finish
from documents.content.working import Host, has_failed, readers_of, spooled, work_off
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

__all__ = ["OCR_COPY", "PAGE", "PDF", "THUMBNAIL", "MakePreviews", "make_previews", "store"]

BATCH = 10
SMALL = (240, 320)  # pixels that a thumbnail fits into: what a text is about can be seen, not read
PDF_TYPE, JPEG_TYPE = "application/pdf", "image/jpeg"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of one version."""

    outcome: Outcome
    made: list[Made] = field(default_factory=list)
    text: Text | None = None  # of a file that nothing but the conversion can read


class MakePreviews:
    """Makes a thumbnail, and a PDF of what browsers cannot show."""

    name = PREVIEW
    batch = BATCH
    after: str | None = TEXT

    def do(self, host: Host, order: Order) -> Drawn:
        """Draw one version."""
        readers = readers_of(host)
        if is_drawn(order.media_type):
            with spooled(host, order.digest, order.size, readers.limits) as file:
                picture = _small(readers, file.fileno(), order.media_type)
            return Drawn(Outcome(order=order), [thumbnail(host, picture)])
        if order.media_type not in CONVERTED or not office.is_installed():
            return Drawn(Outcome(order=order))
        with spooled(host, order.digest, order.size, readers.limits) as file:
            content = office.converted(file, order.media_type)
        made = [store(host, PDF, 0, content, PDF_TYPE)]
        text = None
        with _as_file(content) as descriptor, suppress(CannotRead):
            made.append(thumbnail(host, _small(readers, descriptor, PDF_TYPE)))
            text = readers.text(descriptor, media_type=PDF_TYPE, name="")
        pages = None if text is None else text.pages
        return Drawn(Outcome(order=order, reader="LibreOffice", pages=pages), made, text)

    def failed(self, order: Order, reason: str) -> Drawn:
        """There will be no picture."""
        return Drawn(has_failed(order, f"No preview could be made: {reason}."))

    def record(self, unit: UnitOfWork, done: list[Drawn]) -> None:
        """Keep the renditions."""
        ours = finish(unit, PREVIEW, [each.outcome for each in done], unit.clock.now())
        kept = [each for each in done if each.outcome.order.version in ours]
        for each in kept:
            keep(unit, *each.outcome.order.version, each.made)
        texts = {each.outcome.order: each.text for each in kept if each.text is not None}
        keep_texts(unit, {order: text for order, text in texts.items() if not has_text(unit, order)})


def has_text(unit: UnitOfWork, order: Order) -> bool:
    """Whether the text of a version is known."""
    found = unit.driver.execute(
        "SELECT 1 FROM document_text WHERE document_id = %s AND n = %s AND text <> ''", (order.document_id, order.n)
    )
    return found.fetchone() is not None


def _small(readers: Readers, descriptor: int, media_type: str) -> Picture:
    return readers.picture(descriptor, media_type=media_type, page=1, width=SMALL[0], height=SMALL[1])


def thumbnail(host: Host, picture: Picture) -> Made:
    """A small picture, stored."""
    return store(host, THUMBNAIL, 0, picture.content, JPEG_TYPE, size=(picture.width, picture.height))


def store(
    host: Host, kind: str, page: int, content: bytes, media_type: str, *, size: tuple[int, int] | None = None
) -> Made:
    """Put a rendition into the blob store; the unit that keeps it claims it."""
    blobs: BlobStore = host.units.ports[BlobStore]
    staging: Staging = host.units.ports[Staging]
    blob = blobs.put(io.BytesIO(content), announce=staging.announce)
    return Made(kind=kind, page=page, blob=blob, media_type=media_type, pixels=size)


@contextmanager
def _as_file(content: bytes) -> Iterator[int]:
    with tempfile.TemporaryFile(prefix="obieg-read-") as file:
        file.write(content)
        file.flush()
        yield file.fileno()


@job(JOBS[PREVIEW])
def make_previews(host: Host, arguments: dict[str, Any]) -> None:
    """Make the previews that wait."""
    del arguments
    work_off(host, MakePreviews())
