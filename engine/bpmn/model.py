"""A checked process: everything that running it needs, with compiled expressions and the ids that the designer gave."""

from dataclasses import field
from typing import Literal

from core.records import dataclass
from engine.bpmn.expressions import Value
from engine.bpmn.outside import Outside
from engine.feel import Script
from engine.ready import Operation

TimerKind = Literal["date", "duration", "cycle"]
Binding = Literal["latest", "version"]
CallBinding = Literal["latest", "deployment", "version", "versionTag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sequence flow; `condition` is None where it is always taken. A `link` stands for a pair of link events."""

    id: str
    source: str
    target: str
    condition: Value | None = None
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopEvent:
    """What a multi-instance activity throws when an instance completes: where `condition` holds, or only the first."""

    trigger: "Trigger"
    condition: Value | None = None
    first_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Multi-instance: one inner instance per item of `collection`, or `cardinality` of them."""

    sequential: bool
    collection: Value | None
    cardinality: Value | None
    element: str | None
    output_collection: str | None
    output_element: Value | None
    until: Value | None
    events: tuple[LoopEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A definition that is named by its key: the newest version, a certain one, or the newest with a tag."""

    key: str
    version: int | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRef:
    """A document type that a data object reference ties to a task."""

    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a user task asks of people."""

    assignee: Value | None = None
    groups: Value | None = None
    users: Value | None = None
    due: Value | None = None
    follow_up: Value | None = None
    priority: Value | None = None
    sla: Value | None = None  # working time until it is due
    form: Reference | None = None
    four_eyes: tuple[str, ...] = ()
    required: tuple[DocumentRef, ...] = ()
    shown: tuple[DocumentRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """When a timer event is due: at a date, after a duration, or again and again."""

    kind: TimerKind
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """An event definition: what an event waits for, or what it throws.

    `name` is that of a message, signal or link, the code of an error or escalation (None catches all), or the activity
    to compensate; `key` correlates a message; `condition` is that of a conditional event; `is_awaited` says whether a
    throw waits for what it makes undone.
    """

    kind: str
    name: str | None = None
    key: Value | None = None
    timer: Timer | None = None
    condition: Value | None = None
    is_awaited: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Standard loop: again while `condition` is true, at most `maximum` times."""

    test_before: bool
    condition: Value | None
    maximum: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHoc:
    """An ad-hoc sub-process: `offers` can be started at any time, `until` completes it."""

    offers: tuple[str, ...]
    sequential: bool
    until: Value | None
    cancels_rest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A variable that goes into a called process or comes out of it: a `source`, a `value` in FEEL, or everything.

    `local` keeps to the variables of the call activity itself: only those go in, and what comes out stays there.
    """

    source: str | None
    value: Value | None
    target: str | None
    everything: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a call activity calls; `version` is a number or a tag, as the binding asks for."""

    key: Value
    binding: CallBinding
    version: Value | None
    business_key: Value | None
    inherits_key: bool
    into: tuple[Passing, ...]
    out: tuple[Passing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """An input or output of an activity: the variable and where its value comes from."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The data of an element: what associations copy in and out, which variables are its own.

    `required` must not be null when it begins; `content` takes what a message brings.
    """

    inputs: tuple[Mapping, ...] = ()
    outputs: tuple[Mapping, ...] = ()
    own: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A flow node. `scope` is the id of the sub-process or process around it."""

    id: str
    kind: str
    name: str
    line: int | None
    scope: str
    documentation: str | None = None
    incoming: tuple[str, ...] = ()
    outgoing: tuple[Flow, ...] = ()
    default: str | None = None
    stage: str | None = None
    counts: bool = True  # time here is part of what a case may take
    loop: Loop | None = None
    inputs: tuple[Mapping, ...] = ()
    outputs: tuple[Mapping, ...] = ()
    work: Work | None = None
    called: Called | None = None
    handler: str | None = None
    operation: Operation | None = None
    outside: Outside | None = None
    script: Script | None = None
    decision: Reference | None = None
    decision_mapping: str | None = None
    result: str | None = None
    triggers: tuple[Trigger, ...] = ()
    all_triggers: bool = False
    makes_cases: bool = False
    attached_to: str | None = None
    interrupting: bool = True
    boundaries: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()  # begin together with the start event, since nothing leads to them
    by_event: bool = False
    handlers: tuple[str, ...] = ()
    compensation: str | None = None
    for_compensation: bool = False
    ad_hoc: AdHoc | None = None
    own: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    content: str | None = None
    repeat: Repeat | None = None
    needs: int = 1  # tokens that it begins with
    sends: int = 1  # tokens on each flow that it takes
    apart: bool = False  # begins in a transaction of its own
    apart_behind: bool = False  # is left in a transaction of its own
    activation: Value | None = None
    entities: tuple[str, ...] = ()
    outcome: str | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its triggers."""
        return frozenset(trigger.kind for trigger in self.triggers)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePath:
    """Where a message of this name has a key in its content; `key` is the correlation property."""

    message: str
    key: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that can run as it is."""

    id: str
    name: str
    stages: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()  # outcomes that count as success
    starters: tuple[str, ...] = ()
    version_tag: str | None = None
    is_global_task: bool = False
    searchable: tuple[str, ...] = ()
    history_ttl: str | None = None
    sla: Value | None = None  # working time that a case may take
    documentation: str | None = None
    starts: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()
    start_triggers: tuple[tuple[str, Trigger], ...] = ()
    required: tuple[str, ...] = ()
    paths: tuple[MessagePath, ...] = ()
    nodes: dict[str, Node] = field(default_factory=dict)
