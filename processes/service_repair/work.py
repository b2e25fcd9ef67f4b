"""Parts, the repair itself, and its test."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crm.company import company
from crm.devices.registering import FitPart, fit_part
from crm.erp.supply import OrderParts, stock
from crm.erp.supply import order_parts as order_from_supplier
from crm.errors import ProductNotFound, WrongFields
from crm.money import plain
from engine.handlers import ServiceCall, service_task
from processes.process_view import ProcessView
from processes.service_repair.fresh import MOST_LOOPS, NOTHING, number, payer_of
from processes.service_repair.letters import file_letter
from processes.service_repair.steps import day_of, device_of, morning, note, told_to_the_person
from processes.service_repair.telling import tell_customer
from processes.service_repair.verdicts import parts_named
from storage.unit_of_work import UnitOfWork


@service_task("service_repair.look_up_stock")
def look_up_stock(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """How many of each part there are, as the ERP said last; a part that it never spoke of has no number."""
    zone = ZoneInfo(company(unit).time_zone)
    rows = []
    for part in parts_named(unit, call.inputs.get("parts") or ()):
        levels = stock(ProcessView(unit), part.id)
        told = max((each.told_at for each in levels), default=None)
        rows.append(
            {
                "part": f"{part.sku} {part.name}",
                "quantity": plain(sum((each.quantity for each in levels), NOTHING)) if levels else "not known",
                "places": ", ".join(f"{each.place}: {plain(each.quantity)}" for each in levels),
                "told": told.astimezone(zone).date().isoformat() if told else "",
            }
        )
    return {"stock": rows}


@service_task("service_repair.order_parts")
def order_parts(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Order the parts, here and in the ERP; the number of the order is the key of the message that they are here."""
    told = call.inputs
    day = day_of(told["parts_expected_on"])
    assert day is not None  # the form asks for it
    ask = OrderParts(
        case_id=call.instance_id,
        parts=str(told["missing_parts"]),
        expected_on=day,
        supplier=str(told["supplier"]) if told.get("supplier") else None,
    )
    order = order_from_supplier(ask, unit)
    values = {
        "order": order,
        "supplier": told.get("supplier"),
        "parts": told["missing_parts"],
        "until": day.isoformat(),
    }
    filed, _ = file_letter(unit, call, "purchase_order", values)
    note(unit, call, "parts_ordered", told["missing_parts"], order=order, document=filed.id)
    return {"purchase_order": order, "parts_expected_at": morning(unit, day), "resume": "work"}


@service_task("service_repair.inform_late")
def inform_late(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Thirty days without parts: the customer hears of it, and gets another remedy."""
    tell_customer(unit, call, "late")
    note(unit, call, "parts_late", order=str(call.inputs.get("purchase_order")))
    return {"parts_late": True, "decided": None, "resume": "remedy"}


@service_task("service_repair.note_repair")
def note_repair(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Build the parts into the device's record; more to pay than agreed asks the customer again."""
    told = call.inputs
    payer, used = payer_of(told), list(told.get("parts_used") or ())
    device = device_of(unit, told)
    serial = str(told["part_serials"]) if told.get("part_serials") and len(used) == 1 else None
    if device is not None:
        with told_to_the_person(ProductNotFound, WrongFields):
            for part in used:
                price = NOTHING if payer == "us" else None
                fit_part(FitPart(device_id=device.id, part_id=str(part), serial_number=serial, unit_price=price), unit)
    extra = number(told.get("extra_cost")) if told.get("extra_fault_found") else NOTHING
    cost = told["cost"] + extra
    asks = extra > 0 and payer == "customer" and cost > told["cost_limit"]
    note(unit, call, "repaired", told["work_done"], minutes=str(told["minutes"]), parts=len(used), extra=str(extra))
    return {
        "cost": cost,
        "asks_again": asks,
        "resume": "quote" if asks else "work",
        "parts_replaced": bool(used) or bool(told.get("parts_replaced")),
        "extra_fault_found": False,
    }


@service_task("service_repair.note_test")
def note_test(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Passed, or diagnosed again; after the third time a manager decides."""
    told = call.inputs
    passed = told["test_result"] == "pass"
    loops = told["loops"] + (Decimal(0) if passed else Decimal(1))
    note(unit, call, "tested", told.get("test_note"), passed=passed, failed=str(loops))
    if passed:
        return {"hint": "repaired", "resume": "return", "payer": payer_of(told)}
    return {"loops": loops, "resume": "remedy" if loops >= MOST_LOOPS else "diagnosis"}
