"""Taking over what the ERP says: sales documents, acknowledgements and what `areas` knows, each key once.

What cannot be taken over is kept with the reason, and can be tried again when somebody has set it right.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from core.errors import DomainError, InvalidInput, StaleState, Unavailable
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time
from crm.company import today
from crm.erp import words as known
from crm.erp.areas import AREAS
from crm.erp.contents import digest_of
from crm.erp.errors import ArrivalDiffers, ArrivalNotFound, WrongHandoverState
from crm.erp.events import ArrivalRefused, ArrivalTaken
from crm.erp.models import ArrivalRow, CursorRow
from crm.erp.sending import acknowledge, locked, refuse
from crm.models import CustomerRow
from crm.sales.accepting import MoveOrder, lock_order, move_order
from crm.sales.importing import KNOWN, take_over
from storage.unit_of_work import UnitOfWork

LONGEST_KEY = 100
MOST_FIELDS, LONGEST_VALUE = 40, 2000
PLACE = "documents"  # of the cursor
Record = tuple[str, str]  # entity and id


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeArrival(Command):
    """Take over something that the ERP says; `kind` says what, `key` is the ERP's own, the same for the same thing."""

    key: str
    kind: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryArrival(Command):
    """Try once more to take over what could not be taken over."""

    arrival_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePlace(Command):
    """Keep how far we have read what the ERP offers, or what was in the way."""

    quiet = True

    value: str | None
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What became of it; `is_new` when it was not here before."""

    id: str
    state: str
    reason: str | None
    is_new: bool


@handles(TakeArrival, needs=known.EXCHANGE)
def take_arrival(command: TakeArrival, unit: UnitOfWork) -> Arrived:
    """Taken or refused with a reason; the same again changes nothing. Raises `WrongFields`, `ArrivalDiffers`."""
    findings = Findings()
    key = findings.text("/key", command.key, "The key", longest=LONGEST_KEY)
    kind = findings.choice("/kind", command.kind, "The kind", known.KINDS)
    if len(command.content) > MOST_FIELDS or any(len(str(each)) > LONGEST_VALUE for each in command.content.values()):
        findings.add("/content", f"At most {MOST_FIELDS} values of {LONGEST_VALUE} characters are taken.")
    findings.refuse()
    content = dict(command.content)
    digest = digest_of(content)
    one_at_a_time(unit, f"erp:arrival:{key}")
    row = unit.session.scalars(select(ArrivalRow).where(ArrivalRow.key == key).with_for_update()).first()
    if row is not None and row.state == known.TAKEN:
        if (row.kind, row.digest) != (kind, digest):
            raise ArrivalDiffers(key)
        return Arrived(id=row.id, state=row.state, reason=None, is_new=False)
    is_new = row is None
    if row is None:
        row = ArrivalRow(id=new_id(), key=key, attempts=0, received_at=unit.clock.now())
        unit.session.add(row)
    row.kind, row.content, row.digest = kind, content, digest
    _take(unit, row)
    return Arrived(id=row.id, state=row.state, reason=row.reason, is_new=is_new)


@handles(RetryArrival, needs=known.EXCHANGE)
def retry_arrival(command: RetryArrival, unit: UnitOfWork) -> Arrived:
    """Taken or refused with a reason. Raises `ArrivalNotFound`."""
    row = unit.session.get(ArrivalRow, command.arrival_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ArrivalNotFound(command.arrival_id)
    if row.state != known.TAKEN:
        _take(unit, row)
    return Arrived(id=row.id, state=row.state, reason=row.reason, is_new=False)


@handles(NotePlace, needs=known.EXCHANGE)
def note_place(command: NotePlace, unit: UnitOfWork) -> None:
    """Keep it."""
    row = unit.session.get(CursorRow, PLACE, with_for_update=True)
    if row is None:
        row = CursorRow(name=PLACE)
        unit.session.add(row)
    row.value, row.looked_at, row.trouble = command.value, unit.clock.now(), command.trouble


def _take(unit: UnitOfWork, row: ArrivalRow) -> None:
    row.attempts += 1
    row.state = known.REFUSED  # until it is taken
    told = {"arrival_id": row.id, "key": row.key, "kind": row.kind, "digest": row.digest}
    try:
        with unit.savepoint():
            row.entity, row.record_id = TAKERS[row.kind](unit, row.content)
    except (StaleState, Unavailable):
        raise  # nothing that the ERP could help
    except DomainError as error:
        row.reason = error.sentence
        unit.emit(ArrivalRefused(**told, reason=error.sentence))
        return
    row.state, row.reason, row.taken_at = known.TAKEN, None, unit.clock.now()
    unit.emit(ArrivalTaken(**told, entity=row.entity, record_id=row.record_id))


def _invoice(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """An invoice or, with a negative net, a credit note; of an order, or of a customer alone."""
    row = {name: _text(content, name) for name in KNOWN}
    order = lock_order(unit, _text(content, "order")) if _text(content, "order") else None
    if order is not None and not row["customer"]:
        row["customer"] = unit.session.get_one(CustomerRow, order.customer_id).number
    row["currency"] = row["currency"] or (order.currency if order else "")
    row["due_on"] = row["due_on"] or row["issued_on"]
    return "crm.invoice", take_over(unit, row, order)[0]


def _delivery(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """An order was delivered, in part or completely."""
    findings = Findings()
    number = findings.text("/order", _text(content, "order"), "The order", longest=64)
    delivered = _text(content, "delivered_on")
    try:
        day = date.fromisoformat(delivered) if delivered else today(unit)
    except ValueError:
        findings.add("/delivered_on", "delivered_on must be a day such as 2026-01-31.")
    findings.refuse()
    order = lock_order(unit, number)
    is_complete = _text(content, "complete").lower() not in {"false", "no", "0", "n"}
    if is_complete:
        order.delivered_on = order.delivered_on or day
    state = "done" if is_complete else "partly_delivered"
    move_order(MoveOrder(order_id=order.id, state=state, reason="told by the ERP"), unit)
    return known.ORDER, order.id


def _acknowledgement(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """The ERP took a record that it was given before, as a file or without an answer at once."""
    row = locked(unit, _handover(content))
    acknowledge(unit, row, _text(content, "number") or None)
    return row.entity, row.record_id


def _refusal(unit: UnitOfWork, content: Mapping[str, Any]) -> Record:
    """The ERP does not take a record that it was given before."""
    row = locked(unit, _handover(content))
    if row.state not in {*known.OPEN, known.REFUSED}:
        raise WrongHandoverState(state=row.state, wanted="refused")
    refuse(unit, row, _text(content, "reason") or "The ERP gave no reason.")
    return row.entity, row.record_id


def _handover(content: Mapping[str, Any]) -> str:
    key = _text(content, "handover")
    if not key:
        raise InvalidInput("It does not say which hand-over it is about.", fields={"/handover": "is missing"})
    return key


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return "" if value is None else str(value).strip()


TAKERS: Mapping[str, Callable[[UnitOfWork, Mapping[str, Any]], Record]] = {
    **AREAS,
    known.INVOICE: _invoice,
    known.DELIVERY: _delivery,
    known.ACKNOWLEDGEMENT: _acknowledgement,
    known.REFUSAL: _refusal,
}
