"""Evidence packs: what engine, documents and trail know of a case or a document, put together for an auditor."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.content import moment
from audit.evidence import ExportDocumentEvidence, ExportEvidence, Version, write_pack
from audit.keys import KeyFile
from audit.queries import Entry
from audit.sequencer import sequence
from audit.verify import snapshot
from core.identity import Actor
from documents import queries as documents
from documents.models import DocumentRow, DocumentVersionRow
from documents.names import safe_file_name
from documents.papers import TemplateRefused, TypesettingTimedOut, render_pdf
from documents.records.models import DisposalRow, TombstoneRow
from engine import queries
from engine.views import InstanceDetail
from storage.blobs.store import BlobStore
from webapp.background import sign_checkpoint
from webapp.bootstrap import Application
from webapp.pages.telling import tell

TEMPLATES = Path(__file__).parent / "packs"  # not served: a page inside a pack brings its own style


def export(application: Application, actor: Actor, case_id: str, out: BinaryIO) -> int:
    """Write the pack of a case, this export included; the number of its entries.

    Raises `Forbidden` without the right `audit.read`, `InstanceNotFound`, `LogKeyUnusable` where the log cannot be
    signed, `BlobMissing` and `BlobDamaged` when a document is not as it was filed.
    """
    with application.units.reading(actor) as view:
        found = queries.instance(view, case_id)
    application.executor.execute(ExportEvidence(case_id=case_id), actor=actor)
    return _write(application, actor, _about(found, application.settings.company), out)


def export_document(application: Application, actor: Actor, document_id: str, out: BinaryIO) -> int:
    """Write the pack of a document with all its versions, this export included; the number of its entries.

    Raises as `export` does, and `DocumentNotFound`.
    """
    with application.units.reading(actor) as view:
        found = documents.document(view, document_id)
    application.executor.execute(ExportDocumentEvidence(document_id=document_id), actor=actor)
    about = {
        "case": found.id,
        "subject": f"document:{found.id}",
        "company": application.settings.company,
        "process": "Document",
        "version": found.latest.n,
        "business_key": found.title,
        "state": found.state,
        "outcome": None,
        "started_at": moment(found.created_at),
        "ended_at": None,
    }
    return _write(application, actor, about, out)


def _write(application: Application, actor: Actor, about: Mapping[str, Any], out: BinaryIO) -> int:
    """The pack, as of a checkpoint that has all of it."""
    sequence(application.database.engine, wait=True)
    sign_checkpoint(application)
    now = application.clock.now()
    with application.database.engine.begin() as connection:
        signer = application.units.ports[KeyFile].signer(connection, now)
    with application.units.reading(actor) as view, snapshot(view) as connection, Session(connection) as session:
        return write_pack(
            out,
            connection,
            about,
            signer=signer,
            documents=_Kept(session, application.blobs),
            index=_Index(now),
            at=now,
        )


def _about(case: InstanceDetail, company: str) -> dict[str, Any]:
    return {
        "case": case.id,
        "company": company,
        "process": case.definition.name,
        "definition": case.definition.key,
        "version": case.definition.version,
        "business_key": case.business_key,
        "state": case.state,
        "outcome": case.outcome,
        "started_at": moment(case.started_at),
        "ended_at": moment(case.ended_at) if case.ended_at else None,
    }


class _Kept:
    """The versions that are stored; rights were asked for by whoever may read the whole trail."""

    def __init__(self, session: Session, blobs: BlobStore) -> None:
        self._session = session
        self._blobs = blobs

    def named(self, version: Version) -> tuple[str, str]:
        """File name and title."""
        document, number, _ = version
        row = self._session.get(DocumentVersionRow, (document, number))
        title = self._session.scalar(select(DocumentRow.title).where(DocumentRow.id == document))
        name = safe_file_name(row.file_name) if row else "document"
        return name.replace("%", "_"), title or "(title erased)"

    def destroyed(self, version: Version) -> Mapping[str, str] | None:
        """What its tombstone says."""
        document, number, digest = version
        stone = self._session.get(TombstoneRow, document)
        if stone is None or not any((each["n"], each["digest"]) == (number, digest) for each in stone.versions):
            return None
        certificate = self._session.get_one(DisposalRow, stone.disposal_id).number
        return {"certificate": certificate, "at": moment(stone.destroyed_at)}

    def open(self, version: Version) -> AbstractContextManager[BinaryIO] | None:
        """The bytes that the trail names, whatever the row says now."""
        document, number, digest = version
        if self._session.get(DocumentVersionRow, (document, number)) is None:
            return None
        self._blobs.size(digest)  # raises when it is missing
        return self._blobs.open(digest)


def _gone(absent: Mapping[str, Any]) -> str:
    """What people read of a version that is not in the pack."""
    told = absent.get("destroyed")
    if told is None:
        return f"{absent['title']} (not kept any more)"
    return f"{absent['document_id']}: destroyed under certificate {told['certificate']} on {told['at'][:10]}"


class _Index:
    """The index as a page and as a paper."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def pages(self, case: Mapping[str, Any], entries: Sequence[Entry]) -> Mapping[str, bytes]:
        """The paper is left out when it would be too long to typeset; the page says the same."""
        lines = tell(entries)
        pages = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        shown = pages.get_template("evidence.html").render(case=case, lines=lines)
        result = {"index.html": shown.encode()}
        fields = {
            "case": dict(case),
            "documents": [
                *([each["title"], str(each["version"]), each["digest"]] for each in case["documents"]),
                *([_gone(each), str(each["version"]), each["digest"]] for each in case["absent"]),
            ],
            "lines": [
                [
                    moment(line.at)[:19].replace("T", " "),
                    line.actor_name,
                    " ".join(part for part in (line.title, line.what, line.said) if part),
                    line.hash[:16],
                ]
                for line in lines
            ],
        }
        try:
            template = (TEMPLATES / "evidence.typ").read_text()
            result["index.pdf"] = render_pdf(template, fields, at=self._at)
        except (TemplateRefused, TypesettingTimedOut):
            pass
        return result
