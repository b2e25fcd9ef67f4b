"""The papers of a disposal: the list that people agree to, and the certificate of destruction."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.settings import Settings
from documents.filing import FiledDocument
from documents.links import DocumentLink
from documents.papers import file_paper, file_version, render_pdf
from documents.records.models import DisposalItemRow, DisposalRow, RetentionRuleRow
from documents.records.queries import because
from documents.records.rules import schedule_of
from documents.records.schedule import CERTIFICATE
from processes.disposal.package import PACKAGE
from storage.unit_of_work import UnitOfWork

LIST, LIST_DATA = "disposal_list", "disposal_list_data"


def file_list(unit: UnitOfWork, row: DisposalRow, items: Sequence[DisposalItemRow]) -> FiledDocument:
    """File the list for people, and for machines with the salts that can prove later which title was meant."""
    links = _links(row)
    data = {
        "number": row.number,
        "until": row.until.isoformat(),
        "items": [
            {
                "position": item.position,
                "document_id": item.document_id,
                "type": item.type,
                "title": item.title,
                "salt": item.salt,
                "commitment": item.commitment,
                "versions": item.versions,
                "rule": item.rule_key,
                "rule_revision": item.rule_revision,
                "due_at": item.due_at.isoformat(),
            }
            for item in items
        ],
    }
    file_paper(
        unit,
        title=f"Disposal list {row.number} (data)",
        type=LIST_DATA,
        content=json.dumps(data, ensure_ascii=False, indent=1).encode(),
        file_name=f"disposal-list-{row.number}.json",
        links=links,
    )
    return file_paper(
        unit,
        title=f"Disposal list {row.number}",
        type=LIST,
        content=_list_pdf(unit, row, items),
        file_name=f"disposal-list-{row.number}.pdf",
        links=links,
    )


def file_list_again(unit: UnitOfWork, row: DisposalRow, items: Sequence[DisposalItemRow]) -> None:
    """A new version of the list without what was taken off it; what was taken off stands there with its reason."""
    file_version(
        unit,
        document_id=str(row.list_id),
        content=_list_pdf(unit, row, items),
        file_name=f"disposal-list-{row.number}.pdf",
        reason="Documents were taken off the list.",
    )


def file_certificate(unit: UnitOfWork, row: DisposalRow, items: Sequence[DisposalItemRow]) -> FiledDocument:
    """File the certificate of destruction: identifiers and digests, no titles."""
    now = unit.clock.now()
    zone = ZoneInfo(unit.port(Settings).time_zone)
    gone = [item for item in items if item.state == "destroyed"]
    stayed = [item for item in items if item.state != "destroyed"]
    fields = _frame(unit, row, f"Certificate of destruction {row.number}", now) | {
        "facts": [
            ["Disposal", row.number],
            ["Documents destroyed", str(len(gone))],
            ["Versions destroyed", str(sum(len(item.versions) for item in gone))],
            ["Documents that stay", str(len(stayed))],
            ["Destroyed between", _span(gone, zone)],
            ["Listed by", f"{row.created_by}, {_moment(row.created_at, zone)}"],
        ],
        "signatures": [
            [
                each["role"],
                each["name"],
                _moment(datetime.fromisoformat(each["at"]), zone),
                each["comment"] or "–",
            ]
            for each in row.signatures
        ],
        "rules": _rules(unit, gone),
        "gone": [
            {
                "id": item.document_id,
                "type": item.type or "–",
                "rule": f"{item.rule_key}, revision {item.rule_revision}",
                "due": item.due_at.astimezone(zone).date().isoformat(),
                "destroyed": _moment(item.settled_at, zone) if item.settled_at else "–",
                "title": item.commitment,
                "versions": [[str(each["n"]), str(each["size"]), each["digest"]] for each in item.versions],
            }
            for item in gone
        ],
        "stayed": [[item.document_id, item.state, item.reason or "–"] for item in stayed],
    }
    return file_paper(
        unit,
        title=str(fields["title"]),
        type=CERTIFICATE,
        content=render_pdf(PACKAGE.template("certificate.typ").decode(), fields, at=now),
        file_name=f"certificate-of-destruction-{row.number}.pdf",
        links=_links(row),
    )


def _list_pdf(unit: UnitOfWork, row: DisposalRow, items: Sequence[DisposalItemRow]) -> bytes:
    now = unit.clock.now()
    zone = ZoneInfo(unit.port(Settings).time_zone)
    listed = [item for item in items if item.state == "listed"]
    fields = _frame(unit, row, f"Disposal list {row.number}", now) | {
        "facts": [
            ["Due by", _moment(row.until, zone)],
            ["Documents", str(len(listed))],
            ["Listed by", f"{row.created_by}, {_moment(row.created_at, zone)}"],
        ],
        "rules": _rules(unit, listed),
        "items": [
            {
                "position": str(item.position),
                "title": item.title or "–",
                "id": item.document_id,
                "type": item.type or "–",
                "due": item.due_at.astimezone(zone).date().isoformat(),
                "because": because(item.basis),
                "versions": [[str(each["n"]), each["digest"]] for each in item.versions],
            }
            for item in listed
        ],
        "excluded": [
            [item.document_id, item.title or "–", item.reason or "–"] for item in items if item.state == "excluded"
        ],
    }
    return render_pdf(PACKAGE.template("list.typ").decode(), fields, at=now)


def _frame(unit: UnitOfWork, row: DisposalRow, title: str, now: datetime) -> dict[str, Any]:
    settings = unit.port(Settings)
    made = _moment(now, ZoneInfo(settings.time_zone))
    return {"title": title, "company": settings.company, "made": made, "number": f"case {row.case_id}"}


def _rules(unit: UnitOfWork, items: Sequence[DisposalItemRow]) -> list[list[str]]:
    found = []
    for key in sorted({item.rule_key for item in items}):
        rule = unit.session.get_one(RetentionRuleRow, key)
        count = sum(item.rule_key == key for item in items)
        found.append([rule.name, schedule_of(rule.trigger, rule.period, rule.field), rule.authority, str(count)])
    return found


def _links(row: DisposalRow) -> tuple[DocumentLink, ...]:
    return (DocumentLink(kind="case", id=row.case_id, role="produced"),)


def _span(items: Sequence[DisposalItemRow], zone: ZoneInfo) -> str:
    moments = [item.settled_at for item in items if item.settled_at]
    return f"{_moment(min(moments), zone)} and {_moment(max(moments), zone)}" if moments else "–"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


__all__ = ["file_certificate", "file_list", "file_list_again"]
