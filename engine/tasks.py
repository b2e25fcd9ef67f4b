"""What people do with user tasks: claim, give back, assign, remark, complete."""

from dataclasses import dataclass
from typing import Any

from core.messages import Command
from engine.instances import OpenTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a completion led to: the instance's state and all its open tasks."""

    instance_id: str
    state: str
    tasks: tuple[OpenTask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTask(Command):
    """Take a task that is offered to me."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimTask(Command):
    """Give my task back to everybody it was offered to."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTask(Command):
    """Give a task to somebody."""

    task_id: str
    assignee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentTask(Command):
    """Remark on a task."""

    task_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTask(Command):
    """Finish a task with what its form asks for; repeated with the same key it answers the same and does nothing."""

    task_id: str
    data: dict[str, Any]
    idempotency_key: str | None = None
