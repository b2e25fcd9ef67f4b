"""Dunning in the demonstration: cases of overdue invoices, one disputed, one with a promise, letters to print."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from core.messages import Command
from crm.payments.receivables import SetInterestRate
from crm.sales.models import InvoiceRow
from crm.sales.settling import DisputeInvoice
from processes.dunning.models import DunningRow
from processes.dunning.news import MakePromise
from processes.dunning.nightly import StartDunning, batches, grace_days
from storage.unit_of_work import Reading

CASES = 6
RATE = Decimal("15.75")


def overdue(view: Reading) -> list[tuple[str, Decimal]]:
    """Invoices that may be dunned with what is open on them, the longest overdue first; none once dunning has begun."""
    if view.session.scalars(select(DunningRow.invoice_id).limit(1)).first() is not None:
        return []
    ids = next(batches(view, grace_days(view)), [])[:CASES]
    return [(each, view.session.get_one(InvoiceRow, each).balance) for each in ids]


def dunning(invoices: list[tuple[str, Decimal]], today: date) -> Iterator[Command]:
    """What is done about them; the first is disputed before its case begins."""
    yield SetInterestRate(
        currency="PLN", valid_from=date(today.year - 2, 1, 1), percent=RATE, source="made up for the demonstration"
    )
    for place, (each, balance) in enumerate(invoices):
        if place == 0:
            yield DisputeInvoice(invoice_id=each, reason="Klient twierdzi, że dostawa była niepełna.")
        yield StartDunning(invoice_id=each)
        if place == 1:
            yield MakePromise(invoice_id=each, day=today + timedelta(days=10), amount=balance)
