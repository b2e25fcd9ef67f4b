"""Sales of the demonstration: a year of invoices, what was paid of them, and what people do and plan with customers.

The same day gives the same data.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from core.messages import Command
from core.records import dataclass
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity
from crm.payments.importing import PostPayment
from crm.sales.importing import NEEDED, ImportInvoices

SEED = 20260106
INVOICES = 120
DAYS = 365  # back from today that invoices lie
CENT = Decimal("0.01")
VAT = Decimal("0.23")
COLUMNS = (*NEEDED, "description")
ABOUT = (  # method, direction, subject
    ("phone", "outgoing", "Rozmowa o ofercie"),
    ("meeting", "outgoing", "Spotkanie: umowa ramowa na przyszły rok"),
    ("email", "incoming", "Pytanie o termin dostawy"),
    ("phone", "incoming", "Reklamacja: uszkodzone opakowanie"),
    ("presentation", "outgoing", "Prezentacja nowych pomp"),
    ("post", "outgoing", "Wysłany katalog"),
)
HELD, PLANNED = 36, 18
NOTES = ("Prosi o 5 % rabatu przy większym zamówieniu.", "Decyzja po zebraniu zarządu.", None, "Dostawa do bramy nr 2.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A customer as these samples need one: ids, and the name and id of a person there."""

    id: str
    number: str
    payment_days: int
    contact_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Invoice:
    number: str
    partner: Partner
    issued_on: date
    due_on: date
    net: Decimal

    @property
    def vat(self) -> Decimal:
        return (self.net * VAT).quantize(CENT)


def sales(partners: tuple[Partner, ...], today: date) -> Iterator[Command]:
    """The invoices of a year as another system would hand them over, then the payments of most of them."""
    dice = random.Random(SEED)  # noqa: S311 -- samples, not secrets
    made = list(_invoices(dice, partners, today))
    yield ImportInvoices(content=_csv(made))
    for invoice in made:
        late = dice.choice((-5, -2, 0, 1, 4, 9, 25, 70))
        paid_on = invoice.due_on + timedelta(days=late)
        share = dice.choice((1, 1, 1, 1, 1, 1, Decimal("0.5")))
        if paid_on < today and dice.random() < 0.93:
            yield PostPayment(
                amount=((invoice.net + invoice.vat) * share).quantize(CENT),
                currency="PLN",
                booked_on=paid_on,
                reference=f"Zapłata za {invoice.number}",
                account="main",
                key=f"sample {invoice.number}",
            )


def activities(partners: tuple[Partner, ...], employees: tuple[str, ...], now: datetime) -> Iterator[Command]:
    """What was held in the last months, and what is planned for the next days, some of it late already."""
    dice = random.Random(SEED)  # noqa: S311 -- samples, not secrets
    for number in range(HELD + PLANNED):
        content = _content(dice, partners, employees)
        if number < HELD:
            at = _office_hour(dice, now - timedelta(days=dice.randint(1, 120)))
            state = dice.choice(("done", "done", "done", "partly_done"))
            content = replace(content, status="held", state=state, held_from=at, duration_seconds=900)
        else:
            at = _office_hour(dice, now + timedelta(days=dice.randint(-2, 14)))
            content = replace(content, direction="outgoing", planned_from=at, planned_to=at + timedelta(hours=1))
        yield RegisterActivity(content=content)


def _invoices(dice: random.Random, partners: tuple[Partner, ...], today: date) -> Iterator[_Invoice]:
    days = sorted(dice.randint(1, DAYS) for _ in range(INVOICES))
    for number, back in enumerate(reversed(days), 1):
        partner = dice.choice(partners)
        issued = today - timedelta(days=back)
        yield _Invoice(
            number=f"FV/{issued.year}/{number:04}",
            partner=partner,
            issued_on=issued,
            due_on=issued + timedelta(days=partner.payment_days),
            net=Decimal(dice.randint(30_000, 2_400_000)) / 100,
        )


def _csv(invoices: list[_Invoice]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in invoices:
        words = "Dostawa według zamówienia"
        days = each.issued_on.isoformat(), each.due_on.isoformat()
        writer.writerow((each.number, each.partner.number, *days, each.net, each.vat, words))
    return text.getvalue().encode()


def _content(dice: random.Random, partners: tuple[Partner, ...], employees: tuple[str, ...]) -> Content:
    """Something planned whose time is yet to be said."""
    method, direction, subject = dice.choice(ABOUT)
    partner = dice.choice(partners)
    return Content(
        employee=dice.choice(employees),
        method=method,
        direction=direction,
        status="planned",
        subject=subject,
        note=dice.choice(NOTES),
        customer_id=partner.id,
        contact_id=partner.contact_id,
        participants=() if partner.contact_id else (Participant(side="customer", name="biuro"),),
    )


def _office_hour(dice: random.Random, day: datetime) -> datetime:
    return datetime.combine(day.date(), time(dice.randint(7, 15), dice.choice((0, 15, 30))), day.tzinfo)
