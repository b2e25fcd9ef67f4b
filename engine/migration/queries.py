"""What an administrator reads of migrations: a plan with its open elements, rehearsals, and how a batch gets on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from core.errors import Forbidden
from core.records import dataclass
from engine import catalog
from engine.access import ADMINISTER
from engine.bpmn.model import Node, Process
from engine.errors import MigrationNotFound, MigrationRefused, StepFailed
from engine.migration.instances import Versions, places, translated, versions
from engine.migration.models import MigrationItemRow, MigrationRow
from engine.migration.plans import KINDS, Plan, Problem, check_plan, unlike
from engine.models import InstanceRow
from engine.onlooking import Onlooker
from engine.paging import checked, split
from engine.queries import definition
from engine.runtime import Case
from engine.snapshots import PARTS, in_one_piece, state_of
from engine.views import DefinitionView
from storage.unit_of_work import Reading

WAITING = frozenset(  # where a token can be when nothing happens
    {"userTask", "receiveTask", "subProcess", "transaction", "adHocSubProcess", "callActivity", "boundaryEvent"}
    | {"intermediateCatchEvent", "eventBasedGateway", "parallelGateway", "inclusiveGateway", "complexGateway"}
)
_TOKENS = text(
    "SELECT split_part(token ->> 1, '#', 1), count(DISTINCT i.id) FROM instance i, LATERAL ("
    "SELECT inline.token FROM jsonb_array_elements(i.snapshot -> 'tokens') inline (token) UNION ALL "
    "SELECT p.content FROM instance_part p WHERE p.instance_id = i.id AND jsonb_array_length(p.content) = 5) place "
    "WHERE i.definition_id = :definition AND i.ended_at IS NULL GROUP BY 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """An element of the old version: how many instances are there, its target, and what else could be."""

    element: str
    name: str
    kind: str
    instances: int
    target: str | None
    is_open: bool
    may_be_left_out: bool
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan as it would be carried out."""

    before: DefinitionView
    after: DefinitionView
    lines: tuple[PlanLine, ...]
    problems: tuple[Problem, ...]
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedInstance:
    """What a plan would do to one instance: where its tokens go, what begins to wait; or why it cannot."""

    id: str
    business_key: str | None
    works: bool
    elements: dict[str, str | None]
    armed: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPage:
    """A part of a rehearsal; `next` continues it."""

    items: Sequence[RehearsedInstance]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationView:
    """How a batch gets on; `state` is running, stopped or finished."""

    id: str
    definition_key: str
    before: DefinitionView
    after: DefinitionView
    reason: str
    state: str
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    waiting: int
    done: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedInstance:
    """An instance that stayed in the old version, and why."""

    id: str
    sentence: str


def plan_of(view: Reading, before_id: str, after_id: str, mapping: Mapping[str, str | None]) -> PlanView:
    """The plan of both versions and what a person has decided. Raises `Forbidden`, `MigrationRefused`."""
    _check(view)
    known = versions(view, before_id, after_id, mapping)
    tokens = {row[0]: row[1] for row in view.session.execute(_TOKENS, {"definition": before_id})}
    running = select(func.count()).where(InstanceRow.definition_id == before_id, InstanceRow.ended_at.is_(None))
    nodes = known.plan.old.nodes.values()
    lines = [_line(known.plan, node, tokens.get(node.id, 0)) for node in nodes if _is_shown(node, tokens)]
    return PlanView(
        before=definition(view, before_id),
        after=definition(view, after_id),
        lines=tuple(sorted(lines, key=lambda line: (not line.is_open, -line.instances))),
        problems=tuple(check_plan(known.plan)),
        instances=view.session.scalar(running) or 0,
    )


def _is_shown(node: Node, tokens: Mapping[str, int]) -> bool:
    return node.kind in WAITING or node.outside is not None or node.id in tokens


def _line(plan: Plan, node: Node, instances: int) -> PlanLine:
    target = plan.image(node.id)
    return PlanLine(
        element=node.id,
        name=node.name,
        kind="event sub-process" if node.by_event else KINDS.get(node.kind, node.kind),
        instances=instances,
        target=target,
        is_open=not plan.knows(node.id),
        may_be_left_out=node.kind == "boundaryEvent" or node.by_event,
        options=tuple(_options(plan, node, plan.new)),
    )


def _options(plan: Plan, node: Node, new: Process) -> list[str]:
    return [other.id for other in new.nodes.values() if unlike(plan, node, other) is None]


def rehearse(
    view: Reading, before_id: str, after_id: str, mapping: Mapping[str, str | None], *, after: str = "", limit: int = 50
) -> RehearsalPage:
    """What would come of each running instance, without changing anything. Raises `Forbidden`, `MigrationRefused`."""
    _check(view)
    known = versions(view, before_id, after_id, mapping)
    wanted = (
        select(InstanceRow.id, InstanceRow.business_key, InstanceRow.snapshot, PARTS)
        .where(InstanceRow.definition_id == before_id, InstanceRow.ended_at.is_(None), InstanceRow.id > after)
        .order_by(InstanceRow.id)
        .limit(checked(limit) + 1)
    )
    rows, more = split(view.session.execute(wanted).all(), limit)
    items = [_rehearsed(view, known, each, key, in_one_piece(*state)) for each, key, *state in rows]
    return RehearsalPage(items=items, next=rows[-1].id if more else None)


def rehearse_instance(
    view: Reading, instance_id: str, after_id: str, mapping: Mapping[str, str | None]
) -> RehearsedInstance:
    """What would come of one instance. Raises `Forbidden`, `MigrationRefused`, `MigrationNotFound`."""
    _check(view)
    wanted = select(InstanceRow).where(InstanceRow.id == instance_id, InstanceRow.ended_at.is_(None))
    row = view.session.scalar(wanted)
    if row is None:
        raise MigrationNotFound(f"There is no running case {instance_id}.", instance=instance_id)
    known = versions(view, row.definition_id, after_id, mapping)
    state = state_of(view, instance_id)
    assert state is not None
    return _rehearsed(view, known, row.id, row.business_key, state)


def _rehearsed(
    view: Reading, known: Versions, identifier: str, business_key: str | None, snapshot: Mapping[str, Any]
) -> RehearsedInstance:
    problems: tuple[Problem, ...] = ()
    armed: tuple[str, ...] = ()
    try:
        state = translated(snapshot, known.plan)
        case = Case(catalog.program(view, known.after.id), Onlooker(view.clock.now()), state.snapshot)
        armed = case.take_over(known.plan.fresh(), restart_timers=False).armed
    except MigrationRefused as error:
        problems = tuple(Problem(**each) for each in error.details["problems"])
    except StepFailed as failure:
        problems = (Problem(element=failure.element, sentence=failure.sentence),)
    return RehearsedInstance(
        id=identifier,
        business_key=business_key,
        works=not problems,
        elements=places(snapshot, known.plan),
        armed=armed,
        problems=problems,
    )


def migration(view: Reading, migration_id: str) -> MigrationView:
    """How a batch gets on. Raises `Forbidden`, `MigrationNotFound`."""
    _check(view)
    row = view.session.get(MigrationRow, migration_id)
    if row is None:
        raise MigrationNotFound(f"There is no migration {migration_id}.", migration=migration_id)
    return _view(view, row)


def migrations(view: Reading, definition_key: str | None = None, limit: int = 50) -> list[MigrationView]:
    """The batches, of one process or of all, newest first. Raises `Forbidden`."""
    _check(view)
    wanted = select(MigrationRow).order_by(MigrationRow.id.desc()).limit(checked(limit))
    if definition_key is not None:
        wanted = wanted.where(MigrationRow.definition_key == definition_key)
    return [_view(view, row) for row in view.session.scalars(wanted)]


def refused_instances(view: Reading, migration_id: str, limit: int = 100) -> list[RefusedInstance]:
    """The first instances of a batch that stayed where they were. Raises `Forbidden`."""
    _check(view)
    wanted = (
        select(MigrationItemRow)
        .where(MigrationItemRow.migration_id == migration_id, MigrationItemRow.state == "refused")
        .order_by(MigrationItemRow.instance_id)
        .limit(checked(limit))
    )
    return [RefusedInstance(id=row.instance_id, sentence=row.sentence or "") for row in view.session.scalars(wanted)]


def _view(view: Reading, row: MigrationRow) -> MigrationView:
    counted = select(MigrationItemRow.state, func.count()).where(MigrationItemRow.migration_id == row.id)
    counts = dict(iter(view.session.execute(counted.group_by(MigrationItemRow.state))))
    return MigrationView(
        id=row.id,
        definition_key=row.definition_key,
        before=definition(view, row.before_id),
        after=definition(view, row.after_id),
        reason=row.reason,
        state=row.state,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        waiting=counts.get("waiting", 0),
        done=counts.get("done", 0),
        refused=counts.get("refused", 0),
    )


def _check(view: Reading) -> None:
    if not view.actor.may(ADMINISTER):
        raise Forbidden(f"You do not have the right to do this ({ADMINISTER}).", permission=ADMINISTER)
