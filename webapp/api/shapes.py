"""What the API answers with, where that is more than one record of a context."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.records import dataclass
from engine.choosing import OpenScope
from engine.definitions import DeployedDefinition
from engine.external import ExternalTask
from engine.instances import EntityLink, OpenTask
from engine.migration.queries import MigrationView, RefusedInstance
from engine.removals import RemovalView
from engine.service_levels import ServiceLevel
from engine.views import (
    CommentView,
    DefinitionView,
    DocumentNeed,
    IncidentView,
    InstanceSummary,
    RelatedInstance,
    TaskSummary,
    TokenView,
    TokenVisit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Deployed definitions."""

    definitions: Sequence[DeployedDefinition]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionList:
    """All definitions in their versions."""

    items: Sequence[DefinitionView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A new instance."""

    id: str
    state: str
    stage: str | None
    tasks: Sequence[OpenTask]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePage:
    """A part of the list of instances; `next` goes into `after`."""

    items: Sequence[InstanceSummary]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance."""

    id: str
    definition: DefinitionView
    state: str
    stage: str | None
    business_key: str | None
    outcome: str | None
    variables: dict[str, Any]
    tokens: Sequence[TokenView]
    links: Sequence[EntityLink]
    incidents: Sequence[IncidentView]
    service_level: ServiceLevel | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    stopped_by: str | None
    parent: RelatedInstance | None
    children: Sequence[RelatedInstance]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Where the tokens of an instance have been."""

    items: Sequence[TokenVisit]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceState:
    """An instance in short."""

    id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a completion led to."""

    instance: InstanceState
    tasks: Sequence[OpenTask]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A part of the list of open tasks; `next` goes into `after`, `total` is null where it was not asked for."""

    items: Sequence[TaskSummary]
    next: str | None
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A document at the version that something links to."""

    id: str
    version: int
    title: str
    type: str | None
    role: str
    digest: str
    size: int
    media_type: str
    file_name: str
    created_at: datetime
    created_by: str
    state: str
    number: str | None
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Documents."""

    items: Sequence[AttachedFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One thing that happened; `hash` covers the entry and `previous_hash`, the entry before it in its stream."""

    id: str
    at: datetime
    type: str
    actor: str
    actor_name: str
    data: dict[str, Any]
    erased: Sequence[str]
    stream: str
    seq: int
    unit: str
    case: str | None
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Who did what, when, on which document, oldest first; `next` goes into `after`."""

    items: Sequence[TrailEntry]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task with its form and everything that it needs."""

    id: str
    name: str
    element_id: str
    documentation: str | None
    instance_id: str
    definition_id: str
    definition_key: str
    business_key: str | None
    stage: str | None
    state: str
    assignee: str | None
    candidate_groups: Sequence[str]
    candidate_users: Sequence[str]
    may_work: bool
    priority: int
    created_at: datetime
    due_at: datetime | None
    follow_up_at: datetime | None
    owner: str | None
    completed_at: datetime | None
    completed_by: str | None
    form: dict[str, Any] | None
    data: dict[str, Any]
    required_documents: Sequence[DocumentNeed]
    shown_documents: Sequence[DocumentNeed]
    documents: Sequence[AttachedFile]
    comments: Sequence[CommentView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one task of a bulk action: ok, or a problem."""

    id: str
    ok: bool
    problem: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """One outcome per task."""

    items: Sequence[Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is done."""

    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeEntry:
    """Something that is said along with a notice."""

    name: str
    label: str
    kind: str
    is_needed: bool
    choices: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeShape:
    """Something that can be told to a case."""

    key: str
    title: str
    hint: str
    entries: Sequence[NoticeEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeList:
    """What can be told to a case now."""

    items: Sequence[NoticeShape]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenScopes:
    """Open ad-hoc sub-processes with what can be started in them."""

    items: Sequence[OpenScope]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How many tokens were moved."""

    moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedTasks:
    """External tasks that a worker has now."""

    items: Sequence[ExternalTask]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedUntil:
    """Until when the worker has the task."""

    locked_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TriesLeft:
    """How many tries are left; none: it is an incident."""

    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentList:
    """Open incidents."""

    items: Sequence[IncidentView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A settled incident, and the state of its instance now."""

    id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationList:
    """Batches of migrations."""

    items: Sequence[MigrationView]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationDetail:
    """A batch, and the first instances that stayed where they were."""

    migration: MigrationView
    refused: Sequence[RefusedInstance]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalStarted:
    """The removal that runs now; null where nothing has outlived its time."""

    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalList:
    """Removals of outlived history."""

    items: Sequence[RemovalView]
