"""Plays the handlers in scenarios, where there is no database: the scenario says who it is and which way is open."""

from decimal import Decimal
from typing import Any

from engine.errors import BpmnError
from engine.handlers import ServiceCall, stand_in
from processes.greeting.handlers import NO_WAY

PEOPLE: dict[str, Any] = {
    "whom": "Anna Nowak",
    "firm": "Żuraw",
    "owner": None,
    "key_account": False,
    "channel": "email",
    "ahead": Decimal(0),
    "welcome": True,
    "years": Decimal(40),
    "reached": None,
    "words": None,
}


@stand_in("greeting.read")
def read_wishes(call: ServiceCall) -> dict[str, Any]:
    """Somebody who is reached by mail, unless the scenario says otherwise."""
    return {name: call.inputs.get(name, value) for name, value in PEOPLE.items()}


@stand_in("greeting.send")
def send_wishes(call: ServiceCall) -> dict[str, Any]:
    """Leaves, unless no way is open any more."""
    return _left(call)


@stand_in("greeting.print")
def print_card(call: ServiceCall) -> dict[str, Any]:
    """Waits for the printer, unless there is no address."""
    return _left(call)


@stand_in("greeting.note_call")
def note_call(_call: ServiceCall) -> dict[str, Any]:
    """The call is in the file."""
    return {}


def _left(call: ServiceCall) -> dict[str, Any]:
    if call.inputs.get("is_unreachable"):
        raise BpmnError(NO_WAY)
    return {}
