"""Having the signatures of a filed PDF looked at: by a worker, apart, and kept until somebody asks again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from core.errors import InvalidInput, NotFound
from core.executor import handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from documents.access import VersionNotFound, links_of, require_visible
from documents.apart import FileRefused, WorkTimedOut, lay_out, work, workbench
from documents.hosting import Host
from documents.links import NO_CASE, cases_of
from documents.models import DocumentRow, DocumentVersionRow
from documents.signatures.events import SignaturesChecked
from documents.signatures.keys import TrustUnusable, trusted
from documents.signatures.models import SignatureCheckRow
from documents.signatures.verdicts import overall, verdict
from storage.blobs.store import BlobStore
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitOfWork

CHECK = "documents.check_signatures"
PDF = "application/pdf"
SECONDS = 30
PATIENCE = timedelta(minutes=5)  # after which a check that nobody answered is asked for again
TOLD = ("signer", "serial", "integrity", "trust", "changes")


class NotAPdf(InvalidInput):
    """Only PDFs carry signatures that we can look at."""

    code = "not_a_pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSignatures(Command):
    """Have a worker look at the signatures of a version, whatever was found before."""

    document_id: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSignatures(Command):
    """Keep what the worker found; `problem` says why it could not look."""

    quiet: ClassVar[bool] = True
    document_id: str
    n: int
    found: tuple[Mapping[str, Any], ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature; `level` is good, attention or bad, `sentence` says why."""

    kind: str  # signature or timestamp
    level: str
    sentence: str
    signer: str | None
    organisation: str | None
    issuer: str | None
    signed_at: datetime | None  # as the signer says
    stamped_at: datetime | None  # as a time-stamp server says
    stamped_by: str | None
    stamp_trusted: bool
    valid_until: datetime | None
    integrity: str  # intact, changed, unreadable
    trust: str  # trusted, expired, not_yet, revoked, untrusted, unknown
    covers_all: bool  # the whole file, with nothing behind it
    changes: str  # later ones: nothing, forms_and_comments, other
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """What is known of the signatures of a version; `level` is the worst of them, none where there are none."""

    document_id: str
    n: int
    state: str  # waiting, done, failed
    level: str
    sentence: str
    checked_at: datetime | None
    signatures: tuple[Signature, ...]


@handles(CheckSignatures, needs=None)
def check_signatures(command: CheckSignatures, unit: UnitOfWork) -> None:
    """Raises `DocumentNotFound`, `VersionNotFound`, `NotAPdf`. One that waits already is not asked for twice."""
    document = require_visible(unit, command.document_id)
    version = unit.session.get(DocumentVersionRow, (document.id, command.n))
    if version is None:
        raise VersionNotFound(document.id, command.n)
    if version.media_type != PDF:
        raise NotAPdf("Only a PDF carries signatures that can be looked at here.")
    now = unit.clock.now()
    row = unit.session.get(SignatureCheckRow, (document.id, version.n), with_for_update=True)
    if row is not None and row.state == "waiting" and now - row.requested_at < PATIENCE:
        return
    if row is None:
        row = SignatureCheckRow(document_id=document.id, n=version.n, signatures=[])
        unit.session.add(row)
    row.state, row.requested_at, row.checked_at, row.sentence = "waiting", now, None, None
    arguments = {"document_id": document.id, "n": version.n}
    unit.enqueue(JobRequest(name=CHECK, arguments=arguments, lock=CHECK, once=f"{CHECK}:{document.id}:{version.n}"))


@job(CHECK, attempts=3)
def run_check(host: Host, arguments: dict[str, Any]) -> None:
    """Look, and keep what was found; a file that cannot be looked at is a finding, too."""
    document_id, n = arguments["document_id"], arguments["n"]
    with host.units.reading(SYSTEM) as view:
        version = view.session.get(DocumentVersionRow, (document_id, n))
        settings, blobs = view.port(Settings), view.port(BlobStore)
    if version is None:
        return
    answer: RecordSignatures
    try:
        found = look(settings, blobs, version.digest, host.clock.now())
        answer = RecordSignatures(document_id=document_id, n=n, found=tuple(found))
    except (FileRefused, WorkTimedOut, TrustUnusable, NotFound) as error:
        answer = RecordSignatures(document_id=document_id, n=n, problem=error.sentence)
    host.executor.execute(answer, actor=SYSTEM)


def look(settings: Settings, blobs: BlobStore, digest: str, now: datetime) -> list[dict[str, Any]]:
    """The facts of each signature of stored content. Raises `FileRefused`, `WorkTimedOut`, `TrustUnusable`."""
    order = {"trusted": trusted(settings, now), "now": now.isoformat()}
    with workbench() as folder:
        lay_out(blobs, digest, folder / "in.pdf")
        found: list[dict[str, Any]] = work("signature.check", order, folder, seconds=SECONDS)
    return found


@handles(RecordSignatures, needs="document.read_all")
def record_signatures(command: RecordSignatures, unit: UnitOfWork) -> None:
    """Keep it, and say it in the document's trail."""
    row = unit.session.get(SignatureCheckRow, (command.document_id, command.n), with_for_update=True)
    document = unit.session.get(DocumentRow, command.document_id)
    version = unit.session.get(DocumentVersionRow, (command.document_id, command.n))
    if row is None or document is None or version is None:
        return
    row.state = "failed" if command.problem else "done"
    row.sentence, row.checked_at = command.problem, unit.clock.now()
    row.signatures = [dict(each) for each in command.found]
    told = [{name: each.get(name) for name in TOLD} for each in command.found]
    for case_id in cases_of(unit, links_of(unit, [document.id])[document.id]) or NO_CASE:
        unit.emit(
            SignaturesChecked(
                document_id=document.id,
                version=version.n,
                digest=version.digest,
                title=document.title,
                document_type=document.type,
                case_id=case_id,
                found=told,
                problem=command.problem,
            )
        )


def signatures(view: Reading, document_id: str, n: int) -> SignatureReport | None:
    """What is known; None when nobody has asked yet. Raises `DocumentNotFound`."""
    document = require_visible(view, document_id)
    row = view.session.get(SignatureCheckRow, (document.id, n))
    if row is None:
        return None
    told = tuple(_signature(each) for each in row.signatures)
    return SignatureReport(
        document_id=document.id,
        n=n,
        state=row.state,
        level="attention" if row.state == "failed" else overall([each.level for each in told]),
        sentence=_sentence(row, told),
        checked_at=row.checked_at,
        signatures=told,
    )


def _sentence(row: SignatureCheckRow, told: tuple[Signature, ...]) -> str:
    if row.state == "waiting":
        return "The signatures are being looked at."
    if row.state == "failed":
        return row.sentence or "The signatures could not be looked at."
    if not told:
        return "This PDF carries no signature."
    good = sum(1 for each in told if each.level == "good")
    if good == len(told):
        return "The signature is valid." if good == 1 else f"All {good} signatures are valid."
    return f"{len(told) - good} of {len(told)} signatures need attention."


def _signature(facts: Mapping[str, Any]) -> Signature:
    level, sentence = verdict(facts)
    return Signature(
        kind=facts["kind"],
        level=level,
        sentence=sentence,
        signer=facts.get("signer"),
        organisation=facts.get("organisation"),
        issuer=facts.get("issuer"),
        signed_at=_moment(facts.get("signed_at")),
        stamped_at=_moment(facts.get("stamped_at")),
        stamped_by=facts.get("stamped_by"),
        stamp_trusted=bool(facts.get("stamp_trusted")),
        valid_until=_moment(facts.get("valid_until")),
        integrity=facts["integrity"],
        trust=facts["trust"],
        covers_all=facts["covers_all"],
        changes=facts["changes"],
        reason=facts.get("reason"),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
