"""Removing the history of finished cases when the time has passed for which their process keeps them."""

import re
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, and_, delete, func, or_, select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine import catalog
from engine.durations import spans
from engine.events import HistoryRemoved
from engine.feel import compile_expression
from engine.models import (
    DefinitionRow,
    IncidentRow,
    InstanceEntityRow,
    InstancePartRow,
    InstanceRow,
    MessageEventRow,
    MessageStartRow,
    TaskCommentRow,
    TaskHistoryRow,
    TokenLogRow,
)
from engine.ports import KeptHistory
from storage.unit_of_work import UnitOfWork

EVENTS_KEPT = timedelta(days=30)  # how long the same event of a message is known
TABLES: tuple[Any, ...] = (
    TokenLogRow,
    InstancePartRow,
    TaskHistoryRow,
    TaskCommentRow,
    IncidentRow,
    InstanceEntityRow,
    MessageStartRow,
)
_BEFORE = compile_expression("now - span")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveHistory(Command):
    """Remove at most `limit` finished cases that have outlived `camunda:historyTimeToLive` of their process."""

    quiet: ClassVar[bool] = True
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What one batch did: cases that are gone, and cases that were passed over because they must be kept."""

    removed: int
    kept: int
    last: str | None  # the mark at which the next batch goes on; None where nothing is left


@handles(RemoveHistory, needs="case.administer")
def remove_history(command: RemoveHistory, unit: UnitOfWork) -> int:
    """How many cases were removed; the trail keeps its entries."""
    unit.session.execute(delete(MessageEventRow).where(MessageEventRow.received_at < unit.clock.now() - EVENTS_KEPT))
    removed, after = 0, ""
    while removed < command.limit:
        batch = remove_batch(unit, after, command.limit - removed)
        removed += batch.removed
        if batch.last is None:
            break
        after = batch.last
    return removed


def remove_batch(unit: UnitOfWork, after: str, limit: int) -> Removed:
    """Look at the next outlived cases behind a mark, and remove those that nothing keeps."""
    over = _outlived(unit)
    if over is None:
        return Removed(removed=0, kept=0, last=None)
    wanted = (
        select(InstanceRow.id, InstanceRow.definition_id)
        .where(over, InstanceRow.id > after)
        .order_by(InstanceRow.id)
        .limit(limit)
        .with_for_update()  # waits for whoever has one, or it would be passed over for good
    )
    found = unit.session.execute(wanted).all()
    family = {each.id: {each.id} for each in found}
    called = select(InstanceRow.id, InstanceRow.root_id).where(InstanceRow.root_id.in_(family))
    for instance, root in unit.session.execute(called):
        family[root or ""].add(instance)
    held = set(unit.port(KeptHistory).kept(unit, [each for members in family.values() for each in members]))
    gone: dict[str, list[str]] = {}
    for instance, definition_id in found:
        if held.isdisjoint(family[instance]):
            gone.setdefault(definition_id, []).extend(sorted(family[instance]))
    for definition_id, ids in gone.items():
        _remove(ids, unit)
        unit.emit(HistoryRemoved(definition_id=definition_id, instances=ids))
    kept = sum(not held.isdisjoint(members) for members in family.values())
    return Removed(removed=len(found) - kept, kept=kept, last=found[-1].id if len(found) == limit else None)


def count_outlived(unit: UnitOfWork) -> int:
    """How many finished cases their processes keep no longer."""
    over = _outlived(unit)
    return 0 if over is None else unit.session.scalar(select(func.count()).where(over)) or 0


def _outlived(unit: UnitOfWork) -> ColumnElement[bool] | None:
    """Finished cases that nobody called, with which all that they called goes; None where every process keeps all."""
    now = unit.clock.now()
    limits = [(each, ended_before(text, now)) for each, text in _lifetimes(unit)]
    ways = [
        and_(InstanceRow.definition_id == each, InstanceRow.ended_at < before)
        for each, before in limits
        if before is not None
    ]
    return and_(InstanceRow.root_id.is_(None), or_(*ways)) if ways else None


def ended_before(text: str, now: datetime) -> datetime | None:
    """What ended before this moment has outlived days (`180`, `P180D`), or years, months and days (`P1Y6M10D`)."""
    parts = spans(f"P{text}D" if re.fullmatch(r"\d{1,6}", text) else text)
    before: Any = now if parts else None
    for span in parts:
        before = _BEFORE.evaluate({"now": before, "span": span}, now=now).value
    return before if isinstance(before, datetime) else None


def _lifetimes(unit: UnitOfWork) -> list[tuple[str, str]]:
    rows = unit.session.scalars(select(DefinitionRow.id).where(DefinitionRow.kind == "process"))
    lifetimes = [(each, catalog.program(unit, each).process.history_ttl) for each in rows]
    return [(each, text) for each, text in lifetimes if text]


def _remove(ids: list[str], unit: UnitOfWork) -> None:
    for table in TABLES:
        unit.session.execute(delete(table).where(table.instance_id.in_(ids)))
    unit.session.execute(delete(InstanceRow).where(InstanceRow.id.in_(ids)))
