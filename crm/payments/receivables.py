"""What customers owe: exposure against the credit limit, ageing of debts, and claims with interest."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.company import company, exchange_rate, today
from crm.errors import CustomerNotFound
from crm.models import CustomerRow
from crm.money import HUNDRED, NOTHING, plain, rounded
from crm.payments.events import InterestRateSet
from crm.payments.interest import (
    Interest,
    Rate,
    compensation,
    interest,
    last_working_day_before_month,
    next_working_day,
)
from crm.payments.models import InterestRateRow, PaymentRow
from crm.queries import standing
from crm.sales.access import require_finance
from crm.sales.errors import InvoiceNotFound
from crm.sales.models import InvoiceRow, SettlementRow
from crm.sales.settling import WRITE_OFF
from storage.unit_of_work import Reading, UnitOfWork

LIMITS = (30, 60, 90, 120)  # days past due where the next bucket begins
HOME = "PLN"  # the currency that the law's tiers are in


@dataclass(frozen=True, slots=True, kw_only=True)
class SetInterestRate(Command):
    """Say which yearly rate of interest for late payment holds in a currency from a day on."""

    currency: str
    valid_from: date
    percent: Decimal
    source: str  # such as "M.P. 2026 poz. 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestRate(Rate):
    """A rate with its currency and where it stands."""

    currency: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Debts of an age: days past due from `first` to `last`, None: no end."""

    first: int
    last: int | None
    amount: Decimal
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """Open items in the company's currency; credit notes and money without an invoice stand apart, both negative."""

    as_of: date
    currency: str
    not_due: Decimal
    buckets: list[Bucket]
    overdue: Decimal
    credits: Decimal
    unallocated: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivables:
    """Where a customer stands; `available` is what is left of the limit, None where none was granted."""

    customer_id: str
    receivable: Decimal
    open_orders: Decimal
    exposure: Decimal
    limit: Decimal | None
    available: Decimal | None
    overdue_days: int
    ageing: Ageing


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What may be claimed for an invoice: what is open, interest, and the compensation in EUR and at home."""

    number: str
    as_of: date
    due_on: date
    currency: str
    balance: Decimal
    interest: Interest
    compensation_eur: int
    compensation: Decimal | None
    compensation_rate: Decimal | None
    compensation_rate_on: date | None


@handles(SetInterestRate, needs="payment.edit")
def set_interest_rate(command: SetInterestRate, unit: UnitOfWork) -> None:
    """Enter a rate; a second one for the same day replaces the first. Raises `WrongFields`."""
    findings = Findings()
    currency = findings.code("/currency", command.currency, "The currency", 3)
    percent = findings.amount("/percent", command.percent, "The rate", most=HUNDRED)
    source = findings.text("/source", command.source, "The source of the rate")
    findings.refuse()
    row = {"currency": currency, "valid_from": command.valid_from, "percent": percent, "source": source}
    replacing = insert(InterestRateRow).values(row)
    changed = {"percent": percent, "source": source}
    unit.session.execute(replacing.on_conflict_do_update(index_elements=["currency", "valid_from"], set_=changed))
    day = command.valid_from.isoformat()
    unit.emit(InterestRateSet(currency=currency, valid_from=day, percent=plain(percent), source=source))


def interest_rates(view: Reading, currency: str | None = None) -> list[InterestRate]:
    """The rates, the newest first."""
    require_finance(view)
    wanted = select(InterestRateRow).order_by(InterestRateRow.currency, InterestRateRow.valid_from.desc())
    if currency is not None:
        wanted = wanted.where(InterestRateRow.currency == currency)
    return [
        InterestRate(currency=row.currency, valid_from=row.valid_from, percent=row.percent, source=row.source)
        for row in view.session.scalars(wanted)
    ]


def receivables(view: Reading, customer_id: str) -> Receivables:
    """Where a customer stands. Raises `CustomerNotFound`."""
    require_finance(view)
    customer = view.session.get(CustomerRow, customer_id)
    if customer is None:
        raise CustomerNotFound(customer_id)
    stands, limit = standing(view, customer.id), customer.credit_limit
    return Receivables(
        customer_id=customer.id,
        receivable=stands.receivable,
        open_orders=stands.open_orders,
        exposure=stands.exposure,
        limit=limit,
        available=None if limit is None else limit - stands.exposure,
        overdue_days=stands.overdue_days,
        ageing=ageing(view, customer_id=customer.id),
    )


def ageing(view: Reading, *, customer_id: str | None = None, limits: Sequence[int] = LIMITS) -> Ageing:
    """Open items by age, of one customer or of all; reads open items only, whatever was paid before."""
    require_finance(view)
    on = today(view)
    value = InvoiceRow.balance * InvoiceRow.exchange_rate
    edges = [0, *limits]
    bucket = func.width_bucket(on - InvoiceRow.due_on - 1, edges)  # -1: one day late is in the first
    summed = (
        select(bucket, func.sum(value), func.count())
        .where(InvoiceRow.balance != 0, InvoiceRow.balance > 0)
        .group_by(bucket)
    )
    noted = select(func.coalesce(func.sum(value), 0)).where(InvoiceRow.balance != 0, InvoiceRow.balance < 0)
    spare = select(func.coalesce(func.sum(PaymentRow.unallocated * PaymentRow.exchange_rate), 0)).where(
        PaymentRow.unallocated != 0, PaymentRow.customer_id.is_not(None)
    )
    if customer_id is not None:
        summed = summed.where(InvoiceRow.customer_id == customer_id)
        noted = noted.where(InvoiceRow.customer_id == customer_id)
        spare = spare.where(PaymentRow.customer_id == customer_id)
    found = {place: (rounded(amount), count) for place, amount, count in view.session.execute(summed)}
    buckets = []
    for place, first in enumerate(edges, 1):
        amount, count = found.get(place, (NOTHING, 0))
        last = edges[place] if place < len(edges) else None
        buckets.append(Bucket(first=first + 1, last=last, amount=amount, count=count))
    not_due = found.get(0, (NOTHING, 0))[0]
    overdue = sum((each.amount for each in buckets), NOTHING)
    credits_, unallocated = rounded(view.session.scalars(noted).one()), -rounded(view.session.scalars(spare).one())
    return Ageing(
        as_of=on,
        currency=company(view).currency,
        not_due=not_due,
        buckets=buckets,
        overdue=overdue,
        credits=credits_,
        unallocated=unallocated,
        total=not_due + overdue + credits_ + unallocated,
    )


def claim(view: Reading, key: str, *, as_of: date | None = None, shift: bool = False) -> Claim:
    """What may be claimed for an invoice until a day; `shift` moves a due day to the next working day.

    Raises `InvoiceNotFound`, `InterestRateMissing`.
    """
    require_finance(view)
    row = view.session.scalars(select(InvoiceRow).where((InvoiceRow.id == key) | (InvoiceRow.number == key))).first()
    if row is None or row.gross < 0:
        raise InvoiceNotFound(key)
    until, home = as_of or today(view), company(view)
    due_on = next_working_day(row.due_on, home.country) if shift else row.due_on
    wanted = select(SettlementRow.effective_on, SettlementRow.amount).where(
        SettlementRow.invoice_id == row.id, SettlementRow.undone_at.is_(None), SettlementRow.kind != WRITE_OFF
    )
    paid = [(day, amount) for day, amount in view.session.execute(wanted)]
    found = interest(
        row.gross,
        due_on,
        until,
        paid=paid,
        rates=interest_rates(view, row.currency) if until > due_on else (),
        currency=row.currency,
    )
    euros = compensation(_at_home(row)) if found.total > 0 and home.currency == HOME else 0
    rate_on = last_working_day_before_month(due_on + timedelta(days=1), home.country) if euros else None
    rate = exchange_rate(view, "EUR", rate_on) if rate_on else None
    return Claim(
        number=row.number,
        as_of=until,
        due_on=due_on,
        currency=row.currency,
        balance=row.balance,
        interest=found,
        compensation_eur=euros,
        compensation=None if rate is None else rounded(euros * rate),
        compensation_rate=rate,
        compensation_rate_on=rate_on,
    )


def _at_home(row: InvoiceRow) -> Decimal:
    return rounded(row.gross * row.exchange_rate)
