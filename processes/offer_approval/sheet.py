"""The approval sheet: who agreed to what, when, because of which rule, on which documents."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crm.company import Company, company
from crm.money import plain, rounded
from crm.offer_queries import Decision, Offer
from documents.links import DocumentLink
from documents.papers import file_paper, render_docx, render_pdf
from documents.states import APPROVED, change_state
from processes.offer_approval.case_documents import CaseDocument, documents_of_case
from processes.offer_approval.facts import UNKNOWN, line_shown, money
from processes.offer_approval.package import PACKAGE
from processes.process_view import ProcessView

TYPE = "approval_sheet"
WORDS = {"approve": "approved", "return": "returned", "reject": "rejected"}


def file_sheet(view: ProcessView, offer: Offer, *, case_id: str, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """File the sheet as PDF and as Word document; returns the ids and digests of both."""
    now = view.clock.now()
    papers = documents_of_case(view, case_id)
    fields = sheet_fields(company(view), offer, rules=rules, documents=papers, now=now)
    links = (DocumentLink(kind="case", id=case_id, role="produced", version=1),)
    stem = f"approval-sheet-{offer.number}-v{offer.version}"
    pdf = file_paper(
        view.unit,
        title=str(fields["title"]),
        type=TYPE,
        content=render_pdf(PACKAGE.template("approval_sheet.typ").decode(), fields, at=now),
        file_name=f"{stem}.pdf",
        links=links,
    )
    word = file_paper(
        view.unit,
        title=f"{fields['title']} (Word)",
        type=TYPE,
        content=render_docx(PACKAGE.template("approval_sheet.docx"), fields, at=now),
        file_name=f"{stem}.docx",
        links=links,
    )
    for filed in (pdf, word):
        change_state(view.unit, filed.id, APPROVED, reason=f"offer {offer.number} is approved")
    return {"sheet": {"pdf": pdf.id, "pdf_digest": pdf.digest, "docx": word.id, "docx_digest": word.digest}}


def sheet_fields(
    own: Company,
    offer: Offer,
    *,
    rules: Sequence[Mapping[str, Any]],
    documents: Sequence[CaseDocument],
    now: datetime,
) -> dict[str, Any]:
    """What the templates show, all of it text."""
    zone = ZoneInfo(own.time_zone)
    return {
        "title": f"Approval sheet {offer.number}, version {offer.version}",
        "company": own.name,
        "customer": offer.customer_name,
        "made": _moment(now, zone),
        "facts": _facts(offer),
        "lines": [line_shown(line) for line in offer.lines],
        "rules": [{key: _told(rule.get(key)) for key in ("rule", "level", "group", "reason")} for rule in rules],
        "decisions": [_decision(each, zone) for each in offer.decisions],
        "documents": [
            {"title": each.title, "type": each.type or "–", "version": str(each.version), "digest": each.digest}
            for each in documents
        ],
        "digest": offer.digest,
    }


def _facts(offer: Offer) -> list[list[str]]:
    sums, terms, currency = offer.totals, offer.terms, offer.currency
    margin = UNKNOWN if sums.margin is None else f"{plain(rounded(sums.margin))} %"
    paid = f"within {terms.payment_days} days" + (", in advance" if terms.is_prepaid else "")
    special = [
        text
        for text, holds in (
            ("terms other than our own", terms.has_special_terms),
            ("special build", terms.is_special_build),
        )
        if holds
    ]
    return [
        ["Offer", f"{offer.number}, version {offer.version}"],
        ["Prepared by", offer.owner_name],
        ["Net, VAT, gross", " · ".join(money(each, currency) for each in (sums.net, sums.vat, sums.gross))],
        ["Largest discount", f"{plain(sums.max_discount)} %"],
        ["Margin", margin],
        ["Payment", paid],
        ["Valid until", terms.valid_until.isoformat() if terms.valid_until else "–"],
        ["Specialities", ", ".join(special) or "none"],
    ]


def _decision(decision: Decision, zone: ZoneInfo) -> dict[str, str]:
    return {
        "version": str(decision.version),
        "level": str(decision.level),
        "group": _words(decision.group),
        "decision": WORDS.get(decision.decision, decision.decision),
        "by": decision.actor_name,
        "on": _moment(decision.decided_at, zone),
        "comment": decision.comment or "–",
    }


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def _told(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else _words(str(value or "–"))


def _words(key: str) -> str:
    return key.replace("_", " ")
