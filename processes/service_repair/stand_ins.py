"""Plays the handlers in scenarios, where there is no database: facts come from the scenario's variables."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from engine.handlers import ServiceCall, stand_in
from processes.service_repair.fresh import FRESH, HINTS, MOST_LOOPS, REMINDERS, cost_of, number, payer_of, result_of

PARTY: dict[str, Any] = {  # a firm of class B with a device that we sold them a year ago
    "customer_id": "customer-1",
    "customer_name": "ACME",
    "key_account": False,
    "abc_class": "B",
    "consumer": False,
    "running_case": None,
}
DEVICE: dict[str, Any] = {"months": Decimal(12), "guarantee_valid": True, "residual_value": Decimal(1000)}


@stand_in("service_repair.match")
def match(call: ServiceCall) -> dict[str, Any]:
    """The customer and the device that the scenario describes."""
    facts = FRESH | PARTY | DEVICE
    told = {name: call.inputs[name] for name in facts if name in call.inputs}
    complaint = bool(call.inputs.get("consumer")) and call.inputs.get("claim_basis") != "paid"
    return (
        facts
        | told
        | {"case_id": "case-1", "repair_key": "repair-1", "reported_at": None, "consumer_complaint": complaint}
    )


@stand_in("service_repair.join")
def join(_call: ServiceCall) -> dict[str, Any]:
    """The other case is not on this stage."""
    return {}


@stand_in("service_repair.remind")
def remind(call: ServiceCall) -> dict[str, Any]:
    """What was told is not told again."""
    flags = {"legal_answer": "legal_warned", "legal_manager": "legal_escalated"}
    flag = flags.get(str(call.inputs["what"]))
    return {flag: True} if flag else {}


@stand_in("service_repair.open")
def open_repair(call: ServiceCall) -> dict[str, Any]:
    """It has a number."""
    told = call.inputs
    complaint = bool(told.get("consumer")) and told["claim_basis"] != "paid"
    known = {"repair": "RMA-2026-0001", "repair_key": "repair-1", "product_id": "product-1", "resume": "arrival"}
    return known | {"cost_limit": number(told.get("cost_limit")), "consumer_complaint": complaint}


@stand_in("service_repair.book_visit")
def book_visit(_call: ServiceCall) -> dict[str, Any]:
    """There is a place in the calendar."""
    return {}


@stand_in("service_repair.note_receipt")
def note_receipt(_call: ServiceCall) -> dict[str, Any]:
    """The device is here."""
    return {"device_here": True, "resume": "diagnosis"}


@stand_in("service_repair.remind_customer")
def remind_customer(call: ServiceCall) -> dict[str, Any]:
    """One reminder more."""
    name = REMINDERS[call.element_id]
    return {name: number(call.inputs.get(name)) + 1}


@stand_in("service_repair.note_diagnosis")
def note_diagnosis(call: ServiceCall) -> dict[str, Any]:
    """Parts cost a hundred each."""
    told = call.inputs
    parts = told.get("parts") or []
    wanted = bool(parts or told.get("other_parts"))
    cost = cost_of(told, 100 * len(parts) + number(told.get("other_parts_price")), number(told["labour_min"]))
    return {
        "cost": cost,
        "cost_share": cost / number(told["residual_value"]) * 100,
        "parts_wanted": wanted,
        "parts_text": ", ".join(parts) or None,
        "coverage_decided": None,
        "decided": None,
        "parts_late": False,
        "resume": "remedy",
        "hint": None,
    }


@stand_in("service_repair.answer")
def answer(_call: ServiceCall) -> dict[str, Any]:
    """The letter is on its way."""
    return {"answered_at": datetime(2026, 1, 8, tzinfo=UTC)}


@stand_in("service_repair.settle")
def settle(call: ServiceCall) -> dict[str, Any]:
    """A proposal lies with the finance department."""
    told = call.inputs
    way = str(told.get("decided") or told["remedy"]["remedy"])
    if way == "refund":
        return {"result": "refunded"}
    return {"hint": HINTS[way], "resume": "return"}


@stand_in("service_repair.open_quote")
def open_quote(call: ServiceCall) -> dict[str, Any]:
    """A version can be edited."""
    version = (call.inputs.get("offer_version") or Decimal(0)) + 1
    quote = {"offer_id": "offer-1", "offer_number": "OF-2026-0001", "offer_version": version}
    return quote | {"resume": "quote", "offer_result": None, "quote_reminders": Decimal(0)}


@stand_in("service_repair.ready_quote")
def ready_quote(call: ServiceCall) -> dict[str, Any]:
    """It says what was asked for."""
    return {"has_discount": number(call.inputs.get("discount")) > 0}


@stand_in("service_repair.send_quote")
def send_quote(_call: ServiceCall) -> dict[str, Any]:
    """The customer has it."""
    return {"resume": "consent"}


@stand_in("service_repair.note_consent")
def note_consent(call: ServiceCall) -> dict[str, Any]:
    """They agree to the cost."""
    return {"cost_limit": call.inputs["cost"], "resume": "work", "asks_again": False}


@stand_in("service_repair.note_contact")
def note_contact(call: ServiceCall) -> dict[str, Any]:
    """Asked once more."""
    return {"quote_reminders": number(call.inputs.get("quote_reminders")) + 1}


@stand_in("service_repair.look_up_stock")
def look_up_stock(_call: ServiceCall) -> dict[str, Any]:
    """Nobody has counted."""
    return {"stock": []}


@stand_in("service_repair.order_parts")
def order_parts(call: ServiceCall) -> dict[str, Any]:
    """The supplier has the order."""
    day = date.fromisoformat(str(call.inputs["parts_expected_on"]))
    return {"purchase_order": "PO-2026-0001", "parts_expected_at": datetime.combine(day, time(8), UTC)}


@stand_in("service_repair.inform_late")
def inform_late(_call: ServiceCall) -> dict[str, Any]:
    """The customer knows."""
    return {"parts_late": True, "resume": "remedy"}


@stand_in("service_repair.note_repair")
def note_repair(call: ServiceCall) -> dict[str, Any]:
    """What was done, and whether it costs more than agreed."""
    told = call.inputs
    extra = number(told.get("extra_cost")) if told.get("extra_fault_found") else Decimal(0)
    cost = told["cost"] + extra
    asks = extra > 0 and payer_of(told) == "customer" and cost > told["cost_limit"]
    return {
        "cost": cost,
        "asks_again": asks,
        "resume": "quote" if asks else "work",
        "parts_replaced": bool(told.get("parts_used")),
        "extra_fault_found": False,
    }


@stand_in("service_repair.note_test")
def note_test(call: ServiceCall) -> dict[str, Any]:
    """Passed or not."""
    told = call.inputs
    if told["test_result"] == "pass":
        return {"hint": "repaired", "resume": "return", "payer": payer_of(told)}
    loops = told["loops"] + 1
    return {"loops": loops, "resume": "remedy" if loops >= MOST_LOOPS else "diagnosis"}


@stand_in("service_repair.create_invoice")
def create_invoice(call: ServiceCall) -> dict[str, Any]:
    """There is an invoice."""
    return {"invoice_id": "invoice-1", "pay_first": bool(call.inputs.get("pay_first"))}


@stand_in("service_repair.note_return")
def note_return(call: ServiceCall) -> dict[str, Any]:
    """The customer has it."""
    return {"result": result_of(call.inputs), "device_here": False}


@stand_in("service_repair.set_guarantee")
def set_guarantee(_call: ServiceCall) -> dict[str, Any]:
    """It is written down."""
    return {}


@stand_in("service_repair.ask_satisfaction")
def ask_satisfaction(_call: ServiceCall) -> dict[str, Any]:
    """A question waits for its day."""
    return {}


@stand_in("service_repair.count_open")
def count_open(call: ServiceCall) -> dict[str, Any]:
    """As many as the scenario says."""
    return {"open_items": call.inputs.get("items_left") or Decimal(0)}


@stand_in("service_repair.close")
def close(_call: ServiceCall) -> dict[str, Any]:
    """It is over."""
    return {}
