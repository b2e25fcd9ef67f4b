"""Removing the history of finished cases when the time has passed for which their process keeps them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import delete, select

from core.executor import handles
from core.messages import Command
from engine import catalog
from engine.events import HistoryRemoved
from engine.feel import compile_expression
from engine.models import (
    DefinitionRow,
    IncidentRow,
    InstanceEntityRow,
    InstanceRow,
    MessageEventRow,
    MessageStartRow,
    TaskCommentRow,
    TaskHistoryRow,
    TokenLogRow,
)
from storage.unit_of_work import UnitOfWork

EVENTS_KEPT = timedelta(days=30)  # how long the same event of a message is known
TABLES: tuple[Any, ...] = (
    TokenLogRow,
    TaskHistoryRow,
    TaskCommentRow,
    IncidentRow,
    InstanceEntityRow,
    MessageStartRow,
)
_BEFORE = compile_expression("now - span")
_DURATION = compile_expression("duration(text)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveHistory(Command):
    """Remove at most `limit` finished cases that have outlived `camunda:historyTimeToLive` of their process."""

    quiet: ClassVar[bool] = True
    limit: int = 100


@handles(RemoveHistory, needs="case.administer")
def remove_history(command: RemoveHistory, unit: UnitOfWork) -> int:
    """How many cases were removed; the trail keeps its entries."""
    now = unit.clock.now()
    unit.session.execute(delete(MessageEventRow).where(MessageEventRow.received_at < now - EVENTS_KEPT))
    removed = 0
    for definition_id, text in _lifetimes(unit):
        before = ended_before(text, now)
        if before is None or removed >= command.limit:
            continue
        over = (
            select(InstanceRow.id)
            .where(
                InstanceRow.definition_id == definition_id,
                InstanceRow.ended_at < before,
                InstanceRow.root_id.is_(None),  # a called case goes with the one that all calls began with
            )
            .order_by(InstanceRow.id)
            .limit(command.limit - removed)
            .with_for_update(skip_locked=True)
        )
        ids = list(unit.session.scalars(over))
        if ids:
            ids += unit.session.scalars(select(InstanceRow.id).where(InstanceRow.root_id.in_(ids)))
            _remove(ids, unit)
            unit.emit(HistoryRemoved(definition_id=definition_id, instances=ids))
        removed += len(ids)
    return removed


def ended_before(text: str, now: datetime) -> datetime | None:
    """What ended before this moment has outlived days (`180`, `P180D`) or months and years (`P2Y`)."""
    span = _DURATION.evaluate({"text": f"P{text}D" if re.fullmatch(r"\d{1,6}", text) else text}).value
    found = _BEFORE.evaluate({"now": now, "span": span}, now=now).value
    return found if isinstance(found, datetime) else None


def _lifetimes(unit: UnitOfWork) -> list[tuple[str, str]]:
    rows = unit.session.scalars(select(DefinitionRow.id).where(DefinitionRow.kind == "process"))
    lifetimes = [(each, catalog.program(unit, each).process.history_ttl) for each in rows]
    return [(each, text) for each, text in lifetimes if text]


def _remove(ids: list[str], unit: UnitOfWork) -> None:
    for table in TABLES:
        unit.session.execute(delete(table).where(table.instance_id.in_(ids)))
    unit.session.execute(delete(InstanceRow).where(InstanceRow.id.in_(ids)))
