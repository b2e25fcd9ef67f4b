"""The service tasks of the process: the party of an enquiry, offers, calls, the order, and what is noted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import DomainError
from crm.activities.content import Content, Link, Participant
from crm.activities.models import ActivityRow
from crm.activities.registering import RegisterActivity, register_activity
from crm.approvals import WithdrawOffer, withdraw_offer
from crm.checks import one_at_a_time
from crm.company import company
from crm.erp import words as erp
from crm.erp.queueing import queue
from crm.errors import CustomerBlocked, CustomerExists, CustomerNotFound, OfferFrozen, WrongFields, WrongOfferState
from crm.models import CustomerRow
from crm.numbering import yearly_number
from crm.offer_queries import Offer, offer
from crm.offers import CreateOffer, ReviseOffer, UpdateOffer, create_offer, revise_offer, update_offer
from crm.outbox.offers import DeclineOffer, decline_offer
from crm.planning.rules import open_items
from crm.queries import customer
from crm.sales.accepting import AcceptOffer, MoveOrder, accept_offer, move_order
from crm.sales.errors import WrongOrderState
from engine.errors import StepRefused
from engine.handlers import ServiceCall, service_task
from engine.instances import EntityLink, add_link
from engine.queries import instance
from processes.process_view import ProcessView
from processes.sales_cycle import opportunities
from processes.sales_cycle.events import OpportunityNoted
from processes.sales_cycle.news import tell, tell_confirmed
from processes.sales_cycle.parties import party, running_chain
from storage.unit_of_work import UnitOfWork

REFUSALS = 1  # the attitude of a customer who does not want to be asked
USUAL_DAYS = 30  # that an offer without a last day is waited for
DELIVERY_STEPS = {"delivered": "done", "cancelled": "cancelled"}  # what is said, and the state of the order
AFTER_SALES = timedelta(days=14)  # until we ask whether all is well
RECORDED = {"subject": "product_group", "need": "need_text", "source": "ad_source", "competitor": "competitor"}
FRESH: dict[str, Any] = {  # what nobody has said yet
    "resume": "lead",
    "result": None,
    "nurtured": Decimal(0),
    "nurture_until": None,
    "judged": None,
    "blocked_decision": None,
    "technical_review_needed": False,
    "feasible": None,
    "offer_id": None,
    "offer_number": None,
    "offer_version": None,
    "offer_result": None,
    "next_step": None,
    "attempts": Decimal(0),
    "attitude": None,
    "next_call_at": None,
    "valid_until_at": None,
    "asked_change": None,
    "loss_note": None,
    "erp_step": None,
    "delivery_step": None,
    "invoice_step": None,
    "credit_exceeded": False,
    "open_items": Decimal(0),
}


@service_task("sales_cycle.match")
def match(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Find or enter the customer; say which running case follows the same matter, if any."""
    told = call.inputs
    with told_to_the_person(CustomerNotFound, CustomerExists, WrongFields):
        found, ambiguous = party(unit, told)
    subject = str(told.get("product_group") or "")
    known = {name: told.get(name) for name in ("activity_id", "need_text", "source", "ad_source")}
    facts = FRESH | known | {"case_id": call.instance_id, "product_group": subject or None, "running_case": None}
    if found is None:
        return facts | NOBODY
    one_at_a_time(unit, f"sales_cycle:{found.id}")
    running = running_chain(unit, found.id, subject, call.instance_id)
    if running is not None and told.get("separate_reason"):
        _note(unit, call, "separate", facts={"running": running, "reason": str(told["separate_reason"])})
        running = None
    return facts | _about(unit, call, found) | {"ambiguous": ambiguous, "running_case": running}


NOBODY: dict[str, Any] = {  # of an enquiry that names no customer
    "customer_id": None,
    "customer_name": None,
    "account_owner": None,
    "key_account": False,
    "region": None,
    "abc_class": "C",
    "ambiguous": False,
}


def _about(unit: UnitOfWork, call: ServiceCall, row: CustomerRow) -> dict[str, Any]:
    """What decisions and forms need of a customer, which the case is about from now on."""
    add_link(unit, call.instance_id, EntityLink(entity="crm.customer", id=row.id))
    return {
        "customer_id": row.id,
        "customer_name": row.name,
        "account_owner": row.owner,
        "key_account": row.key_account,
        "region": row.region,
        "abc_class": row.abc_class or "C",
    }


@service_task("sales_cycle.join")
def join(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The running case hears of the enquiry and is about its activity, too."""
    running, activity = str(call.inputs["running_case"]), call.inputs.get("activity_id")
    link = {"case": running, "entity": "crm.activity", "id": str(activity)} if activity else None
    tell(unit, "enquiry.additional", {"case": running}, {"need_text": call.inputs.get("need_text")}, link)
    return {}


@service_task("sales_cycle.remind")
def remind(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The trail tells that time runs out; the task itself shows it in the inbox."""
    _note(unit, call, "reminded", facts={"what": str(call.inputs.get("what"))})
    return {}


@service_task("sales_cycle.open")
def open_opportunity(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Give the opportunity its number; whoever qualified it has said which customer it is."""
    told, known = call.inputs, {}
    if not told.get("customer_id"):
        with told_to_the_person(CustomerNotFound):
            found = customer(ProcessView(unit), str(told.get("customer_number") or ""))
        known = _about(unit, call, unit.session.get_one(CustomerRow, found.id))
    number = yearly_number(unit, "OPP")
    judged: Mapping[str, Any] = told["judged"]
    facts: dict[str, Any] = {name: _text(told.get(other)) for name, other in RECORDED.items()}
    facts |= {"customer_id": str((known or told)["customer_id"]), "value": _number(told.get("est_value"))}
    facts |= {"owner": _text((known or told).get("account_owner")) or unit.actor.id}
    opportunities.open_record(unit, call.instance_id, number, facts | {"probability": Decimal(judged["probability"])})
    _note(unit, call, "opened", facts={"number": number, "rule": str(judged["rule"])})
    return known | {
        "opportunity": number,
        "probability": judged["probability"],
        "value": told.get("est_value"),
        "resume": "needs",
    }


@service_task("sales_cycle.open_draft")
def open_draft(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Let the representative edit an offer: the first, a further version of it, or a new one where it has ended."""
    told, view = call.inputs, ProcessView(unit)
    known = offer(view, str(told["offer_id"])) if told.get("offer_id") else None
    if known is not None and known.state in {"in_approval", "approved", "sent"}:
        note = _text(told.get("reason")) or _text(told.get("asked_change"))
        revise_offer(ReviseOffer(offer_id=known.id, note=note, case_id=call.instance_id), unit)
        offer_id = known.id
    elif known is not None and known.state == "draft":
        offer_id = known.id
    else:
        is_decided = told.get("blocked_decision") == "prepaid"
        order = CreateOffer(
            customer_id=str(told["customer_id"]), despite_block=is_decided, enquired_at=_enquired_at(unit, call)
        )
        with told_to_the_person(CustomerBlocked):
            offer_id = create_offer(order, unit).id
        unit.session.flush()  # the link and the terms follow what was entered
        add_link(unit, call.instance_id, EntityLink(entity="crm.offer", id=offer_id))
    terms: dict[str, Any] = {}
    if told.get("extend_until"):
        terms["valid_until"] = _day(told["extend_until"])
    if told.get("blocked_decision") == "prepaid":
        terms["is_prepaid"] = True
    if terms:
        with told_to_the_person(WrongFields, OfferFrozen):
            update_offer(UpdateOffer(offer_id=offer_id, terms=terms), unit)
    unit.session.flush()  # read back what is edited now
    found = offer(view, offer_id)
    _record(unit, call, found)
    cleared = {"offer_result": None, "next_step": None, "extend_until": None, "asked_change": None, "reason": None}
    return cleared | _offered(found) | {"resume": "offer"}


def _enquired_at(unit: UnitOfWork, call: ServiceCall) -> datetime:
    """When what the case began with came in; a case that nobody wrote to us about, when it began."""
    activity_id = call.inputs.get("activity_id")
    row = unit.session.get(ActivityRow, str(activity_id)) if activity_id else None
    return row.moment if row is not None else instance(ProcessView(unit), call.instance_id).started_at


@service_task("sales_cycle.note_sent")
def note_sent(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The customer has the offer; what it says until when decides how long we wait."""
    found = offer(ProcessView(unit), str(call.inputs["offer_id"]))
    _record(unit, call, found)
    opportunities.count_offer(unit, call.instance_id)
    zone = ZoneInfo(company(unit).time_zone)
    last = found.terms.valid_until or unit.clock.now().astimezone(zone).date() + timedelta(days=USUAL_DAYS)
    return _offered(found) | {
        "resume": "decision",
        "attempts": Decimal(0),
        "attitude": None,
        "next_call_at": None,
        "valid_until_at": datetime.combine(last + timedelta(days=1), time(), zone),
    }


@service_task("sales_cycle.note_follow_up")
def note_follow_up(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Keep the call as an activity; what the customer thinks decides when they are asked again."""
    told = call.inputs
    outcome, note = str(told["outcome"]), _text(told.get("objection"))
    content = Content(
        employee=unit.actor.id,
        method="phone",
        direction="outgoing",
        status="held",
        state="done",
        subject=f"Follow-up of offer {told['offer_number']}: {outcome.replace('_', ' ')}",
        customer_id=str(told["customer_id"]),
        participants=(Participant(side="customer", name=str(told["customer_name"])),),
        held_from=unit.clock.now(),
        note=note,
        links=(Link(entity="crm.offer", record_id=str(told["offer_id"])), _this_case(call)),
    )
    register_activity(RegisterActivity(content=content), unit)
    attitude = Decimal(REFUSALS) if outcome == "refused" else _number(told.get("attitude"))
    next_at = _morning(unit, _day(told["next_at"])) if outcome == "callback" else None
    again = {"outcome": None, "objection": None, "next_at": None}
    return again | {"attempts": told["attempts"] + 1, "attitude": attitude, "next_call_at": next_at}


@service_task("sales_cycle.enter_order")
def enter_order(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The order of the accepted offer, made now or by the customer's own answer; one for each offer."""
    offer_id, customer_id = str(call.inputs["offer_id"]), str(call.inputs["customer_id"])
    made = accept_offer(AcceptOffer(offer_id=offer_id, case_id=call.instance_id), unit)
    unit.session.flush()  # exposure counts the order, too
    add_link(unit, call.instance_id, EntityLink(entity="crm.order", id=made.id))
    found = customer(ProcessView(unit), customer_id)
    limit = found.profile.credit_limit
    exceeded = limit is not None and found.standing.exposure > limit
    _note(unit, call, "ordered", facts={"order": made.number, "credit_exceeded": exceeded})
    return {"order_id": made.id, "order_number": made.number, "result": "accepted", "credit_exceeded": exceeded}


@service_task("sales_cycle.hand_over")
def hand_over(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The order goes to the ERP, once; what it acknowledges, now or before, is told to the case that waits for it."""
    order_id = str(call.inputs["order_id"])
    row = queue(unit, erp.ORDER, order_id)
    if row.state == erp.ACKNOWLEDGED:
        tell_confirmed(unit, order_id, row.erp_number)
    facts = {"order": str(call.inputs["order_number"]), "po_number": str(call.inputs.get("po_number") or "")}
    _note(unit, call, "handed_over", facts=facts)
    return {"erp_step": None}


@service_task("sales_cycle.note_delivery")
def note_delivery(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What the order desk found out moves the order; that it moved comes back to the case like what the ERP says."""
    told = call.inputs
    state = DELIVERY_STEPS.get(str(told["delivery_step"]))
    note = _text(told.get("delivery_note"))
    if state is not None:
        with told_to_the_person(WrongOrderState):
            move_order(MoveOrder(order_id=str(told["order_id"]), state=state, reason=note), unit)
    _note(unit, call, "chased", note, {"order": str(told["order_number"]), "step": str(told["delivery_step"])})
    return {"delivery_step": None, "delivery_note": None}


@service_task("sales_cycle.count_open")
def count_open(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """How many activities of this case are not settled."""
    return {"open_items": Decimal(open_items(unit, call.instance_id))}


@service_task("sales_cycle.close_sale")
def close_sale(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Plan the call after the delivery."""
    told, at = call.inputs, unit.clock.now() + AFTER_SALES
    found = offer(ProcessView(unit), str(told["offer_id"]))
    _plan(unit, told, employee=found.owner, subject=f"Is all well with order {told['order_number']}?", at=at)
    opportunities.close(unit, call.instance_id, opportunities.WON, order_id=str(told["order_id"]))
    _note(unit, call, "won", facts={"order": str(told["order_number"])})
    return {"probability": Decimal(100)}


@service_task("sales_cycle.note_loss")
def note_loss(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Close what is open with the customer, and plan when to ask again."""
    told = call.inputs
    reason = _text(told.get("loss_reason"))
    if told.get("offer_id"):
        found = offer(ProcessView(unit), str(told["offer_id"]))
        if found.state in {"draft", "in_approval"}:
            withdraw_offer(WithdrawOffer(offer_id=found.id, reason=reason, case_id=call.instance_id), unit)
        elif found.state in {"approved", "sent"}:
            with told_to_the_person(WrongOfferState):
                decline_offer(DeclineOffer(offer_id=found.id, reason=reason), unit)
    if told.get("recontact_on") and told.get("customer_id"):
        at = _morning(unit, _day(told["recontact_on"]))
        _plan(unit, told, employee=unit.actor.id, subject="Ask again after a lost opportunity", at=at)
    why = {"loss_reason": reason, "competitor": _text(told.get("competitor"))}
    opportunities.close(unit, call.instance_id, opportunities.LOST, **why, price_gap=_number(told.get("price_gap_pct")))
    _note(unit, call, "lost", _text(told.get("loss_note")), {"reason": reason})
    return {"probability": Decimal(0)}


@contextmanager
def told_to_the_person(*refusals: type[DomainError]) -> Iterator[None]:
    """What the person who completes the task can put right at once is their answer, not an incident."""
    try:
        yield
    except refusals as error:
        raise StepRefused(error.sentence, **error.details, reason=error.code) from error


def _record(unit: UnitOfWork, call: ServiceCall, found: Offer) -> None:
    """What the analysis or the offer says of the opportunity."""
    worth = found.net_in_company_currency or _number(call.inputs.get("value"))
    facts: dict[str, Any] = {"offer_id": found.id, "value": worth}
    if call.inputs.get("close_expected"):
        facts["close_expected"] = _day(call.inputs["close_expected"])
    opportunities.note(unit, call.instance_id, **facts)


def _offered(found: Offer) -> dict[str, Any]:
    return {
        "offer_id": found.id,
        "offer_number": found.number,
        "offer_version": Decimal(found.version),
        "value": found.net_in_company_currency or None,
    }


def _plan(unit: UnitOfWork, told: Mapping[str, Any], *, employee: str, subject: str, at: datetime) -> None:
    content = Content(
        employee=employee,
        method="phone",
        direction="outgoing",
        status="planned",
        subject=subject,
        customer_id=str(told["customer_id"]),
        participants=(Participant(side="customer", name=str(told["customer_name"])),),
        planned_from=at,
    )
    register_activity(RegisterActivity(content=content), unit)


def _note(
    unit: UnitOfWork, call: ServiceCall, what: str, note: str | None = None, facts: dict[str, Any] | None = None
) -> None:
    unit.emit(OpportunityNoted(instance_id=call.instance_id, what=what, note=note, facts=facts))


def _this_case(call: ServiceCall) -> Link:
    return Link(entity="case", record_id=call.instance_id)


def _morning(unit: UnitOfWork, day: date) -> datetime:
    return datetime.combine(day, time(8), ZoneInfo(company(unit).time_zone))


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _text(value: Any) -> str | None:
    return str(value) if value else None
