"""Records of the demonstration: rules of retention, a legal hold, and papers of several types with fields and tags."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.records import dataclass
from documents.records.rules import SaveRule

WHY = "Przykładowy harmonogram do pokazu."
RULES = (
    SaveRule(
        key="invoices",
        name="Dowody księgowe",
        trigger="filed_year",
        period="P5Y",
        document_types=("invoice",),
        authority="Ustawa o rachunkowości, art. 74",
        reason=WHY,
    ),
    SaveRule(
        key="contracts",
        name="Umowy i protokoły",
        trigger="filed",
        period="P10Y",
        document_types=("framework_contract", "handover_protocol"),
        authority="Kodeks cywilny, art. 118",
        reason=WHY,
    ),
    SaveRule(
        key="offers",
        name="Sprawy ofertowe",
        trigger="case_closed",
        period="P3Y",
        document_types=("customer_request", "approval_sheet"),
        authority="Instrukcja kancelaryjna firmy, § 12",
        reason=WHY,
    ),
)
HOLD = "Reklamacja partii pomp"
HOLD_REASON = "Spór o wadliwą dostawę; pełnomocnik prosi o zachowanie wszystkich dokumentów klienta."


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper of a customer: its type, what it says of itself, and its lines."""

    type: str
    title: str
    customer: int  # number of the sample
    author: str  # log-in name
    fields: dict[str, Any]
    tags: tuple[str, ...]
    lines: tuple[str, ...]


def papers(today: date) -> tuple[Paper, ...]:
    """What is filed with customers besides contracts; an empty counterparty becomes the customer's name."""
    day = today.isoformat()
    return (
        Paper(
            type="invoice",
            title="Faktura za dostawę pomp",
            customer=1,
            author="ewa",
            fields={"counterparty": "", "issued_on": day, "net": 12400, "gross": 15252, "currency": "PLN"},
            tags=("faktury", "pompy"),
            lines=("Pompa obiegowa 25-60, 10 szt.", "Termin płatności: 14 dni."),
        ),
        Paper(
            type="handover_protocol",
            title="Protokół odbioru partii",
            customer=2,
            author="ewa",
            fields={"handed_over_on": day, "place": "Magazyn klienta", "has_remarks": False},
            tags=("odbiór",),
            lines=("Towar odebrano bez zastrzeżeń.",),
        ),
        Paper(
            type="credit_opinion",
            title="Opinia o wypłacalności",
            customer=3,
            author="piotr",
            fields={"limit": 50000, "currency": "PLN"},
            tags=("kredyt", "poufne"),
            lines=("Klient płaci w terminie; proponowany limit pozostaje bez zmian.",),
        ),
    )
