"""Plays the handlers in scenarios, where there is no database: facts come from the scenario's variables."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.handlers import ServiceCall, stand_in
from processes.dunning import days
from processes.dunning.handlers import FRESH, MOST_CALLS

FACTS: dict[str, Any] = {  # of an invoice of 1 000 that is a few days late
    "balance": Decimal(1000),
    "due_on": date(2026, 1, 5),
    "overdue_days": Decimal(10),
    "level": Decimal(0),
    "reminded_on": None,
    "days_since_step": Decimal(9999),
    "broken_promises": Decimal(0),
    "promise_open": False,
    "promise_at": None,
    "reliability": "B",
    "abc_class": "B",
    "key_account": False,
    "account_owner": None,
    "insolvent": False,
    "letter_stuck": False,
    "stuck_because": None,
    "dispute_open": False,
    "dispute_reason": None,
    "debtor": "business",
    "consumer": False,
    "contract_rate": None,
    "mail_ok": True,
    "mobile_ok": True,
    "hour": Decimal(8),
    "file_complete": False,
    "residual": Decimal(0),
    "first_time": False,
    "claim": {"invoice": "INV-1", "customer": "ACME", "balance": "1 000.00 PLN"},
}


@stand_in("dunning.open")
def open_file(call: ServiceCall) -> dict[str, Any]:
    """The invoice that the scenario describes."""
    known = {
        "invoice_id": "inv-1",
        "invoice_number": "INV-1",
        "customer_id": "customer-1",
        "owner_asked": False,
        "attempts": Decimal(0),
        "not_before": None,
        "law": None,
        "letter": None,
        "claim_deadline": None,
    }
    return known | {name: call.inputs[name] for name in known if call.inputs.get(name) is not None}


@stand_in("dunning.read")
def read(call: ServiceCall) -> dict[str, Any]:
    """The facts as they are now."""
    facts = {name: FACTS[name] if call.inputs.get(name) is None else call.inputs[name] for name in FACTS}
    asked = bool(call.inputs.get("owner_asked"))
    return FRESH | facts | {"owner_to_ask": facts["key_account"] and not asked, "customer_name": "ACME"}


@stand_in("dunning.queue")
def queue(_call: ServiceCall) -> dict[str, Any]:
    """The letter waits."""
    return {"letter": None}


@stand_in("dunning.note_step")
def note_step(call: ServiceCall) -> dict[str, Any]:
    """It went out on the day that the message names."""
    reached = call.inputs["step"]["reached"]
    on = date.fromisoformat(str(call.inputs["letter"]["on"]))
    level = call.inputs["level"] if reached is None else reached
    return {"level": level, "reminded_on": on, "days_since_step": Decimal(0), "not_before": None}


@stand_in("dunning.take_back")
def take_back(_call: ServiceCall) -> dict[str, Any]:
    """Nothing goes out."""
    return {"consent": None}


@stand_in("dunning.note_call")
def note_call(call: ServiceCall) -> dict[str, Any]:
    """What the agent said."""
    told, attempts = call.inputs, int(call.inputs.get("attempts") or 0) + 1
    if told["outcome"] == "no_answer" and attempts < MOST_CALLS:
        return {"attempts": Decimal(attempts), "not_before": _later(told, 1), "news": None}
    news = "promise" if told["outcome"] == "promise" else None
    done = {"attempts": Decimal(0), "level": Decimal(3), "not_before": None, "news": news, "consent": None}
    return done | ({"dispute_open": True} if told["outcome"] == "dispute" else {})


@stand_in("dunning.note_owner")
def note_owner(call: ServiceCall) -> dict[str, Any]:
    """The owner was asked."""
    wanted = call.inputs.get("proceed") == "later"
    return {"owner_asked": True, "not_before": _later(call.inputs, int(call.inputs["delay_days"])) if wanted else None}


@stand_in("dunning.note_promise")
def note_promise(call: ServiceCall) -> dict[str, Any]:
    """The promise runs for a while."""
    return {"promise_open": True, "promise_at": _later(call.inputs, 5)}


@stand_in("dunning.break_promise")
def break_promise(call: ServiceCall) -> dict[str, Any]:
    """It was broken."""
    return {"promise_open": False, "broken_promises": call.inputs["broken_promises"] + 1}


@stand_in("dunning.remind")
def remind(_call: ServiceCall) -> dict[str, Any]:
    """Nothing is seen of it here."""
    return {}


@stand_in("dunning.close_dispute")
def close_dispute(_call: ServiceCall) -> dict[str, Any]:
    """The invoice counts as before."""
    return {"dispute_open": False}


@stand_in("dunning.note_decision")
def note_decision(call: ServiceCall) -> dict[str, Any]:
    """What was wrong is right."""
    told = call.inputs
    level = told["level"] if told.get("new_level") is None else told["new_level"]
    return {
        "letter_stuck": False,
        "stuck_because": None,
        "level": level,
        "news": "stop" if told.get("go_on") == "stop" else None,
    }


@stand_in("dunning.close")
def close(_call: ServiceCall) -> dict[str, Any]:
    """The claim is closed."""
    return {}


@stand_in("dunning.claim_interest")
def claim_interest(_call: ServiceCall) -> dict[str, Any]:
    """The note of interest waits."""
    return {}


@stand_in("dunning.write_off")
def write_off(_call: ServiceCall) -> dict[str, Any]:
    """Nothing is owed any more."""
    return {"balance": Decimal(0)}


def _later(inputs: Mapping[str, Any], count: int) -> date:
    day: date = inputs["next_step_on"]
    return days.later(day, count)
