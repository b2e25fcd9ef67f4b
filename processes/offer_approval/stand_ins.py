"""Plays the handlers in scenarios, where there is no database: facts come from the scenario's variables."""

from decimal import Decimal
from typing import Any

from engine.handlers import ServiceCall, stand_in
from processes.offer_approval.handlers import TERMS
from processes.offer_approval.parameters import DEPUTIES, LIMITS

FACTS: dict[str, Any] = {  # of an offer within all limits
    "max_discount": Decimal(0),
    "margin": Decimal(30),
    "net_value": Decimal(1000),
    "gross_value": Decimal(1230),
    "payment_days": Decimal(14),
    "payment_limit": Decimal(14),
    "credit_ratio": Decimal("0.1"),
    "reliability": "A",
    "prepaid": False,
    "special_terms": False,
    "special_build": False,
    "overdue_days": Decimal(0),
    "logistics_ok": True,
    "limits": {name: value for name, (_, value) in LIMITS.items()},
    "deputies": DEPUTIES,
}
SHOWN: dict[str, Any] = {
    "offer_id": "offer-1",
    "offer_number": "OF-2026-0001",
    "customer_id": "customer-1",
    "customer_name": "ACME",
    "offer": {"number": "OF-2026-0001", "version": "1", "customer": "ACME"},
    "customer": {"number": "C-000001", "name": "ACME"},
    "lines": [],
    "valid_until": None,
    "note": None,
}

WAYS: dict[str, Any] = {
    "addresses": [
        {"label": "ACME <office@acme.example>", "value": "office@acme.example"},
        {"label": "Another address", "value": "other"},
    ],
    "recipient": "office@acme.example",
    "other_recipient": None,
    "sent_by": "email",
    "cover_subject": "Offer OF-2026-0001",
    "cover_text": "Please find our offer attached.",
    "sending_note": None,
}


def _facts(call: ServiceCall) -> dict[str, Any]:
    known = {**SHOWN, **FACTS}
    return known | {name: call.inputs[name] for name in known if call.inputs.get(name) is not None}


@stand_in("offer_approval.read")
def read(call: ServiceCall) -> dict[str, Any]:
    """The offer that the scenario describes."""
    facts = _facts(call)
    prepared = bool(call.inputs.get("is_prepared"))
    known = {"terms": {field: facts[field] for field in TERMS}, "decided": [], "is_prepared": prepared}
    return facts | known | {"is_sent_elsewhere": bool(call.inputs.get("is_sent_elsewhere")), "sent_by": None}


@stand_in("offer_approval.freeze")
def freeze(call: ServiceCall) -> dict[str, Any]:
    """The facts as they are now; whoever prepares offers in scenarios is called like the role."""
    version = (call.inputs.get("offer_version") or Decimal(0)) + 1
    known = {"author": "sales_rep", "offer_digest": "0" * 64, "offer_version": version}
    return _facts(call) | known | {"valid_until_at": call.inputs.get("valid_until_at")}


@stand_in("offer_approval.reassess")
def reassess(call: ServiceCall) -> dict[str, Any]:
    """The facts that the scenario has set meanwhile."""
    return _facts(call)


@stand_in("offer_approval.remind")
def remind(_call: ServiceCall) -> dict[str, Any]:
    """They are reminded."""
    return {}


@stand_in("offer_approval.record_decision")
def record_decision(call: ServiceCall) -> dict[str, Any]:
    """What the approver said."""
    said = call.inputs["remark"] if call.inputs["decision"] == "approve" else call.inputs["comment"]
    return {"said": said or None, "decided_by": call.inputs["approver"]["group"]}


@stand_in("offer_approval.open_version")
def open_version(_call: ServiceCall) -> dict[str, Any]:
    """A new version can be edited."""
    return {"change_note": None, "sent_by": None}


@stand_in("offer_approval.lock")
def lock(_call: ServiceCall) -> dict[str, Any]:
    """The offer is approved."""
    return {"offer_result": "approved"}


@stand_in("offer_approval.file_sheet")
def file_sheet(_call: ServiceCall) -> dict[str, Any]:
    """The sheet is filed."""
    return {"sheet": {"pdf": "sheet-1", "docx": "sheet-2"}}


@stand_in("offer_approval.reject")
def reject(_call: ServiceCall) -> dict[str, Any]:
    """The offer is rejected."""
    return {"offer_result": "rejected"}


@stand_in("offer_approval.withdraw")
def withdraw(_call: ServiceCall) -> dict[str, Any]:
    """The offer is withdrawn."""
    return {"offer_result": "withdrawn"}


@stand_in("offer_approval.make_paper")
def make_paper(_call: ServiceCall) -> dict[str, Any]:
    """One address is known, and one document may go with the offer."""
    return WAYS | {"papers": [{"label": "Catalogue, version 3", "value": "document-1:3"}], "enclosures": []}


@stand_in("offer_approval.send_package")
def send_package(call: ServiceCall) -> dict[str, Any]:
    """It went as the person said."""
    return {"offer_result": "approved_sent", "sent_by": call.inputs.get("sent_by"), "manifest": {"id": "manifest-1"}}


@stand_in("offer_approval.read_returned")
def read_returned(call: ServiceCall) -> dict[str, Any]:
    """The customer waits for it, unless the scenario says otherwise."""
    returned = {"to": "old@acme.example", "reason": "no such mailbox"}
    is_open = call.inputs.get("is_open")
    return _facts(call) | WAYS | {"author": "sales_rep", "returned": returned, "is_open": is_open is not False}


@stand_in("offer_approval.read_deputies")
def read_deputies(call: ServiceCall) -> dict[str, Any]:
    """Those that the scenario has set, or those that ship."""
    return {"deputies": _facts(call)["deputies"]}
