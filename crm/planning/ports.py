"""What planning asks of others; the composition root fills it."""

from datetime import date, datetime
from typing import Protocol

from storage.unit_of_work import UnitOfWork


class WorkingDays(Protocol):
    """Knows when the firm works."""

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """From when until when people work on a day; None on holidays and at weekends."""


class ReminderMail(Protocol):
    """Sends reminders by mail."""

    def send(self, unit: UnitOfWork, account: str, *, title: str, address: str, key: str, text: str = "") -> None:
        """Have a mail go to somebody after the commit; `address` is a page of ours, the same `key` is the same mail.

        `text` is what it says, the title where there is none.
        """
