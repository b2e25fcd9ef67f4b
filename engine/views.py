"""What queries answer with: frozen records for pages, REST and reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from core.records import dataclass
from engine.instances import EntityLink
from engine.service_levels import ServiceLevel

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[Item]):
    """A part of a list; `next` continues it (pass it as `after`), None at the end."""

    items: Sequence[Item]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Part[Item]):
    """The same, with how many entries the list has."""

    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartChoice:
    """A start event without a trigger."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionView:
    """A deployed definition in one version; `starts` are those among which whoever starts a case has to choose."""

    id: str
    kind: str
    key: str
    version: int
    name: str
    digest: str
    file_name: str
    deployed_at: datetime
    deployed_by: str
    stages: tuple[str, ...]
    starts: tuple[StartChoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A live token: where it stands, and in which state (waiting, failed, active)."""

    id: str
    element_id: str
    name: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSummary:
    """An instance as lists show it."""

    id: str
    definition_id: str
    definition_key: str
    definition_name: str
    state: str
    stage: str | None
    business_key: str | None
    outcome: str | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """A failed step."""

    id: str
    instance_id: str
    element_id: str
    code: str
    message: str
    state: str
    tries: int
    created_at: datetime
    resolution: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedInstance:
    """The caller of an instance, or one that it called, at which element of the caller."""

    id: str
    element_id: str
    definition_key: str
    definition_name: str
    state: str
    business_key: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDetail:
    """An instance with all that its page shows; `variables` are plain JSON.

    `stopped_by` is the instance, this or a related one, whose error nothing catches: until that is settled all of them
    stand still. `children` are the newest ones at most.
    """

    id: str
    definition: DefinitionView
    state: str
    stage: str | None
    business_key: str | None
    outcome: str | None
    variables: dict[str, Any]
    tokens: tuple[TokenView, ...]
    links: tuple[EntityLink, ...]
    incidents: tuple[IncidentView, ...]
    service_level: ServiceLevel | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    stopped_by: str | None = None
    parent: RelatedInstance | None = None
    children: tuple[RelatedInstance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenVisit:
    """One visit of a token to an element; `called` is the case that it called there last."""

    element_id: str
    name: str
    type: str
    entered_at: datetime
    left_at: datetime | None
    actor: str | None
    reason: str | None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """An open task as the inbox shows it; `owner` delegated it and gets it back."""

    id: str
    name: str
    element_id: str
    instance_id: str
    definition_id: str
    definition_key: str
    business_key: str | None
    stage: str | None
    assignee: str | None
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    priority: int
    created_at: datetime
    due_at: datetime | None
    follow_up_at: datetime | None
    owner: str | None
    search: dict[str, Any]

    @property
    def candidates(self) -> tuple[str, ...]:
        """Whom it is offered to: `group:…`, `user:…`."""
        groups = (f"group:{each}" for each in self.candidate_groups)
        return (*groups, *(f"user:{each}" for each in self.candidate_users))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """A remark on a task."""

    id: str
    author: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentNeed:
    """A document type that the diagram ties to a task; `attached` counts those that are there."""

    type: str
    name: str
    attached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetail:
    """A task with all that its page shows.

    `form` is the form-js schema or None, `data` the variables that it shows or, of a finished task, what was
    submitted; `state` is open, completed or cancelled. `is_neutral`: the reader may not see what its case is about, and
    is told the process and a number instead of names, until the task is theirs.
    """

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
    candidates: tuple[str, ...]
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
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
    required_documents: tuple[DocumentNeed, ...]
    shown_documents: tuple[DocumentNeed, ...]
    comments: tuple[CommentView, ...]
    is_neutral: bool = False
