"""The offer as a PDF for the customer: head, lines, totals, VAT by rate, terms; filed once for each version."""

from collections.abc import Mapping
from typing import Any

from crm import queries
from crm.company import Company, company
from crm.errors import WrongOfferState
from crm.money import plain
from crm.offer_queries import Offer
from crm.outbox.ports import PaperRef
from crm.profiles import Profile
from documents.access import Target
from documents.links import DocumentLink
from documents.papers import file_paper, render_pdf
from documents.queries import attached
from processes.offer_approval.facts import line_shown, separated
from processes.offer_approval.package import PACKAGE
from processes.process_view import ProcessView
from storage.unit_of_work import Reading

TYPE = "offer_document"
ROLE = "offer"


def file_offer_paper(view: ProcessView, offer: Offer, *, case_id: str) -> PaperRef:
    """The PDF of a frozen version, made in the caller's unit unless it is there. Raises `WrongOfferState` (draft)."""
    if offer.digest is None:
        raise WrongOfferState(offer.number, state=offer.state, wanted="sent to the customer")
    known = filed_paper(view, offer)
    if known is not None:
        return known
    content = typeset(view, offer)
    links = (*links_of(offer), DocumentLink(kind="case", id=case_id, role="produced", version=1))
    filed = file_paper(
        view.unit, title=title_of(offer), type=TYPE, content=content, file_name=name_of(offer), links=links
    )
    return PaperRef(document_id=filed.id, version=filed.version)


def filed_paper(view: Reading, offer: Offer) -> PaperRef | None:
    """What was filed of this version before; asks for no rights."""
    target = Target("crm.offer", offer.id)
    for each in attached(view, [target])[target]:
        if each.role == ROLE and each.file_name == name_of(offer):
            return PaperRef(document_id=each.document_id, version=each.n)
    return None


def typeset(view: Reading, offer: Offer) -> bytes:
    """The PDF of what the offer says now."""
    fields = fields_of(company(view), offer, queries.customer(view, offer.customer_id).profile)
    return render_pdf(PACKAGE.template("offer.typ").decode(), fields, at=view.clock.now())


def title_of(offer: Offer) -> str:
    """The title of the paper."""
    return f"Offer {offer.number}, version {offer.version}"


def name_of(offer: Offer) -> str:
    """The name of the file."""
    return f"{offer.number}-v{offer.version}.pdf"


def links_of(offer: Offer) -> tuple[DocumentLink, ...]:
    """What the paper belongs to."""
    return (
        DocumentLink(kind="crm.offer", id=offer.id, role=ROLE, version=1),
        DocumentLink(kind="crm.customer", id=offer.customer_id, role=ROLE, version=1),
    )


def fields_of(own: Company, offer: Offer, customer: Profile) -> Mapping[str, Any]:
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
