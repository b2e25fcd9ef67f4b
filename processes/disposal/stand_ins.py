"""Plays the handlers in scenarios, where there is no database: the scenario says how many documents are due."""

from decimal import Decimal
from typing import Any

from documents.records.schedule import CERTIFICATE
from engine.handlers import ServiceCall, Stage, staged, stand_in


@staged("disposal.list")
def list_due(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """A list of `listed` documents."""
    listed = call.inputs.get("listed")
    if listed:
        stage.file("disposal_list")
    shown = {"disposal_id": "disposal-1", "disposal_number": "2026-00001", "disposal_until": "2026-01-05"}
    return shown | {"listed": listed or Decimal(0), "by_rule": [], "comment": None, "remark": None, "decision": None}


@stand_in("disposal.sign")
def sign(_call: ServiceCall) -> dict[str, Any]:
    """Somebody has signed."""
    return {"remark": None, "decision": None}


@stand_in("disposal.take_back")
def take_back(_call: ServiceCall) -> dict[str, Any]:
    """The signatures are gone."""
    return {"decision": None}


@stand_in("disposal.give_up")
def give_up(_call: ServiceCall) -> dict[str, Any]:
    """Everything stays."""
    return {"destroyed": Decimal(0)}


@stand_in("disposal.destroy")
def destroy(_call: ServiceCall) -> dict[str, Any]:
    """Everything on the list is gone."""
    return {}


@staged("disposal.certify")
def certify(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """The certificate is filed."""
    del call
    stage.file(CERTIFICATE)
    return {"certificate": "certificate-1", "certificate_digest": "0" * 64}
