"""Firing what is due."""

from dataclasses import dataclass

from core.messages import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class FireDueTimers(Command):
    """Fire at most `limit` timers that are due, the oldest first; answers how many fired."""

    limit: int = 100
