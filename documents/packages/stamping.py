"""The page of approvals: who decided what, when, on which version and digest, as a document of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from core.errors import Forbidden
from core.executor import handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from documents.access import links_of, target_of, visible_targets
from documents.apart import lay_out, work, workbench
from documents.filing import FiledDocument, FileDocument, file
from documents.hosting import Host
from documents.intake import Received, receive
from documents.links import NO_CASE, DocumentLink, cases_of
from documents.packages.assembling import FILE, LARGEST, SECONDS, PackageRefused
from documents.packages.events import ApprovalsStamped
from documents.packages.sources import Source, note_sources
from documents.queries import DocumentVersion, document, version
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.unit_of_work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided with a version before them."""

    who: str
    at: datetime
    step: str
    outcome: str
    comment: str | None
    n: int
    digest: str


class Decisions(Protocol):
    """Where decisions on documents are told; the composition root fills it."""

    def on(self, reading: Reading, document_id: str, cases: Sequence[str]) -> Sequence[Decision]:
        """Those on any version of a document, made in tasks of these cases, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileApprovals(Command):
    """File a page of approvals that was made."""

    source: DocumentVersion
    blob: Received
    decisions: int
    copied: int


def decisions_on(view: Reading, document_id: str) -> Sequence[Decision]:
    """What was decided on a document, for who may see it. Raises `DocumentNotFound`."""
    found = document(view, document_id)
    cases = [each for each in cases_of(view, links_of(view, [found.id])[found.id]) if each is not None]
    return view.port(Decisions).on(view, found.id, cases)


def stamp_approvals(
    host: Host, document_id: str, n: int | None, *, actor: Actor, seconds: int | None = None
) -> FiledDocument:
    """Make and file the page for a version, the newest where none is named; the version itself never changes.

    Raises `Forbidden`, `DocumentNotFound`, `VersionNotFound`, `PackageRefused`, `WorkTimedOut`.
    """
    if not actor.may(FILE):
        raise Forbidden(f"You do not have the right to do this ({FILE}).", permission=FILE)
    with host.units.reading(actor) as view:
        source = version(view, document_id, n) if n else document(view, document_id).latest
        decided = decisions_on(view, document_id)
        settings, blobs, staging = view.port(Settings), view.port(BlobStore), view.port(Staging)
    if source.size > LARGEST:
        raise PackageRefused(f"“{source.title}” is larger than {LARGEST >> 20} MiB.")
    now = host.clock.now()
    part = {"title": source.title, "n": source.n, "media_type": source.media_type, "file_name": source.file_name}
    order = {"part": part, "page": _page(source, decided, settings, now), "at": now.isoformat(), "language": "en"}
    with workbench() as folder:
        lay_out(blobs, source.digest, folder / "0")
        done = work("package.approve", order, folder, seconds=seconds or SECONDS, refused=PackageRefused)
        with (folder / "out.pdf").open("rb") as made:
            blob = receive(made, announced=None, limit=3 * LARGEST, store=blobs, announce=staging.announce)
    command = FileApprovals(source=source, blob=blob, decisions=len(decided), copied=done["copied"])
    filed: FiledDocument = host.executor.execute(command, actor=actor)
    return filed


def _page(source: DocumentVersion, decided: Sequence[Decision], settings: Settings, now: datetime) -> dict[str, Any]:
    zone = ZoneInfo(settings.time_zone)
    return {
        "title": f"Approvals of “{source.title}”",
        "company": settings.company,
        "made": _moment(now, zone),
        "facts": [
            ["Title", source.title],
            ["Version", str(source.n)],
            ["File", f"{source.file_name}, {source.size} bytes"],
            ["SHA-256", source.digest],
            ["Filed", f"{source.created_by}, {_moment(source.created_at, zone)}"],
        ],
        "decisions": [
            {
                "who": each.who,
                "at": _moment(each.at, zone),
                "step": each.step,
                "outcome": each.outcome,
                "comment": each.comment,
                "version": f"version {each.n}, {each.digest[:16]}…"
                + ("" if each.digest == source.digest else " (another version)"),
            }
            for each in decided
        ],
        "note": "The version was not changed by this page; it is attached to this PDF as it was filed. Each decision "
        "names the version and the beginning of the SHA-256 digest of what lay before the person.",
    }


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M %Z}"


@handles(FileApprovals, needs=FILE)
def file_approvals(command: FileApprovals, unit: UnitOfWork) -> FiledDocument:
    """File it beside the original, linked to what the actor sees of the original's links."""
    source = command.source
    found = links_of(unit, [source.document_id])[source.document_id]
    seen = visible_targets(unit, {target_of(link) for link in found})
    links = tuple(
        DocumentLink(kind=each.kind, id=each.id, role="approvals") for each in sorted(seen, key=lambda one: one.kind)
    )
    title = f"{source.title}: approvals of version {source.n}"[:250]
    filing = FileDocument(title=title, type="approvals", blob=command.blob, file_name=f"{title}.pdf", links=links)
    filed = file(unit, filing)
    told = Source(
        document_id=source.document_id,
        n=source.n,
        digest=source.digest,
        title=source.title,
        purpose="approval",
        first_page=1 if command.copied else None,
        pages=command.copied,
    )
    note_sources(unit, filed.id, filed.version, [told])
    for case_id in cases_of(unit, found) or NO_CASE:
        unit.emit(
            ApprovalsStamped(
                document_id=filed.id,
                version=filed.version,
                digest=filed.digest,
                title=title,
                document_type="approvals",
                case_id=case_id,
                source_id=source.document_id,
                source_version=source.n,
                source_digest=source.digest,
                decisions=command.decisions,
            )
        )
    return filed
