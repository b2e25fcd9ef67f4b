"""The service tasks of the process: reading the claim, letters, and what people and debtors say."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core.errors import NotFound
from crm.company import company, today
from crm.money import NOTHING, plain
from crm.sales.models import InvoiceRow
from crm.sales.settling import DisputeInvoice, ResolveDispute, WriteOff, dispute_invoice, lock_invoice, resolve_dispute
from crm.sales.settling import write_off as write_off_invoice
from engine.errors import StepRefused
from engine.handlers import ServiceCall, service_task
from processes.dunning import days, letters
from processes.dunning.claims import Law, claim_of
from processes.dunning.errors import AlreadyRunning, NothingOverdue
from processes.dunning.events import ClaimNoted, LetterQueued, LetterWithdrawn, PromiseNoted, ResidualDecided
from processes.dunning.facts import facts_of
from processes.dunning.models import DunningRow
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork

FRESH: dict[str, Any] = {  # what the last round decided
    "news": None,
    "decision": None,
    "accepted": None,
    "consent": None,
    "waiver": None,
    "judged": None,
    "residual_decided": None,
    "proceed": None,
    "delay_days": None,
    "reason": None,
}
MOST_CALLS = 3
CALLED = 3  # the level of a call
LONGEST_DELAY = 14  # days that an owner may ask for


@service_task("dunning.open")
def open_file(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Say that this case duns the invoice; nothing if another one does, or if nothing is due."""
    key = str(call.inputs.get("invoice_id") or call.inputs.get("invoice_number") or call.business_key or "")
    try:
        invoice = lock_invoice(unit, key)
    except NotFound as error:
        raise StepRefused(error.sentence, reason=error.code) from error
    row = unit.session.get(DunningRow, invoice.id, with_for_update=True)
    if row is not None and row.is_running:
        refused = AlreadyRunning(invoice.number)
        raise StepRefused(refused.sentence, reason=refused.code)
    if invoice.balance <= 0 or invoice.due_on >= today(unit):
        nothing = NothingOverdue(invoice.number)
        raise StepRefused(nothing.sentence, reason=nothing.code)
    if row is None:
        row = _new_row(unit, invoice, call.instance_id)
    row.instance_id, row.is_running, row.outcome = call.instance_id, True, None
    row.opened_at, row.promised_on = unit.clock.now(), None
    row.disputes += invoice.dispute is not None
    return {
        "invoice_id": invoice.id,
        "invoice_number": invoice.number,
        "customer_id": invoice.customer_id,
        "owner_asked": False,
        "attempts": Decimal(0),
        "not_before": None,
        "law": None,
        "letter": None,
        "claim_deadline": None,
    }


def _new_row(unit: UnitOfWork, invoice: InvoiceRow, instance_id: str) -> DunningRow:
    row = DunningRow(
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        instance_id=instance_id,
        is_running=True,
        level=0,
        broken_promises=0,
        kept_promises=0,
        disputes=0,
        is_insolvent=False,
        mail_fails=False,
        mobile_fails=False,
        opened_at=unit.clock.now(),
    )
    unit.session.add(row)
    return row


@service_task("dunning.read")
def read(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What the invoice says now; a promise that was kept is over."""
    invoice, row = _both(unit, call)
    if row.promised_on is not None and _is_kept(row, invoice):
        row.kept_promises += 1
        _end_promise(unit, row, kept=True)
    facts = facts_of(
        ProcessView(unit), invoice, row, law=law_of(call.inputs), asked=bool(call.inputs.get("owner_asked"))
    )
    return FRESH | facts | {"customer_name": facts["claim"]["customer"]}


@service_task("dunning.queue")
def queue_letter(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Put the invoice into its customer's letter."""
    invoice, _ = _both(unit, call)
    step, way = call.inputs["step"], call.inputs["way"]
    demand = letters.Demand(
        instance_id=call.instance_id,
        template=str(step["template"]),
        channel=str(way["channel"]),
        law=law_of(call.inputs),
        reached=None if step["reached"] is None else int(step["reached"]),
    )
    _queue(unit, invoice, demand)
    return {"letter": None}


def _queue(unit: UnitOfWork, invoice: InvoiceRow, demand: letters.Demand) -> None:
    letter = letters.queue(unit, invoice, demand)
    unit.emit(
        LetterQueued(
            invoice_id=invoice.id,
            instance_id=demand.instance_id,
            letter_id=letter,
            template=demand.template,
            channel=demand.channel,
        )
    )


@service_task("dunning.note_step")
def note_step(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The letter went out: the invoice has reached the next level."""
    _, row = _both(unit, call)
    reached = call.inputs["step"]["reached"]
    if reached is not None:
        row.level = int(reached)
    row.reminded_on = date.fromisoformat(str(call.inputs["letter"]["on"]))
    return {"not_before": None}


@service_task("dunning.take_back")
def take_back(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Whatever waits to go out stays here; what was posted already stays posted."""
    invoice_id, news = str(call.inputs["invoice_id"]), str(call.inputs.get("news") or "news")
    if letters.withdraw(unit, invoice_id, news):
        unit.emit(LetterWithdrawn(invoice_id=invoice_id, instance_id=call.instance_id, reason=news))
    return _weighed(unit, call) if news == "promise" else {}


@service_task("dunning.note_call")
def note_call(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What came of a call: a promise, a dispute, another try tomorrow, or the next step."""
    _, row = _both(unit, call)
    told, on = call.inputs, today(unit)
    attempts = int(told.get("attempts") or 0) + 1
    facts = {"outcome": str(told["outcome"]), "attempt": attempts, "new_phone": told.get("new_phone")}
    _note(unit, row, "call", told.get("note"), facts)
    if told["outcome"] == "no_answer" and attempts < MOST_CALLS:
        return {"attempts": Decimal(attempts), "not_before": days.later(on, 1), "news": None}
    row.level, row.reminded_on = CALLED, row.reminded_on or on
    again: dict[str, Any] = {"attempts": Decimal(0), "not_before": None, "news": None}
    if told["outcome"] == "dispute":
        dispute_invoice(DisputeInvoice(invoice_id=row.invoice_id, reason=str(told["dispute_text"])), unit)
    if told["outcome"] == "promise":
        return again | {"news": "promise"} | _weighed(unit, call)
    return again


@service_task("dunning.note_owner")
def note_owner(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The account's owner lets it go on, at once or after some days; so does silence."""
    _, row = _both(unit, call)
    wanted = int(call.inputs.get("delay_days") or 0) if call.inputs.get("proceed") == "later" else 0
    until = today(unit) + timedelta(days=min(wanted, LONGEST_DELAY)) if wanted else None
    _note(unit, row, "owner", call.inputs.get("reason"), {"proceed": call.inputs.get("proceed"), "days": wanted})
    return {"owner_asked": True, "not_before": until}


@service_task("dunning.note_promise")
def note_promise(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """From now on the case waits for the promised day."""
    invoice, row = _both(unit, call)
    row.promised_on, row.promised = _day(call.inputs["promise_date"]), Decimal(call.inputs["promise_amount"])
    row.owed_then = invoice.balance
    _tell_promise(unit, row, kept=None)
    return {"not_before": None}


@service_task("dunning.break_promise")
def break_promise(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The day is over and the money did not come."""
    _, row = _both(unit, call)
    row.broken_promises += 1
    _end_promise(unit, row, kept=False)
    return {}


@service_task("dunning.remind")
def remind(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Somebody should clarify the dispute at last."""
    _, row = _both(unit, call)
    _note(unit, row, "dispute_open", None, None)
    return {}


@service_task("dunning.close_dispute")
def close_dispute(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The invoice counts as before; a credit note for what was justified was issued on its page."""
    invoice, row = _both(unit, call)
    told = call.inputs
    facts = {"kind": told.get("kind"), "result": told.get("result")}
    _note(unit, row, "dispute", told.get("dispute_answer"), facts)
    if invoice.dispute is not None:
        reason = f"{told.get('result')}: {told.get('dispute_answer') or '–'}"
        resolve_dispute(ResolveDispute(invoice_id=invoice.id, reason=reason), unit)
    return {}


@service_task("dunning.note_decision")
def note_decision(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Somebody set right what no rule fitted."""
    _, row = _both(unit, call)
    told = call.inputs
    _note(unit, row, "decided", told.get("reason"), {"next": told.get("go_on")})
    row.stuck = None
    if told.get("new_level") is not None:
        row.level = int(told["new_level"])
    return {"news": "stop" if told.get("go_on") == "stop" else None}


@service_task("dunning.close")
def close(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What is not claimed is waived, and that is written down."""
    _residual(unit, call, "waived")
    return {}


@service_task("dunning.claim_interest")
def claim_interest(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """A note of interest waits to be printed."""
    invoice, _ = _both(unit, call)
    _residual(unit, call, "claimed")
    law = law_of(call.inputs)
    _queue(
        unit,
        invoice,
        letters.Demand(
            instance_id=call.instance_id, template=letters.INTEREST, channel="letter", law=law, reached=None
        ),
    )
    return {}


@service_task("dunning.write_off")
def write_off(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Give up what is open, as the finance director decided."""
    invoice, _ = _both(unit, call)
    if invoice.balance > 0:
        reason = str(call.inputs.get("reason") or "dunning without success")
        write_off_invoice(WriteOff(invoice_id=invoice.id, reason=reason), unit)
    return {}


def law_of(inputs: Mapping[str, Any]) -> Law:
    """What decision D2 said, before it was asked nothing."""
    found = inputs.get("law")
    if not found:
        return Law()
    return Law(name=str(found["law"]), difference=found["difference"], has_compensation=bool(found["compensation"]))


def _residual(unit: UnitOfWork, call: ServiceCall, action: str) -> None:
    invoice, _ = _both(unit, call)
    view = ProcessView(unit)
    claim = claim_of(view, invoice, law_of(call.inputs), company(view), today(view))
    if claim.extras > 0:
        reason = call.inputs.get("reason")
        unit.emit(
            ResidualDecided(
                invoice_id=invoice.id,
                instance_id=call.instance_id,
                action=action,
                interest=plain(claim.interest or NOTHING),
                compensation=plain(claim.compensation or NOTHING),
                reason=str(reason) if reason else None,
            )
        )


def _weighed(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """A promise as decision D5 sees it."""
    invoice, _ = _both(unit, call)
    day, amount = _day(call.inputs["promise_date"]), Decimal(call.inputs["promise_amount"])
    share = amount / invoice.balance * 100 if invoice.balance > 0 else Decimal(100)
    return {
        "promise_date": day,
        "promise_amount": amount,
        "promise_days": Decimal((day - today(unit)).days),
        "promise_share": share,
        "settlement": bool(call.inputs.get("settlement")),
        "consent": None,
    }


def _is_kept(row: DunningRow, invoice: InvoiceRow) -> bool:
    return (row.owed_then or NOTHING) - invoice.balance >= (row.promised or NOTHING)


def _end_promise(unit: UnitOfWork, row: DunningRow, *, kept: bool) -> None:
    _tell_promise(unit, row, kept=kept)
    row.promised_on = row.promised = row.owed_then = None


def _tell_promise(unit: UnitOfWork, row: DunningRow, *, kept: bool | None) -> None:
    day = row.promised_on.isoformat() if row.promised_on else ""
    amount = plain(row.promised or NOTHING)
    unit.emit(PromiseNoted(invoice_id=row.invoice_id, instance_id=row.instance_id, day=day, amount=amount, kept=kept))


def _note(unit: UnitOfWork, row: DunningRow, what: str, note: Any, facts: dict[str, Any] | None) -> None:
    text = str(note) if note else None
    unit.emit(ClaimNoted(invoice_id=row.invoice_id, instance_id=row.instance_id, what=what, note=text, facts=facts))


def _both(unit: UnitOfWork, call: ServiceCall) -> tuple[InvoiceRow, DunningRow]:
    """The invoice and how far it has come, both locked, always in this order."""
    invoice = lock_invoice(unit, str(call.inputs["invoice_id"]))
    return invoice, unit.session.get_one(DunningRow, invoice.id, with_for_update=True)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
