"""What the ERP knows of supply: orders of spare parts, stock, and what an hour of an employee costs."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from crm.access import require_read
from crm.company import today
from crm.erp import words as known
from crm.erp.errors import PartsOrderNotFound
from crm.erp.events import PartsOrdered, PartsReceived
from crm.erp.models import CostRateRow, PartsOrderRow, StockRow
from crm.erp.queueing import queue
from crm.numbering import yearly_number
from storage.unit_of_work import Reading, UnitOfWork

ORDERED, RECEIVED = "ordered", "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderParts(Command):
    """Order spare parts for a case; where orders go to the ERP by themselves, this one does, too."""

    case_id: str
    parts: str
    expected_on: date
    supplier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveParts(Command):
    """Note that ordered parts are here; saying it twice is harmless."""

    number: str
    received_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLevel:
    """How much of a product is at a place, as the ERP said last."""

    place: str
    quantity: Decimal
    told_at: datetime


@handles(OrderParts, needs="activity.edit")
def order_parts(command: OrderParts, unit: UnitOfWork) -> str:
    """The number of the order."""
    row = PartsOrderRow(
        id=new_id(),
        number=yearly_number(unit, "PO"),
        case_id=command.case_id,
        supplier=command.supplier,
        parts=command.parts,
        expected_on=command.expected_on,
        state=ORDERED,
        ordered_at=unit.clock.now(),
    )
    unit.session.add(row)
    unit.emit(PartsOrdered(order_id=row.id, number=row.number, case_id=row.case_id))
    if unit.port(Settings).erp_orders:
        queue(unit, known.PARTS_ORDER, row.id)
    return row.number


@handles(ReceiveParts, needs=known.EXCHANGE)
def receive_parts(command: ReceiveParts, unit: UnitOfWork) -> str:
    """The id of the order. Raises `PartsOrderNotFound`."""
    wanted = select(PartsOrderRow).where(PartsOrderRow.number == command.number).with_for_update()
    row = unit.session.scalars(wanted).first()
    if row is None:
        raise PartsOrderNotFound(command.number)
    if row.state != RECEIVED:
        row.state, row.received_on = RECEIVED, command.received_on or today(unit)
        unit.emit(PartsReceived(order_id=row.id, number=row.number, case_id=row.case_id))
    return row.id


def stock(view: Reading, product_id: str) -> Sequence[StockLevel]:
    """How much of a product is where, by place."""
    require_read(view)
    wanted = select(StockRow).where(StockRow.product_id == product_id).order_by(StockRow.place)
    return [
        StockLevel(place=row.place, quantity=row.quantity, told_at=row.told_at) for row in view.session.scalars(wanted)
    ]


def hourly_cost(view: Reading, account: str, day: date) -> Decimal | None:
    """What an hour of an employee costs on a day; None where the ERP has not said."""
    wanted = select(CostRateRow.hourly).where(CostRateRow.account == account, CostRateRow.valid_from <= day)
    return view.session.scalar(wanted.order_by(CostRateRow.valid_from.desc()).limit(1))
