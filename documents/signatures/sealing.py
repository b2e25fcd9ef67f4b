"""Sealing a document: its newest version gets the organisation's signature and becomes the next version, signed."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.errors import Forbidden, InvalidInput, Unavailable
from core.executor import handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from documents.access import links_of, lock_visible
from documents.apart import lay_out, work, workbench
from documents.filing import AddVersion, FiledDocument, VersionConflict, append
from documents.hosting import Host
from documents.intake import Received, receive
from documents.links import NO_CASE, cases_of
from documents.locks import require_unlocked
from documents.models import DocumentVersionRow
from documents.packages.models import DocumentSourceRow
from documents.packages.sources import Source, note_sources
from documents.queries import DocumentVersion, document
from documents.signatures.events import DocumentSealed
from documents.signatures.keys import seal_certificate
from documents.states import SIGNED, change_state
from documents.words import words
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.unit_of_work import Reading, UnitOfWork

SEAL = "document.seal"  # the right
PDF = "application/pdf"
LARGEST = 200 << 20  # bytes
SECONDS = 60
LONGEST_REASON = 300  # characters


class SealRefused(InvalidInput):
    """The document cannot be sealed."""

    code = "seal_refused"


class TimeStampsAway(Unavailable):
    """The time-stamp server gave no answer."""

    code = "time_stamps_away"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOrder:
    """What to seal: the newest version of a document, which must be `expected_version` where one is given.

    `step` names the step of a process that asks; the same step seals once, however often it is tried.
    """

    document_id: str
    expected_version: int | None = None
    reason: str | None = None
    is_visible: bool = True
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeal(Command):
    """File what was sealed as the next version; `seal` tells of the signature."""

    order: SealOrder
    sealed: DocumentVersion
    blob: Received
    seal: dict[str, Any]


def seal(host: Host, order: SealOrder, *, actor: Actor, seconds: int | None = None) -> FiledDocument:
    """Seal and file. Slow and outside any transaction: a time-stamp server may be asked.

    Raises `Forbidden`, `DocumentNotFound`, `SealNotSetUp`, `SealRefused`, `TimeStampsAway`, `VersionConflict`,
    `StateRefused`.
    """
    if not actor.may(SEAL):
        raise Forbidden(f"You do not have the right to do this ({SEAL}).", permission=SEAL)
    reason = words("reason", order.reason, LONGEST_REASON)
    with host.units.reading(actor) as view:
        newest = document(view, order.document_id).latest
        earlier = _earlier(view, order)
        settings, blobs, staging = view.port(Settings), view.port(BlobStore), view.port(Staging)
    if earlier is not None:
        return earlier
    require_pdf(newest)
    certificate = seal_certificate(settings, host.clock.now())
    now = host.clock.now()
    task = {
        "key_file": str(certificate.file),
        "password": settings.seal_password,
        "timestamps": settings.seal_timestamps,
        "reason": reason,
        "location": "",
        "now": now.isoformat(),
        "visible": _lines(certificate.name, now, reason, settings) if order.is_visible else None,
    }
    with workbench() as folder:
        lay_out(blobs, newest.digest, folder / "in.pdf")
        try:
            done = work("signature.seal", task, folder, seconds=seconds or SECONDS, refused=SealRefused, may_call=True)
        except SealRefused as error:
            if error.details.get("away"):
                raise TimeStampsAway(error.sentence) from error
            raise SealRefused(f"“{newest.title}”: {error.sentence}", document_id=newest.document_id) from error
        with (folder / "out.pdf").open("rb") as source:
            blob = receive(source, announced=None, limit=2 * LARGEST, store=blobs, announce=staging.announce)
    filed: FiledDocument = host.executor.execute(
        FileSeal(order=order, sealed=newest, blob=blob, seal=done["signature"]), actor=actor
    )
    return filed


def _lines(name: str, now: datetime, reason: str | None, settings: Settings) -> dict[str, Any]:
    local = now.astimezone(ZoneInfo(settings.time_zone))
    return {
        "title": "ELECTRONIC SEAL",
        "signer": name[:60],
        "when": f"{local.day} {local:%B %Y, %H:%M %Z}",
        "reason": reason[:90] if reason else None,
    }


def require_pdf(version: DocumentVersion) -> None:
    """Raises `SealRefused` for what cannot carry a seal."""
    if version.media_type != PDF:
        raise SealRefused(
            f"“{version.title}” is no PDF, and only a PDF can carry a seal. Make a package of it, then seal that.",
            document_id=version.document_id,
        )
    if version.size > LARGEST:
        raise SealRefused(f"“{version.title}” is larger than {LARGEST >> 20} MiB, the most that can be sealed.")


def _earlier(view: Reading, order: SealOrder) -> FiledDocument | None:
    """What the same step has sealed before."""
    if order.step is None:
        return None
    wanted = select(DocumentSourceRow).where(
        DocumentSourceRow.source_id == order.document_id,
        DocumentSourceRow.purpose == "seal",
        DocumentSourceRow.step == order.step,
    )
    row = view.session.scalar(wanted)
    if row is None:
        return None
    from documents.queries import version

    found = version(view, row.document_id, row.n)
    return FiledDocument(found.document_id, found.n, found.digest)


@handles(FileSeal, needs=SEAL)
def file_seal(command: FileSeal, unit: UnitOfWork) -> FiledDocument:
    """Raises `VersionConflict` when somebody added a version meanwhile, `StateRefused`, `DocumentNotFound`."""
    order, before = command.order, command.sealed
    expected = order.expected_version or before.n
    reason = words("reason", order.reason, LONGEST_REASON)
    addition = AddVersion(
        document_id=before.document_id,
        blob=command.blob,
        file_name=before.file_name,
        reason=reason or "Sealed",
        expected_version=expected,
    )
    row = lock_visible(unit, before.document_id)
    require_unlocked(unit, row)
    if row.latest != expected or expected != before.n:
        newest = unit.session.get_one(DocumentVersionRow, (row.id, row.latest))
        raise VersionConflict(row, newest, expected=expected)
    filed = append(unit, row, addition)
    source = Source(
        document_id=before.document_id,
        n=before.n,
        digest=before.digest,
        title=before.title,
        purpose="seal",
        first_page=1,
    )
    note_sources(unit, filed.id, filed.version, [source], step=order.step)
    for case_id in cases_of(unit, links_of(unit, [row.id])[row.id]) or NO_CASE:
        unit.emit(
            DocumentSealed(
                document_id=row.id,
                version=filed.version,
                digest=filed.digest,
                title=row.title,
                document_type=row.type,
                case_id=case_id,
                signer=command.seal["signer"],
                serial=command.seal["serial"],
                level="PAdES B-T" if command.seal["stamped_at"] else "PAdES B-B",
                stamped_at=command.seal["stamped_at"],
                sealed_version=before.n,
                sealed_digest=before.digest,
                reason=reason,
            )
        )
    change_state(unit, row.id, SIGNED, reason=reason)
    return filed
