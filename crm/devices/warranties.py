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
    total = start.year * 12 + start.month - 1 + months
    year, month = total // 12, total % 12 + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))
