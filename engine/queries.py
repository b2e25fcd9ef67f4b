"""Reading definitions, instances and tasks; each query answers only what the asking person may see."""

from sqlalchemy import ColumnElement, Select, exists, false, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from core.records import dataclass
from engine import access, catalog, related
from engine.errors import InstanceNotFound
from engine.inbox import TaskFilter, count_tasks, search_columns, task, task_part, tasks
from engine.instances import EntityLink
from engine.models import DefinitionRow, IncidentRow, InstanceEntityRow, InstanceRow, TokenLogRow
from engine.paging import Order, checked, contains, count, split
from engine.service_levels import service_level
from engine.snapshots import state_of, tokens_in, variables_in
from engine.spiff.moving import obstacle
from engine.views import (
    DefinitionView,
    IncidentView,
    InstanceDetail,
    InstanceSummary,
    Page,
    StartChoice,
    TokenView,
    TokenVisit,
)
from storage.unit_of_work import Reading

__all__ = [
    "InstanceFilter",
    "TaskFilter",
    "count_tasks",
    "definition",
    "definition_xml",
    "definitions",
    "history",
    "incidents",
    "instance",
    "instances",
    "move_targets",
    "search_columns",
    "startable",
    "task",
    "task_part",
    "tasks",
    "versions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """Which instances; an absent field asks for nothing."""

    definition_key: str | None = None
    state: str | None = None
    stage: str | None = None
    business_key: str | None = None
    entity: str | None = None
    entity_id: str | None = None
    parent: str | None = None
    q: str | None = None


def definitions(view: Reading) -> list[DefinitionView]:
    """The newest version of everything that is deployed, processes first."""
    newest = (
        select(DefinitionRow.id)
        .ext(distinct_on(DefinitionRow.kind, DefinitionRow.key))
        .order_by(DefinitionRow.kind, DefinitionRow.key, DefinitionRow.version.desc())
    )
    rows = view.session.scalars(select(DefinitionRow).where(DefinitionRow.id.in_(newest)))
    return sorted(map(_definition, rows), key=lambda each: (each.kind != "process", each.kind, each.name, each.key))


def deployed_content(view: Reading) -> frozenset[bytes]:
    """The SHA-256 of every file that was ever deployed; it reads each of them, which is for those who deploy."""
    return frozenset(view.session.scalars(select(func.sha256(DefinitionRow.source)).distinct()))


def versions(view: Reading, definition_id: str) -> list[DefinitionView]:
    """All versions of the same definition, the newest first. Raises `DefinitionNotFound`."""
    row = catalog.definition(view, definition_id)
    same = (DefinitionRow.kind == row.kind) & (DefinitionRow.key == row.key)
    rows = view.session.scalars(select(DefinitionRow).where(same).order_by(DefinitionRow.version.desc()))
    return [_definition(each) for each in rows]


def move_targets(view: Reading, definition_id: str) -> list[tuple[str, str]]:
    """The elements that a token can be moved to, by id and name."""
    nodes = catalog.program(view, definition_id).process.nodes.values()
    return sorted(((each.id, each.name) for each in nodes if obstacle(each) is None), key=lambda each: each[1].lower())


def definition(view: Reading, definition_id: str) -> DefinitionView:
    """One version. Raises `DefinitionNotFound`."""
    return _definition(catalog.definition(view, definition_id))


def definition_xml(view: Reading, definition_id: str) -> bytes:
    """The bytes that were deployed (a form's are JSON). Raises `DefinitionNotFound`."""
    return catalog.source(view, definition_id)


def startable(view: Reading) -> list[DefinitionView]:
    """The processes that the asking person may start, in their newest version."""
    if not view.actor.may("case.start"):
        return []
    found = [each for each in definitions(view) if each.kind == "process"]
    return [each for each in found if _may_start(view, each.id)]


def _may_start(view: Reading, definition_id: str) -> bool:
    info = catalog.definition(view, definition_id).info
    starters = info.get("starters", [])
    if info.get("is_global_task"):
        return False  # only a call activity begins it
    return not starters or view.actor.is_system or not view.actor.roles.isdisjoint(starters)


def _definition(row: DefinitionRow) -> DefinitionView:
    return DefinitionView(
        id=row.id,
        kind=row.kind,
        key=row.key,
        version=row.version,
        name=row.name,
        digest=row.digest,
        file_name=row.file_name,
        deployed_at=row.deployed_at,
        deployed_by=row.deployed_by,
        stages=tuple(row.info.get("stages", ())),
        starts=tuple(StartChoice(id=start, name=name) for start, name in row.info.get("starts", ())),
    )


def instances(
    view: Reading, wanted: InstanceFilter, after: str | None = None, limit: int = 50
) -> Page[InstanceSummary]:
    """The instances that the asking person may see, the newest first."""
    query = select(InstanceRow).where(access.visible_instances(view.actor), *_conditions(wanted))
    return page_of(view, query, after, limit)


def page_of(view: Reading, query: Select[InstanceRow], after: str | None, limit: int) -> Page[InstanceSummary]:
    """A page of the instances that a query finds, the newest first; the query has looked at the rights."""
    total = count(view.session, query)
    order = Order(InstanceRow.id, InstanceRow.id, descending=True)
    rows, more = split([row for (row,) in order.read(view.session, query, after, checked(limit))], limit)
    following = order.mark(rows[-1]) if more else None
    return Page(items=[_summary(view, row) for row in rows], next=following, total=total)


def _conditions(wanted: InstanceFilter) -> list[ColumnElement[bool]]:
    columns = {
        InstanceRow.definition_key: wanted.definition_key,
        InstanceRow.state: wanted.state,
        InstanceRow.stage: wanted.stage,
        InstanceRow.business_key: wanted.business_key,
        InstanceRow.parent_id: wanted.parent,
    }
    found: list[ColumnElement[bool]] = [column == value for column, value in columns.items() if value is not None]
    if wanted.entity is not None or wanted.entity_id is not None:
        linked = exists().where(InstanceEntityRow.instance_id == InstanceRow.id)
        if wanted.entity is not None:
            linked = linked.where(InstanceEntityRow.entity == wanted.entity)
        if wanted.entity_id is not None:
            linked = linked.where(InstanceEntityRow.entity_id == wanted.entity_id)
        found.append(linked)
    if wanted.q:
        pattern = contains(wanted.q)
        found.append(InstanceRow.business_key.ilike(pattern) | (InstanceRow.definition_key.ilike(pattern)))
    return found


def _summary(view: Reading, row: InstanceRow) -> InstanceSummary:
    return InstanceSummary(
        id=row.id,
        definition_id=row.definition_id,
        definition_key=row.definition_key,
        definition_name=catalog.definition(view, row.definition_id).name,
        state=row.state,
        stage=row.stage,
        business_key=row.business_key,
        outcome=row.outcome,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def seen_instance(view: Reading, instance_id: str) -> InstanceRow:
    """A case as it is stored. Raises `InstanceNotFound` also for one that the asking person may not see."""
    query = select(InstanceRow).where(InstanceRow.id == instance_id, access.visible_instances(view.actor))
    row = view.session.scalar(query)
    if row is None:
        raise InstanceNotFound(f"There is no case {instance_id}, or you are not involved in it.", instance=instance_id)
    return row


def instance(view: Reading, instance_id: str) -> InstanceDetail:
    """One instance. Raises `InstanceNotFound` also for one that the asking person may not see."""
    row = seen_instance(view, instance_id)
    state = state_of(view, instance_id)
    assert state is not None
    process = catalog.program(view, row.definition_id).process
    links = view.session.scalars(
        select(InstanceEntityRow)
        .where(InstanceEntityRow.instance_id == instance_id)
        .order_by(InstanceEntityRow.linked_at, InstanceEntityRow.entity, InstanceEntityRow.entity_id)
    )
    return InstanceDetail(
        id=row.id,
        definition=definition(view, row.definition_id),
        state=row.state,
        stage=row.stage,
        business_key=row.business_key,
        outcome=row.outcome,
        variables=variables_in(state),
        tokens=tuple(
            TokenView(id=token, element_id=element, name=process.nodes[element].name, state=how)
            for token, element, how in tokens_in(state)
        ),
        links=tuple(EntityLink(entity=each.entity, id=each.entity_id, role=each.role) for each in links),
        incidents=tuple(_incidents(view, instance_id)),
        service_level=service_level(view, row, process, state),
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        stopped_by=row.stopped_by,
        parent=related.caller_of(view, row),
        children=related.called_by(view, row),
    )


def history(view: Reading, instance_id: str) -> list[TokenVisit]:
    """Every visit of a token, in order. Raises `InstanceNotFound`."""
    seen_instance(view, instance_id)
    rows = view.session.scalars(
        select(TokenLogRow).where(TokenLogRow.instance_id == instance_id).order_by(TokenLogRow.id)
    )
    called = related.by_token(view, instance_id)
    return [
        TokenVisit(
            element_id=row.element_id,
            name=row.name,
            type=row.type,
            entered_at=row.entered_at,
            left_at=row.left_at,
            actor=row.actor,
            reason=row.reason,
            called=called.get(row.id),
        )
        for row in rows
    ]


def incidents(view: Reading, limit: int = 100) -> list[IncidentView]:
    """The open incidents of the instances that the asking person may see, the newest first.

    Administrators also see messages that nobody received; those belong to no instance.
    """
    of_nobody = InstanceRow.id.is_(None) if view.actor.may(access.ADMINISTER) else false()
    rows = view.session.scalars(
        select(IncidentRow)
        .outerjoin(InstanceRow, InstanceRow.id == IncidentRow.instance_id)
        .where(IncidentRow.state == "open", access.visible_instances(view.actor) | of_nobody)
        .order_by(IncidentRow.created_at.desc())
        .limit(checked(limit))
    )
    return [_incident(row) for row in rows]


def _incidents(view: Reading, instance_id: str) -> list[IncidentView]:
    rows = view.session.scalars(
        select(IncidentRow).where(IncidentRow.instance_id == instance_id).order_by(IncidentRow.id.desc())
    )
    return [_incident(row) for row in rows]


def _incident(row: IncidentRow) -> IncidentView:
    return IncidentView(
        id=row.id,
        instance_id=row.instance_id,
        element_id=row.element_id,
        code=row.code,
        message=row.message,
        state=row.state,
        tries=row.tries,
        created_at=row.created_at,
        resolution=row.resolution,
    )
