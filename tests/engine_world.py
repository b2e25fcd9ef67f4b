"""What engine tests share: diagrams written in a few lines, people, and an engine on a real database."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Engine

from core.clock import FixedClock
from core.executor import Executor
from core.identity import SYSTEM, Actor
from core.messages import Command, Event
from engine import runtime
from engine.definitions import DeployDefinitions, DeployedDefinition, DeploymentFile
from engine.instances import StartedInstance, StartInstance
from engine.ports import AttachedDocument, DocumentTypes, KeptHistory, TaskDocuments
from engine.spiff import parts
from engine.tasks import CompleteTask, Completion
from engine.timers import FireDueTimers
from storage.unit_of_work import Reading, Snapshot, UnitFactory

runtime.ROUND_TRIPS = True  # every engine test goes through a stored snapshot after each element
parts.CHUNK[0], parts.LONG[0] = 2, 20  # and what is a little longer has parts of its own
EVERYTHING = frozenset({"definition.deploy", "case.start", "task.work", "case.administer", "case.read_all"})
WORK = frozenset({"case.start", "task.work"})
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:obieg="https://obieg.dev/schema/1.0/bpmn" '
    'id="definitions" targetNamespace="urn:test">'
)


def bpmn(content: str, *, key: str = "process", attributes: str = "", roots: str = "") -> bytes:
    """A file with one executable process; `roots` are the messages, signals and errors that it refers to."""
    return (
        f'{HEAD}{roots}<process id="{key}" isExecutable="true" {attributes}>{content}</process></definitions>'.encode()
    )


def flow(source: str, target: str, condition: str | None = None) -> str:
    """A sequence flow with the id `source_target`."""
    inner = "" if condition is None else f"<conditionExpression>{escape(condition)}</conditionExpression>"
    return f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def chain(*names: str) -> str:
    """Flows from each node to the next."""
    return "".join(flow(source, target) for source, target in pairwise(names))


def line(*nodes: str, names: tuple[str, ...]) -> str:
    """Nodes between a start `start` and an end `end`."""
    return f'<startEvent id="start"/>{"".join(nodes)}<endEvent id="end"/>' + chain("start", *names, "end")


def person(name: str, *roles: str, permissions: frozenset[str] = WORK) -> Actor:
    return Actor(id=name, name=name.title(), roles=frozenset(roles), permissions=permissions)


ADMIN = person("admin", permissions=EVERYTHING)


class FakeDocuments:
    """Documents by task, in memory."""

    def __init__(self) -> None:
        self.types: set[str] = set()  # that are defined
        self.by_task: dict[str, list[AttachedDocument]] = {}
        self.held: set[str] = set()  # cases with documents under a hold

    def attach(self, task_id: str, kind: str) -> None:
        number = len(self.by_task.setdefault(task_id, [])) + 1
        document = AttachedDocument(
            document_id=f"D{number}", version=number, type=kind, title=kind.title(), digest="0" * 64
        )
        self.by_task[task_id].append(document)

    def attached(self, reading: Reading, task_id: str, instance_id: str) -> list[AttachedDocument]:
        return self.by_task.get(task_id, [])

    def unknown(self, reading: Reading, keys: Collection[str]) -> Collection[str]:
        return set(keys) - self.types if self.types else ()

    def kept(self, reading: Reading, instances: Collection[str]) -> Collection[str]:
        return self.held & set(instances)


class NoJobs:
    """A queue that nobody uses."""

    def enqueue(self, unit: Any, requests: Any) -> None:
        raise AssertionError("the engine enqueues nothing here")


@dataclass
class World:
    """An engine with its database, clock and documents."""

    engine: Engine
    clock: FixedClock
    documents: FakeDocuments = field(default_factory=FakeDocuments)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.units = UnitFactory(
            self.engine,
            queue=NoJobs(),
            clock=self.clock,
            recorders=[lambda unit, events: self.events.extend(events)],
            ports={TaskDocuments: self.documents, DocumentTypes: self.documents, KeptHistory: self.documents},
        )
        self.executor = Executor(self.units)

    def do(self, command: Command, actor: Actor = ADMIN) -> Any:
        return self.executor.execute(command, actor=actor)

    def deploy(self, *files: bytes | tuple[str, bytes]) -> tuple[DeployedDefinition, ...]:
        named = [each if isinstance(each, tuple) else (f"file{n}.bpmn", each) for n, each in enumerate(files)]
        return self.do(DeployDefinitions(files=tuple(DeploymentFile(name=n, content=c) for n, c in named)))

    def start(self, key: str = "process", actor: Actor = ADMIN, **variables: Any) -> StartedInstance:
        return self.do(StartInstance(definition_key=key, variables=variables), actor)

    def complete(self, task_id: str, actor: Actor = ADMIN, key: str | None = None, **data: Any) -> Completion:
        return self.do(CompleteTask(task_id=task_id, data=data, idempotency_key=key), actor)

    def pass_time(self, by: timedelta) -> int:
        self.clock.advance(by)
        return self.do(FireDueTimers(limit=100), SYSTEM)

    def reading(self, actor: Actor = ADMIN) -> AbstractContextManager[Snapshot]:
        return self.units.reading(actor)

    def rows(self, statement: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.exec_driver_sql(statement))


def waits_for_a_lock(world: World, beside: Future[Any]) -> None:
    """Return once the other thread waits for a row; it must not be done before."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not world.rows(waiting):
        assert not beside.done()
