"""An offer as a PDF for the customer: head, lines, totals, VAT by rate, terms; filed once for each version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Conflict
from core.identity import Actor
from crm import offer_queries, queries
from crm.company import Company, company
from crm.money import plain
from crm.offer_queries import Offer
from crm.outbox.ports import PaperRef
from crm.profiles import Profile
from documents.filing import FileDocument
from documents.links import DocumentLink
from documents.papers import render_pdf
from documents.queries import linked_documents
from documents.templates.letters import stored
from processes.offer_approval.facts import line_shown, separated

if TYPE_CHECKING:
    from webapp.bootstrap import Application

TYPE = "offer"
ROLE = "offer"
TEMPLATE = Path(__file__).with_name("offer.typ")


class OfferNotFrozen(Conflict):
    """What an offer says can still change."""

    code = "offer_not_frozen"

    def __init__(self, number: str) -> None:
        super().__init__(f"Offer {number} is not approved yet, so there is no paper of it to send.", number=number)


def offer_paper(application: Application, offer_id: str, *, actor: Actor) -> PaperRef:
    """The PDF of the newest version, made now or before. Raises `OfferNotFrozen`, `OfferNotFound`."""
    with application.units.reading(actor) as view:
        offer = offer_queries.offer(view, offer_id)
        if offer.digest is None:
            raise OfferNotFrozen(offer.number)
        name = f"{offer.number}-v{offer.version}.pdf"
        for each in linked_documents(view, "crm.offer", offer.id):
            if each.role == ROLE and each.file_name == name:
                return PaperRef(document_id=each.document_id, version=each.n)
        own = company(view)
        customer = queries.customer(view, offer.customer_id).profile
        now = view.clock.now()
    content = render_pdf(TEMPLATE.read_text(), fields_of(own, offer, customer), at=now)
    order = FileDocument(
        title=f"Offer {offer.number}, version {offer.version}",
        blob=stored(application, actor, content),
        file_name=name,
        links=(
            DocumentLink(kind="crm.offer", id=offer.id, role=ROLE, version=1),
            DocumentLink(kind="crm.customer", id=offer.customer_id, role=ROLE, version=1),
        ),
        reason="made to be sent",
    )
    filed = application.executor.execute(order, actor=actor)
    return PaperRef(document_id=filed.id, version=filed.version)


def fields_of(own: Company, offer: Offer, customer: Profile) -> dict[str, Any]:
    """What the template shows, all of it text."""
    sums, terms, currency = offer.totals, offer.terms, offer.currency
    address = next(iter(customer.addresses), None)
    return {
        "title": f"Oferta / Offer {offer.number}",
        "company": own.name,
        "head": [each for each in (own.address, own.tax_id and f"NIP / VAT {own.tax_id}") if each],
        "made": offer.frozen_at.date().isoformat() if offer.frozen_at else "",
        "customer": customer.legal_name or customer.name,
        "address": [address.street, f"{address.postal_code} {address.city}".strip()] if address else [],
        "tax_id": customer.tax_id or "",
        "facts": [
            ["Nr / No.", f"{offer.number}, {offer.version}"],
            ["Ważna do / Valid until", terms.valid_until.isoformat() if terms.valid_until else "–"],
            ["Płatność / Payment", _payment(terms.payment_days, is_prepaid=terms.is_prepaid)],
            ["Dostawa / Delivery", terms.delivery_terms or "–"],
            ["Opiekun / Contact", offer.owner_name],
        ],
        "lines": [line_shown(line) for line in offer.lines],
        "vat": [
            [f"{plain(each.rate)} %", separated(each.net), separated(each.vat), separated(each.net + each.vat)]
            for each in sums.shares
        ],
        "net": f"{separated(sums.net)} {currency}",
        "tax": f"{separated(sums.vat)} {currency}",
        "gross": f"{separated(sums.gross)} {currency}",
        "note": terms.note,
        "digest": offer.digest or "",
    }


def _payment(days: int, *, is_prepaid: bool) -> str:
    return "przedpłata / in advance" if is_prepaid else f"{days} dni / days"
