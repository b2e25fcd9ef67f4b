"""The queue as a unit of work sees it: jobs are rows that commit together with everything else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A job to run after the commit.

    `name` is that of a registered job; `arguments` are JSON values; jobs with the same `lock` never run at the same
    time and run in order; of jobs with the same `once` only one waits at a time.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    lock: str | None = None
    once: str | None = None
    queue: str = "default"
    priority: int = 0


class JobQueue(Protocol):
    """Where a unit of work puts its jobs."""

    def enqueue(self, session: Session, requests: Sequence[JobRequest]) -> None:
        """Write the jobs in the session's own transaction: no commit, no job."""
