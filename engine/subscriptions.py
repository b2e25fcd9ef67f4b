"""What a running case waits for and what it sends, as plain data: whoever keeps cases stores and routes it."""

from collections.abc import Mapping
from typing import Any, Literal

from core.records import dataclass
from engine.bpmn.model import Node

SubscriptionKind = Literal["message", "signal", "conditional"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A token that waits for a message, a signal or a condition.

    `id` is what `Case.deliver_message` and `Case.deliver_signal` take. `key` is the value that the message must be
    correlated by, None where the name alone decides. A conditional one is looked after by the case itself whenever
    its variables change; it is listed for people.
    """

    id: str
    node: Node
    kind: SubscriptionKind
    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message that a case throws; `id` is unique for the sending, so that it can be sent again safely."""

    id: str
    node: Node
    name: str
    key: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSignal:
    """A signal that a case throws: its own tokens have had it, all others are still to get it."""

    id: str
    node: Node
    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTrigger:
    """A start event of a process that makes new cases: `Case.start(..., at=node)`."""

    node: str
    kind: Literal["message", "signal", "timer", "conditional"]
    name: str
