"""What is claimed for an overdue invoice on a day: the open balance, interest by the law that fits, compensation."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from core.records import dataclass
from crm.company import Company, exchange_rate
from crm.errors import RateMissing
from crm.money import NOTHING, rounded
from crm.payments.errors import InterestRateMissing
from crm.payments.interest import Rate, compensation, interest, last_working_day_before_month
from crm.payments.models import InterestRateRow
from crm.sales.models import InvoiceRow, SettlementRow
from crm.sales.settling import CREDIT, PAYMENT
from storage.unit_of_work import Reading

HOME = "PLN"  # the tiers of compensation are in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What decision D2 says; without a `difference` no interest is claimed."""

    name: str = "none"
    difference: Decimal | None = None
    has_compensation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Amounts in the invoice's currency; None where the rates to work it out are missing."""

    balance: Decimal
    interest: Decimal | None
    compensation: Decimal | None

    @property
    def extras(self) -> Decimal:
        """Interest and compensation together, as far as they are known."""
        return (self.interest or NOTHING) + (self.compensation or NOTHING)


def claim_of(view: Reading, row: InvoiceRow, law: Law, own: Company, on: date) -> Claim:
    """What may be claimed on a day. What a credit note took off was never owed, so it bears no interest."""
    wanted = select(SettlementRow.kind, SettlementRow.effective_on, SettlementRow.amount).where(
        SettlementRow.invoice_id == row.id, SettlementRow.undone_at.is_(None)
    )
    settled = view.session.execute(wanted).all()
    owed = row.gross - sum((amount for kind, _, amount in settled if kind == CREDIT), NOTHING)
    paid = [(day, amount) for kind, day, amount in settled if kind == PAYMENT]
    found = _interest(view, row, law, owed=owed, paid=paid, on=on)
    extra = _compensation(view, row, own, owed) if law.has_compensation and found else NOTHING
    return Claim(balance=row.balance, interest=found, compensation=extra)


def _interest(
    view: Reading, row: InvoiceRow, law: Law, *, owed: Decimal, paid: Iterable[tuple[date, Decimal]], on: date
) -> Decimal | None:
    if law.difference is None or owed <= 0 or on <= row.due_on:
        return NOTHING
    known = view.session.scalars(select(InterestRateRow).where(InterestRateRow.currency == row.currency))
    rates = [
        Rate(valid_from=each.valid_from, percent=max(each.percent + law.difference, NOTHING)) for each in known.all()
    ]
    try:
        return interest(owed, row.due_on, on, paid=paid, rates=rates, currency=row.currency).total
    except InterestRateMissing:
        return None


def _compensation(view: Reading, row: InvoiceRow, own: Company, owed: Decimal) -> Decimal | None:
    if own.currency != HOME or row.currency != HOME:
        return None
    rate_on = last_working_day_before_month(row.due_on + timedelta(days=1), own.country)
    try:
        return rounded(compensation(owed) * exchange_rate(view, "EUR", rate_on))
    except RateMissing:
        return None
