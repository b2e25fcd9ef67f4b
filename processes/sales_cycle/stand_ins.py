"""Plays the handlers in scenarios, where there is no database: facts come from the scenario's variables."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.handlers import ServiceCall, stand_in
from processes.sales_cycle.handlers import FRESH, REFUSALS

PARTY: dict[str, Any] = {  # a customer of class B whom nobody looks after in particular
    "customer_id": "customer-1",
    "customer_name": "ACME",
    "account_owner": None,
    "key_account": False,
    "region": None,
    "abc_class": "B",
    "ambiguous": False,
    "running_case": None,
    "product_group": "pumps",
    "activity_id": None,
    "need_text": None,
    "source": None,
    "ad_source": None,
}
VALID = date(2026, 3, 31)


@stand_in("sales_cycle.match")
def match(call: ServiceCall) -> dict[str, Any]:
    """The customer that the scenario describes."""
    told = {name: call.inputs[name] for name in PARTY if name in call.inputs}
    return FRESH | PARTY | told | {"case_id": "case-1"}


@stand_in("sales_cycle.join")
def join(_call: ServiceCall) -> dict[str, Any]:
    """The other case is not on this stage."""
    return {}


@stand_in("sales_cycle.remind")
def remind(_call: ServiceCall) -> dict[str, Any]:
    """Nothing is seen of it here."""
    return {}


@stand_in("sales_cycle.open")
def open_opportunity(call: ServiceCall) -> dict[str, Any]:
    """It has a number."""
    judged = call.inputs["judged"]
    return {"opportunity": "OPP-2026-0001", "probability": judged["probability"], "value": None, "resume": "needs"}


@stand_in("sales_cycle.open_draft")
def open_draft(call: ServiceCall) -> dict[str, Any]:
    """A version can be edited."""
    version = (call.inputs.get("offer_version") or Decimal(0)) + 1
    cleared = {"offer_result": None, "next_step": None, "extend_until": None, "asked_change": None, "reason": None}
    return cleared | _offered(version) | {"resume": "offer"}


@stand_in("sales_cycle.note_sent")
def note_sent(call: ServiceCall) -> dict[str, Any]:
    """The customer has it."""
    return _offered(call.inputs["offer_version"]) | {
        "resume": "decision",
        "attempts": Decimal(0),
        "attitude": None,
        "next_call_at": None,
        "valid_until_at": datetime.combine(VALID + timedelta(days=1), time(), UTC),
    }


@stand_in("sales_cycle.note_follow_up")
def note_follow_up(call: ServiceCall) -> dict[str, Any]:
    """What the customer said."""
    told = call.inputs
    attitude = REFUSALS if told["outcome"] == "refused" else told.get("attitude")
    day = date.fromisoformat(str(told["next_at"])) if told["outcome"] == "callback" else None
    known = None if attitude is None else Decimal(str(attitude))
    next_at = datetime.combine(day, time(8), UTC) if day else None
    again = {"outcome": None, "objection": None, "next_at": None}
    return again | {"attempts": told["attempts"] + 1, "attitude": known, "next_call_at": next_at}


@stand_in("sales_cycle.enter_order")
def enter_order(call: ServiceCall) -> dict[str, Any]:
    """There is an order."""
    exceeded = bool(call.inputs.get("is_over_limit"))
    order = {"order_id": "order-1", "order_number": "SO-2026-0001"}
    return order | {"result": "accepted", "credit_exceeded": exceeded}


@stand_in("sales_cycle.hand_over")
def hand_over(_call: ServiceCall) -> dict[str, Any]:
    """The ERP may take it."""
    return {"erp_step": None}


@stand_in("sales_cycle.note_delivery")
def note_delivery(_call: ServiceCall) -> dict[str, Any]:
    """What moves the order is a message of the scenario."""
    return {"delivery_step": None, "delivery_note": None}


@stand_in("sales_cycle.count_open")
def count_open(call: ServiceCall) -> dict[str, Any]:
    """As many as the scenario says."""
    return {"open_items": call.inputs.get("items_left") or Decimal(0)}


@stand_in("sales_cycle.close_sale")
def close_sale(_call: ServiceCall) -> dict[str, Any]:
    """It is won."""
    return {"probability": Decimal(100)}


@stand_in("sales_cycle.note_loss")
def note_loss(_call: ServiceCall) -> dict[str, Any]:
    """It is lost."""
    return {"probability": Decimal(0)}


def _offered(version: Decimal) -> dict[str, Any]:
    return {
        "offer_id": "offer-1",
        "offer_number": "OF-2026-0001",
        "offer_version": version,
    }
