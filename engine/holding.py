"""Instances that are held: nothing moves in them until somebody lets them go on."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, cast, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONPATH

from engine.calls import deferred_job
from engine.models import InstancePartRow, InstanceRow, ServiceCallRow, TimerRow
from engine.store import Locked
from storage.unit_of_work import UnitOfWork

_HAS_FAILED = or_(
    InstanceRow.snapshot.bool_op("@?")(cast("$.tokens[*][4] ? (@.failed == true)", JSONPATH)),
    exists().where(
        InstancePartRow.instance_id == InstanceRow.id,
        InstancePartRow.content.bool_op("@?")(cast("$[4] ? (@.failed == true)", JSONPATH)),
    ),
)


def hold_timers(unit: UnitOfWork, instances: Sequence[str], *, held: bool) -> None:
    """Have no timer of these instances fire, or all of them again."""
    unit.session.execute(update(TimerRow).where(TimerRow.instance_id.in_(instances)).values(is_held=held))


def ask_again(unit: UnitOfWork, instances: Sequence[str]) -> None:
    """Have jobs do the deferred work of these instances: those that came while they were held did nothing."""
    wanted = select(ServiceCallRow.instance_id, ServiceCallRow.id).where(
        ServiceCallRow.instance_id.in_(instances), ServiceCallRow.kind == "deferred"
    )
    for instance_id, call in unit.session.execute(wanted):
        unit.enqueue(deferred_job(instance_id, call))


def about_to_move(unit: UnitOfWork, instances: Sequence[str]) -> list[str]:
    """Those of these instances in which something would go on now; callers come before what they called."""
    turns = func.jsonb_array_length(InstanceRow.snapshot["ready"])
    wanted = select(InstanceRow.id).where(InstanceRow.id.in_(instances), turns > 0)
    return list(unit.session.scalars(wanted.order_by(InstanceRow.depth, InstanceRow.id)))


def wait_for(unit: UnitOfWork, instance_id: str, token: str) -> None:
    """Another token of the caller waits for a called instance from now on."""
    unit.session.execute(update(InstanceRow).where(InstanceRow.id == instance_id).values(parent_token=token))


def live_called(unit: UnitOfWork, instance_id: str) -> list[str]:
    """The live instances that an instance called, directly or through others."""
    first = select(InstanceRow.id).where(InstanceRow.parent_id == instance_id, InstanceRow.ended_at.is_(None))
    tree = first.cte(recursive=True)
    deeper = select(InstanceRow.id).where(InstanceRow.parent_id == tree.c.id, InstanceRow.ended_at.is_(None))
    return list(unit.session.scalars(select(tree.union_all(deeper).c.id)))


def stop(unit: UnitOfWork, locked: Locked) -> None:
    """Nothing catches an error of this instance: it, its callers and all that they called are held."""
    mine = InstanceRow.id == locked.instance_id
    unit.session.execute(
        update(InstanceRow)
        .where(_family(locked), or_(InstanceRow.stopped_by.is_(None), mine))
        .values(
            stopped_by=locked.instance_id,
            state=case((InstanceRow.state == "running", "failed"), else_=InstanceRow.state),
        )
    )
    hold_timers(unit, list(unit.session.scalars(select(InstanceRow.id).where(_family(locked)))), held=True)


def release(unit: UnitOfWork, locked: Locked) -> None:
    """The error is settled: all go on, unless another one of them is stopped as well or they are suspended."""
    other = unit.session.scalar(
        select(InstanceRow.id)
        .where(
            _family(locked),
            InstanceRow.stopped_by == InstanceRow.id,
            InstanceRow.id != locked.instance_id,
        )
        .limit(1)
    )
    unit.session.execute(
        update(InstanceRow)
        .where(_family(locked, ended=True), InstanceRow.stopped_by == locked.instance_id)
        .values(stopped_by=literal(other))
    )
    if other is None:
        go_on = select(InstanceRow.id).where(_family(locked), InstanceRow.state != "suspended")
        instances = list(unit.session.scalars(go_on))
        unit.session.execute(
            update(InstanceRow)
            .where(_family(locked), InstanceRow.state == "failed", ~_HAS_FAILED)
            .values(state="running")
        )
        hold_timers(unit, instances, held=False)
        ask_again(unit, instances)


def _family(locked: Locked, *, ended: bool = False) -> ColumnElement[bool]:
    root = locked.root_id or locked.instance_id
    related = or_(InstanceRow.id == root, InstanceRow.root_id == root)
    return related if ended else related & InstanceRow.ended_at.is_(None)
