"""After the diagnosis: what it costs, what the customer is told of the complaint, and remedies other than a repair."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from crm.models import CustomerRow, ProductRow
from engine.handlers import ServiceCall, service_task
from processes.service_repair.fresh import HINTS, NOTHING, cost_of, number
from processes.service_repair.letters import file_letter, words_for
from processes.service_repair.steps import note
from processes.service_repair.telling import letter_to_customer
from storage.unit_of_work import UnitOfWork

HUNDRED = Decimal(100)


@service_task("service_repair.note_diagnosis")
def note_diagnosis(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Reckon the cost, and whether the defect is one that we have repaired before."""
    told = call.inputs
    parts = parts_named(unit, told.get("parts") or ())
    sums = sum((each.price for each in parts), NOTHING) + number(told.get("other_parts_price"))
    cost, worth = cost_of(told, sums, number(told["labour_min"])), told.get("residual_value")
    again = list(told.get("past_defects") or ()).count(told["defect_code"])
    names = [f"{each.sku} {each.name}" for each in parts] + (
        [str(told["other_parts"])] if told.get("other_parts") else []
    )
    note(unit, call, "diagnosed", cause=str(told["cause"]), defect=str(told["defect_code"]), cost=str(cost))
    return {
        "cost": cost,
        "cost_share": cost / worth * HUNDRED if worth else None,
        "repeat": again > 0,
        "failed_repairs": Decimal(again),
        "parts_wanted": bool(names),
        "parts_text": ", ".join(names) or None,
        "replacement_available": bool(told.get("replacement_available")),
        "coverage_decided": None,
        "decided": None,
        "parts_late": False,
        "resume": "remedy",
        "hint": None,
    }


@service_task("service_repair.answer")
def answer(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The answer to the complaint leaves as a letter; from now on the law's clock is stopped."""
    told = call.inputs
    reported = told["reported_at"]
    values = {
        "reported_on": reported.date().isoformat(),
        "way": _way_in_words(unit, call, str(told["decided"])),
        "reason": told["reason_text"],
    }
    filed, paper = file_letter(unit, call, "complaint_answer", values)
    letter_to_customer(unit, call, "complaint_answer", paper)
    late = unit.clock.now() > told["legal_due_at"]
    note(unit, call, "answered", told["reason_text"], way=str(told["decided"]), document=filed.id, is_late=late)
    return {"answered_at": unit.clock.now()}


@service_task("service_repair.settle")
def settle(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Another device, or a proposal to the finance department; the money back ends the repair."""
    told = call.inputs
    way = str(told.get("decided") or told["remedy"]["remedy"])
    values = {
        "way": _way_in_words(unit, call, way),
        "reason": told["remedy_note"],
        "replacement": told.get("replacement_serial"),
        "amount": told.get("amount_back"),
    }
    kind = "replacement_order" if way == "replace" else "credit_note_proposal"
    filed, _ = file_letter(unit, call, kind, values)
    note(unit, call, "settled", told["remedy_note"], way=way, document=filed.id)
    if way == "refund":
        return {"result": "refunded", "hint": "refunded"}
    return {"hint": HINTS[way], "resume": "return"}


def parts_named(unit: UnitOfWork, ids: Sequence[Any]) -> list[ProductRow]:
    """The products behind the values of a list of parts."""
    wanted = select(ProductRow).where(ProductRow.id.in_([str(each) for each in ids])).order_by(ProductRow.sku)
    return list(unit.session.scalars(wanted)) if ids else []


def _way_in_words(unit: UnitOfWork, call: ServiceCall, way: str) -> str:
    customer = unit.session.get_one(CustomerRow, str(call.inputs["customer_id"]))
    return str(words_for(customer)["ways"][way])
