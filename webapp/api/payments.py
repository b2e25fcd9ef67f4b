"""Bank statements and payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field

from core.records import dataclass
from crm.paging import Part
from crm.payments import queries
from crm.payments.allocating import MatchPayment, NamePayer, Portion, PutPaymentAside, UnmatchPayment
from crm.payments.importing import ImportedStatement, ImportStatements, PostPayment
from crm.payments.queries import Payment, PaymentSummary
from webapp.api.invoices import ReasonBody
from webapp.api.routing import Body, Routes, Upload
from webapp.uploads import receive_small_files
from webapp.web import run, view

routes = Routes("payments")
REFUSALS = (403, 404, 409, 422)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a file, statement by statement."""

    items: list[ImportedStatement]


class PaymentQuery(Body):
    """Which payments."""

    state: str | None = None
    customer_id: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class PaymentBody(Body):
    """A payment that no statement tells of; the same `key` makes it once, however often it is sent."""

    amount: Decimal
    currency: str = "PLN"
    booked_on: date
    reference: str
    account: str = Field(default="cash", max_length=40)
    customer_id: str | None = None
    payer_name: str | None = Field(default=None, max_length=200)
    payer_account: str | None = Field(default=None, max_length=40)
    key: str | None = Field(default=None, max_length=50)


class PortionBody(Body):
    """How much settles which invoice; without an amount as much as fits."""

    invoice_id: str
    amount: Decimal | None = None


class MatchBody(Body):
    """What a payment settles."""

    portions: list[PortionBody] = Field(min_length=1, max_length=200)
    reason: str | None = Field(default=None, max_length=1000)


class UnmatchBody(Body):
    """Why a payment is taken off its invoices, or off one of them."""

    reason: str
    invoice_id: str | None = None


class PayerBody(Body):
    """Whose payment it is."""

    customer_id: str


@routes.post(
    "/bank-statements",
    "Take in files of bank statements (MT940, CAMT.053); the same one twice changes nothing",
    upload=Upload(many=True, fields={}),
    answer=Imported,
    refusals=(403, 413, 422),
)
def import_statements() -> Imported:
    """Post and match what is new in the files."""
    files, _ = receive_small_files()
    return Imported(items=[each for file in files for each in run(ImportStatements(content=file.content))])


@routes.get(
    "/payments",
    "Payments, newest first; unmatched ones with the oldest first",
    query=PaymentQuery,
    answer=Part[PaymentSummary],
    refusals=(403, 422),
)
def payments(query: PaymentQuery) -> Any:
    """List payments."""
    with view() as reading:
        return queries.payments(reading, **query.model_dump())


@routes.post("/payments", "Enter a payment", body=PaymentBody, answer=Payment, status=201, refusals=(403, 422))
def post_payment(body: PaymentBody) -> Payment:
    """Enter a payment and match it."""
    return _read(run(PostPayment(**body.model_dump())))


@routes.get(
    "/payments/<id:payment_id>",
    "One payment, what it settles, and proposals for what is left of it",
    answer=Payment,
    refusals=(403, 404),
)
def payment(payment_id: str) -> Payment:
    """Read one payment."""
    return _read(payment_id)


@routes.post(
    "/payments/<id:payment_id>/match",
    "Settle invoices of one customer with a payment",
    body=MatchBody,
    answer=Payment,
    refusals=REFUSALS,
)
def match_payment(payment_id: str, body: MatchBody) -> Payment:
    """Match by hand."""
    portions = tuple(Portion(**each.model_dump()) for each in body.portions)
    run(MatchPayment(payment_id=payment_id, portions=portions, reason=body.reason))
    return _read(payment_id)


@routes.post(
    "/payments/<id:payment_id>/unmatch",
    "Take a payment off its invoices",
    body=UnmatchBody,
    answer=Payment,
    refusals=REFUSALS,
)
def unmatch_payment(payment_id: str, body: UnmatchBody) -> Payment:
    """Take a payment off."""
    run(UnmatchPayment(payment_id=payment_id, reason=body.reason, invoice_id=body.invoice_id))
    return _read(payment_id)


@routes.post(
    "/payments/<id:payment_id>/payer", "Say whose payment it is", body=PayerBody, answer=Payment, refusals=REFUSALS
)
def name_payer(payment_id: str, body: PayerBody) -> Payment:
    """Give a payment to a customer."""
    run(NamePayer(payment_id=payment_id, customer_id=body.customer_id))
    return _read(payment_id)


@routes.post(
    "/payments/<id:payment_id>/aside",
    "Say that a payment is for no invoice",
    body=ReasonBody,
    answer=Payment,
    refusals=REFUSALS,
)
def put_payment_aside(payment_id: str, body: ReasonBody) -> Payment:
    """Put a payment aside."""
    run(PutPaymentAside(payment_id=payment_id, reason=body.reason))
    return _read(payment_id)


def _read(payment_id: str) -> Payment:
    with view() as reading:
        return queries.payment(reading, payment_id)
