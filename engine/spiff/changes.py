"""What one command changed in a running case, for whoever stores or shows it; and what the case asks of others."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from core.records import dataclass
from engine.bpmn.model import Called, Node
from engine.subscriptions import SentMessage, SentSignal, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A called process by its key, and by the version or tag where the binding asks for one; and what goes in."""

    key: str
    called: Called
    version: str | None
    variables: Mapping[str, Any]


class Surroundings(Protocol):
    """What a running case asks of the world around it."""

    def now(self) -> datetime:
        """The time."""

    def call(self, node: Node, token: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run the handler of a service task; what it returns are FEEL values."""

    def decide(self, node: Node, variables: Mapping[str, Any]) -> Any:
        """Evaluate the decision of a business rule task."""

    def find_called(self, node: Node, token: str, wanted: Wanted) -> str:
        """What a call activity calls: the id of a definition. Raises `StepFailed` where none can begin."""

    def caught_outside(self, kind: str, code: str | None) -> bool | None:
        """Whether those who called this case catch an error or escalation: None: nobody, True: it interrupts."""

    def origin(self) -> Mapping[str, Any] | None:
        """What this command follows from, as a token keeps it that waits for no time; None: somebody asked for it."""

    def attend(self, case: Any) -> None:
        """A case has run until everything waits: see to what it asks of others."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """A token's visit to an element; `left_at` is None while it is there."""

    id: str
    node: Node
    type: str
    stage: str | None
    entered_at: datetime
    left_at: datetime | None = None
    cancelled: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """A user task that waits for a person from now on."""

    id: str
    node: Node
    loop_id: str | None
    assignee: str | None
    groups: tuple[str, ...]
    users: tuple[str, ...]
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmedTimer:
    """A moment that a token waits for."""

    id: str
    node: Node
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCall:
    """A service task whose work is done outside the transaction, with these FEEL values."""

    id: str
    node: Node
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A case that is to begin for a call activity; `target` is its definition, `variables` are FEEL values."""

    id: str
    node: Node
    target: str
    variables: Mapping[str, Any]
    business_key: str | None
    inherits_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrown:
    """An error or escalation that leaves the case: one of those who called it catches it."""

    kind: str
    code: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A token that cannot go on until a person looks at it."""

    token: str
    node: Node
    reason: str
    sentence: str


@dataclass(slots=True)
class Changes:
    """Everything since the last command; ids are those of tokens."""

    entered: dict[str, Visit] = field(default_factory=dict)
    left: list[tuple[str, str | None]] = field(default_factory=list)  # visits of before: id, reason of cancelling
    opened: dict[str, OpenWork] = field(default_factory=dict)
    withdrawn: list[tuple[str, str]] = field(default_factory=list)  # user tasks (id, element) nobody needs now
    armed: dict[str, ArmedTimer] = field(default_factory=dict)
    disarmed: list[str] = field(default_factory=list)
    subscribed: dict[str, Subscription] = field(default_factory=dict)
    unsubscribed: list[str] = field(default_factory=list)
    messages: list[SentMessage] = field(default_factory=list)
    signals: list[SentSignal] = field(default_factory=list)
    called: dict[str, OutsideCall] = field(default_factory=dict)
    uncalled: list[str] = field(default_factory=list)  # calls of before that are answered or not needed any more
    calls: dict[str, Call] = field(default_factory=dict)  # cases that are to begin
    undone: dict[str, str] = field(default_factory=dict)  # called cases that are to be undone, by the token that waits
    dismissed: dict[str, str] = field(default_factory=dict)  # call activities that wait no more, and why
    thrown: list[Thrown] = field(default_factory=list)
    unheard: list[tuple[Node, str | None]] = field(default_factory=list)  # escalations that nothing catches
    cancelled: str = ""  # why everything was stopped
    failures: list[Failure] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)  # elements in the order in which tokens left them
    flows: list[str] = field(default_factory=list)  # sequence flows taken
    moves: list[tuple[str, str]] = field(default_factory=list)  # flows taken and elements begun: id, scope's token
    searched: bool = False  # a variable was set that inbox searches look into
    steps: int = 0
    rounds: int = 0  # timers in a row that were due as soon as they were armed, up to this command
