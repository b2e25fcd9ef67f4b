"""The company's calendar: time zone, public holidays and business hours."""

from datetime import date, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.records import dataclass
from engine.feel.errors import Fault

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the company works: country of the public holidays, time zone, and the hours of a business day."""

    country: str = "PL"
    zone: str = "Europe/Warsaw"
    opens: time = time(8)
    closes: time = time(16)

    def is_open(self, day: date, country: str) -> bool:
        """Whether a day is neither at the weekend nor a public holiday."""
        return day.weekday() < _SATURDAY and day not in _holidays(country or self.country, day.year)


_calendars = [Calendar()]


def use_calendar(new: Calendar) -> None:
    """Set the calendar of this installation; called once, by the composition root."""
    _calendars[0] = new


def calendar() -> Calendar:
    """The calendar of this installation."""
    return _calendars[0]


def company_zone() -> ZoneInfo:
    """The time zone of this installation."""
    return ZoneInfo(_calendars[0].zone)


def is_country(name: str) -> bool:
    """Whether public holidays of a country are known by this code."""
    import holidays

    return name in holidays.list_supported_countries()


@lru_cache(maxsize=512)
def _holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    if not is_country(country):
        raise Fault(f"There is no calendar of public holidays for {country[:20]!r}; write a country such as PL.")
    return frozenset(holidays.country_holidays(country, years=year))
