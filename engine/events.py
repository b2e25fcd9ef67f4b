"""What happens in the engine, for the trail and for whoever listens."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


def case_stream(instance_id: str) -> str:
    """The stream of one instance."""
    return f"case:{instance_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionDeployed(Event):
    """A new version of a process, decision or form can be used."""

    type: ClassVar[str] = "definition.deployed"
    definition_id: str
    kind: str
    key: str
    version: int
    digest: str
    name: str

    @property
    def stream(self) -> str:
        """One stream per kind and key: all its versions."""
        return f"definition:{self.kind}.{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent(Event):
    """Something that happened in one instance."""

    instance_id: str

    @property
    def stream(self) -> str:
        """The instance's own stream."""
        return case_stream(self.instance_id)

    @property
    def case(self) -> str | None:
        """The instance itself."""
        return self.instance_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStarted(CaseEvent):
    """An instance began, pinned to one version of its definition."""

    type: ClassVar[str] = "case.started"
    personal: ClassVar[frozenset[str]] = frozenset({"variables"})
    definition_id: str
    definition_key: str
    version: int
    digest: str
    business_key: str | None
    variables: dict[str, Any]
    links: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCalled(CaseEvent):
    """A call activity began another case."""

    type: ClassVar[str] = "case.called"
    element_id: str
    called_id: str
    definition_key: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReopened(CaseEvent):
    """The caller of a completed case undoes what it has done; `element_id` is the call activity."""

    type: ClassVar[str] = "case.reopened"
    element_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationUncaught(CaseEvent):
    """An escalation was thrown that nothing catches; it has no effect."""

    type: ClassVar[str] = "escalation.uncaught"
    element_id: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCompleted(CaseEvent):
    """All tokens of an instance are used up."""

    type: ClassVar[str] = "case.completed"
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCancelled(CaseEvent):
    """Somebody stopped an instance."""

    type: ClassVar[str] = "case.cancelled"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSuspended(CaseEvent):
    """Somebody held an instance."""

    type: ClassVar[str] = "case.suspended"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResumed(CaseEvent):
    """Somebody let a held instance go on."""

    type: ClassVar[str] = "case.resumed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensMoved(CaseEvent):
    """Somebody took tokens from one element and put them on another."""

    type: ClassVar[str] = "case.tokens_moved"
    source: str
    target: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityChosen(CaseEvent):
    """Somebody started an activity of an ad-hoc sub-process."""

    type: ClassVar[str] = "case.activity_chosen"
    scope_element_id: str
    element_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeFinished(CaseEvent):
    """Somebody said that an ad-hoc sub-process is done."""

    type: ClassVar[str] = "case.scope_finished"
    element_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStageChanged(CaseEvent):
    """The tokens of an instance reached another stage."""

    type: ClassVar[str] = "case.stage_changed"
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLinked(CaseEvent):
    """An instance is about one more business record."""

    type: ClassVar[str] = "case.entity_linked"
    entity: str
    entity_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesEdited(CaseEvent):
    """Somebody changed variables from outside."""

    type: ClassVar[str] = "case.variables_edited"
    personal: ClassVar[frozenset[str]] = frozenset({"variables"})
    variables: dict[str, Any]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent(CaseEvent):
    """Something that happened to one user task."""

    task_id: str
    element_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCreated(TaskEvent):
    """A user task waits for a person."""

    type: ClassVar[str] = "task.created"
    name: str
    assignee: str | None
    candidates: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClaimed(TaskEvent):
    """A person took a task, `in_place_of` an absent colleague or for themselves."""

    type: ClassVar[str] = "task.claimed"
    assignee: str
    in_place_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUnclaimed(TaskEvent):
    """A person gave a task back to all its candidates."""

    type: ClassVar[str] = "task.unclaimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAssigned(TaskEvent):
    """A task was given to a person by somebody else."""

    type: ClassVar[str] = "task.assigned"
    assignee: str
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDelegated(TaskEvent):
    """A person asked another one to do a task and give it back."""

    type: ClassVar[str] = "task.delegated"
    assignee: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResolved(TaskEvent):
    """The delegate has done their part; the task is with its owner again."""

    type: ClassVar[str] = "task.resolved"
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScheduled(TaskEvent):
    """Somebody changed when a task is due, until when it is put aside, or its priority; None: taken away."""

    type: ClassVar[str] = "task.scheduled"
    changes: dict[str, str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCommented(TaskEvent):
    """Somebody remarked on a task."""

    type: ClassVar[str] = "task.commented"
    personal: ClassVar[frozenset[str]] = frozenset({"text"})
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(TaskEvent):
    """A person finished a task, `in_place_of` an absent one, with data and documents (id, version, type, digest)."""

    type: ClassVar[str] = "task.completed"
    personal: ClassVar[frozenset[str]] = frozenset({"data"})
    form_id: str | None
    data: dict[str, Any]
    documents: list[dict[str, Any]]
    in_place_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCancelled(TaskEvent):
    """The process no longer needs a task that was open."""

    type: ClassVar[str] = "task.cancelled"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(CaseEvent):
    """A message came to an element, or started the case."""

    type: ClassVar[str] = "message.received"
    element_id: str
    name: str
    keys: dict[str, str]
    event_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageExpired(Event):
    """Nobody received a message in time."""

    type: ClassVar[str] = "message.expired"
    message_id: str
    name: str
    keys: dict[str, str]

    @property
    def stream(self) -> str:
        """One stream per name of a message."""
        return f"message:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReceived(CaseEvent):
    """A signal came to an element, or started the case."""

    type: ClassVar[str] = "signal.received"
    element_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(CaseEvent):
    """The moment came that an element waited for."""

    type: ClassVar[str] = "timer.fired"
    element_id: str
    due_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEvaluated(CaseEvent):
    """A decision table was asked; `rules` lists those that fired."""

    type: ClassVar[str] = "decision.evaluated"
    personal: ClassVar[frozenset[str]] = frozenset({"inputs"})
    element_id: str
    definition_id: str
    decision: str
    version: int
    inputs: dict[str, Any]
    result: Any
    rules: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRaised(CaseEvent):
    """A step failed and waits for a person to look at it."""

    type: ClassVar[str] = "incident.raised"
    incident_id: str
    element_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved(CaseEvent):
    """A failed step went on: tried again, or skipped with a reason."""

    type: ClassVar[str] = "incident.resolved"
    incident_id: str
    element_id: str
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRemoved(Event):
    """Finished instances were removed because their process keeps them no longer."""

    type: ClassVar[str] = "history.removed"
    definition_id: str
    instances: list[str]

    @property
    def stream(self) -> str:
        """One stream per version of a process."""
        return f"history:{self.definition_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalEvent(Event):
    """Something that happened to a removal of outlived history."""

    removal_id: str

    @property
    def stream(self) -> str:
        """One stream for all of them."""
        return "history:removals"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalStarted(RemovalEvent):
    """Finished cases have outlived the time for which their processes keep them, and are removed now."""

    type: ClassVar[str] = "removal.started"
    found: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalStopped(RemovalEvent):
    """Somebody stopped a removal."""

    type: ClassVar[str] = "removal.stopped"
    removed: int
    reason: str
