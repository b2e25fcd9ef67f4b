"""What customers owe: exposure, ageing, interest."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from core.records import dataclass
from crm.payments import receivables as debts
from crm.payments.receivables import Ageing, Claim, InterestRate, Receivables, SetInterestRate
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("receivables")


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestRates:
    """Rates of interest, newest first."""

    items: list[InterestRate]


class ClaimQuery(Body):
    """Until which day, today without one; `shift` moves a due day to the next working day."""

    as_of: date | None = None
    shift: bool = False


class RateQuery(Body):
    """Of which currency."""

    currency: str | None = None


class RateBody(Body):
    """A yearly rate in per cent, from a day on, and where it stands."""

    currency: str = "PLN"
    valid_from: date
    percent: Decimal
    source: str


@routes.get("/receivables", "Open items of all customers by age", answer=Ageing, refusals=(403,))
def ageing() -> Ageing:
    """Age the open items of everybody."""
    with view() as reading:
        return debts.ageing(reading)


@routes.get(
    "/customers/<id:customer_id>/receivables",
    "A customer's debts by age, exposure, and what is left of the credit limit",
    answer=Receivables,
    refusals=(403, 404),
)
def receivables(customer_id: str) -> Receivables:
    """Where a customer stands."""
    with view() as reading:
        return debts.receivables(reading, customer_id)


@routes.get(
    "/invoices/<id:invoice_id>/claim",
    "What may be claimed for an invoice that is paid late: interest and compensation",
    query=ClaimQuery,
    answer=Claim,
    refusals=(403, 404, 422),
)
def claim(invoice_id: str, query: ClaimQuery) -> Claim:
    """Work out a claim."""
    with view() as reading:
        return debts.claim(reading, invoice_id, as_of=query.as_of, shift=query.shift)


@routes.get("/interest-rates", "Rates of interest for late payment", query=RateQuery, answer=InterestRates)
def interest_rates(query: RateQuery) -> InterestRates:
    """List rates."""
    with view() as reading:
        return InterestRates(items=debts.interest_rates(reading, query.currency))


@routes.post(
    "/interest-rates", "Enter a rate of interest", body=RateBody, answer=InterestRates, refusals=(403, 422), status=201
)
def set_interest_rate(body: RateBody) -> InterestRates:
    """Enter a rate."""
    run(SetInterestRate(**body.model_dump()))
    with view() as reading:
        return InterestRates(items=debts.interest_rates(reading, body.currency))
