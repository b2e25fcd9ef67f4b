"""Placing an order, and ending it in the transaction that files its result, so that it is made once."""

from typing import Any, ClassVar

from core.errors import Conflict, Forbidden, NotFound
from core.executor import REGISTRY, handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.filing import FiledDocument
from documents.orders.kinds import check, kind_of, stored
from documents.orders.models import DocumentOrderRow
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork

MAKE = "documents.make_order"


class OrderNotFound(NotFound):
    """No such order."""

    code = "order_not_found"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"There is no order {order_id}, or it is somebody else's.", order_id=order_id)


class OrderEnded(Conflict):
    """The order was ended by another worker."""

    code = "order_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Command):
    """Have a worker make it: a package, a page of approvals, a seal or a letter."""

    order: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOrder(Command):
    """File what was ordered with the command that does so, and say that it is done."""

    order_id: str
    filing: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseOrder(Command):
    """Say why nothing comes of it."""

    quiet: ClassVar[bool] = True
    order_id: str
    code: str
    sentence: str


@handles(PlaceOrder, needs=None)
def place_order(command: PlaceOrder, unit: UnitOfWork) -> str:
    """Its id. Raises `Forbidden` and what the work itself would refuse with at its beginning."""
    found = check(unit, command.order)
    name, _ = kind_of(command.order)
    row = DocumentOrderRow(
        id=new_id(),
        kind=name,
        title=found.title,
        wish=stored(command.order),
        state="waiting",
        document_id=None,
        n=None,
        code=None,
        sentence=None,
        ordered_by=unit.actor.id,
        address=unit.actor.address,
        ordered_at=unit.clock.now(),
        ended_at=None,
    )
    unit.session.add(row)
    unit.enqueue(JobRequest(name=MAKE, arguments={"order_id": row.id}, lock=f"{MAKE}:{row.id}"))
    return row.id


@handles(EndOrder, needs=None)
def end_order(command: EndOrder, unit: UnitOfWork) -> FiledDocument:
    """What was filed. Raises `OrderEnded`, and whatever the filing refuses with."""
    row = unit.session.get(DocumentOrderRow, command.order_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "waiting" or row.ordered_by != unit.actor.id:
        raise OrderEnded("Another worker has ended this order.", order_id=command.order_id)
    handler = REGISTRY.of(type(command.filing))
    if handler.needs is not None and not unit.actor.may(handler.needs):
        raise Forbidden(f"You do not have the right to do this ({handler.needs}).", permission=handler.needs)
    filed: FiledDocument = handler.function(command.filing, unit)
    row.state, row.document_id, row.n = "done", filed.id, filed.version
    row.ended_at, row.address = unit.clock.now(), None
    return filed


@handles(RefuseOrder, needs=None)
def refuse_order(command: RefuseOrder, unit: UnitOfWork) -> None:
    """Only the system says so, of an order that waits."""
    if not unit.actor.is_system:
        raise OrderNotFound(command.order_id)
    row = unit.session.get(DocumentOrderRow, command.order_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == "waiting":
        row.state, row.code, row.sentence = "refused", command.code, command.sentence[:2000]
        row.ended_at, row.address = unit.clock.now(), None
