"""The service tasks of the process: what happens to the offer at each step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import DomainError
from crm.approvals import (
    FreezeOffer,
    LockOffer,
    RecordDecision,
    RejectOffer,
    WithdrawOffer,
    freeze_offer,
    lock_approved_offer,
    reject_offer,
    withdraw_offer,
)
from crm.approvals import record_decision as record
from crm.company import company
from crm.errors import OfferFrozen, OfferIncomplete, OfferNotFound, SelfApproval, WrongOfferState
from crm.offer_queries import Offer, offer
from crm.offers import ReviseOffer, UpdateOffer, revise_offer, update_offer
from crm.queries import customer
from engine.errors import StepRefused
from engine.evidence import performer_before
from engine.handlers import ServiceCall, service_task
from engine.instances import EntityLink, add_link
from processes.offer_approval.events import ApprovalNoted
from processes.offer_approval.facts import matrix_facts, shown, terms_shown
from processes.offer_approval.parameters import for_decisions
from processes.offer_approval.sheet import file_sheet
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork

TERMS = {  # field of the form: term of the offer
    "payment_days": "payment_days",
    "valid_until": "valid_until",
    "prepaid": "is_prepaid",
    "special_terms": "has_special_terms",
    "special_build": "is_special_build",
    "note": "note",
}


@service_task("offer_approval.read")
def read(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Show the offer in the first form, where the case was started with one."""
    key = call.inputs.get("offer_id") or call.inputs.get("offer_number") or call.business_key
    nothing: dict[str, Any] = {"offer_id": None, "offer": None, "lines": None, "terms": None, "decided": []}
    nothing["is_prepared"] = bool(key and call.inputs.get("is_prepared"))  # a case that calls this one has done it
    nothing["is_sent_elsewhere"] = bool(call.inputs.get("is_sent_elsewhere"))  # a case that calls this one will do it
    nothing["sent_by"] = None
    if not key:
        return nothing
    view = ProcessView(unit)
    with told_to_the_person(OfferNotFound):
        found = offer(view, str(key))
    terms = terms_shown(found.terms)
    return nothing | shown(view, found, customer(view, found.customer_id)) | terms | {"terms": terms}


@service_task("offer_approval.freeze")
def freeze(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Take the terms over from the form, freeze the offer and tell the matrix what it needs."""
    key = str(call.inputs.get("offer_id") or call.inputs.get("offer_number") or "")
    view = ProcessView(unit)
    with told_to_the_person(OfferNotFound, OfferIncomplete, OfferFrozen, WrongOfferState):
        before = offer(view, key)
        changes = changed_terms(call.inputs)
        if changes:
            update_offer(UpdateOffer(offer_id=before.id, terms=changes), unit)
        digest = freeze_offer(FreezeOffer(offer_id=before.id, case_id=call.instance_id), unit)
    unit.session.flush()  # read back what was frozen
    found = offer(view, before.id)
    buyer = customer(view, found.customer_id)
    for entity, identifier in (("crm.offer", found.id), ("crm.customer", buyer.id)):
        add_link(unit, call.instance_id, EntityLink(entity=entity, id=identifier))
    terms = terms_shown(found.terms)
    return (
        shown(view, found, buyer)
        | terms
        | matrix_facts(found, buyer)
        | for_decisions(unit)
        | {
            "terms": terms,
            "author": found.owner if unit.actor.is_system else unit.actor.id,  # a message has no author
            "offer_digest": digest,
            "offer_version": Decimal(found.version),
            "valid_until_at": _end_of_validity(unit, found.terms.valid_until),
        }
    )


@service_task("offer_approval.reassess")
def reassess(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What the matrix asks for as it is now, of the offer as it was frozen; decisions on the same facts hold."""
    view = ProcessView(unit)
    found = offer(view, str(call.inputs["offer_id"]))
    buyer = customer(view, found.customer_id)
    _note(unit, call, "reassessed")
    known = {"decided": decided_so_far(found, call.inputs)}
    return shown(view, found, buyer) | matrix_facts(found, buyer) | for_decisions(unit) | known


@service_task("offer_approval.remind")
def remind(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The trail tells that half of the time has passed; the task itself shows it in the inbox."""
    asked: Mapping[str, Any] = call.inputs["approver"]
    _note(unit, call, "reminded", {"groups": [str(each) for each in asked["asked"]], "level": int(asked["level"])})
    return {}


@service_task("offer_approval.record_decision")
def record_decision(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Keep the decision of the person who completed the task, bound to what the offer said."""
    before = performer_before(unit, call, "approve_offer")
    actor, name, at = (
        (before.id, before.id, before.at) if before else (unit.actor.id, unit.actor.name, unit.clock.now())
    )
    asked: Mapping[str, Any] = call.inputs["approver"]
    decision = str(call.inputs["decision"])
    said = call.inputs["remark"] if decision == "approve" else call.inputs["comment"]
    command = RecordDecision(
        offer_id=str(call.inputs["offer_id"]),
        case_id=call.instance_id,
        key=call.key,
        level=int(asked["level"]),
        group=str(asked["group"]),
        decision=decision,
        comment=said or None,
        actor=actor,
        actor_name=name,
        decided_at=at,
    )
    with told_to_the_person(SelfApproval, WrongOfferState):
        record(command, unit)
    return {"said": said or None, "decided_by": name}


@service_task("offer_approval.open_version")
def open_version(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Let the sales representative edit the next version."""
    command = ReviseOffer(
        offer_id=str(call.inputs["offer_id"]), note=_text(call.inputs["comment"]), case_id=call.instance_id
    )
    view = ProcessView(unit)
    if offer(view, command.offer_id).state != "draft":  # somebody may have opened it on the offer's page
        revise_offer(command, unit)
        unit.session.flush()  # read back the version that was opened
    found = offer(view, command.offer_id)
    terms = terms_shown(found.terms)
    return (
        shown(view, found, customer(view, found.customer_id))
        | terms
        | {"terms": terms, "change_note": None, "sent_by": None}
    )


@service_task("offer_approval.lock")
def lock(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Approve what was frozen."""
    digest = lock_approved_offer(LockOffer(offer_id=str(call.inputs["offer_id"]), case_id=call.instance_id), unit)
    return {"offer_result": "approved", "offer_digest": digest}


@service_task("offer_approval.file_sheet")
def sheet(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """File the approval sheet with the case."""
    unit.session.flush()  # the sheet shows the offer as it is now
    view = ProcessView(unit)
    found: Offer = offer(view, str(call.inputs["offer_id"]))
    return file_sheet(view, found, case_id=call.instance_id, rules=call.inputs["matrix"] or [])


@service_task("offer_approval.reject")
def reject(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Close the offer as rejected."""
    reason = _text(call.inputs["reason"])
    reject_offer(RejectOffer(offer_id=str(call.inputs["offer_id"]), reason=reason, case_id=call.instance_id), unit)
    return {"offer_result": "rejected"}


@service_task("offer_approval.withdraw")
def withdraw(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Close the offer as withdrawn."""
    reason = _text(call.inputs["reason"])
    withdraw_offer(WithdrawOffer(offer_id=str(call.inputs["offer_id"]), reason=reason, case_id=call.instance_id), unit)
    return {"offer_result": "withdrawn"}


def decided_so_far(found: Offer, told: Mapping[str, Any]) -> list[Any]:
    """What the levels before have decided, and who has approved of this level before it was broken off.

    Those approved of what the matrix said then.
    """
    known: list[Any] = list(told.get("decided") or [])
    rows: list[Mapping[str, Any]] = told.get("matrix") or []
    for each in found.decisions:
        is_known = any(one["role"] == each.group and one["by"] == each.actor_name for one in known)
        if each.version == found.version and each.decision == "approve" and not is_known:
            basis = [row["basis"] for row in rows if (row["group"], row["level"]) == (each.group, each.level)]
            said = {"decision": each.decision, "comment": each.comment, "by": each.actor_name}
            known.append({"role": each.group, "group": each.group.replace("_", " "), "basis": basis} | said)
    return known


@contextmanager
def told_to_the_person(*refusals: type[DomainError]) -> Iterator[None]:
    """What the person who completes the task can put right at once is their answer, not an incident."""
    try:
        yield
    except refusals as error:
        raise StepRefused(error.sentence, **error.details, reason=error.code) from error


def changed_terms(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The terms that somebody changed in the form; those left alone may have changed on the offer's page meanwhile."""
    filled_with: Mapping[str, Any] = inputs.get("terms") or {}
    return {
        term: _term(field, inputs[field])
        for field, term in TERMS.items()
        if field in inputs and (inputs[field] or None) != (filled_with.get(field) or None)
    }


def _term(field: str, value: Any) -> Any:
    match field:
        case "valid_until":
            return date.fromisoformat(value) if isinstance(value, str) and value else value or None
        case "payment_days":
            return int(value or 0)
        case "note":
            return _text(value)
        case _:
            return bool(value)


def _end_of_validity(unit: UnitOfWork, last: date | None) -> datetime | None:
    """The first moment after the last day, if there is one."""
    if last is None:
        return None
    return datetime.combine(last + timedelta(days=1), time(), ZoneInfo(company(unit).time_zone))


def _note(unit: UnitOfWork, call: ServiceCall, what: str, facts: dict[str, Any] | None = None) -> None:
    offer_id = str(call.inputs["offer_id"])
    unit.emit(ApprovalNoted(instance_id=call.instance_id, offer_id=offer_id, what=what, facts=facts))


def _text(value: Any) -> str | None:
    return str(value) if value else None
