"""Starting, cancelling and linking instances, and editing their variables."""

from dataclasses import field
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from core.errors import Forbidden, InvalidInput
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine import access, catalog, store
from engine.attempts import Parking, with_incidents
from engine.bpmn.model import Reference
from engine.errors import DefinitionNotFound, InstanceNotFound, StartUnclear
from engine.events import EntityLinked, VariablesEdited
from engine.feel.values import plain
from engine.models import DefinitionRow, InstanceEntityRow
from engine.openings import OpenTask
from engine.reasons import given
from engine.running import Running
from engine.starting import Beginning, begin
from storage.unit_of_work import UnitOfWork

__all__ = [
    "CancelInstance",
    "EntityLink",
    "LinkEntity",
    "OpenTask",
    "SetVariables",
    "StartInstance",
    "StartedInstance",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLink:
    """A business record that an instance is about, such as `crm.offer` and its id, and in which role."""

    entity: str
    id: str
    role: str = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedInstance:
    """A new instance and where it came to."""

    id: str
    state: str
    stage: str | None
    tasks: tuple[OpenTask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInstance(Command):
    """Start a process by its key (newest version) or by the id of one version; `variables` are JSON values.

    A process with several start events without a trigger needs `start_event`, the id of the one to begin with.
    """

    definition_key: str | None = None
    definition_id: str | None = None
    business_key: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    links: tuple[EntityLink, ...] = ()
    start_event: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelInstance(Command):
    """Stop an instance for good."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVariables(Command):
    """Change variables of a running instance from outside."""

    instance_id: str
    variables: dict[str, Any]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEntity(Command):
    """Say that an instance is about one more business record."""

    instance_id: str
    link: EntityLink


@handles(StartInstance, needs="case.start")
def start_instance(command: StartInstance, unit: UnitOfWork) -> StartedInstance:
    """Begin a process and run it to its first wait states.

    Raises `DefinitionNotFound`, `Forbidden` when the process names who may start it, `StartUnclear`, `StepRefused`.
    """
    return with_incidents(unit, lambda parking: _start(command, unit, parking))


def _start(command: StartInstance, unit: UnitOfWork, parking: Parking) -> StartedInstance:
    mark = catalog.newest_deployment(unit)
    definition = _definition(command, unit, mark)
    _check_starter(definition, unit)
    _check_start_event(command.start_event, definition, unit)
    access.refuse_out_of_reach(unit, ((link.entity, link.id) for link in command.links))
    instance_id = new_id()
    for link in command.links:
        _link(instance_id, link, unit)
    beginning = Beginning(
        instance_id=instance_id,
        definition_id=definition.id,
        variables=command.variables,
        business_key=command.business_key,
        links=tuple({"entity": link.entity, "id": link.id, "role": link.role} for link in command.links),
        at=command.start_event,
        asked_by_person=True,
    )
    running = begin(beginning, unit, parking, mark=mark)
    case = running.case
    return StartedInstance(id=instance_id, state=case.state, stage=case.stage, tasks=running.open_tasks())


def _definition(command: StartInstance, unit: UnitOfWork, mark: str) -> DefinitionRow:
    if (command.definition_id is None) == (command.definition_key is None):
        raise InvalidInput("Say which process to start: give its key, or the id of one version, not both.")
    found = command.definition_id
    if command.definition_key is not None:
        found = catalog.find(unit, "process", Reference(key=command.definition_key), mark)
    if found is None:
        raise DefinitionNotFound(f"There is no process {command.definition_key}.", key=command.definition_key)
    row = catalog.definition(unit, found)
    if row.kind != "process":
        raise DefinitionNotFound(f"{row.name} is a {row.kind}; only a process can be started.", definition=row.id)
    if row.info.get("is_global_task"):
        sentence = f"{row.name} is a global task; it is called by the call activity of a process."
        raise InvalidInput(sentence, definition=row.id)
    return row


def _check_start_event(start: str | None, definition: DefinitionRow, unit: UnitOfWork) -> None:
    if start is None:
        return
    process = catalog.program(unit, definition.id).process
    known = [each for each in process.starts if process.nodes[each].kind == "startEvent"]
    if start not in known:
        sentence = f"{start} is no start event of {definition.name} that a person can begin with"
        raise StartUnclear(f"{sentence}; there is {', '.join(known) or 'none'}.", starts=known)


def _check_starter(definition: DefinitionRow, unit: UnitOfWork) -> None:
    starters = definition.info.get("starters", [])
    if starters and not unit.actor.is_system and unit.actor.roles.isdisjoint(starters):
        raise Forbidden(
            f"{definition.name} can be started by these roles only: {', '.join(starters)}.", roles=list(starters)
        )


@handles(CancelInstance, needs="case.administer")
def cancel_instance(command: CancelInstance, unit: UnitOfWork) -> None:
    """Stop everything in an instance and in those that it called; its caller gets an incident.

    Raises `InstanceNotFound`, `InstanceEnded`.
    """
    reason = given(command.reason)
    locked = store.lock_instance(unit, command.instance_id)
    running = Running(unit, locked, Parking(), even_suspended=True, even_stopped=True)
    running.case.cancel(reason)
    running.save()


@handles(SetVariables, needs="case.administer")
def set_variables(command: SetVariables, unit: UnitOfWork) -> None:
    """Replace variables of an instance; a condition that becomes true happens, in a suspended one when it is resumed.

    Raises `InvalidInput`, `InstanceNotFound`, `InstanceEnded`.
    """
    reason = given(command.reason)
    if not command.variables:
        sentence = "Name at least one variable and its new value."
        raise InvalidInput(sentence, fields={"/variables": sentence})
    with_incidents(unit, lambda parking: _set_variables(command, reason, unit, parking))


def _set_variables(command: SetVariables, reason: str, unit: UnitOfWork, parking: Parking) -> None:
    locked = store.lock_instance(unit, command.instance_id)
    running = Running(unit, locked, parking, even_suspended=True, even_stopped=True)
    running.case.set(command.variables, is_held=running.is_suspended)
    running.save()
    unit.emit(
        VariablesEdited(
            instance_id=command.instance_id,
            variables={name: plain(value) for name, value in command.variables.items()},
            reason=reason,
        )
    )


@handles(LinkEntity, needs="task.work")
def link_entity(command: LinkEntity, unit: UnitOfWork) -> None:
    """Link a record; linking it again changes nothing.

    Raises `InstanceNotFound`, `InvalidInput` for a record of a customer who is out of reach.
    """
    store.lock_instance(unit, command.instance_id)
    if not access.may_see_instance(unit, command.instance_id):
        raise InstanceNotFound(f"There is no case {command.instance_id}.", instance=command.instance_id)
    link = command.link
    access.refuse_out_of_reach(unit, [(link.entity, link.id)])
    if _link(command.instance_id, link, unit):
        unit.emit(EntityLinked(instance_id=command.instance_id, entity=link.entity, entity_id=link.id, role=link.role))


def add_link(unit: UnitOfWork, instance_id: str, link: EntityLink) -> None:
    """Link a record from inside a step of the case, which is locked or being made; asks for no rights."""
    if _link(instance_id, link, unit):
        unit.emit(EntityLinked(instance_id=instance_id, entity=link.entity, entity_id=link.id, role=link.role))


def _link(instance_id: str, link: EntityLink, unit: UnitOfWork) -> bool:
    row = {
        "instance_id": instance_id,
        "entity": link.entity,
        "entity_id": link.id,
        "role": link.role,
        "linked_at": unit.clock.now(),
    }
    statement = insert(InstanceEntityRow).values(row).on_conflict_do_nothing().returning(InstanceEntityRow.entity)
    return unit.session.execute(statement).first() is not None
