"""An activity with a customer, planned or noted by a process; by the command that people use."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crm.company import company
from crm.models import CustomerRow
from engine.handlers import ServiceCall, local_operation
from engine.ready import Operation, Parameter
from storage.unit_of_work import UnitOfWork
from webapp.operations.records import MISSING, REFUSED, Records, link_case, told

ACTIVITY = "crm.activity"
TAKEN = ("employee", "subject", "method", "type", "priority", "note")  # as they are
PLAN = Operation(
    name="activity.create",
    title="Create an activity",
    description="Plans an activity with a customer (a call, a meeting, a letter) or notes one that took place, and "
    "links it to the case. Without a time of its own it is noted as held now. It works with the rights of the "
    "technical actor `process` (activity.edit).",
    place="local",
    inputs=(
        Parameter(
            name="employee",
            type="string",
            title="Employee",
            description="The account of who is responsible.",
            required=True,
            example="= owner",
        ),
        Parameter(
            name="subject",
            type="string",
            title="Subject",
            description="What it is about, in a line.",
            required=True,
            example='= "Call about offer " + offer_number',
        ),
        Parameter(
            name="method",
            type="string",
            title="Method",
            description="A code of the list `activity_method`, such as phone or meeting.",
            required=True,
            example="phone",
        ),
        Parameter(
            name="customer",
            type="string",
            title="Customer",
            description="The customer's id or number.",
            example="= customer_id",
        ),
        Parameter(name="contact", type="string", title="Contact", description="The id of a person at the customer."),
        Parameter(
            name="planned_from",
            type="date and time",
            title="Planned from",
            description="When it is planned; a time without a zone is the company's.",
            example='= now() + duration("P14D")',
        ),
        Parameter(name="planned_to", type="date and time", title="Planned to", description="When it is to end."),
        Parameter(
            name="type", type="string", title="Type", description="A code of the list `activity_type`.", example="sale"
        ),
        Parameter(
            name="priority",
            type="string",
            title="Priority",
            description="`medium` where nothing is said.",
            choices=("high", "medium", "low"),
        ),
        Parameter(name="note", type="string", title="Note", description="What else is to be known.", lines=4),
    ),
    outputs=(Parameter(name="id", type="string", title="Id", description="The id of the new activity."),),
    faults=(REFUSED, MISSING),
)


@local_operation(PLAN)
def create_activity(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Register it and link it. Raises `BpmnError`."""

    def create() -> dict[str, Any]:
        records, given = unit.port(Records), call.inputs
        data = {name: given[name] for name in TAKEN if name in given}
        if "customer" in given:
            data["customer_id"] = records.find(unit, "crm.customer", given["customer"])
        if "contact" in given:
            data["contact_id"] = records.find(unit, "crm.contact", given["contact"])
        elif "customer" in given:  # the firm itself, such as of a letter
            firm = unit.session.get_one(CustomerRow, data["customer_id"])
            data["participants"] = [{"side": "customer", "name": firm.name}]
        activity_id, _ = records.create(unit, ACTIVITY, data | _times(unit, given))
        link_case(unit, call, ACTIVITY, activity_id)
        return {"id": activity_id}

    return told(unit, create)


def _times(unit: UnitOfWork, given: Any) -> dict[str, Any]:
    if "planned_from" not in given:
        return {"direction": "outgoing", "status": "held", "state": "done", "held_from": unit.clock.now()}
    zone = ZoneInfo(company(unit).time_zone)
    times = {name: _zoned(given[name], zone) for name in ("planned_from", "planned_to") if name in given}
    return {"direction": "outgoing", "status": "planned", **times}


def _zoned(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
