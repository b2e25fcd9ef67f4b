"""What planning asks of others; the composition root fills it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


class WorkingDays(Protocol):
    """Knows when the firm works."""

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """From when until when people work on a day; None on holidays and at weekends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Somebody who is told something, as mail needs it."""

    name: str
    email: str | None
