"""Lengths of time as retention rules have them (`P7Y`, `P6M`, `P30D`), and what is a length after a day."""

import re
from calendar import monthrange
from datetime import date, timedelta

from core.errors import InvalidInput
from core.records import dataclass

_WRITTEN = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?")
MONTHS_OF_YEAR = 12
LAST_YEAR = date.max.year


@dataclass(frozen=True, slots=True)
class Period:
    """Years, months and days that follow one another."""

    years: int = 0
    months: int = 0
    days: int = 0

    def after(self, start: date) -> date:
        """The day that lies a period behind another: the last of a month that is too short, at most the last of all.

        31 January and one month is 28 or 29 February, as Polish and German law count (KC art. 112, BGB § 188).
        """
        months = start.year * MONTHS_OF_YEAR + start.month - 1 + self.years * MONTHS_OF_YEAR + self.months
        year, month = divmod(months, MONTHS_OF_YEAR)
        if year > LAST_YEAR:
            return date.max
        day = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
        return date.max if (date.max - day).days < self.days else day + timedelta(days=self.days)

    def __str__(self) -> str:
        """As people say it: 7 years, 6 months."""
        parts = ((self.years, "year"), (self.months, "month"), (self.days, "day"))
        told = [f"{number} {name}{'' if number == 1 else 's'}" for number, name in parts if number]
        return ", ".join(told) or "0 days"


def read_period(text: str) -> Period:
    """The period of an ISO 8601 duration in years, months and days. Raises `InvalidInput`."""
    found = _WRITTEN.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()):
        sentence = f"{text!r} is no period: write years, months and days such as P7Y, P6M or P1Y6M."
        raise InvalidInput(sentence, fields={"/period": sentence})
    return Period(*(int(each or 0) for each in found.groups()))
