"""Reads all that is held about one person; what belongs to others alone is left out, and said to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from sqlalchemy import String, cast, or_, select

from audit.models import AuditEntryRow
from audit.queries import read_rows
from core.errors import Forbidden
from core.records import dataclass
from crm.activities.models import ActivityParticipantRow, ActivityRow
from crm.company import company
from crm.contacts import values_of
from crm.erasing import NamingDocuments
from crm.errors import ContactNotFound
from crm.imports.models import ImportedRow, ImportRow
from crm.models import ContactPositionRow, ContactRow, CustomerNoteRow, CustomerRow
from crm.outbox.models import BarRow, MessageRow, WishRow
from crm.privacy.access import ACCESS
from crm.privacy.models import ConsentRow
from crm.segments.models import SegmentMemberRow, SegmentRow
from crm.visits.models import WebVisitRow
from documents.mail.models import MailRow
from documents.models import DocumentRow, DocumentVersionRow
from engine.models import DefinitionRow, InstanceEntityRow, InstanceRow
from storage.unit_of_work import Reading
from webapp.pages.formats import words
from webapp.pages.telling import TITLES

CONTACT = "crm.contact"
MOST = 20_000  # rows of each part
READS = ("document.read", "document.page_viewed", "customer.opened")
LEFT_OUT = "It may tell of other people, too: who gives this file out looks through it and adds a copy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document that names the person; its content goes along where nobody but the person and the firm is in it."""

    id: str
    title: str
    type: str | None
    filed_at: datetime
    version: int
    file_name: str
    digest: str
    is_given: bool

    @property
    def path(self) -> str | None:
        """Where its content lies in the file; the name that somebody gave it is in no path."""
        if not self.is_given:
            return None
        _, dot, ending = self.file_name.rpartition(".")
        is_plain = bool(dot) and ending.isascii() and ending.isalnum() and len(ending) <= 8
        return f"documents/{self.id}{f'.{ending.lower()}' if is_plain else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """All of it; `parts` maps the title of a part to its records, `is_whole` tells whether a part was cut."""

    contact_id: str
    name: str
    company: Mapping[str, Any]
    made_at: datetime
    parts: Mapping[str, Sequence[Mapping[str, Any]]]
    papers: Sequence[Paper]
    is_whole: bool

    @property
    def records(self) -> int:
        """How many there are in all."""
        return sum(map(len, self.parts.values())) + len(self.papers)


def person_file(view: Reading, contact_id: str) -> PersonFile:
    """Gather it. Raises `Forbidden` without the right `person.access`, `ContactNotFound`.

    Costs a look through all filed messages for the person's address; a worker does it.
    """
    if not view.actor.may(ACCESS):
        raise Forbidden(
            f"You do not have the right to give people what is held about them ({ACCESS}).", permission=ACCESS
        )
    row = view.session.get(ContactRow, contact_id)
    if row is None:
        raise ContactNotFound(contact_id)
    own = company(view)
    messages = _rows(view, MessageRow, MessageRow.contact_id == row.id)
    papers = _papers(view, row, messages)
    parts: dict[str, list[dict[str, Any]]] = {
        "Master data": [_person(view, row)],
        "Positions": _positions(view, row),
        "Activities": _activities(view, row),
        "Web visits": [_visit(each) for each in _rows(view, WebVisitRow, WebVisitRow.contact_id == row.id)],
        "Notes": _notes(view, row),
        "Messages": [_message(each) for each in messages],
        "Consents": [_said(each) for each in _rows(view, ConsentRow, ConsentRow.contact_id == row.id)],
        "Wishes and opt-outs": _wishes(view, row),
        "Cases": _cases(view, row),
        "Groups": _groups(view, row),
        "Where the data came from": _origins(view, row),
        "Who read and changed it": _log(view, row, [each.id for each in messages], [each.id for each in papers]),
    }
    return PersonFile(
        contact_id=row.id,
        name=row.name,
        company={"name": own.name, "address": own.address, "country": own.country, "tax_id": own.tax_id},
        made_at=view.clock.now(),
        parts=parts,
        papers=papers,
        is_whole=all(len(each) < MOST for each in parts.values()),
    )


def _rows(view: Reading, table: Any, condition: Any) -> list[Any]:
    """By id, the oldest first."""
    return list(view.session.scalars(select(table).where(condition).order_by(table.id).limit(MOST)))


def _person(view: Reading, row: ContactRow) -> dict[str, Any]:
    customer = view.session.get_one(CustomerRow, row.customer_id)
    return {"id": row.id, "customer": customer.name, "entered_at": row.created_at, **values_of(row)}


def _visit(row: WebVisitRow) -> dict[str, Any]:
    return _picked(row, "began_at", "last_at", "page_count", "pages")


def _positions(view: Reading, row: ContactRow) -> list[dict[str, Any]]:
    named = select(ContactPositionRow, CustomerRow.name).join(
        CustomerRow, CustomerRow.id == ContactPositionRow.customer_id
    )
    found = view.session.execute(named.where(ContactPositionRow.contact_id == row.id)).all()
    return [{"customer": name, **_picked(each, "role", "job_title", "since", "until")} for each, name in found]


def _activities(view: Reading, row: ContactRow) -> list[dict[str, Any]]:
    """With what was written down; who else took part is counted, not named."""
    took = select(ActivityParticipantRow.activity_id).where(ActivityParticipantRow.contact_id == row.id)
    mine = or_(ActivityRow.contact_id == row.id, ActivityRow.id.in_(took))
    names = ("moment", "subject", "note", "method", "direction", "type", "status", "state", "planned_from", "held_from")
    return [
        {
            **_picked(each, *names),
            "others_who_took_part": sum(one.account is None and one.contact_id != row.id for one in each.participants),
        }
        for each in _rows(view, ActivityRow, mine)
    ]


def _notes(view: Reading, row: ContactRow) -> list[dict[str, Any]]:
    return [
        {"kind": each.kind, "text": text.text, "written_at": text.written_at}
        for each in _rows(view, CustomerNoteRow, CustomerNoteRow.contact_id == row.id)
        for text in each.versions
    ]


def _message(row: MessageRow) -> dict[str, Any]:
    names = ("created_at", "sent_at", "channel", "purpose", "recipient", "subject", "text", "state", "reason")
    return _picked(row, *names) | {"further_recipients": len(row.envelope.get("cc") or ())}


def _said(row: ConsentRow) -> dict[str, Any]:
    names = ("happened_at", "purpose", "channel", "state", "source", "wording", "clause", "evidence_id", "remark")
    return _picked(row, *names)


def _wishes(view: Reading, row: ContactRow) -> list[dict[str, Any]]:
    addresses = [each.lower() for each in (row.email, row.phone, row.mobile) if each]
    wish = view.session.get(WishRow, row.id)
    found = [_picked(wish, "channel", "is_without_marketing", "changed_at")] if wish is not None else []
    bars = view.session.scalars(select(BarRow).where(BarRow.address.in_(addresses)))
    return found + [_picked(each, "channel", "address", "kind", "reason", "since") for each in bars]


def _cases(view: Reading, row: ContactRow) -> list[dict[str, Any]]:
    linked = select(InstanceEntityRow.instance_id).where(
        InstanceEntityRow.entity == CONTACT, InstanceEntityRow.entity_id == row.id
    )
    named = select(InstanceRow, DefinitionRow.name).join(DefinitionRow, DefinitionRow.id == InstanceRow.definition_id)
    found = view.session.execute(named.where(InstanceRow.id.in_(linked)).order_by(InstanceRow.id).limit(MOST)).all()
    names = ("business_key", "state", "stage", "started_at", "ended_at")
    return [{"process": process, **_picked(each, *names)} for each, process in found]


def _groups(view: Reading, row: ContactRow) -> list[dict[str, Any]]:
    """Those that the person was picked into, by hand or from what is known of them."""
    named = select(SegmentMemberRow, SegmentRow).join(SegmentRow, SegmentRow.id == SegmentMemberRow.segment_id)
    found = view.session.execute(named.where(SegmentMemberRow.contact_id == row.id).limit(MOST)).all()
    return [
        {"group": group.name, "description": group.description, "since": member.added_at} for member, group in found
    ]


def _origins(view: Reading, row: ContactRow) -> list[dict[str, Any]]:
    files = select(ImportRow).where(
        ImportRow.id.in_(select(ImportedRow.import_id).where(ImportedRow.record_id == row.id))
    )
    found = [
        {"how": "file of an import", "file": each.file_name, "at": each.started_at}
        for each in view.session.scalars(files.order_by(ImportRow.id))
    ]
    return found or [{"how": "entered by hand, or by a program", "at": row.created_at}]


def _papers(view: Reading, row: ContactRow, messages: Iterable[MessageRow]) -> list[Paper]:
    """All that name the person; copies of our messages to them alone, and their mails to us alone, go along."""
    copies = {
        each.document_id: not any(each.envelope.get(name) for name in ("to", "cc", "bcc"))
        for each in messages
        if each.document_id
    }
    proofs = select(ConsentRow.evidence_id).where(ConsentRow.contact_id == row.id, ConsentRow.evidence_id.is_not(None))
    known = {*copies, *(each for each in view.session.scalars(proofs) if each)}
    ids = view.port(NamingDocuments).naming(view, row.id, row.email, known)
    mails = {
        each.document_id: each for each in view.session.scalars(select(MailRow).where(MailRow.document_id.in_(ids)))
    }
    given = {key for key, alone in copies.items() if alone} | {
        key for key, each in mails.items() if key not in copies and _is_between_us(row, each)
    }
    newest = select(DocumentRow, DocumentVersionRow).join(
        DocumentVersionRow,
        (DocumentVersionRow.document_id == DocumentRow.id) & (DocumentVersionRow.n == DocumentRow.latest),
    )
    return [
        Paper(
            id=document.id,
            title=document.title,
            type=document.type,
            filed_at=document.created_at,
            version=version.n,
            file_name=version.file_name,
            digest=version.digest,
            is_given=document.id in given,
        )
        for document, version in view.session.execute(newest.where(DocumentRow.id.in_(ids)).order_by(DocumentRow.id))
    ]


def _is_between_us(row: ContactRow, mail: MailRow) -> bool:
    """Whether the person wrote a mail to one address alone."""
    address = (row.email or "").lower()
    return bool(address) and address == parseaddr(mail.sender)[1].lower() and len(mail.recipients) == 1


def _log(view: Reading, row: ContactRow, messages: Sequence[str], papers: Sequence[str]) -> list[dict[str, Any]]:
    """Entries of the trail about the person, and reads of the customer's page and of the papers."""
    entry = AuditEntryRow
    streams = [f"contact:{row.id}", *(f"message:{each}" for each in messages)]
    about = entry.stream == f"customer:{row.customer_id}"
    named = cast(entry.content, String).contains(row.id.encode().hex())
    reads = [f"customer_reads:{row.customer_id}", *(f"document:{each}" for each in papers)]
    wanted = select(entry).where(
        or_(entry.stream.in_(streams), about & named, entry.stream.in_(reads) & entry.type.in_(READS))
    )
    rows = view.session.scalars(wanted.order_by(entry.id).limit(MOST)).all()
    return [
        {"at": each.at, "what": TITLES.get(each.type, words(each.type)), "type": each.type, "who": each.actor}
        for each in read_rows(view, rows)
    ]


def _picked(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
