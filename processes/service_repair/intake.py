"""Taking in: who reports which device, its number, the visit of a technician, and what came in."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm.activities.content import Content, Link, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.checks import one_at_a_time
from crm.company import company, today
from crm.devices.contracts import contracts_of_device
from crm.devices.models import DeviceRow
from crm.devices.queries import parts_of
from crm.devices.registering import ChangeDevice, change_device
from crm.errors import CustomerExists, CustomerNotFound, WrongFields
from crm.models import CustomerRow, ProductRow
from crm.numbering import yearly_number
from crm.planning.errors import ResourceTaken
from crm.planning.models import ResourceRow
from crm.queries import customer
from documents.access import Target
from documents.queries import attached
from engine.errors import StepRefused
from engine.evidence import task_ids
from engine.handlers import ServiceCall, service_task
from engine.instances import EntityLink, add_link
from engine.models import InstanceEntityRow, InstanceRow
from processes.process_view import ProcessView
from processes.sales_cycle.parties import party
from processes.service_repair.fresh import FRESH, number
from processes.service_repair.letters import file_letter
from processes.service_repair.news import tell
from processes.service_repair.past import closed_repairs
from processes.service_repair.steps import day_of, device_of, note, told_to_the_person
from storage.unit_of_work import UnitOfWork

KEY = "service_repair"
CONSUMERS = frozenset({"consumer", "person"})
GOLD = Decimal(2)  # hours until the answer that a gold contract promises
LIFE = 5  # years until a device is worth nothing any more
PHOTOS = 2
MONTH = Decimal("30.4375")  # days
KNOWN = ("activity_id", "fault_text", "subject", "safety")


@service_task("service_repair.match")
def match(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Find customer and device; say which running repair is about the same device, if any."""
    told = call.inputs
    with told_to_the_person(CustomerNotFound, CustomerExists, WrongFields):
        found, _ = party(unit, told)
    device = device_of(unit, told)
    if found is None and device is not None:
        found = unit.session.get_one(CustomerRow, device.customer_id)
    facts = FRESH | {name: told[name] for name in KNOWN if told.get(name) is not None}
    facts |= {"case_id": call.instance_id, "repair_key": call.instance_id, "reported_at": unit.clock.now()}
    facts |= _about_customer(unit, call, found) | {"running_case": None, "consumer_complaint": False}
    if device is None:
        return facts | {"serial_number": told.get("serial_number")}
    one_at_a_time(unit, f"service_repair:{device.id}")
    running = _running(unit, device.id, call.instance_id)
    return facts | _about_device(unit, call, device) | {"running_case": running}


@service_task("service_repair.join")
def join(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The running repair is about the activity, too."""
    activity = call.inputs.get("activity_id")
    if activity:
        tell(unit, None, str(call.inputs["running_case"]), link={"entity": "crm.activity", "id": str(activity)})
    return {}


@service_task("service_repair.open")
def open_repair(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Number the repair; a device that we do not know needs a proof of purchase."""
    told, known = dict(call.inputs), {}
    if not told.get("customer_id"):
        with told_to_the_person(CustomerNotFound):
            found = customer(ProcessView(unit), str(told.get("customer_number") or ""))
        known = _about_customer(unit, call, unit.session.get_one(CustomerRow, found.id))
        told |= known
    device = device_of(unit, told)
    if device is not None:
        known |= _about_device(unit, call, device)
    else:
        known |= _unknown(unit, call, told)
    known["repair"] = told.get("repair") or yearly_number(unit, "RMA")
    consumer = bool(told.get("consumer")) or bool(known.get("consumer"))
    known |= {"consumer": consumer, "consumer_complaint": consumer and told["claim_basis"] != "paid"}
    values = {"condition": told.get("condition"), "accessories": ", ".join(told.get("accessories") or ()) or "–"}
    paper = ServiceCall(
        instance_id=call.instance_id,
        element_id=call.element_id,
        business_key=call.business_key,
        inputs=told | known,
        key=call.key,
    )
    file_letter(unit, paper, "rma_form", values)
    note(unit, call, "opened", told.get("fault_text"), repair=known["repair"], basis=told["claim_basis"])
    return known | {"cost_limit": number(told.get("cost_limit")), "resume": "arrival"}


@service_task("service_repair.book_visit")
def book_visit(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Put the visit into the calendar of the technician, with what goes along."""
    told = call.inputs
    zone = ZoneInfo(company(unit).time_zone)
    begins = datetime.fromisoformat(str(told["visit_at"]))
    begins = begins if begins.tzinfo else begins.replace(tzinfo=zone)
    names = [each.strip() for each in str(told.get("resources") or "").split(",") if each.strip()]
    rows = unit.session.execute(select(ResourceRow.name, ResourceRow.id).where(ResourceRow.name.in_(names))).all()
    if missing := sorted(set(names) - {name for name, _ in rows}):
        raise StepRefused(f"There is no room or device {', '.join(missing)}.", reason="resource_not_found")
    content = Content(
        employee=str(told["technician"]),
        method="visit",
        direction="outgoing",
        status="planned",
        subject=f"Repair {told['repair']}: {told['product_name']}"[:200],
        customer_id=str(told["customer_id"]),
        participants=(Participant(side="customer", name=str(told["customer_name"])),),
        planned_from=begins,
        planned_to=begins + timedelta(hours=float(number(told["visit_hours"]))),
        links=(Link(entity="case", record_id=call.instance_id),),
        resources=tuple(each for _, each in rows),
    )
    with told_to_the_person(WrongFields, ResourceTaken):
        register_activity(RegisterActivity(content=content), unit)
    note(unit, call, "visit_planned", at=begins.isoformat(), technician=str(told["technician"]))
    return {}


@service_task("service_repair.note_receipt")
def note_receipt(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The device is here; two photographs show how it looked."""
    told = call.inputs
    if _count(unit, call, "photo") < PHOTOS:
        raise StepRefused(
            "Two photographs of the device are missing: attach them to this task.", reason="photos_missing"
        )
    device = device_of(unit, told)
    if device is not None and told.get("serial_match"):
        change_device(ChangeDevice(device_id=device.id, changes={"state": "in_repair"}), unit)
    note(unit, call, "received", told.get("damage"), seal=str(told["seal"]), serial=str(told["serial_seen"]))
    return {"device_here": True, "resume": "diagnosis"}


def _about_customer(unit: UnitOfWork, call: ServiceCall, row: CustomerRow | None) -> dict[str, Any]:
    if row is None:
        facts: dict[str, Any] = {"customer_id": None, "customer_name": None, "key_account": False}
        return facts | {"abc_class": "C", "consumer": False}
    add_link(unit, call.instance_id, EntityLink(entity="crm.customer", id=row.id))
    return {
        "customer_id": row.id,
        "customer_name": row.name,
        "key_account": row.key_account,
        "abc_class": row.abc_class or "C",
        "consumer": row.customer_kind in CONSUMERS,
    }


def _about_device(unit: UnitOfWork, call: ServiceCall, device: DeviceRow) -> dict[str, Any]:
    """What decisions and forms need of a device, which the case is about from now on."""
    add_link(unit, call.instance_id, EntityLink(entity="crm.device", id=device.id))
    view, on = ProcessView(unit), today(unit)
    product = unit.session.get_one(ProductRow, device.product_id)
    promised = [each.response_hours for each in contracts_of_device(view, device.id) if each.is_valid]
    since = (on - (device.delivered_on or device.purchased_on)).days
    past = closed_repairs(unit, device.id)
    return {
        "device_id": device.id,
        "serial_number": device.serial_number,
        "product_id": product.id,
        "product_name": product.name,
        "months": (Decimal(since) / MONTH).quantize(Decimal("0.01")),
        "guarantee_valid": device.warranty_until is not None and device.warranty_until >= on,
        "residual_value": max(product.price * (1 - Decimal(since) / (LIFE * 365)), product.price / 10),
        "contract": None if not promised else "gold" if min(promised) <= GOLD else "standard",
        "spare_parts": [
            {"label": f"{each.sku} {each.name}", "value": each.part_id} for each in parts_of(view, product.id)
        ],
        "past_defects": [defect for defect, _ in past],
    }


def _unknown(unit: UnitOfWork, call: ServiceCall, told: dict[str, Any]) -> dict[str, Any]:
    """What we know of a device that is not registered: what its owner shows us."""
    if told["claim_basis"] != "paid" and not _count(unit, call, "purchase_proof"):
        sentence = "We do not know this serial number: attach a proof of purchase, or take it in as a paid repair."
        raise StepRefused(sentence, reason="proof_missing")
    bought = day_of(told.get("bought_on"))
    since = (today(unit) - bought).days if bought else None
    months = None if since is None else (Decimal(since) / MONTH).quantize(Decimal("0.01"))
    valid = months is not None and months <= 24
    return {
        "serial_number": told.get("serial_number"),
        "product_name": told.get("product_name"),
        "months": months,
        "guarantee_valid": valid,
        "residual_value": None,
        "past_defects": [],
    }


def _count(unit: UnitOfWork, call: ServiceCall, kind: str) -> int:
    """Documents of a type at the case and its tasks."""
    view = ProcessView(unit)
    targets = [Target("case", call.instance_id)]
    targets += [Target("task", each) for each in task_ids(view, call.instance_id)]
    found = attached(view, targets)
    return len({each.document_id for target in targets for each in found[target] if each.type == kind})


def _running(unit: UnitOfWork, device_id: str, besides: str) -> str | None:
    wanted = (
        select(InstanceRow.id)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .where(
            InstanceEntityRow.entity == "crm.device",
            InstanceEntityRow.entity_id == device_id,
            InstanceRow.definition_key == KEY,
            InstanceRow.ended_at.is_(None),
            InstanceRow.id != besides,
        )
        .order_by(InstanceRow.id)
        .limit(1)
    )
    found: str | None = unit.session.scalar(wanted)
    return found
