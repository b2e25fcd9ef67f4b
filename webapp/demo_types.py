"""The types of documents that a Polish trading firm has, for demonstrations; the shipped process names some of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from documents.document_types import DefineDocumentType
from storage.orm import Json

MONEY = {"type": "number", "decimalDigits": 2}
FINANCE = ("sales_manager", "sales_director", "finance_director", "credit_controller", "board")


def _text(key: str, label: str, **more: Any) -> Json:
    return {"type": "textfield", "key": key, "label": label, **more}


def _day(key: str, label: str, **more: Any) -> Json:
    return {"type": "datetime", "subtype": "date", "key": key, "label": label, **more}


def _choice(key: str, label: str, *values: str) -> Json:
    return {"type": "select", "key": key, "label": label, "values": [{"label": each, "value": each} for each in values]}


def _money(key: str, label: str, **more: Any) -> Json:
    return {**MONEY, "key": key, "label": label, **more}


NEEDED: Json = {"validate": {"required": True}}
CURRENCY = _choice("currency", "Waluta", "PLN", "EUR", "USD")


def _type(key: str, name: str, *fields: Json, **more: Any) -> DefineDocumentType:
    return DefineDocumentType(key=key, name=name, form={"components": list(fields)} if fields else {}, **more)


TYPES = (
    _type(
        "customer_request",
        "Zapytanie ofertowe",
        _day("received_on", "Wpłynęło"),
        _choice("channel", "Droga", "e-mail", "telefon", "portal", "list"),
        description="Prośba klienta o ofertę; od niej zaczyna się sprawa.",
        numbering="ZAP/{year}/{seq:04}",
    ),
    _type(
        "offer_document",
        "Oferta",
        _day("valid_until", "Ważna do"),
        _money("net", "Wartość netto"),
        CURRENCY,
        description="Oferta, którą dostaje klient.",
    ),
    _type(
        "meeting_report", "Notatka ze spotkania", _day("met_on", "Spotkanie"), description="Czego klient potrzebuje."
    ),
    _type("tech_opinion", "Opinia techniczna", description="Czy i jakim nakładem da się to zrobić."),
    _type(
        "customer_order",
        "Zamówienie klienta",
        _text("po_number", "Sygnatura klienta"),
        _day("received_on", "Wpłynęło"),
        description="Zamówienie albo podpisana oferta.",
    ),
    _type(
        "margin_calculation",
        "Kalkulacja marży",
        _money("cost", "Koszt zakupu", **NEEDED),
        _money("margin", "Marża w %", **NEEDED),
        description="Zostaje w firmie: widzą ją tylko osoby, które decydują o cenach.",
        readers=FINANCE,
    ),
    _type(
        "approval_sheet",
        "Karta akceptacji",
        description="Kto, kiedy i na podstawie czego zdecydował o ofercie.",
        numbering="KA/{year}/{seq:04}",
    ),
    _type(
        "package_manifest",
        "Wykaz przesyłki",
        description="Co, komu i jaką drogą wysłano razem z ofertą.",
        numbering="WP/{year}/{seq:04}",
    ),
    _type(
        "framework_contract",
        "Umowa ramowa",
        _text("counterparty", "Kontrahent", **NEEDED),
        _day("signed_on", "Zawarta"),
        _day("ends_on", "Obowiązuje do"),
        {"type": "number", "key": "payment_days", "label": "Termin płatności, dni", "decimalDigits": 0},
        description="Warunki wszystkich zamówień klienta.",
        numbering="UR/{year}/{seq:03}",
        writers=("sales_rep", "sales_manager", "sales_director", "legal"),
    ),
    _type(
        "invoice",
        "Faktura",
        _text("counterparty", "Kontrahent", **NEEDED),
        _day("issued_on", "Wystawiona", **NEEDED),
        _day("due_on", "Termin zapłaty"),
        _money("net", "Netto", **NEEDED),
        _money("gross", "Brutto"),
        CURRENCY,
        numbering="FV/{year}/{month}/{seq:04}",
    ),
    _type(
        "handover_protocol",
        "Protokół odbioru",
        _day("handed_over_on", "Odebrano", **NEEDED),
        _text("place", "Miejsce"),
        {"type": "checkbox", "key": "has_remarks", "label": "Z zastrzeżeniami"},
        {"type": "textarea", "key": "remarks", "label": "Zastrzeżenia"},
        numbering="PO/{year}/{seq:03}",
    ),
    _type(
        "credit_opinion",
        "Opinia kredytowa",
        _money("limit", "Limit"),
        CURRENCY,
        description="Ocena wypłacalności klienta.",
        readers=("credit_controller", "finance_director", "board"),
        writers=("credit_controller", "finance_director"),
    ),
    _type("complaint", "Reklamacja", _day("received_on", "Wpłynęła"), numbering="RK/{year}/{seq:04}"),
    _type("purchase_proof", "Dowód zakupu", description="Paragon albo faktura urządzenia, którego nie znamy."),
    _type(
        "intake_protocol", "Protokół przyjęcia urządzenia", description="Podpisany przez tego, kto oddaje urządzenie."
    ),
    _type("photo", "Zdjęcie"),
    _type("diagnosis_report", "Raport z diagnozy", description="Przyczyna, części i czas naprawy."),
    _type("repair_log", "Karta naprawy"),
    _type("test_protocol", "Protokół testu", description="Wystawia ktoś inny niż naprawiający."),
    _type("rma_form", "Karta zgłoszenia serwisowego"),
    _type("quote_pdf", "Wycena naprawy"),
    _type("complaint_answer", "Odpowiedź na reklamację"),
    _type("purchase_order", "Zamówienie części"),
    _type("replacement_order", "Wydanie urządzenia zastępczego"),
    _type("credit_note_proposal", "Wniosek o korektę faktury"),
    _type("refusal_note", "Zwrot bez naprawy"),
    _type("guarantee_update", "Gwarancja po naprawie"),
    _type("reviewed_document", "Dokument do przeglądu"),
    _type("correspondence", "Korespondencja", description="Listy i wiadomości, które nie są niczym innym."),
)


def define_types(known: set[str], do: Callable[[DefineDocumentType], Any]) -> int:
    """Define those that are not there yet; their number."""
    missing = [each for each in TYPES if each.key not in known]
    for each in missing:
        do(each)
    return len(missing)
