"""How orders get on, for whoever placed them."""

from datetime import datetime

from core.records import dataclass
from documents.orders.models import DocumentOrderRow
from documents.orders.placing import OrderNotFound
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order; `state` is waiting, done or refused, `document_id` and `version` are what came of it."""

    id: str
    kind: str
    title: str
    state: str
    document_id: str | None
    version: int | None
    code: str | None
    sentence: str | None
    ordered_at: datetime
    ended_at: datetime | None


def order(view: Reading, order_id: str) -> OrderView:
    """One order. Raises `OrderNotFound`, also for somebody else's."""
    row = view.session.get(DocumentOrderRow, order_id)
    if row is None or row.ordered_by != view.actor.id:
        raise OrderNotFound(order_id)
    return OrderView(
        id=row.id,
        kind=row.kind,
        title=row.title,
        state=row.state,
        document_id=row.document_id,
        version=row.n,
        code=row.code,
        sentence=row.sentence,
        ordered_at=row.ordered_at,
        ended_at=row.ended_at,
    )
