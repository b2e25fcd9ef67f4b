"""The service tasks of the process: the facts of a ticket, our answers, the need for a product, the end."""

from typing import Any

from sqlalchemy import select

from crm.company import company
from crm.devices.contracts import contracts
from crm.models import CustomerRow
from engine.errors import StepRefused
from engine.handlers import ServiceCall, service_task
from engine.instances import EntityLink, add_link
from processes.helpdesk import tickets
from processes.helpdesk.models import TicketMessageRow, TicketRow
from processes.helpdesk.words import CONFIRMED, language_of
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork

GOLD = 2  # hours until the answer that a gold contract promises
FRESH: dict[str, Any] = {"step": None, "reply": None, "new_kind": None, "said": None, "need_raised": False}


@service_task("helpdesk.load")
def load(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The case is about the ticket and its customer from now on, who gets a mail with the number and the link."""
    row = tickets.locked(unit, str(call.inputs["ticket_id"]))
    row.case_id = call.instance_id
    facts = FRESH | {
        "ticket_id": row.id,
        "ticket": row.number,
        "kind": row.kind,
        "channel": row.channel,
        "ticket_subject": row.subject,
        "product_group": row.product_group,
        "opened_at": row.opened_at,
        "said": _first_said(unit, row),
        "customer_name": row.name,
        "customer_id": row.customer_id,
    }
    facts |= {"key_account": False, "abc_class": "C", "contract": None}
    customer = unit.session.get(CustomerRow, row.customer_id) if row.customer_id else None
    if customer is not None:
        add_link(unit, call.instance_id, EntityLink(entity="crm.customer", id=customer.id))
        facts |= {"customer_name": customer.name, "key_account": customer.key_account}
        facts |= {"abc_class": customer.abc_class or "C", "contract": _contract(unit, customer.id)}
    words = CONFIRMED[language_of(customer)]
    tickets.send(unit, row, words.format(number=row.number, company=company(ProcessView(unit)).name))
    return facts


@service_task("helpdesk.remind")
def remind(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The trail tells that the first answer is due, or late; the task itself shows it in the inbox."""
    row = tickets.locked(unit, str(call.inputs["ticket_id"]))
    tickets.note(unit, row, str(call.inputs["what"]))
    return {}


@service_task("helpdesk.take_step")
def take_step(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """What whoever works on the ticket decided: what is said leaves, and the ticket stands where it says."""
    told = call.inputs
    step, text = str(told["step"]), str(told.get("reply") or "").strip()
    row = tickets.locked(unit, str(told["ticket_id"]))
    if step in {"ask", "solved"} and not text:
        raise StepRefused("Write what the customer is told.", reason="reply_missing")
    if step == "reroute":
        kind = str(told.get("new_kind") or "")
        if kind not in tickets.KINDS or kind == row.kind:
            raise StepRefused("Say of which other kind the ticket is.", reason="kind_missing")
        tickets.move(unit, row, kind=kind)
    if text:
        tickets.answer(unit, row, text, author=unit.actor.name)
    if step in STATES:
        tickets.move(unit, row, state=STATES[step])
    return {"kind": row.kind, "reply": None, "new_kind": None, "last_step": step}


STATES = {"ask": tickets.WAITING, "solved": tickets.ANSWERED, "new_product": tickets.ANSWERED}


@service_task("helpdesk.raise_need")
def raise_need(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Somebody needs what we do not offer yet: an enquiry of the customer, which begins a sale."""
    row = tickets.locked(unit, str(call.inputs["ticket_id"]))
    need = f"{row.subject}\n\n{_first_said(unit, row)}"[: tickets.LONGEST_TEXT]
    told = {"need_text": need, "product_group": row.product_group, "source": "service"}
    if row.customer_id is not None:
        told["customer_id"] = row.customer_id
    else:
        told |= {"company_name": row.name, "email": row.email, "phone": row.phone}
    tickets.tell(unit, "service.sales_need", row.id, told, once=f"need:{row.id}")
    tickets.note(unit, row, "need_raised")
    if row.state == tickets.OPEN:
        tickets.move(unit, row, state=tickets.ANSWERED)
    return {"need_raised": True}


@service_task("helpdesk.close")
def close(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Nothing more is said in it."""
    row = tickets.locked(unit, str(call.inputs["ticket_id"]))
    tickets.move(unit, row, state=tickets.CLOSED)
    return {}


def _first_said(unit: UnitOfWork, row: TicketRow) -> str:
    said = select(TicketMessageRow.text).where(TicketMessageRow.ticket_id == row.id, ~TicketMessageRow.is_ours)
    return unit.session.scalars(said.order_by(TicketMessageRow.id).limit(1)).one()


def _contract(unit: UnitOfWork, customer_id: str) -> str | None:
    promised = [each.response_hours for each in contracts(ProcessView(unit), customer_id) if each.is_valid]
    return None if not promised else "gold" if min(promised) <= GOLD else "standard"
