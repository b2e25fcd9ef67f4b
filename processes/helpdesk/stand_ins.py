"""Plays the handlers in scenarios, where there is no database: facts come from the scenario's variables."""

from datetime import UTC, datetime
from typing import Any

from engine.handlers import ServiceCall, stand_in
from processes.helpdesk.handlers import FRESH

TICKET: dict[str, Any] = {
    "ticket_id": "ticket-1",
    "ticket": "T-2026-0001",
    "kind": "question",
    "channel": "mail",
    "ticket_subject": "How long is it?",
    "product_group": None,
    "customer_name": "ACME",
    "customer_id": "customer-1",
    "key_account": False,
    "abc_class": "B",
    "contract": None,
}


@stand_in("helpdesk.load")
def load(call: ServiceCall) -> dict[str, Any]:
    """The ticket that the scenario describes."""
    told = {name: call.inputs[name] for name in TICKET if call.inputs.get(name) is not None}
    return FRESH | TICKET | told | {"opened_at": datetime(2026, 1, 5, 7, tzinfo=UTC), "said": "How long is it?"}


@stand_in("helpdesk.remind")
def remind(_call: ServiceCall) -> dict[str, Any]:
    """Nothing is seen of it here."""
    return {}


@stand_in("helpdesk.take_step")
def take_step(call: ServiceCall) -> dict[str, Any]:
    """What was decided."""
    kind = call.inputs.get("new_kind") if call.inputs["step"] == "reroute" else call.inputs["kind"]
    return {"kind": kind, "reply": None, "new_kind": None, "last_step": call.inputs["step"]}


@stand_in("helpdesk.raise_need")
def raise_need(_call: ServiceCall) -> dict[str, Any]:
    """The sale is not on this stage."""
    return {"need_raised": True}


@stand_in("helpdesk.close")
def close(_call: ServiceCall) -> dict[str, Any]:
    """It is closed."""
    return {}
