"""What the process knows of an offer: numbers for the approval matrix, texts for people."""

from decimal import Decimal
from typing import Any

from crm.company import company
from crm.money import plain, rounded
from crm.offer_content import Terms
from crm.offer_queries import Offer, OfferLine
from crm.queries import CustomerDetail
from storage.unit_of_work import Reading

NO_CREDIT = Decimal(1_000_000)  # how far over its limit a customer is who was refused any credit
UNKNOWN = "unknown"


def matrix_facts(offer: Offer, customer: CustomerDetail) -> dict[str, Any]:
    """The inputs of the approval matrix; amounts in the company's currency, `margin` and `credit_ratio` unrounded.

    `margin` is None while a cost is unknown; `credit_ratio` is None for customers without an agreed limit.
    """
    profile, standing = customer.profile, customer.standing
    gross = offer.gross_in_company_currency
    usual = Terms().payment_days
    return {
        "max_discount": offer.totals.max_discount,
        "margin": offer.totals.margin,
        "net_value": offer.net_in_company_currency,
        "gross_value": gross,
        "payment_days": Decimal(offer.terms.payment_days),
        "payment_limit": Decimal(usual if profile.payment_days is None else profile.payment_days),
        "credit_ratio": credit_ratio(profile.credit_limit, standing.exposure + gross),
        "reliability": profile.reliability,
        "prepaid": offer.terms.is_prepaid,
        "special_terms": offer.terms.has_special_terms,
        "special_build": offer.terms.is_special_build,
        "overdue_days": Decimal(standing.overdue_days),
        "logistics_ok": not offer.warnings,
    }


def credit_ratio(limit: Decimal | None, claimed: Decimal) -> Decimal | None:
    """How much of the limit would be used, 1 for all of it; None where no limit was agreed."""
    if limit is None:
        return None
    if limit == 0:
        return NO_CREDIT if claimed > 0 else Decimal(0)
    return claimed / limit


def shown(view: Reading, offer: Offer, customer: CustomerDetail) -> dict[str, Any]:
    """What forms show: texts, already with currency and separators."""
    own, profile, standing = company(view).currency, customer.profile, customer.standing
    sums, currency = offer.totals, offer.currency
    return {
        "offer_id": offer.id,
        "offer_number": offer.number,
        "customer_id": customer.id,
        "customer_name": profile.name,
        "offer": {
            "number": offer.number,
            "version": str(offer.version),
            "customer": profile.name,
            "owner": offer.owner_name,
            "net": money(sums.net, currency),
            "vat": money(sums.vat, currency),
            "gross": money(sums.gross, currency),
            "max_discount": plain(sums.max_discount),
            "margin": UNKNOWN if sums.margin is None else f"{plain(rounded(sums.margin))} %",
        },
        "customer": {
            "number": customer.number,
            "name": profile.name,
            "reliability": profile.reliability,
            "abc_class": profile.abc_class or "–",
            "credit_limit": "none agreed" if profile.credit_limit is None else money(profile.credit_limit, own),
            "exposure": money(standing.exposure, own),
            "payment_limit": str(Terms().payment_days if profile.payment_days is None else profile.payment_days),
            "overdue_days": str(standing.overdue_days),
        },
        "lines": [line_shown(line) for line in offer.lines],
    }


def line_shown(line: OfferLine) -> dict[str, str]:
    """A line as tables show it."""
    return {
        "position": str(line.position),
        "item": f"{line.sku} · {line.description}" if line.sku else line.description,
        "amount": f"{plain(line.quantity)} {line.unit}",
        "sku": line.sku or "",
        "description": line.description,
        "quantity": plain(line.quantity),
        "unit": line.unit,
        "unit_price": separated(line.unit_price),
        "discount": plain(line.discount),
        "vat_rate": plain(line.vat_rate),
        "net": separated(line.net),
    }


def terms_shown(terms: Terms) -> dict[str, Any]:
    """The terms as the form's fields hold them."""
    return {
        "payment_days": Decimal(terms.payment_days),
        "valid_until": terms.valid_until.isoformat() if terms.valid_until else None,
        "prepaid": terms.is_prepaid,
        "special_terms": terms.has_special_terms,
        "special_build": terms.is_special_build,
        "note": terms.note,
    }


def money(amount: Decimal, currency: str) -> str:
    """An amount with thousands separated as on the pages, and its currency."""
    return f"{separated(amount)} {currency}"


def separated(amount: Decimal) -> str:
    """An amount in cents, thousands separated as on the pages."""
    return f"{rounded(amount):,.2f}"
