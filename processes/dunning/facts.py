"""What dunning knows of an invoice: numbers for its decisions, texts for people."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from crm.company import Company, company, today
from crm.models import CustomerRow
from crm.money import NOTHING, rounded
from crm.sales.models import InvoiceRow
from documents.access import Target
from documents.queries import attached
from processes.dunning import days
from processes.dunning.claims import Law, claim_of
from processes.dunning.models import DunningRow
from processes.dunning.papers import address
from processes.process_view import ProcessView

FILE = frozenset({"invoice_pdf", "contract_or_order", "delivery_proof", "posting_receipt"})
CONSUMERS = frozenset({"consumer", "person"})
MEDICAL = "public_medical"
FINAL = 5  # the level of the last demand
LONG = 9999  # business days, where nothing was written yet


def facts_of(view: ProcessView, invoice: InvoiceRow, row: DunningRow, *, law: Law, asked: bool) -> dict[str, Any]:
    """The inputs of the decisions, and what forms show; `asked`: the account's owner has agreed already."""
    own, on = company(view), today(view)
    customer = view.session.get_one(CustomerRow, invoice.customer_id)
    debtor = debtor_of(customer, own)
    open_promise = row.promised_on is not None
    return {
        "balance": rounded(invoice.balance * invoice.exchange_rate),
        "due_on": invoice.due_on,
        "overdue_days": Decimal(max((on - invoice.due_on).days, 0)),
        "level": Decimal(row.level),
        "reminded_on": row.reminded_on,
        "days_since_step": Decimal(days.between(row.reminded_on, on) if row.reminded_on else LONG),
        "broken_promises": Decimal(row.broken_promises),
        "promise_open": open_promise,
        "promise_at": days.later(row.promised_on, 3) if row.promised_on else None,  # two of grace, then the morning
        "reliability": customer.reliability,
        "abc_class": customer.abc_class,
        "owner_to_ask": customer.key_account and not asked,
        "account_owner": customer.owner,
        "insolvent": row.is_insolvent,
        "letter_stuck": row.stuck is not None,
        "stuck_because": row.stuck,
        "dispute_open": invoice.dispute is not None,
        "dispute_reason": invoice.dispute,
        "debtor": debtor,
        "consumer": debtor == "consumer",
        "contract_rate": None,
        "mail_ok": bool(customer.emails) and not row.mail_fails,
        "mobile_ok": any(each.kind == "mobile" for each in customer.phones) and not row.mobile_fails,
        "hour": Decimal(8),
        "file_complete": row.level == FINAL and _is_complete(view, row.instance_id),
        **_residual(view, invoice, row, own=own, law=law, on=on),
        "claim": shown(view, invoice, row, customer=customer, own=own, law=law, on=on),
    }


def debtor_of(customer: CustomerRow, own: Company) -> str:
    """What decision D2 calls the debtor."""
    if customer.customer_kind in CONSUMERS:
        return "consumer"
    if customer.country != own.country:
        return "foreign_business"
    return MEDICAL if customer.customer_kind == MEDICAL else "business"


def _residual(
    view: ProcessView, invoice: InvoiceRow, row: DunningRow, *, own: Company, law: Law, on: date
) -> dict[str, Any]:
    if invoice.balance > 0 or row.level == 0:
        return {"residual": NOTHING, "first_time": False}
    claim = claim_of(view, invoice, law, own, on)
    others = select(DunningRow.invoice_id).where(
        DunningRow.customer_id == row.customer_id, DunningRow.invoice_id != invoice.id, DunningRow.level > 0
    )
    first = view.session.scalars(others.limit(1)).first() is None
    return {"residual": rounded(claim.extras * invoice.exchange_rate), "first_time": first}


def shown(
    view: ProcessView,
    invoice: InvoiceRow,
    row: DunningRow,
    *,
    customer: CustomerRow,
    own: Company,
    law: Law,
    on: date,
) -> dict[str, Any]:
    """What forms show: texts."""
    claim = claim_of(view, invoice, law, own, on) if row.level else None
    extras = claim.extras if claim else NOTHING
    phones = [each.number for each in customer.phones if each.number]
    return {
        "invoice": invoice.number,
        "customer": customer.name,
        "address": address(customer).replace("\n", ", "),
        "phones": ", ".join(phones) or "–",
        "due": invoice.due_on.isoformat(),
        "days": str(max((on - invoice.due_on).days, 0)),
        "gross": _money(invoice.gross, invoice.currency),
        "balance": _money(invoice.balance, invoice.currency),
        "extras": _money(extras, invoice.currency),
        "level": str(row.level),
        "law": law.name,
        "broken": str(row.broken_promises),
    }


def _is_complete(view: ProcessView, case_id: str) -> bool:
    target = Target("case", case_id)
    return {each.type for each in attached(view, [target])[target]} >= FILE


def _money(amount: Decimal, currency: str) -> str:
    return f"{rounded(amount):,.2f} {currency}"
