"""How cases begin: by a person, a message, a signal or a timer; and which start events wait for that."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from core.errors import InvalidInput
from core.records import dataclass
from engine import catalog
from engine.attempts import Parking
from engine.bpmn.model import Process, Trigger
from engine.bpmn.names import MAXIMUM, fits
from engine.correlating import PATH
from engine.events import CaseStarted
from engine.feel.values import plain
from engine.models import DefinitionRow, StartEventRow
from engine.running import Running
from engine.spiff.moments import cycle, moment
from engine.store import Locked
from storage.unit_of_work import UnitOfWork

PART = "message_part"  # a message of a start event that needs several together
STORED = {"message", "signal", "timer", "conditional"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A case that is to begin; `at` names the start event, None is the one without a trigger."""

    instance_id: str
    definition_id: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    business_key: str | None = None
    at: str | None = None
    links: tuple[dict[str, str], ...] = ()
    asked_by_person: bool = False


def begin(beginning: Beginning, unit: UnitOfWork, parking: Parking, *, mark: str | None = None) -> Running:
    """Start a case and run it to its first wait states. Raises `InvalidInput` for a business key that is too long."""
    if beginning.business_key is not None and not fits(beginning.business_key):
        sentence = f"A business key has at most {MAXIMUM} characters, and no NUL character."
        raise InvalidInput(sentence, fields={"/business_key": sentence})
    definition = catalog.definition(unit, beginning.definition_id)
    locked = Locked(
        instance_id=beginning.instance_id,
        definition_id=definition.id,
        definition_key=definition.key,
        instance_state="running",
        revision=1,
        stage=None,
        business_key=beginning.business_key,
        outcome=None,
        started_by=unit.actor.id,
        ended_at=None,
        has_documents=False,
        mark=mark or catalog.newest_deployment(unit),
    )
    unit.emit(
        CaseStarted(
            instance_id=locked.instance_id,
            definition_id=definition.id,
            definition_key=definition.key,
            version=definition.version,
            digest=definition.digest,
            business_key=beginning.business_key,
            variables={name: plain(value) for name, value in beginning.variables.items()},
            links=list(beginning.links),
        )
    )
    running = Running(unit, locked, parking, asked_by_person=beginning.asked_by_person)
    running.launch().start(beginning.variables, unit.actor.id, at=beginning.at)
    running.save()
    return running


def register(unit: UnitOfWork, row: DefinitionRow, process: Process) -> None:
    """Have the start events of a process's newest version wait, in place of those of older versions."""
    unit.session.execute(delete(StartEventRow).where(StartEventRow.definition_key == row.key))
    for number, path in enumerate(process.paths):
        unit.session.add(
            StartEventRow(
                definition_key=row.key,
                element_id=path.key,
                number=number,
                definition_id=row.id,
                kind=PATH,
                name=path.message,
                due_at=None,
                left=None,
            )
        )
    now = unit.clock.now()
    counted: Counter[str] = Counter()
    for element, trigger in process.start_triggers:
        number = counted[element]
        counted[element] += 1
        if trigger.kind not in STORED:
            continue
        node = process.nodes[element]
        is_part = node.kind == "startEvent" and node.all_triggers and len(node.triggers) > 1
        due, left = (None, None) if trigger.timer is None else first_moment(trigger.timer.value.evaluate({}, now), now)
        if trigger.timer is not None and due is None:
            sentence = f"The timer of {element} is {trigger.timer.value.text}, which gives no date or time."
            raise InvalidInput(sentence, element=element)
        unit.session.add(
            StartEventRow(
                definition_key=row.key,
                element_id=element,
                number=number,
                definition_id=row.id,
                kind=PART if is_part else trigger.kind,
                name=trigger.name or "",
                due_at=due,
                left=left,
            )
        )


def first_moment(value: Any, now: datetime) -> tuple[datetime | None, int | None]:
    """When a start timer is due first, and how often it is still due then; None for ever."""
    repetition = cycle(value)
    if repetition is None:
        return moment(value, now), 1
    count, span = repetition
    return moment(span, now), count


def trigger_of(process: Process, row: StartEventRow) -> Trigger:
    """What a start event waits for."""
    return [trigger for element, trigger in process.start_triggers if element == row.element_id][row.number]


def next_moment(process: Process, row: StartEventRow, now: datetime) -> tuple[datetime | None, int | None]:
    """When a start timer that has just fired is due again; None when it is not."""
    if row.left is not None and row.left <= 1:
        return None, None
    timer = trigger_of(process, row).timer
    repetition = None if timer is None else cycle(timer.value.evaluate({}, now))
    if repetition is None:
        return None, None
    return moment(repetition[1], now), None if row.left is None else row.left - 1
