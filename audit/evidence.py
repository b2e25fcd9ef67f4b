"""Evidence packs: a case's entries, documents and proofs in a BagIt bag (RFC 8493) that anybody can verify offline."""

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, ClassVar, Protocol

from sqlalchemy import Connection, or_, select

from audit import verifier
from audit.checkpoints import newest, tiles, verifiers
from audit.content import moment
from audit.keys import Signer
from audit.merkle import Nodes, consistency_proof, inclusion_proof
from audit.models import (
    AuditCheckpointRow,
    AuditEntryRow,
    AuditKeyRow,
    AuditLeafRow,
    AuditPersonalRow,
    AuditTimestampRow,
)
from audit.proofs import NoCheckpoint
from audit.queries import Entry, read_entry
from audit.verifier import BAGIT, CHUNK, FORMAT, SEAL, TAG_MANIFEST, versions_of
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from storage.unit_of_work import UnitOfWork

AT_ONCE = 500  # entries in memory at a time
EARLIER = 10  # earlier checkpoints that the pack shows the log to be consistent with

Version = tuple[str, int, str]  # document, number, digest


class Documents(Protocol):
    """Where a pack gets the content of documents."""

    def named(self, version: Version) -> tuple[str, str]:
        """A file name for people, and the title; for a version that is not kept any more as well."""

    def destroyed(self, version: Version) -> Mapping[str, str] | None:
        """Under which `certificate` and when (`at`) a version was destroyed; None for one that was not."""

    def open(self, version: Version) -> AbstractContextManager[BinaryIO] | None:
        """Its bytes; None when the version is not kept any more. Raises `BlobMissing`, `BlobDamaged`."""


class Index(Protocol):
    """Writes what people read first."""

    def pages(self, case: Mapping[str, Any], entries: Sequence[Entry]) -> Mapping[str, bytes]:
        """The index by file name, such as `index.html`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportEvidence(Command):
    """Tell the trail that the evidence of a case is given out."""

    case_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceExported(Event):
    """Somebody was given everything of a case: its entries, its documents and their proofs."""

    type: ClassVar[str] = "audit.evidence_exported"
    case_id: str

    @property
    def stream(self) -> str:
        """The case's own stream."""
        return f"case:{self.case_id}"

    @property
    def case(self) -> str | None:
        """The case."""
        return self.case_id


@handles(ExportEvidence, needs="audit.read")
def export_evidence(command: ExportEvidence, unit: UnitOfWork) -> None:
    """Write it down; whoever asks has looked whether there is such a case."""
    unit.emit(EvidenceExported(case_id=command.case_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDocumentEvidence(Command):
    """Tell the trail that the evidence of a document is given out."""

    document_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEvidenceExported(Event):
    """Somebody was given everything of a document: its entries, its versions and their proofs."""

    type: ClassVar[str] = "audit.evidence_exported"
    document_id: str

    @property
    def stream(self) -> str:
        """The document's own stream."""
        return f"document:{self.document_id}"


@handles(ExportDocumentEvidence, needs="audit.read")
def export_document_evidence(command: ExportDocumentEvidence, unit: UnitOfWork) -> None:
    """Write it down; whoever asks has looked whether there is such a document."""
    unit.emit(DocumentEvidenceExported(document_id=command.document_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLog(Command):
    """Tell the trail that the event log of many cases is given out; `what` says in which form, and of which process."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExported(Event):
    """Somebody was given the event log of all cases, or of those of one process."""

    type: ClassVar[str] = "audit.log_exported"
    what: str

    @property
    def stream(self) -> str:
        """The log's own stream."""
        return "audit:log"


@handles(ExportLog, needs="audit.read")
def export_log(command: ExportLog, unit: UnitOfWork) -> None:
    """Write it down."""
    unit.emit(LogExported(what=command.what))


@dataclass(slots=True)
class _Bag:
    """An archive whose files are listed as they are written."""

    archive: zipfile.ZipFile
    base: str
    at: datetime
    payload: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    octets: int = 0

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """A file, piece by piece."""
        found, size = hashlib.sha256(), 0
        with self._open(name) as file:
            for piece in pieces:
                file.write(piece)
                found.update(piece)
                size += len(piece)
        if name.startswith("data/"):
            self.payload[name] = found.hexdigest()
            self.octets += size
        else:
            self.tags[name] = found.hexdigest()

    def close(self, signer: Signer, case: str) -> None:
        """Write the manifests and the seal."""
        self.add("bagit.txt", [BAGIT.encode()])
        info = f"Bagging-Date: {self.at:%Y-%m-%d}\nPayload-Oxum: {self.octets}.{len(self.payload)}\n"
        self.add("bag-info.txt", [f"{info}External-Identifier: {case}\nBagging-Software: Obieg\n".encode()])
        self.add("manifest-sha256.txt", [_manifest(self.payload)])
        content = _manifest(self.tags)
        self.add(TAG_MANIFEST, [content])
        words = f"{signer.key.name}/evidence\n{hashlib.sha256(content).hexdigest()}\n{case}\nat {moment(self.at)}\n"
        self.add(SEAL, [signer.note(words).encode()])

    def _open(self, name: str) -> IO[bytes]:
        info = zipfile.ZipInfo(
            self.base + name, max(self.at, datetime(1980, 1, 1, tzinfo=self.at.tzinfo)).timetuple()[:6]
        )
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        return self.archive.open(info, "w", force_zip64=True)


def write_pack(
    out: BinaryIO,
    connection: Connection,
    case: Mapping[str, Any],
    *,
    signer: Signer,
    documents: Documents,
    index: Index,
    at: datetime,
) -> int:
    """Write the pack of `case["case"]` as of the newest checkpoint; returns the number of its entries.

    With `case["subject"]`, a stream, it is the pack of that alone: `case["case"]` is its id then.

    The other fields of `case` tell people what it is. The connection must see one moment. Raises `NoCheckpoint`.
    """
    signed = newest(connection)
    if signed is None:
        raise NoCheckpoint("The log was not signed yet. Run: obieg audit sequence")
    with zipfile.ZipFile(out, "w") as archive:
        bag = _Bag(archive, f"evidence-{case['case']}/", at)
        entries = list(_entries(connection, case, signed.size))
        bag.add("data/entries.jsonl", (row.content + b"\n" for row in entries))
        nodes = tiles(connection)
        bag.add(
            "data/proofs.jsonl", (_proof(row, inclusion_proof(row.position, signed.size, nodes)) for row in entries)
        )
        read = [json.loads(row.content) for row in entries]
        opened = _personal(connection, read)
        bag.add("data/personal.jsonl", map(_line, opened.values()))
        packed, absent = _add_documents(bag, read, documents)
        about = dict(case) | {
            "format": FORMAT,
            "entries": len(entries),
            "at": moment(at),
            "documents": packed,
            "absent": absent,
        }
        bag.add("data/case.json", [json.dumps(about, ensure_ascii=False, indent=1).encode()])
        bag.add("data/checkpoint.note", [signed.note.encode()])
        stamp = connection.scalar(select(AuditTimestampRow.response).where(AuditTimestampRow.size == signed.size))
        if stamp is not None:
            bag.add("data/checkpoint.tsr", [stamp])
        bag.add("data/consistency.jsonl", _consistency(connection, signed.size, nodes))
        bag.add("data/rotations.jsonl", map(_line, _statements(connection)))
        known = {seal: json.loads(value["content"]) for seal, value in opened.items()}
        told = [read_entry(row, entry, known) for row, entry in zip(entries, read, strict=True)]
        for name, page in index.pages(about, told).items():
            bag.add(f"data/{name}", [page])
        bag.add("keys.txt", ["".join(f"{key}\n" for key in verifiers(connection)).encode()])
        bag.add("verify.py", [Path(verifier.__file__).read_bytes()])
        bag.close(signer, case["case"])
    return len(entries)


def _consistency(connection: Connection, size: int, nodes: Nodes) -> Iterator[bytes]:
    """The last checkpoints before this one, and the last that was time-stamped, with proofs that the log grew."""
    row, stamp = AuditCheckpointRow, AuditTimestampRow
    query = select(row.size, row.note, stamp.response).join(stamp, stamp.size == row.size, isouter=True)
    query = query.where(row.size < size).order_by(row.size.desc())
    stamped = connection.execute(query.where(stamp.size.is_not(None)).limit(1)).all()
    found = {each.size: each for each in (*connection.execute(query.limit(EARLIER)), *stamped)}
    for was, each in sorted(found.items()):
        line = {"note": each.note, "proof": _hex(consistency_proof(was, size, nodes))}
        if each.response is not None:
            line["timestamp"] = base64.b64encode(each.response).decode()
        yield _line(line)


def _entries(connection: Connection, case: Mapping[str, Any], size: int) -> Iterator[Any]:
    entry = AuditEntryRow
    subject, found = case.get("subject"), case["case"]
    wanted = entry.stream == subject if subject else or_(entry.case_id == found, entry.stream == f"case:{found}")
    query = (
        select(entry.id, entry.content, entry.previous_hash, entry.hash, AuditLeafRow.position)
        .join(AuditLeafRow, AuditLeafRow.entry_id == entry.id)
        .where(wanted, AuditLeafRow.position < size)
        .order_by(entry.id)
    )
    yield from connection.execution_options(yield_per=AT_ONCE).execute(query)


def _proof(row: Any, path: Sequence[bytes]) -> bytes:
    return _line({"position": row.position, "previous": row.previous_hash.hex(), "path": _hex(path)})


def _personal(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    sealed = sorted({seal for entry in entries for seal in entry["personal"].values()})
    found = {}
    kept = AuditPersonalRow
    for start in range(0, len(sealed), AT_ONCE):
        wanted = [bytes.fromhex(seal) for seal in sealed[start : start + AT_ONCE]]
        query = select(kept.commitment, kept.salt, kept.content).where(kept.commitment.in_(wanted))
        for commitment, salt, content in connection.execute(query.order_by(kept.commitment)):
            seal = commitment.hex()
            found[seal] = {"commitment": seal, "salt": salt.hex(), "content": content.decode()}
    return found


def _add_documents(
    bag: _Bag, entries: Sequence[Mapping[str, Any]], documents: Documents
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    packed, absent = [], []
    for version in sorted({version for entry in entries for version in versions_of(entry["data"])}):
        document, n, digest = version
        name, title = documents.named(version)
        about = {"document_id": document, "version": n, "digest": digest, "title": title}
        source = documents.open(version)
        if source is None:
            destroyed = documents.destroyed(version)
            absent.append(about if destroyed is None else about | {"destroyed": dict(destroyed)})
            continue
        path = f"data/documents/{document}/{n}-{digest[:8]}-{name}"
        with source as content:
            bag.add(path, iter(partial(content.read, CHUNK), b""))
        packed.append(about | {"path": path})
    return packed, absent


def _statements(connection: Connection) -> list[str]:
    query = select(AuditKeyRow.statement).where(AuditKeyRow.statement.is_not(None))
    return [
        each for each in connection.scalars(query.order_by(AuditKeyRow.since, AuditKeyRow.until.nulls_last())) if each
    ]


def _manifest(files: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items())).encode()


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _hex(hashes: Iterable[bytes]) -> list[str]:
    return [each.hex() for each in hashes]
