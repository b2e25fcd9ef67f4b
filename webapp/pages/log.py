"""The auditor's pages: the whole log with filters and how well it is proved; a document's decisions and evidence."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, send_file, url_for

from audit.log import LogFilter, look, standing
from audit.queries import Entry
from audit.verify import check_stream, require_auditor
from core.records import dataclass
from documents import queries
from engine.queries import instance
from storage.unit_of_work import Reading
from webapp.evidence import export_document
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.telling import TITLES, Line, tell
from webapp.web import application, current_actor, view

CASES = 20  # of a document, whose decisions its page tells
ENTRIES = 500  # of a document, newest first
DECIDING = ("task.completed", "offer.decided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of the log, with what only auditors see."""

    line: Line
    address: str | None
    stream: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided on a version of a document."""

    case: str
    case_name: str
    line: Line
    version: int
    digest: str


@blueprint.get("/audit", endpoint="log")
def log() -> str:
    """The log, newest first."""
    given = {name: asked(name) for name in ("actor", "kind", "object", "since", "until", "address")}
    with view() as reading:
        found = look(reading, _filter(given), after=asked("after") or None, limit=MOST)
        state = standing(reading)
    return answer(
        "log.html",
        "log_rows.html",
        told=_told(found.items),
        next=found.next,
        looked_to=found.looked_to,
        given=given,
        kinds=sorted(TITLES.items(), key=lambda each: each[1]),
        state=state,
    )


@blueprint.get("/audit/documents/<document_id>")
def document_evidence(document_id: str) -> str:
    """Who decided what on which version of a document, and its own entries."""
    with view() as reading:
        require_auditor(reading)
        found = queries.document(reading, document_id)
        versions = queries.versions(reading, document_id)
        own = look(reading, LogFilter(stream=f"document:{document_id}"), limit=ENTRIES)
        findings = check_stream(reading, f"document:{document_id}")
        decisions = _decisions(reading, document_id, own.items)
    return render_template(
        "document_evidence.html",
        document=found,
        versions=versions,
        told=_told(own.items),
        is_cut=own.next is not None,
        findings=findings,
        decisions=decisions,
    )


@blueprint.post("/documents/<document_id>/evidence", endpoint="document_pack")
def document_pack(document_id: str) -> Response:
    """The evidence pack of the document, for auditors."""
    with ExitStack() as failing:
        file = failing.enter_context(tempfile.TemporaryFile())  # of disk, since it may be large
        export_document(application(), current_actor(), document_id, file)
        failing.pop_all()  # closed when the answer is sent
    file.seek(0)
    name = f"evidence-{document_id}.zip"
    return send_file(file, "application/zip", as_attachment=True, download_name=name, max_age=0)


def _filter(given: Mapping[str, str]) -> LogFilter:
    """What is no date is left out, as an empty field is; an object without a kind is a case."""
    about = given["object"]
    return LogFilter(
        actor=given["actor"].lower() or None,
        kind=given["kind"] or None,
        stream=about if ":" in about else None,
        case=about if about and ":" not in about else None,
        since=_midnight(given["since"]),
        until=_midnight(given["until"], days=1),
        address=given["address"] or None,
    )


def _midnight(text: str, days: int = 0) -> datetime | None:
    zone = ZoneInfo(application().settings.time_zone)
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _told(entries: Sequence[Entry]) -> list[Told]:
    return [
        Told(line=line, address=entry.actor_address, stream=entry.stream, link=_link(entry))
        for entry, line in zip(entries, tell(entries), strict=True)
    ]


def _link(entry: Entry) -> str | None:
    kind, _, found = entry.stream.partition(":")
    if kind == "case":
        return url_for("pages.trail", instance_id=found)
    return url_for("pages.document_evidence", document_id=found) if kind == "document" else None


def _decisions(reading: Reading, document_id: str, entries: Sequence[Entry]) -> list[Decision]:
    """What was decided in the document's cases on a version of it, newest first."""
    found = []
    for case in list(dict.fromkeys(each.case for each in entries if each.case))[:CASES]:
        name = instance(reading, case).business_key or case
        of_case = [
            entry for kind in DECIDING for entry in look(reading, LogFilter(case=case, kind=kind), limit=200).items
        ]
        tasks = look(reading, LogFilter(case=case, kind="task.created"), limit=200).items
        lines = {line.id: line for line in tell([*tasks, *of_case])}
        found += [
            Decision(case=case, case_name=name, line=lines[entry.id], version=used["version"], digest=used["digest"])
            for entry in of_case
            for used in _used(entry.data, document_id)
        ]
    return sorted(found, key=lambda each: each.line.at, reverse=True)


def _used(data: Mapping[str, Any], document_id: str) -> list[Mapping[str, Any]]:
    listed = [data, *(data.get("documents") or ())]
    return [
        each
        for each in listed
        if isinstance(each, Mapping) and each.get("document_id") == document_id and each.get("digest")
    ]
