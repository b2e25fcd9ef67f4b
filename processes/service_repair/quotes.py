"""The quote for a repair: an offer of its own, its paper, the signed link by which the customer agrees, the order."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.errors import DomainError
from crm.approvals import FreezeOffer, LockOffer, MarkOfferSent, freeze_offer, lock_approved_offer, mark_offer_sent
from crm.company import today
from crm.errors import OfferFrozen, OfferIncomplete, WrongFields, WrongOfferState
from crm.models import CustomerRow
from crm.money import plain
from crm.offer_content import Line
from crm.offer_queries import Offer, offer
from crm.offers import CreateOffer, ReviseOffer, UpdateOffer, create_offer, revise_offer, update_offer
from crm.outbox.errors import NoWayToReach
from crm.outbox.offers import DeclineOffer, SendOffer, decline_offer, send_offer
from crm.outbox.ports import PaperRef
from crm.sales.accepting import AcceptOffer, accept_offer
from engine.handlers import ServiceCall, service_task
from engine.instances import EntityLink, add_link
from processes.process_view import ProcessView
from processes.service_repair.fresh import NOTHING, VAT, number
from processes.service_repair.letters import file_letter
from processes.service_repair.steps import day_of, note, told_to_the_person
from processes.service_repair.telling import letter_to_customer, texts_for
from processes.service_repair.verdicts import parts_named
from storage.unit_of_work import UnitOfWork

USUAL = timedelta(days=30)  # that a quote holds where nobody says otherwise
OPEN = frozenset({"approved", "sent"})


@service_task("service_repair.open_quote")
def open_quote(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Draft the quote, or its next version: then the link of the version before answers nothing any more."""
    told, view = call.inputs, ProcessView(unit)
    known = offer(view, str(told["offer_id"])) if told.get("offer_id") else None
    lines = _lines(unit, call)
    if known is not None and known.state in {"in_approval", *OPEN}:
        revise_offer(
            ReviseOffer(offer_id=known.id, note="The repair costs something else.", case_id=call.instance_id), unit
        )
        offer_id = known.id
    elif known is not None and known.state == "draft":
        offer_id = known.id
    else:
        offer_id = create_offer(CreateOffer(customer_id=str(told["customer_id"]), despite_block=True), unit).id
        unit.session.flush()  # the link follows what was entered
        add_link(unit, call.instance_id, EntityLink(entity="crm.offer", id=offer_id))
    with told_to_the_person(WrongFields):
        update_offer(UpdateOffer(offer_id=offer_id, lines=lines, terms={"valid_until": today(unit) + USUAL}), unit)
    unit.session.flush()  # read back what is edited now
    fresh = {"offer_result": None, "has_discount": False, "quote_reminders": NOTHING, "resume": "quote"}
    return fresh | _shown(offer(view, offer_id))


@service_task("service_repair.ready_quote")
def ready_quote(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Write down until when it holds and what is taken off."""
    told = call.inputs
    off = number(told.get("discount"))
    terms = {"valid_until": day_of(told["valid_until"]), "is_prepaid": bool(told.get("pay_first"))}
    lines = tuple(_off(line, off) for line in _lines(unit, call)) if off else None
    with told_to_the_person(WrongFields, OfferFrozen):
        update_offer(UpdateOffer(offer_id=str(told["offer_id"]), lines=lines, terms=terms), unit)
    return {"has_discount": off > 0, "discount": None}


@service_task("service_repair.send_quote")
def send_quote(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """File its paper and send it with a link to answer; a discount that was not granted is not in it."""
    told, view = call.inputs, ProcessView(unit)
    found = offer(view, str(told["offer_id"]))
    if found.state not in {"draft", "approved"}:
        found = _without_discount(unit, call)
    if found.state == "draft":
        with told_to_the_person(OfferIncomplete):
            freeze_offer(FreezeOffer(offer_id=found.id, case_id=call.instance_id), unit)
        lock_approved_offer(LockOffer(offer_id=found.id, case_id=call.instance_id), unit)
    unit.session.flush()  # the paper says what is frozen
    found = offer(view, found.id)
    until = found.terms.valid_until
    values = {
        "quote": found.number,
        "version": found.version,
        "until": until.isoformat() if until else None,
        "fee": told.get("diagnosis_fee"),
        "remark": " ",
    }
    rows = [[line.description, plain(line.quantity), plain(line.net)] for line in found.lines]
    filed, paper = file_letter(unit, call, "quote_pdf", values, rows)
    unit.session.flush()  # the message reads the document back
    try:
        customer = unit.session.get_one(CustomerRow, found.customer_id)
        subject, text = texts_for(unit, customer, told, "consent")
        pdf = PaperRef(document_id=filed.id, version=filed.version)
        with unit.session.begin_nested():
            send_offer(
                SendOffer(
                    offer_id=found.id,
                    pdf=pdf,
                    subject=subject,
                    text=text,
                    template=None,
                    case_id=call.instance_id,
                    key=f"{call.key}:quote",
                ),
                unit,
            )
    except (NoWayToReach, DomainError) as refusal:
        note(unit, call, "not_reached", refusal.sentence, about="quote")
        letter_to_customer(unit, call, "quote_pdf", paper)
        if offer(view, found.id).state == "approved":
            mark_offer_sent(MarkOfferSent(offer_id=found.id, case_id=call.instance_id), unit)
    note(unit, call, "quoted", quote=found.number, version=found.version, digest=filed.digest)
    return _shown(offer(view, found.id)) | {"resume": "consent"}


@service_task("service_repair.note_contact")
def note_contact(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What the customer said on the telephone is an answer like one by the link."""
    told = call.inputs
    offer_id, said = str(told["offer_id"]), str(told["contact_outcome"])
    with told_to_the_person(WrongOfferState):
        if said == "accepted":
            accept_offer(AcceptOffer(offer_id=offer_id, case_id=call.instance_id), unit)
        elif said == "rejected":
            decline_offer(DeclineOffer(offer_id=offer_id, reason=str(told["contact_note"])), unit)
    note(unit, call, "contacted", told["contact_note"], outcome=said)
    return {"quote_reminders": number(told.get("quote_reminders")) + 1}


@service_task("service_repair.note_consent")
def note_consent(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """One order for each quote; the customer has agreed to the cost."""
    made = accept_offer(AcceptOffer(offer_id=str(call.inputs["offer_id"]), case_id=call.instance_id), unit)
    unit.session.flush()  # the link follows the order
    add_link(unit, call.instance_id, EntityLink(entity="crm.order", id=made.id))
    note(unit, call, "consented", order=made.number)
    orders = [*(call.inputs.get("orders") or []), made.id]
    return {
        "orders": list(dict.fromkeys(orders)),
        "agreed": call.inputs["cost"],
        "cost_limit": call.inputs["cost"],
        "asks_again": False,
        "resume": "work",
    }


def _lines(unit: UnitOfWork, call: ServiceCall) -> tuple[Line, ...]:
    """Parts and work, or what is to be paid beyond what was agreed already."""
    told = call.inputs
    agreed = number(told.get("agreed"))
    if agreed:
        text = str(told.get("extra_text") or "Further work")
        return (Line(quantity=Decimal(1), description=text, unit_price=told["cost"] - agreed, vat_rate=VAT),)
    parts = parts_named(unit, told.get("parts") or ())
    lines = [Line(quantity=Decimal(1), product_id=each.id, unit_price=each.price) for each in parts]
    if told.get("other_parts"):
        price = number(told.get("other_parts_price"))
        lines.append(Line(quantity=Decimal(1), description=str(told["other_parts"]), unit_price=price, vat_rate=VAT))
    rest = told["cost"] - sum((each.unit_price or NOTHING for each in lines), NOTHING)
    if rest > 0 or not lines:
        text = f"Repair {told.get('repair') or ''}: {told.get('labour_min')} min"
        lines.append(Line(quantity=Decimal(1), description=text, unit_price=rest, vat_rate=VAT))
    return tuple(lines)


def _off(line: Line, discount: Decimal) -> Line:
    return Line(
        quantity=line.quantity,
        product_id=line.product_id,
        description=line.description,
        unit_price=line.unit_price,
        vat_rate=line.vat_rate,
        discount=discount,
    )


def _without_discount(unit: UnitOfWork, call: ServiceCall) -> Offer:
    order = CreateOffer(customer_id=str(call.inputs["customer_id"]), lines=_lines(unit, call), despite_block=True)
    made = create_offer(order, unit)
    terms = {"valid_until": day_of(call.inputs["valid_until"])}
    unit.session.flush()  # terms and link follow what was entered
    update_offer(UpdateOffer(offer_id=made.id, terms=terms), unit)
    add_link(unit, call.instance_id, EntityLink(entity="crm.offer", id=made.id))
    unit.session.flush()  # read back
    return offer(ProcessView(unit), made.id)


def _shown(found: Offer) -> dict[str, Any]:
    return {"offer_id": found.id, "offer_number": found.number, "offer_version": Decimal(found.version)}
