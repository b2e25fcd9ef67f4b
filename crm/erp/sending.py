"""Claiming a record that is due for the ERP, and settling what became of the try.

A claim is a lease that commits before anything leaves. A worker that dies between the ERP's answer and our commit
leaves a record that is sent again under the same key, by which the ERP knows it.
"""

import random
from datetime import timedelta

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.erp import words as known
from crm.erp.contents import digest_of, read
from crm.erp.errors import HandoverNotFound, OtherNumber, WrongHandoverState
from crm.erp.events import (
    HandoverAcknowledged,
    HandoverCancelled,
    HandoverDelayed,
    HandoverRefused,
    HandoverRetried,
    HandoverSent,
)
from crm.erp.models import HandoverAttemptRow, HandoverRow
from crm.erp.queueing import values_of, wake
from crm.erp.systems import Parcel, Receipt
from crm.models import OrderRow
from storage.unit_of_work import UnitOfWork

LEASE = timedelta(minutes=10)  # longer than the ERP may take to answer
FIRST_PAUSE, LONGEST_PAUSE = 30, 3600  # seconds
MOST_TRIES = 40  # more than a day with the pauses above
LONGEST_TOLD = 1000  # characters of an answer or a reason
LONGEST_NUMBER = 64
LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimHandover(Command):
    """Take the record that is due longest."""

    quiet = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What to hand over."""

    handover_id: str
    claim: str
    parcel: Parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleHandover(Command):
    """Say what became of a try: a receipt, or a reason; one that is refused for good is not tried again."""

    handover_id: str
    claim: str
    receipt: Receipt | None = None
    reason: str | None = None
    for_good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryHandover(Command):
    """Have a record handed over again that was refused, failed or was cancelled, or one that waits at once.

    What the ERP refused is read anew, for somebody may have corrected it; of what it may have taken nothing changes.
    """

    handover_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelHandover(Command):
    """Have a record not handed over."""

    handover_id: str
    reason: str


@handles(ClaimHandover, needs=known.EXCHANGE)
def claim_handover(command: ClaimHandover, unit: UnitOfWork) -> Claimed | None:
    """The record, leased to the caller; None when nothing is due."""
    del command
    now = unit.clock.now()
    due = (
        select(HandoverRow)
        .where(HandoverRow.state.in_((known.WAITING, known.SENDING)), HandoverRow.due_at <= now)
        .order_by(HandoverRow.due_at, HandoverRow.id)
        .limit(1)
    )
    row = unit.session.scalars(due.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    row.state, row.claim, row.due_at = known.SENDING, new_id(), now + LEASE
    row.attempts += 1
    unit.session.add(HandoverAttemptRow(handover_id=row.id, claim=row.claim, n=row.attempts, begun_at=now))
    content = dict(row.content)
    if row.after_id is not None:
        content["customer_erp_number"] = unit.session.get_one(HandoverRow, row.after_id).erp_number
    return Claimed(handover_id=row.id, claim=row.claim, parcel=Parcel(key=row.key, entity=row.entity, content=content))


@handles(SettleHandover, needs=known.EXCHANGE)
def settle_handover(command: SettleHandover, unit: UnitOfWork) -> str:
    """Keep the outcome and return the state; what the ERP took is taken, whoever has claimed it meanwhile."""
    row = locked(unit, command.handover_id)
    receipt = command.receipt
    reason = _short(command.reason) or "The ERP gave no reason."
    attempt = unit.session.get(HandoverAttemptRow, (row.id, command.claim))
    if attempt is not None and attempt.ended_at is None:
        attempt.ended_at = unit.clock.now()
        attempt.outcome = known.TAKEN if receipt else known.REFUSED if command.for_good else LATER
        attempt.answer = _short(receipt.answer) if receipt else reason
    if receipt is not None:
        row.answer = _short(receipt.answer)
        if receipt.is_final:
            _acknowledged(unit, row, receipt.number)
        elif row.state in {known.WAITING, known.SENDING}:
            note_sent(unit, row)
    elif row.state == known.SENDING and row.claim == command.claim:
        if command.for_good:
            refuse(unit, row, reason)
        elif row.attempts >= MOST_TRIES:
            _give_up(unit, row, f"It was tried {row.attempts} times. {reason}")
        else:
            _postpone(unit, row, reason)
    return row.state


@handles(RetryHandover, needs=known.EXCHANGE)
def retry_handover(command: RetryHandover, unit: UnitOfWork) -> None:
    """Begin the tries anew. Raises `HandoverNotFound`, `WrongHandoverState`."""
    row = locked(unit, command.handover_id)
    if row.state not in {known.WAITING, known.SENT, known.REFUSED, known.FAILED, known.CANCELLED}:
        raise WrongHandoverState(state=row.state, wanted="tried again")
    if row.state in {known.REFUSED, known.CANCELLED}:
        row.label, row.content = read(unit, row.entity, row.record_id)
        row.digest = digest_of(row.content)
    before = unit.session.get_one(HandoverRow, row.after_id, with_for_update=True) if row.after_id else None
    is_held = before is not None and before.state != known.ACKNOWLEDGED
    row.state = known.HELD if is_held else known.WAITING
    row.due_at, row.attempts, row.claim, row.batch = unit.clock.now(), 0, None, None
    row.reason, row.settled_at = None, None
    unit.emit(HandoverRetried(**values_of(row), digest=row.digest))
    wake(unit)


@handles(CancelHandover, needs=known.EXCHANGE)
def cancel_handover(command: CancelHandover, unit: UnitOfWork) -> None:
    """Only what the ERP cannot have. Raises `HandoverNotFound`, `WrongHandoverState`."""
    row = locked(unit, command.handover_id)
    if row.state not in {known.HELD, known.WAITING, known.REFUSED, known.FAILED}:
        raise WrongHandoverState(state=row.state, wanted="cancelled")
    reason = _short(command.reason) or "No reason was given."
    row.state, row.reason, row.settled_at = known.CANCELLED, reason, unit.clock.now()
    unit.emit(HandoverCancelled(**values_of(row), reason=reason))


def locked(unit: UnitOfWork, key: str) -> HandoverRow:
    """The hand-over by id or key, locked until the unit ends. Raises `HandoverNotFound`."""
    named = (HandoverRow.id == key) | (HandoverRow.key == key)
    wanted = select(HandoverRow).where(named).with_for_update().execution_options(populate_existing=True)
    row = unit.session.scalars(wanted).first()
    if row is None:
        raise HandoverNotFound(key)
    return row


def acknowledge(unit: UnitOfWork, row: HandoverRow, number: str | None) -> None:
    """The ERP has it: keep its number, and let go what waited for it. Raises `OtherNumber`."""
    number = (number or "").strip()[:LONGEST_NUMBER] or None
    if row.state == known.ACKNOWLEDGED:
        if number and row.erp_number and number != row.erp_number:
            raise OtherNumber(row.label, known=row.erp_number, said=number)
        return
    row.state, row.claim, row.reason, row.settled_at = known.ACKNOWLEDGED, None, None, unit.clock.now()
    row.erp_number = number
    if row.entity == known.ORDER:
        unit.session.get_one(OrderRow, row.record_id).erp_number = number
    unit.emit(HandoverAcknowledged(**values_of(row), erp_number=number, attempts=row.attempts))
    waiting = select(HandoverRow).where(HandoverRow.after_id == row.id, HandoverRow.state == known.HELD)
    for each in unit.session.scalars(waiting.with_for_update()):
        each.state, each.due_at = known.WAITING, unit.clock.now()
    wake(unit)


def _acknowledged(unit: UnitOfWork, row: HandoverRow, number: str | None) -> None:
    """A second number stands beside the first as something to ask about: the record was handed over all the same."""
    try:
        acknowledge(unit, row, number)
    except OtherNumber as error:
        row.reason = error.sentence


def note_sent(unit: UnitOfWork, row: HandoverRow) -> None:
    """The ERP has it and will tell what it makes of it."""
    row.state, row.claim, row.reason = known.SENT, None, None
    unit.emit(HandoverSent(**values_of(row), batch=row.batch))


def refuse(unit: UnitOfWork, row: HandoverRow, reason: str) -> None:
    """The ERP does not take it."""
    row.state = known.REFUSED
    _settled(unit, row, reason)


def _give_up(unit: UnitOfWork, row: HandoverRow, reason: str) -> None:
    row.state = known.FAILED
    _settled(unit, row, reason)


def _settled(unit: UnitOfWork, row: HandoverRow, reason: str) -> None:
    row.reason, row.claim, row.settled_at = _short(reason), None, unit.clock.now()
    unit.emit(HandoverRefused(**values_of(row), reason=reason, attempts=row.attempts))


def _postpone(unit: UnitOfWork, row: HandoverRow, reason: str) -> None:
    """Growing pauses with jitter, so that a system that comes back is not run down."""
    pause = min(FIRST_PAUSE << min(row.attempts - 1, 10), LONGEST_PAUSE)
    row.due_at = unit.clock.now() + timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311 -- jitter
    row.state, row.claim, row.reason = known.WAITING, None, reason
    unit.emit(HandoverDelayed(**values_of(row), reason=reason, attempts=row.attempts, until=row.due_at.isoformat()))


def _short(text: str | None) -> str | None:
    return " ".join(text.split())[:LONGEST_TOLD] if text else None
