"""Reading definitions, instances and tasks; each query answers only what the asking person may see."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """Which instances; an absent field asks for nothing."""

    definition_key: str | None = None
    state: str | None = None
    stage: str | None = None
    business_key: str | None = None
    entity: str | None = None
    entity_id: str | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which open tasks; `sort` is created, due, priority or name, with `-` in front for the other direction."""

    assignee: str | None = None
    unassigned: bool = False
    candidate_group: str | None = None
    definition_key: str | None = None
    element_id: str | None = None
    instance_id: str | None = None
    due_before: datetime | None = None
    q: str | None = None
    sort: str = "-created"
