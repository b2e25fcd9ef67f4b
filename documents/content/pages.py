"""Pictures of pages in a size that can be read: drawn when somebody asks, kept for a while, told as a reading.

A picture of a page is content: whoever gets one has read the version, and the trail says so: once in an hour for each
version, person and network address, rather than once for each page that they turn. Small pictures of first pages
(thumbnails) are told nowhere: what a text is about can be seen in them, not read.
"""

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import BinaryIO

from core.errors import InvalidInput, NotFound
from core.executor import handles
from core.identity import SYSTEM, Actor
from core.messages import Command
from core.records import dataclass
from documents.access import DocumentNotFound
from documents.content.kinds import is_drawn
from documents.content.queries import Rendition, rendition
from documents.content.readers import CannotRead, PageReaders, Picture
from documents.content.renditions import PAGE, PDF, Made, keep, let_go
from documents.hosting import Host
from documents.queries import version
from documents.reading import ReadDocument, read_document
from storage.blobs.staging import Staging
from storage.blobs.store import CHUNK, BlobStore
from storage.unit_of_work import UnitOfWork

SIZE = (1240, 1754)  # pixels that a page fits into: A4 at 150 dots per inch
JPEG = "image/jpeg"
AGAIN = timedelta(hours=1)  # after which looking on is told again
KEPT = 20_000  # pictures of pages in all; older ones are drawn again when they are wanted
KEPT_FOR = timedelta(days=30)
BATCH = 200

TOLD = """
INSERT INTO page_reading (document_id, n, actor_id, place, told_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (document_id, n, actor_id, place) DO UPDATE SET told_at = excluded.told_at
    WHERE page_reading.told_at <= %s
RETURNING n
"""
LIVES = "SELECT 1 FROM document_version WHERE document_id = %s AND n = %s FOR KEY SHARE"
FORGET_OLD = """
DELETE FROM rendition WHERE (document_id, n, kind, page) IN (
    SELECT document_id, n, kind, page FROM rendition WHERE kind = 'page' AND made_at < %s ORDER BY made_at LIMIT %s
) RETURNING digest
"""
FORGET_MANY = """
DELETE FROM rendition WHERE (document_id, n, kind, page) IN (
    SELECT document_id, n, kind, page FROM rendition WHERE kind = 'page' ORDER BY made_at DESC OFFSET %s LIMIT %s
) RETURNING digest
"""
FORGET_TOLD = "DELETE FROM page_reading WHERE told_at <= %s"


class PagesNotDrawn(NotFound):
    """There are no pictures of the pages of such a file."""

    code = "pages_not_drawn"


class PageNotDrawn(InvalidInput):
    """A page that cannot be drawn: it is damaged, or there is none of that number."""

    code = "page_not_drawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtPage(Command):
    """Ask for the picture of a page, counted from 1; that the version was read stands in the trail."""

    document_id: str
    n: int
    page: int
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a page is drawn from, and its picture where there is one."""

    digest: str
    size: int  # bytes
    media_type: str
    picture: Rendition | None


@handles(LookAtPage, needs=None)
def look_at_page(command: LookAtPage, unit: UnitOfWork) -> Sheet:
    """What to draw it from, or the picture. Raises `DocumentNotFound`, `VersionNotFound`, `PagesNotDrawn`."""
    document_id, n = command.document_id, command.n
    of = version(unit, document_id, n)
    drawn_from = of if is_drawn(of.media_type) else rendition(unit, document_id, n, PDF)
    if drawn_from is None:
        raise PagesNotDrawn("There are no pictures of the pages of this file. Download it to open it.")
    if _is_news(unit, document_id, n):
        read_document(ReadDocument(document_id=document_id, n=n, case_id=command.case_id), unit)
    made = rendition(unit, document_id, n, PAGE, command.page)
    return Sheet(digest=drawn_from.digest, size=drawn_from.size, media_type=drawn_from.media_type, picture=made)


def _is_news(unit: UnitOfWork, document_id: str, n: int) -> bool:
    """Whether this reading is not in the trail yet; of several that come at once exactly one is."""
    now, actor = unit.clock.now(), unit.actor
    place = hashlib.sha256((actor.address or "").encode()).hexdigest()[:16]
    found = unit.driver.execute(TOLD, (document_id, n, actor.id, place, now, now - AGAIN))
    return found.fetchone() is not None


def page_picture(host: Host, actor: Actor, asked: LookAtPage) -> Rendition:
    """The picture of a page, drawn if need be; takes time, so call it outside any transaction.

    Raises `DocumentNotFound`, `VersionNotFound`, `PagesNotDrawn`, `PageNotDrawn`, `Unavailable`.
    """
    sheet: Sheet = host.executor.execute(asked, actor=actor)
    if sheet.picture is not None:
        return sheet.picture
    readers: PageReaders = host.units.ports[PageReaders]
    try:
        picture = readers.page((sheet.digest, asked.page), lambda: _drawn(host, readers, sheet, asked.page))
    except CannotRead as error:
        raise PageNotDrawn(f"Page {asked.page} cannot be drawn: {error}.", page=asked.page) from error
    _keep(host, asked, picture)
    with host.units.reading(actor) as view:
        made = rendition(view, asked.document_id, asked.n, PAGE, asked.page)
    if made is None:
        raise DocumentNotFound(asked.document_id)
    return made


def _drawn(host: Host, readers: PageReaders, sheet: Sheet, page: int) -> Picture:
    with _spooled(host, sheet, readers.limits.largest_file) as file:
        return readers.picture(file.fileno(), media_type=sheet.media_type, page=page, width=SIZE[0], height=SIZE[1])


@contextmanager
def _spooled(host: Host, sheet: Sheet, largest: int) -> Iterator[BinaryIO]:
    if sheet.size > largest:
        raise CannotRead(f"the file has {sheet.size >> 20} MB; pages of files of up to {largest >> 20} MB are drawn")
    store: BlobStore = host.units.ports[BlobStore]
    with tempfile.TemporaryFile(prefix="obieg-page-") as file:
        with store.open(sheet.digest) as source:
            while piece := source.read(CHUNK):
                file.write(piece)
        file.seek(0)
        yield file


def _keep(host: Host, asked: LookAtPage, picture: Picture) -> None:
    store: BlobStore = host.units.ports[BlobStore]
    staging: Staging = host.units.ports[Staging]
    blob = store.put(io.BytesIO(picture.content), announce=staging.announce)
    made = Made(kind=PAGE, page=asked.page, blob=blob, media_type=JPEG, pixels=(picture.width, picture.height))
    with host.units.begin(SYSTEM) as unit:
        if unit.driver.execute(LIVES, (asked.document_id, asked.n)).fetchone() is None:
            raise DocumentNotFound(asked.document_id)  # destroyed while its page was drawn
        keep(unit, asked.document_id, asked.n, [made])
        unit.commit()


def forget_pages(host: Host, *, kept: int = KEPT) -> int:
    """Remove pictures of pages that are old or too many; returns how many. They are drawn again when wanted."""
    count = 0
    while True:
        with host.units.begin(SYSTEM) as unit:
            now = unit.clock.now()
            unit.driver.execute(FORGET_TOLD, (now - AGAIN,))
            gone = _forgotten(unit, now - KEPT_FOR, kept)
            unit.commit()
        count += gone
        if not gone:
            return count


def _forgotten(unit: UnitOfWork, before: datetime, kept: int) -> int:
    driver = unit.driver
    rows = driver.execute(FORGET_OLD, (before, BATCH)).fetchall()
    rows = rows or driver.execute(FORGET_MANY, (kept, BATCH)).fetchall()
    for digest in {digest for (digest,) in rows}:
        let_go(unit, digest)
    return len(rows)
