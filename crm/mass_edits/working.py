"""The worker behind mass edits, and a look at what would happen before anything does."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sqlalchemy import func, select

from core.errors import DomainError, StaleState, StorageFull, Unavailable
from core.identity import SYSTEM, Actor
from core.records import dataclass
from crm import runs
from crm.changes import told
from crm.customer_search import Criteria
from crm.mass_edits.changing import RUN, ChangeNext, FailMassEdit, change, chosen_ids, job_of, require_right
from crm.mass_edits.content import checked_changes
from crm.mass_edits.models import MassEditRow
from crm.models import CustomerRow
from crm.runs import Host
from storage.jobs.registry import job
from storage.unit_of_work import UnitFactory

TURN = 100  # batches until other jobs have their turn
SHOWN = 20  # customers of a preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What would come of a customer: `differences` maps field to old and new value."""

    id: str
    number: str
    name: str
    outcome: str
    sentence: str | None
    differences: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How many customers fit, and what would come of the first ones."""

    total: int
    first: list[Tried]


def preview(units: UnitFactory, actor: Actor, criteria: Criteria, changes: Mapping[str, Any]) -> Preview:
    """What would happen: the first are changed, looked at, never committed. Raises `WrongFields`, `Forbidden`."""
    require_right(actor)
    with units.begin(actor) as unit:
        kept = checked_changes(unit, changes)
        fitting = chosen_ids(unit, criteria)
        total = unit.session.scalars(select(func.count()).select_from(fitting.order_by(None).subquery())).one()
        first = list(unit.session.scalars(fitting.limit(SHOWN)))
        rows = unit.session.scalars(select(CustomerRow).where(CustomerRow.id.in_(first)).order_by(CustomerRow.number))
        tried = []
        for row in rows.all():
            came = change(unit, row, kept)
            tried.append(
                Tried(
                    id=row.id,
                    number=row.number,
                    name=row.name,
                    outcome=came.outcome,
                    sentence=came.sentence,
                    differences=_differences(row, came.before or {}),
                )
            )
        return Preview(total=total, first=tried)


@job(RUN)
def run_mass_edit(host: Host, arguments: dict[str, Any]) -> None:
    """Change batch after batch, as whoever started it; then other jobs have their turn."""
    edit_id = arguments["edit_id"]
    row = runs.running(host, MassEditRow, edit_id)
    if row is None:
        return
    actor = runs.actor_of(row)
    try:
        for _ in range(TURN):
            if not host.executor.execute(ChangeNext(edit_id=edit_id), actor=actor):
                return
    except (Unavailable, StaleState, StorageFull):
        raise  # the job comes again
    except DomainError as error:
        host.executor.execute(FailMassEdit(edit_id=edit_id, reason=error.sentence), actor=SYSTEM)
        return
    with host.units.begin(SYSTEM) as unit:
        unit.enqueue(job_of(edit_id))
        unit.commit()


def _differences(row: CustomerRow, before: Mapping[str, Any]) -> dict[str, list[Any]]:
    found = {name: [old, told(getattr(row, name))] for name, old in before.items() if name != "custom"}
    found |= {f"custom.{key}": [old, (row.custom or {}).get(key)] for key, old in before.get("custom", {}).items()}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}
