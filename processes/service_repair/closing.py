"""The end of a repair: invoice, return, guarantee, what the customer thinks of it, what is still open."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from crm.company import today
from crm.devices.errors import SerialTaken
from crm.devices.models import DeviceRow
from crm.devices.registering import ChangeDevice, DeviceData, RegisterDevice, change_device, register_device
from crm.devices.warranties import warranty_end
from crm.models import CustomerRow
from crm.offer_content import Line
from crm.planning.rules import open_items
from crm.sales.issuing import InvoiceOrder, IssueInvoice, invoice_order, issue_invoice
from crm.sales.models import InvoiceRow
from engine.handlers import ServiceCall, service_task
from engine.instances import EntityLink, add_link
from processes.service_repair.fresh import VAT, number, result_of
from processes.service_repair.letters import file_letter, words_for
from processes.service_repair.steps import device_of, note
from processes.service_repair.telling import tell_customer
from storage.unit_of_work import UnitOfWork

SURVEY = timedelta(days=7)
ASKED = frozenset({"repaired_warranty", "repaired_paid", "replaced"})


@service_task("service_repair.create_invoice")
def create_invoice(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Invoice what the customer has ordered or agreed to, or the diagnosis; once."""
    told = call.inputs
    invoice_id = str(told["invoice_id"]) if told.get("invoice_id") else None
    if invoice_id is None:
        invoice_id = _invoiced(unit, call)
    is_paid = unit.session.get_one(InvoiceRow, invoice_id).balance <= 0
    return {"invoice_id": invoice_id, "pay_first": bool(told.get("pay_first")) and not is_paid}


@service_task("service_repair.note_return")
def note_return(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The device is its owner's again; what goes back unrepaired has a note that says why."""
    told, result = call.inputs, result_of(call.inputs)
    device = device_of(unit, told)
    if device is not None and device.state == "in_repair":
        change_device(ChangeDevice(device_id=device.id, changes={"state": "in_use"}), unit)
    if result == "rejected_returned":
        charged = not told.get("fee_waived") and bool(told.get("invoice_id"))
        fee = told.get("diagnosis_fee") if charged else Decimal(0)
        file_letter(unit, call, "refusal_note", {"reason": told.get("refusal_reason"), "fee": fee})
    if told["channel"] == "courier":
        tell_customer(unit, call, "returned")
    note(unit, call, "returned", channel=str(told["channel"]), tracking=told.get("tracking_number"), result=result)
    return {"result": result, "device_here": False}


@service_task("service_repair.set_guarantee")
def set_guarantee(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Write into the device how its guarantee goes on, and tell its owner on paper."""
    told, on = call.inputs, today(unit)
    rule, device = told["clock_rule"], device_of(unit, told)
    kind = "part" if rule["part"] == "new" else str(rule["device"])
    days = (on - told["reported_at"].date()).days
    months = int(rule["months"]) if rule.get("months") else 0
    until = warranty_end(on, months) if months else None
    if device is not None:
        until = _written(unit, call, device, kind) or until
    if kind != "none" and until is not None:
        customer = unit.session.get_one(CustomerRow, str(told["customer_id"]))
        sentence = words_for(customer)["guarantee"][kind]
        told_so = sentence.format(until=until.isoformat(), days=days, months=months)
        file_letter(unit, call, "guarantee_update", {"returned_on": on.isoformat(), "sentence": told_so})
    note(unit, call, "guarantee", rule=str(rule["rule"]), kind=kind, until=until.isoformat() if until else None)
    return {"guarantee_until": until}


@service_task("service_repair.ask_satisfaction")
def ask_satisfaction(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """A week later the customer is asked."""
    if call.inputs["result"] in ASKED:
        tell_customer(unit, call, "survey", not_before=unit.clock.now() + SURVEY)
    return {}


@service_task("service_repair.count_open")
def count_open(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """How many activities of this case are not settled."""
    return {"open_items": Decimal(open_items(unit, call.instance_id))}


@service_task("service_repair.close")
def close(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The trail tells how it ended."""
    told = call.inputs
    verdict = told.get("verdict") or {}
    facts = {"code": verdict.get("code"), "defect": told.get("defect_code"), "failed_tests": str(told["loops"])}
    note(unit, call, "closed", result=str(told["result"]), cost=str(told["cost"]), **facts)
    return {}


def _invoiced(unit: UnitOfWork, call: ServiceCall) -> str:
    told = call.inputs
    made: list[str] = []
    if told["hint"] == "repaired":
        orders = [InvoiceOrder(order_id=str(each), sold_on=today(unit)) for each in told.get("orders") or ()]
        made += [invoice_order(each, unit).id for each in orders]
        rest, text = told["cost"] - number(told.get("agreed")), f"Repair {told['repair']}"
    else:
        rest, text = number(told["diagnosis_fee"]), f"Diagnosis {told['repair']}"
    if rest > 0 or not made:
        line = Line(quantity=Decimal(1), description=text, unit_price=rest, vat_rate=VAT)
        made.append(issue_invoice(IssueInvoice(customer_id=str(told["customer_id"]), lines=(line,)), unit).id)
    unit.session.flush()  # links follow the invoices
    for each in made:
        add_link(unit, call.instance_id, EntityLink(entity="crm.invoice", id=each))
    note(unit, call, "invoiced", invoices=made)
    return made[-1]


def _written(unit: UnitOfWork, call: ServiceCall, device: DeviceRow, kind: str) -> Any:
    """The last day that the device, or its new part, is covered; None where nothing changed."""
    told, on = call.inputs, today(unit)
    if told["result"] == "replaced":
        return _replaced(unit, call, device)
    changes: dict[str, Any] = {}
    match kind:
        case "new":
            changes = {"renewed_on": on, "extended_days": 0}
        case "extend":
            days = (on - told["reported_at"].date()).days
            changes = {"extended_days": device.extended_days + days}
        case "part":
            return warranty_end(on, device.warranty_months)
        case _:
            return None
    change_device(ChangeDevice(device_id=device.id, changes=changes), unit)
    return device.warranty_until


def _replaced(unit: UnitOfWork, call: ServiceCall, device: DeviceRow) -> Any:
    """The old device is out of use; the other one is registered with a whole new term."""
    on, serial = today(unit), call.inputs.get("replacement_serial")
    change_device(ChangeDevice(device_id=device.id, changes={"state": "out_of_use"}), unit)
    if not serial:
        return warranty_end(on, device.warranty_months)
    data = DeviceData(
        product_id=device.product_id,
        serial_number=str(serial),
        customer_id=device.customer_id,
        purchased_on=on,
        warranty_months=device.warranty_months,
        note=f"Replaces {device.serial_number} ({call.inputs['repair']})",
    )
    try:
        made = register_device(RegisterDevice(device=data), unit)
    except SerialTaken as refusal:
        note(unit, call, "not_registered", refusal.sentence)
        return warranty_end(on, device.warranty_months)
    unit.session.flush()  # read back when it ends
    add_link(unit, call.instance_id, EntityLink(entity="crm.device", id=made, role="further"))
    return unit.session.get_one(DeviceRow, made).warranty_until
