"""The one source of time; everything that asks for the time asks a clock that it was given."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The current time, timezone-aware, in UTC."""


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The current time, timezone-aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved; for tests and scenarios."""

    def __init__(self, at: datetime) -> None:
        self.set(at)

    def now(self) -> datetime:
        """The time that was set last, in UTC."""
        return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move the clock and return its new time."""
        self._at += by
        return self._at

    def set(self, at: datetime) -> None:
        """Set the clock, forwards or backwards."""
        if at.tzinfo is None:
            raise ValueError("a clock needs a time with a zone")
        self._at = at.astimezone(UTC)
