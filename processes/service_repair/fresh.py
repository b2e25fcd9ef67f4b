"""What a case knows before anybody has said anything, and facts that several steps work out the same way."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

NOTHING = Decimal(0)
MINUTES = Decimal(60)
MOST_LOOPS = 3  # tests that may fail before a manager decides
WE_PAY = frozenset({"goodwill", "guarantee"})  # what a manager may decide so that we pay
HINTS = {"replace": "replaced", "price_reduction": "price_reduced"}  # what goes back after a remedy
VAT = Decimal(23)  # per cent, on work; parts have their own
REMINDERS = {  # of the customer, by the step that sends them
    "remind_to_send": "arrival_reminders",
    "remind_of_quote": "quote_reminders",
    "remind_to_collect": "collect_reminders",
}
FRESH: dict[str, Any] = {
    "resume": "report",
    "result": None,
    "hint": None,
    "repair": None,
    "repair_key": None,
    "subject": None,
    "product_id": None,
    "product_name": None,
    "serial_number": None,
    "device_id": None,
    "spare_parts": [],
    "contract": None,
    "safety": False,
    "recalled": False,
    "repeat": False,
    "failed_repairs": NOTHING,
    "serial_match": True,
    "seal": "ok",
    "cause": "unknown",
    "device_here": False,
    "arrival_reminders": NOTHING,
    "collect_reminders": NOTHING,
    "quote_reminders": NOTHING,
    "answered_at": None,
    "legal_warned": False,
    "legal_escalated": False,
    "coverage_decided": None,
    "decided": None,
    "cost": NOTHING,
    "cost_limit": NOTHING,
    "cost_share": None,
    "parts_late": False,
    "parts_wanted": False,
    "parts_text": None,
    "stock": [],
    "replacement_available": False,
    "loops": NOTHING,
    "asks_again": False,
    "offer_id": None,
    "offer_number": None,
    "offer_version": None,
    "offer_result": None,
    "has_discount": False,
    "orders": [],
    "invoice_id": None,
    "pay_first": False,
    "fee_waived": False,
    "essential_repair": False,
    "parts_replaced": False,
    "demand": "repair",
    "defect_code": None,
    "open_items": NOTHING,
}


def payer_of(told: Mapping[str, Any]) -> str:
    """Who pays, by the rules or by the manager: us or customer."""
    decided = told.get("coverage_decided")
    if decided is not None:
        return "us" if decided in WE_PAY else "customer"
    verdict = told.get("verdict") or {}
    return str(verdict.get("payer") or "customer")


def cost_of(told: Mapping[str, Any], parts: Decimal, minutes: Decimal) -> Decimal:
    """Net cost of parts and of work at the hourly rate that the diagram sets."""
    return (parts + minutes * number(told["hour_rate"]) / MINUTES).quantize(Decimal("0.01"))


def number(value: Any) -> Decimal:
    """A value of a form as a number; nothing is zero."""
    return NOTHING if value is None else Decimal(str(value))


def result_of(told: Mapping[str, Any]) -> str:
    """The outcome of what goes back to the customer."""
    hint = str(told["hint"])
    if hint != "repaired":
        return hint
    return "repaired_paid" if payer_of(told) == "customer" else "repaired_warranty"
