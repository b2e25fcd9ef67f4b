"""How long a warranty lasts."""

import calendar
from datetime import date

RULES = ("purchase", "delivery", "installation")


def warranty_end(start: date | None, months: int) -> date | None:
    """The last day of a warranty: the day of the same number, or the last day of a shorter month; None without one.

    A time in months ends with the day that has the number of its first day (art. 112 of the Polish civil code).
    """
    if start is None or months <= 0:
        return None
    return months_later(start, months)


def months_later(day: date, months: int) -> date:
    """The day of the same number, or the last day of a shorter month."""
    total = day.year * 12 + day.month - 1 + months
    year, month = total // 12, total % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
