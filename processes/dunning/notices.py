"""What people tell a dunning: a promise, post that came back, insolvency, that it is off."""

from typing import Any

from sqlalchemy import select

from processes.dunning.models import DunningRow
from processes.dunning.news import (
    DeclareInsolvent,
    MakePromise,
    NoteReturned,
    StopDunning,
    declare_insolvent,
    make_promise,
    note_returned,
    stop_dunning,
)
from processes.notices import Entry, Notice, register
from storage.unit_of_work import UnitOfWork

RIGHT = "payment.edit"
WHY = Entry(name="note", label="Why")


def _promise(unit: UnitOfWork, instance_id: str, told: dict[str, Any]) -> None:
    row = _row(unit, instance_id)
    order = MakePromise(
        invoice_id=row.invoice_id, day=told["day"], amount=told["amount"], settlement=told["settlement"]
    )
    make_promise(order, unit)


def _returned(unit: UnitOfWork, instance_id: str, told: dict[str, Any]) -> None:
    row = _row(unit, instance_id)
    note_returned(NoteReturned(invoice_id=row.invoice_id, channel=told["channel"], reason=told["note"]), unit)


def _insolvent(unit: UnitOfWork, instance_id: str, told: dict[str, Any]) -> None:
    row = _row(unit, instance_id)
    order = DeclareInsolvent(customer_id=row.customer_id, reason=told["note"], claim_deadline=told["claim_deadline"])
    declare_insolvent(order, unit)


def _stop(unit: UnitOfWork, instance_id: str, told: dict[str, Any]) -> None:
    stop_dunning(StopDunning(invoice_id=_row(unit, instance_id).invoice_id, reason=told["note"]), unit)


def _row(unit: UnitOfWork, instance_id: str) -> DunningRow:
    return unit.session.scalars(select(DunningRow).where(DunningRow.instance_id == instance_id)).one()


register(
    Notice(
        process="dunning",
        key="promise",
        title="The customer promised to pay",
        message="promise.made",
        hint="The rules for promises decide whether it is accepted; until its day nothing goes out.",
        right=RIGHT,
        entries=(
            Entry(name="day", label="Until", kind="day"),
            Entry(name="amount", label="Amount", kind="amount"),
            Entry(name="settlement", label="An agreement on instalments was signed", kind="tick", is_needed=False),
        ),
        does=_promise,
    ),
    Notice(
        process="dunning",
        key="returned",
        title="Post came back",
        message="letter.returned",
        hint="The step counts as not done, and another way is chosen.",
        right=RIGHT,
        entries=(
            Entry(
                name="channel",
                label="What came back",
                kind="choice",
                choices=(("letter", "Letter"), ("email", "E-mail"), ("sms", "SMS")),
            ),
            WHY,
        ),
        does=_returned,
    ),
    Notice(
        process="dunning",
        key="insolvent",
        title="The customer is insolvent",
        message="customer.insolvent",
        hint="Every dunning of this customer goes to the lawyer at once.",
        right=RIGHT,
        entries=(
            Entry(name="claim_deadline", label="Last day for claims", kind="day", is_needed=False),
            Entry(name="note", label="How we know"),
        ),
        does=_insolvent,
    ),
    Notice(
        process="dunning",
        key="stop",
        title="Stop the dunning",
        message="dunning.stopped",
        hint="What waits to go out is taken back, and the case ends.",
        right=RIGHT,
        entries=(WHY,),
        does=_stop,
    ),
)
