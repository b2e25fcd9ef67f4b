"""Starting, cancelling and linking instances."""

from dataclasses import dataclass, field
from typing import Any

from core.messages import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLink:
    """A business record that an instance is about, such as `crm.offer` and its id, and in which role."""

    entity: str
    id: str
    role: str = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A user task that waits for a person."""

    id: str
    element_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedInstance:
    """A new instance and where it came to."""

    id: str
    state: str
    stage: str | None
    tasks: tuple[OpenTask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInstance(Command):
    """Start a process by its key (newest version) or by the id of one version; `variables` are JSON values."""

    definition_key: str | None = None
    definition_id: str | None = None
    business_key: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    links: tuple[EntityLink, ...] = ()


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
