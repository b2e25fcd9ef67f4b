"""Telling other cases: a message to one of them, a signal to all, both after the commit of the step."""

from datetime import timedelta
from typing import Any

from core.errors import InvalidInput
from engine.calls import BROADCAST, PUBLISH, sending_job
from engine.feel.values import encode
from engine.handlers import ServiceCall, local_operation
from engine.messages import keys_of
from engine.ready import Operation, Parameter
from storage.unit_of_work import UnitOfWork

PAYLOAD = Parameter(
    name="payload",
    type="context",
    title="Content",
    description="What the receiver gets as variables.",
    example="= {order: order_id, amount: total}",
)
SEND = Operation(
    name="message.send",
    title="Send a message",
    description="Delivers a message to the one case that waits for its name and one of its keys, starts a process with "
    "it, or keeps it until somebody waits. It leaves with the commit of this step, exactly once.",
    place="local",
    inputs=(
        Parameter(
            name="name",
            type="string",
            title="Message",
            description="The name of the message, as the receiving diagram has it.",
            required=True,
            example="invoice.paid",
        ),
        Parameter(
            name="keys",
            type="context",
            title="Keys",
            description="By what the receiver is found: texts or numbers by name.",
            example="= {invoice: invoice_number}",
        ),
        PAYLOAD,
        Parameter(
            name="keep",
            type="days and time duration",
            title="Keep for",
            description="How long it waits for a receiver; a day where nothing is said.",
            example="P7D",
        ),
        Parameter(
            name="needs_receiver",
            type="boolean",
            title="Must be received",
            description="Whether an incident tells that nobody came in time.",
            example="true",
        ),
    ),
)
TELL = Operation(
    name="signal.send",
    title="Send a signal",
    description="Tells everybody who waits for the signal, this case included, and starts the processes that begin "
    "with it. It leaves with the commit of this step, exactly once.",
    place="local",
    inputs=(
        Parameter(
            name="name",
            type="string",
            title="Signal",
            description="The name of the signal, as the receiving diagrams have it.",
            required=True,
            example="price_list.changed",
        ),
        PAYLOAD,
    ),
)


@local_operation(SEND)
def send_message(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Have the message published once this step is durable: no other case is locked from inside this one."""
    keep: timedelta | None = call.inputs.get("keep")
    if keep is not None and keep < timedelta():
        raise InvalidInput("The message is to be kept for less than no time; make keep a positive duration.")
    arguments = {
        "id": call.key,
        "name": _named(call, "message"),
        "keys": keys_of(call.inputs.get("keys", {})),
        "payload": encode(call.inputs.get("payload", {})),
        "ttl_seconds": None if keep is None else keep.total_seconds(),
        "needs_receiver": call.inputs.get("needs_receiver", False),
    }
    unit.enqueue(sending_job(PUBLISH, arguments, call.instance_id, call.element_id))
    return {}


@local_operation(TELL)
def send_signal(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Have the signal broadcast once this step is durable."""
    arguments = {
        "id": call.key,
        "name": _named(call, "signal"),
        "payload": encode(call.inputs.get("payload", {})),
        "besides": None,
    }
    unit.enqueue(sending_job(BROADCAST, arguments, call.instance_id, call.element_id))
    return {}


def _named(call: ServiceCall, what: str) -> str:
    name = str(call.inputs["name"]).strip()
    if not name:
        raise InvalidInput(f"The name of the {what} is empty.")
    return name
