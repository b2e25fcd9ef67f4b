"""Blocking customers: nothing new is offered or sold to them, and nobody greets or advertises to them.

What runs goes on by its own rules: repairs, dunning, mail on business, offers that were made and the orders that they
become. Cases that wait for the message `customer.blocked` hear of it. A merge takes blocks along: a customer is blocked
when either of the two was.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.checks import Findings
from crm.customer_events import CustomerWasBlocked, CustomerWasUnblocked
from crm.errors import CustomerBlocked, CustomerMerged, CustomerNotBlocked, CustomerNotFound
from crm.models import CustomerBlockRow, CustomerRow
from storage.unit_of_work import Reading, UnitOfWork

BLOCK = "customer.block"  # the right
LONGEST = 1000  # characters of a reason
MOST = 200  # blocks of one customer that are told, the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCustomer(Command):
    """Offer and sell nothing new to a customer, for a reason that everybody sees who looks at the customer."""

    customer_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblockCustomer(Command):
    """Lift whatever blocks a customer."""

    customer_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A time in which a customer was blocked, or is as long as `lifted_at` is None."""

    id: str
    reason: str
    blocked_at: datetime
    blocked_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_because: str | None


@handles(BlockCustomer, needs=BLOCK)
def block_customer(command: BlockCustomer, unit: UnitOfWork) -> str:
    """Block and return the id of the block.

    Raises `CustomerNotFound`, `CustomerMerged`, `CustomerBlocked` where it is already, `WrongFields`.
    """
    customer = _locked(unit, command.customer_id)
    reason = _reason(command.reason)
    refuse_blocked(unit, customer)
    row = CustomerBlockRow(
        id=new_id(),
        customer_id=customer.id,
        reason=reason,
        blocked_at=unit.clock.now(),
        blocked_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.emit(CustomerWasBlocked(customer_id=customer.id, block_id=row.id, reason=reason))
    return row.id


@handles(UnblockCustomer, needs=BLOCK)
def unblock_customer(command: UnblockCustomer, unit: UnitOfWork) -> None:
    """Lift all blocks. Raises `CustomerNotFound`, `CustomerMerged`, `CustomerNotBlocked`, `WrongFields`."""
    customer = _locked(unit, command.customer_id)
    reason = _reason(command.reason)
    rows = unit.session.scalars(_open(customer.id)).all()
    if not rows:
        raise CustomerNotBlocked(customer.number)
    for row in rows:
        row.lifted_at, row.lifted_by, row.lifted_because = unit.clock.now(), unit.actor.id, reason
    unit.emit(CustomerWasUnblocked(customer_id=customer.id, blocks=[row.id for row in rows], reason=reason))


def refuse_blocked(reading: Reading, customer: CustomerRow) -> None:
    """Raise `CustomerBlocked` with the reason, where there is a block."""
    row = blocking(reading, customer.id)
    if row is not None:
        raise CustomerBlocked(number=customer.number, name=customer.name, reason=row.reason)


def blocking(reading: Reading, customer_id: str) -> CustomerBlockRow | None:
    """What blocks a customer, the oldest where several do."""
    return reading.session.scalars(_open(customer_id).limit(1)).first()


def is_blocked(customer_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The condition that the customer of a column is blocked, for the WHERE of other queries."""
    return customer_id.in_(select(CustomerBlockRow.customer_id).where(CustomerBlockRow.lifted_at.is_(None)))


def blocks(view: Reading, customer_id: str) -> list[Block]:
    """The blocks of a customer, the newest first."""
    require_read(view)
    wanted = select(CustomerBlockRow).where(CustomerBlockRow.customer_id == customer_id)
    return [_told(row) for row in view.session.scalars(wanted.order_by(CustomerBlockRow.id.desc()).limit(MOST))]


def block_of(view: Reading, customer_id: str) -> Block | None:
    """Why a customer is blocked now; the oldest of several reasons."""
    require_read(view)
    row = blocking(view, customer_id)
    return _told(row) if row is not None else None


def _open(customer_id: str) -> Select[CustomerBlockRow]:
    mine = CustomerBlockRow.customer_id == customer_id, CustomerBlockRow.lifted_at.is_(None)
    return select(CustomerBlockRow).where(*mine).order_by(CustomerBlockRow.id)


def _locked(unit: UnitOfWork, customer_id: str) -> CustomerRow:
    row = unit.session.get(CustomerRow, customer_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise CustomerNotFound(customer_id)
    if row.merged_into is not None:
        raise CustomerMerged(row.number)
    return row


def _reason(given: str) -> str:
    findings = Findings()
    reason = findings.text("/reason", given, "The reason", longest=LONGEST)
    findings.refuse()
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."


def _told(row: CustomerBlockRow) -> Block:
    return Block(
        id=row.id,
        reason=row.reason,
        blocked_at=row.blocked_at,
        blocked_by=row.blocked_by,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lifted_because=row.lifted_because,
    )
