"""The package that goes to the customer: the paper of the offer, documents at fixed versions, and what was sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.errors import Conflict, DomainError, InvalidInput, NotFound
from crm.approvals import MarkOfferSent, mark_offer_sent
from crm.company import company
from crm.errors import WrongOfferState
from crm.offer_queries import Offer, offer
from crm.outbox import words as outbox
from crm.outbox.models import MessageRow, PaperRow
from crm.outbox.offers import SendOffer, send_offer
from crm.outbox.ports import Paper, PaperRef, Papers, Tokens
from crm.outbox.reaching import reached
from crm.outbox.recipients import recipients_at
from crm.outbox.texts import preview
from crm.queries import customer
from documents.access import Target
from documents.links import DocumentLink
from documents.papers import file_paper, render_pdf
from documents.queries import attached
from engine.evidence import task_ids
from engine.handlers import ServiceCall, service_task
from processes.offer_approval.case_documents import documents_of_case
from processes.offer_approval.facts import shown
from processes.offer_approval.handlers import told_to_the_person
from processes.offer_approval.package import PACKAGE
from processes.offer_approval.paper import file_offer_paper, filed_paper
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork

EMAIL, OTHER = "email", "other"
WAYS = {EMAIL: "by e-mail", "post": "by post", "in_person": "in person", "portal": "by the customer's portal"}
INSIDE = frozenset({"approval_sheet", "package_manifest", "margin_calculation", "offer_document"})
OWN_ROLES = frozenset({"offer", "sent"})  # the offer itself and copies of mail
MANIFEST = "package_manifest"
HANDED_OVER = frozenset({"sent", "accepted", "declined"})
SENDING = ("assemble_package", "fix_address")


@service_task("offer_approval.make_paper")
def make_paper(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """File the final PDF; tell the form whom it can go to, what is written and which documents can go with it."""
    view = ProcessView(unit)
    found = offer(view, str(call.inputs["offer_id"]))
    file_offer_paper(view, found, case_id=call.instance_id)
    cover = preview(view, "offer", reached(view, found.customer_id, None), ("crm.offer", found.id))
    return _ways_to(view, found) | {
        "package_version": str(found.version),
        "papers": _choices(view, found, call.instance_id),
        "enclosures": [],
        "cover_subject": cover.subject,
        "cover_text": cover.text,
        "sending_note": None,
    }


@service_task("offer_approval.send_package")
def send_package(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Send it, unless that was done on the offer's page; file the manifest of what went to whom."""
    told, view = call.inputs, ProcessView(unit)
    found = offer(view, str(told["offer_id"]))
    way = str(told.get("sent_by") or EMAIL)
    with told_to_the_person(WrongOfferState):
        _require_same(found, told)
    if found.state in HANDED_OVER and not told.get("returned"):
        message_id = _newest_message(unit, found)
    elif way == EMAIL:
        # the person can put it right: the address, the papers, the words
        with told_to_the_person(InvalidInput, NotFound, Conflict):
            message_id = _send(unit, call, view, found)
    else:
        message_id = None
        if found.state == "approved":
            mark_offer_sent(MarkOfferSent(offer_id=found.id, case_id=call.instance_id), unit)
    unit.session.flush()  # the manifest tells what is in the outbox
    message = unit.session.get(MessageRow, message_id) if message_id else None
    paper = _manifest(view, call, offer(view, found.id), message, way)
    return {
        "offer_result": "approved_sent",
        "manifest": paper,
        "sent_to": message.recipient if message is not None else None,
        "sent_by": EMAIL if message is not None else way,
    }


def _require_same(found: Offer, told: Mapping[str, Any]) -> None:
    """What goes out is what was put together. Raises `WrongOfferState` for another version, and where nobody waits."""
    version = str(told.get("package_version") or found.version)
    if version != str(found.version):
        wanted = f"sent as the package of version {version}, for there is version {found.version}"
        raise WrongOfferState(found.number, state=found.state, wanted=wanted)
    if told.get("returned") and found.state != "sent":
        raise WrongOfferState(found.number, state=found.state, wanted="sent once more")


@service_task("offer_approval.read_returned")
def read_returned(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What came back, and whether the customer still waits for it; the words and papers are those of then."""
    view = ProcessView(unit)
    found = offer(view, str(call.inputs["offer_id"]))
    message = unit.session.get_one(MessageRow, str(call.inputs["message_id"]))
    papers = unit.session.scalars(select(PaperRow).where(PaperRow.message_id == message.id).order_by(PaperRow.position))
    sent = [PaperRef(document_id=each.document_id, version=each.version) for each in papers]
    ways = _ways_to(view, found, but=message.recipient)
    return (
        shown(view, found, customer(view, found.customer_id))
        | ways
        | {
            "author": found.owner,
            "is_open": found.state == "sent" and sent[:1] == [filed_paper(view, found)],  # of the version of now
            "package_version": str(found.version),
            "returned": {"to": message.recipient, "reason": message.reason or "no reason was given"},
            "enclosures": [f"{each.document_id}:{each.version}" for each in sent[1:]],
            "cover_subject": message.subject,
            "cover_text": message.text,
            "sending_note": None,
        }
    )


def _ways_to(view: ProcessView, found: Offer, *, but: str | None = None) -> dict[str, Any]:
    """Addresses of the customer and its people; the first one is proposed, without any it goes by post."""
    known = [each for each in recipients_at(view, found.customer_id) if each.channel == outbox.EMAIL]
    known = list({each.address.lower(): each for each in reversed(known) if each.address != but}.values())[::-1]
    choices = [{"label": f"{each.name} <{each.address}>", "value": each.address} for each in known]
    return {
        "addresses": [*choices, {"label": "Another address", "value": OTHER}],
        "recipient": known[0].address if known else OTHER,
        "other_recipient": None,
        "sent_by": EMAIL if known else "post",
    }


def _choices(view: ProcessView, found: Offer, case_id: str) -> list[dict[str, str]]:
    """What may go with the offer, each at the version that it has now; papers of the firm's own stay inside."""
    target = Target("crm.offer", found.id)
    linked = [each for each in attached(view, [target])[target] if each.role not in OWN_ROLES]
    known = {f"{each.document_id}:{each.n}": f"{each.title}, version {each.n}" for each in linked if _may_go(each.type)}
    for each in documents_of_case(view, case_id):
        if _may_go(each.type):
            known[f"{each.document_id}:{each.version}"] = f"{each.title}, version {each.version}"
    return [{"label": label, "value": value} for value, label in known.items()]


def _may_go(kind: str | None) -> bool:
    return kind not in INSIDE


def _send(unit: UnitOfWork, call: ServiceCall, view: ProcessView, found: Offer) -> str:
    told = call.inputs
    recipient = told.get("other_recipient") if told.get("recipient") == OTHER else told.get("recipient")
    order = SendOffer(
        offer_id=found.id,
        pdf=file_offer_paper(view, found, case_id=call.instance_id),
        papers=tuple(_chosen(view, call)),
        recipient=str(recipient or "") or None,
        subject=str(told.get("cover_subject") or ""),
        text=str(told.get("cover_text") or "").replace("\r\n", "\n"),
        template=None if told.get("cover_text") else "offer",
        has_link=_has_links(unit),
        case_id=call.instance_id,
        key=f"offer_approval:{call.key}",
    )
    return send_offer(order, unit).message_id


def _chosen(view: ProcessView, call: ServiceCall) -> list[PaperRef]:
    """What was ticked, and what was attached to the task."""
    listed = {str(each["value"]) for each in call.inputs.get("papers") or []}
    ticked = [_reference(str(each)) for each in call.inputs.get("enclosures") or []]
    added = [each for each in _attached_to_tasks(view, call.instance_id) if f"{each[0]}:{each[1]}" not in listed]
    return [PaperRef(document_id=each, version=n) for each, n in dict.fromkeys([*ticked, *added])]


def _attached_to_tasks(view: ProcessView, case_id: str) -> list[tuple[str, int]]:
    """What people attached to the tasks that send and may go outside; papers of other tasks are ticked or stay."""
    targets = [Target("task", each) for element in SENDING for each in task_ids(view, case_id, element)]
    there = attached(view, targets)
    return [(each.document_id, each.n) for target in targets for each in there[target] if _may_go(each.type)]


def _reference(value: str) -> tuple[str, int]:
    document, _, version = value.partition(":")
    return document, int(version)


def _has_links(unit: UnitOfWork) -> bool:
    """Whether customers can reach us by a link."""
    try:
        unit.port(Tokens).address("-")
    except DomainError:
        return False
    return True


def _newest_message(unit: UnitOfWork, found: Offer) -> str | None:
    about = (MessageRow.about_entity == "crm.offer", MessageRow.about_id == found.id)
    newest: str | None = unit.session.scalars(
        select(MessageRow.id).where(*about).order_by(MessageRow.created_at.desc(), MessageRow.id.desc()).limit(1)
    ).first()
    return newest


def _manifest(
    view: ProcessView, call: ServiceCall, found: Offer, message: MessageRow | None, way: str
) -> dict[str, Any]:
    """File what went to whom; returns id and digest."""
    own, now = company(view), view.clock.now()
    papers = _papers_of(view, found, message, call)
    title = f"Package of offer {found.number}, version {found.version}"
    fields = {
        "title": title,
        "company": own.name,
        "customer": found.customer_name,
        "made": _moment(now, ZoneInfo(own.time_zone)),
        "facts": [
            ["Offer", f"{found.number}, version {found.version}"],
            ["Sent", WAYS[EMAIL if message is not None else way]],
            ["To", message.recipient if message is not None else found.customer_name],
            ["Subject", message.subject if message is not None else "–"],
            ["Message", message.id if message is not None else "–"],
            ["Link to answer", "yes" if message is not None and message.link_id else "no"],
            ["Note", str(call.inputs.get("sending_note") or "–")],
        ],
        "documents": [
            {"title": each.file_name, "version": str(each.version), "digest": each.digest} for each in papers
        ],
        "digest": found.digest or "",
    }
    filed = file_paper(
        view.unit,
        title=title,
        type=MANIFEST,
        content=render_pdf(PACKAGE.template("package_manifest.typ").decode(), fields, at=now),
        file_name=f"package-{found.number}-v{found.version}.pdf",
        links=(
            DocumentLink(kind="case", id=call.instance_id, role="produced", version=1),
            DocumentLink(kind="crm.offer", id=found.id, role="sent", version=1),
        ),
    )
    return {"id": filed.id, "digest": filed.digest}


def _papers_of(view: ProcessView, found: Offer, message: MessageRow | None, call: ServiceCall) -> Sequence[Paper]:
    """The papers of the message; of what went another way, the offer and what was chosen."""
    if message is not None:
        rows = view.session.scalars(
            select(PaperRow).where(PaperRow.message_id == message.id).order_by(PaperRow.position)
        ).all()
        wanted = [PaperRef(document_id=row.document_id, version=row.version) for row in rows]
    else:
        wanted = [file_offer_paper(view, found, case_id=call.instance_id), *_chosen(view, call)]
    return view.port(Papers).papers(view, wanted)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
