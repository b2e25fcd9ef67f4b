"""Assembling a package: documents at fixed versions become one PDF, which remembers what it was made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import Forbidden, InvalidInput
from core.executor import handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from documents.apart import lay_out, work, workbench
from documents.content import office
from documents.content.kinds import WORD
from documents.content.readers import CannotRead
from documents.filing import FiledDocument, FileDocument, file
from documents.hosting import Host
from documents.intake import Received, receive
from documents.links import NO_CASE, DocumentLink, require_targets
from documents.packages.events import PackageAssembled
from documents.packages.sources import Source, note_sources
from documents.queries import DocumentVersion, document, version
from documents.reading import ReadDocument
from documents.templates.sources import MergeFields
from documents.words import words
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.unit_of_work import Reading, UnitOfWork

FILE = "document.file"  # the right
MOST = 50  # documents of a package
LARGEST = 200 << 20  # bytes of all of them
SECONDS = 120
LONGEST = 200  # characters of a title
OURS = frozenset({"application/pdf", "text/plain"})  # what LibreOffice is not asked for

PAGES = OURS | {WORD, "image/png", "image/jpeg", "image/gif", "image/webp"}


class PackageRefused(InvalidInput):
    """A document cannot be put into a package; the sentence names it."""

    code = "package_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A document of a package; the newest version where none is named."""

    document_id: str
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOrder:
    """What to put together, in this order; `stamps` writes at the foot of each page which document it is of."""

    title: str
    parts: tuple[Part, ...]
    links: tuple[DocumentLink, ...] = ()
    stamps: bool = True
    attach: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePackage(Command):
    """File a package that was made; `places` are first page and number of pages of each part."""

    order: PackageOrder
    blob: Received
    parts: tuple[DocumentVersion, ...]
    places: tuple[tuple[int | None, int], ...]
    pages: int


def checked(view: Reading, order: PackageOrder) -> tuple[str, tuple[DocumentVersion, ...]]:
    """Title and documents of a package that can be made.

    Raises `DocumentNotFound`, `VersionNotFound`, `TargetNotVisible`, `PackageRefused`.
    """
    title = words("title", order.title, LONGEST)
    if title is None or not 1 <= len(order.parts) <= MOST:
        sentence = f"A package needs a title and 1 to {MOST} documents."
        raise PackageRefused(sentence, fields={"/title" if title is None else "/documents": sentence})
    require_targets(view, [link.target for link in order.links])
    parts = tuple(
        version(view, each.document_id, each.n) if each.n else document(view, each.document_id).latest
        for each in order.parts
    )
    if sum(each.size for each in parts) > LARGEST:
        raise PackageRefused(f"The documents have more than {LARGEST >> 20} MiB together.")
    return title, parts


def assemble(host: Host, order: PackageOrder, *, actor: Actor, seconds: int | None = None) -> FiledDocument:
    """Put together and file, in so many seconds; each original that is read for it stands in its own trail.

    Raises `Forbidden`, `DocumentNotFound`, `VersionNotFound`, `PackageRefused`, `WorkTimedOut`.
    """
    if not actor.may(FILE):
        raise Forbidden(f"You do not have the right to do this ({FILE}).", permission=FILE)
    with host.units.reading(actor) as view:
        title, parts = checked(view, order)
        settings, blobs, staging = view.port(Settings), view.port(BlobStore), view.port(Staging)
        language = view.port(MergeFields).language()
    for each in parts:
        host.executor.execute(ReadDocument(document_id=each.document_id, n=each.n), actor=actor)
    now = host.clock.now()
    local = now.astimezone(ZoneInfo(settings.time_zone))
    task: dict[str, Any] = {
        "title": title,
        "company": settings.company,
        "author": actor.name,
        "made": f"{local.day} {local:%B %Y, %H:%M %Z}",
        "language": language,
        "at": now.isoformat(),
        "stamps": order.stamps,
        "attach": order.attach,
    }
    with workbench() as folder:
        task["parts"] = [_laid_out(blobs, each, number, folder) for number, each in enumerate(parts)]
        done = work("package.bind", task, folder, seconds=seconds or SECONDS, refused=PackageRefused)
        with (folder / "out.pdf").open("rb") as source:
            blob = receive(source, announced=None, limit=3 * LARGEST, store=blobs, announce=staging.announce)
    places = tuple((each["first_page"], each["pages"]) for each in done["parts"])
    command = FilePackage(order=order, blob=blob, parts=parts, places=places, pages=done["pages"])
    filed: FiledDocument = host.executor.execute(command, actor=actor)
    return filed


def with_pages() -> frozenset[str]:
    """The types of documents that become pages of a package; others are only attached."""
    return PAGES | (frozenset(office.ENDINGS) if office.is_installed() else frozenset())


def _laid_out(blobs: BlobStore, part: DocumentVersion, number: int, folder: Path) -> dict[str, Any]:
    """The file of a part; by LibreOffice, where it is installed, also as PDF."""
    lay_out(blobs, part.digest, folder / str(number))
    told = {
        "title": part.title,
        "n": part.n,
        "digest": part.digest,
        "media_type": part.media_type,
        "file_name": part.file_name,
        "file": str(number),
    }
    if part.media_type in OURS or part.media_type not in office.ENDINGS or not office.is_installed():
        return told
    try:
        with (folder / str(number)).open("rb") as source:
            (folder / f"{number}.office.pdf").write_bytes(office.converted(source, part.media_type))
    except CannotRead:
        return told
    return told | {"file": f"{number}.office.pdf", "media_type": "application/pdf"}


@handles(FilePackage, needs=FILE)
def file_package(command: FilePackage, unit: UnitOfWork) -> FiledDocument:
    """Raises `TargetNotVisible`."""
    order = command.order
    require_targets(unit, [link.target for link in order.links])
    filing = FileDocument(
        title=order.title,
        type="package",
        blob=command.blob,
        file_name=f"{order.title}.pdf",
        links=order.links,
        reason=f"{len(command.parts)} documents, {command.pages} pages",
    )
    filed = file(unit, filing)
    made_of = _sources(command)
    note_sources(unit, filed.id, filed.version, made_of)
    told = [{"id": each.document_id, "version": each.n, "digest": each.digest} for each in made_of]
    for case_id in [link.id for link in order.links if link.kind == "case"] or NO_CASE:
        unit.emit(
            PackageAssembled(
                document_id=filed.id,
                version=filed.version,
                digest=filed.digest,
                title=order.title,
                document_type="package",
                case_id=case_id,
                sources=told,
                pages=command.pages,
            )
        )
    return filed


def _sources(command: FilePackage) -> Sequence[Source]:
    return [
        Source(
            document_id=part.document_id,
            n=part.n,
            digest=part.digest,
            title=part.title,
            purpose="package",
            first_page=first,
            pages=pages,
        )
        for part, (first, pages) in zip(command.parts, command.places, strict=True)
    ]
