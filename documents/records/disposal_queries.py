"""Disposals as people see them: the lists, what became of each document, who agreed."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.records import dataclass
from documents.access import visible_documents
from documents.models import DocumentRow
from documents.records.disposals import DisposalNotFound
from documents.records.models import DisposalItemRow, DisposalRow
from documents.records.queries import because, require_reader
from storage.unit_of_work import Reading

__all__ = ["Disposal", "DisposalItem", "DisposalItemPage", "disposal", "disposal_items", "disposals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """A list on its way to its certificate; `counts` tells how many of its documents are in each state."""

    id: str
    number: str
    case_id: str
    until: datetime
    state: str
    reason: str | None
    signatures: tuple[dict[str, Any], ...]
    list_id: str | None
    certificate_id: str | None
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalItem:
    """A document on a list; `title` is None when it was destroyed or when the reader may not see it."""

    position: int
    document_id: str
    title: str | None
    type: str | None
    versions: tuple[dict[str, Any], ...]
    rule_key: str
    due_at: datetime
    because: str
    state: str
    reason: str | None
    settled_by: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalItemPage:
    """Documents of a list in their order; `next` asks for those that follow."""

    items: tuple[DisposalItem, ...]
    next: int | None


def disposal(view: Reading, disposal_id: str) -> Disposal:
    """Raises `Forbidden`, `DisposalNotFound`."""
    require_reader(view)
    row = view.session.get(DisposalRow, disposal_id)
    if row is None:
        raise DisposalNotFound(f"There is no disposal {disposal_id}.")
    return _disposal(view, row)


def disposals(view: Reading, *, after: str | None = None, limit: int = 20) -> list[Disposal]:
    """The newest first; those before `after`. Raises `Forbidden`."""
    require_reader(view)
    query = select(DisposalRow).order_by(DisposalRow.id.desc()).limit(limit)
    rows = view.session.scalars(query if after is None else query.where(DisposalRow.id < after))
    return [_disposal(view, row) for row in rows.all()]


def disposal_items(
    view: Reading, disposal_id: str, *, after: int = 0, limit: int = 50, state: str | None = None
) -> DisposalItemPage:
    """The documents of a list. Raises `Forbidden`, `DisposalNotFound`."""
    disposal(view, disposal_id)
    item = DisposalItemRow
    query = select(item).where(item.disposal_id == disposal_id, item.position > after).order_by(item.position)
    if state is not None:
        query = query.where(item.state == state)
    rows = list(view.session.scalars(query.limit(limit + 1)))
    shown = rows[:limit]
    documents = list(
        view.session.scalars(select(DocumentRow).where(DocumentRow.id.in_([row.document_id for row in shown])))
    )
    seen = {each.id for each in visible_documents(view, documents)}
    return DisposalItemPage(
        items=tuple(_item(row, is_seen=row.document_id in seen) for row in shown),
        next=shown[-1].position if len(rows) > limit else None,
    )


def _disposal(view: Reading, row: DisposalRow) -> Disposal:
    item = DisposalItemRow
    query = select(item.state, func.count()).where(item.disposal_id == row.id).group_by(item.state)
    return Disposal(
        id=row.id,
        number=row.number,
        case_id=row.case_id,
        until=row.until,
        state=row.state,
        reason=row.reason,
        signatures=tuple(row.signatures),
        list_id=row.list_id,
        certificate_id=row.certificate_id,
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
        counts=dict(view.session.execute(query).all()),
    )


def _item(row: DisposalItemRow, *, is_seen: bool) -> DisposalItem:
    return DisposalItem(
        position=row.position,
        document_id=row.document_id,
        title=row.title if is_seen else None,
        type=row.type,
        versions=tuple(row.versions),
        rule_key=row.rule_key,
        due_at=row.due_at,
        because=because(row.basis),
        state=row.state,
        reason=row.reason,
        settled_by=row.settled_by,
        settled_at=row.settled_at,
    )
