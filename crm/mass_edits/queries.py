"""Mass edits for whoever looks at them: how they get on, and what came of each customer."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.records import dataclass
from crm.mass_edits.changing import CHANGED, REFUSED, UNCHANGED, require_right
from crm.mass_edits.errors import MassEditNotFound
from crm.mass_edits.models import MassEditedRow, MassEditRow
from crm.models import CustomerRow
from crm.runs import SEE_ALL
from storage.unit_of_work import Reading

MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditView:
    """A mass edit; `state` is running, stopped, finished, failed, undoing, undone; `counts` is customers by outcome."""

    id: str
    changes: dict[str, Any]
    criteria: dict[str, Any]
    state: str
    total: int
    done: int
    counts: dict[str, int]
    undone: int
    kept: int
    reason: str | None
    started_by: str
    started_name: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditPage:
    """Some mass edits, newest first; `next` continues after them."""

    items: list[MassEditView]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedCustomer:
    """What came of one customer: waiting, changed, unchanged, refused, undone, kept."""

    position: int
    customer_id: str
    number: str | None
    name: str | None
    outcome: str
    sentence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedPage:
    """Some customers; `next` continues after them."""

    items: list[EditedCustomer]
    next: int | None


def mass_edits(view: Reading, *, after: str | None = None, limit: int = 50) -> MassEditPage:
    """My mass edits, all of them for administrators."""
    require_right(view.actor)
    wanted = select(MassEditRow)
    if not view.actor.may(SEE_ALL):
        wanted = wanted.where(MassEditRow.started_by == view.actor.id)
    if after:
        wanted = wanted.where(MassEditRow.id < after)
    size = max(1, min(limit, MOST))
    rows = list(view.session.scalars(wanted.order_by(MassEditRow.id.desc()).limit(size + 1)))
    return MassEditPage(items=[_view(row) for row in rows[:size]], next=rows[size - 1].id if len(rows) > size else None)


def mass_edit(view: Reading, edit_id: str) -> MassEditView:
    """One. Raises `MassEditNotFound`, also for somebody else's."""
    require_right(view.actor)
    row = view.session.get(MassEditRow, edit_id)
    if row is None or not (row.started_by == view.actor.id or view.actor.may(SEE_ALL)):
        raise MassEditNotFound(edit_id)
    return _view(row)


def edited(view: Reading, edit_id: str, *, outcome: str | None = None, after: int = 0, limit: int = 50) -> EditedPage:
    """What came of the customers, by number. Raises `MassEditNotFound`."""
    mass_edit(view, edit_id)
    wanted = (
        select(MassEditedRow, CustomerRow.number, CustomerRow.name)
        .join(CustomerRow, CustomerRow.id == MassEditedRow.customer_id, isouter=True)
        .where(MassEditedRow.edit_id == edit_id, MassEditedRow.position > after)
    )
    if outcome:
        wanted = wanted.where(MassEditedRow.outcome == outcome)
    size = max(1, min(limit, MOST))
    rows = view.session.execute(wanted.order_by(MassEditedRow.position).limit(size + 1)).all()
    items = [
        EditedCustomer(
            position=row.position,
            customer_id=row.customer_id,
            number=number,
            name=name,
            outcome=row.outcome,
            sentence=row.sentence,
        )
        for row, number, name in rows[:size]
    ]
    return EditedPage(items=items, next=items[-1].position if len(rows) > size else None)


def _view(row: MassEditRow) -> MassEditView:
    return MassEditView(
        id=row.id,
        changes=row.changes,
        criteria=row.criteria,
        state=row.state,
        total=row.total,
        done=row.done,
        counts={each: int(row.counts.get(each, 0)) for each in (CHANGED, UNCHANGED, REFUSED)},
        undone=row.undone,
        kept=row.kept,
        reason=row.reason,
        started_by=row.started_by,
        started_name=row.started_name,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
