"""Dates, times and durations: reading them, writing them, and their arithmetic."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel.errors import Fault
from engine.feel.kinds import YearsMonths

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(
    r"(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,18}))?(?:(z|Z)|([+-]\d{2}:\d{2}(?::\d{2})?)|@([A-Za-z][\w+\-/]{1,60}))?",
    re.ASCII,
)
_DAYS = re.compile(
    r"(-)?P(?:(\d{1,12})D)?(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{0,18}))?S)?)?", re.ASCII
)
_MONTHS = re.compile(r"(-)?P(?:(\d{1,12})Y)?(?:(\d{1,12})M)?", re.ASCII)

WIDEST_OFFSET = timedelta(hours=18)
_LARGEST_MONTHS = 12_000_000_000


def read_date(text: str) -> date | None:
    """`2026-01-31`, or None for any other text."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """`08:30:00`, with a fraction, an offset or `@Europe/Warsaw` behind it, or None for any other text."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    zone = _zone(match)
    if zone is None and (match[6] or match[7]):
        return None
    try:
        return time(int(match[1]), int(match[2]), int(match[3]), _micro(match[4]), tzinfo=zone)
    except ValueError:
        return None


def _micro(fraction: str | None) -> int:
    return int((fraction or "0").ljust(6, "0")[:6])


def _zone(match: re.Match[str]) -> tzinfo | None:
    if match[5]:
        return UTC
    if match[6]:
        return offset_zone(match[6])
    return named_zone(match[7]) if match[7] else None


def offset_zone(text: str) -> tzinfo | None:
    """The zone of `+01:00`, or None when it is more than 18 hours away."""
    hours, minutes, *seconds = (int(part) for part in text[1:].split(":"))
    away = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    if away > WIDEST_OFFSET or minutes > 59 or (seconds and seconds[0] > 59):
        return None
    return timezone(-away if text[0] == "-" else away)


@lru_cache(maxsize=1024)
def named_zone(name: str) -> tzinfo | None:
    """The zone of that name in the time zone database, or None."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def read_date_time(text: str) -> datetime | None:
    """`2026-01-31T08:30:00`, with what `read_time` accepts behind the T, or None for any other text."""
    day, separator, rest = text.partition("T")
    on = read_date(day)
    if on is None or not separator:
        return None
    if rest.startswith("24:00:00") and (at := read_time("00" + rest[2:])):
        next_day: datetime | None = add_seconds(datetime.combine(on, at), timedelta(days=1))
        return next_day
    at_time = read_time(rest)
    return None if at_time is None else datetime.combine(on, at_time)


def read_duration(text: str) -> timedelta | YearsMonths | None:
    """`P1DT2H` or `P1Y2M`, or None for any other text."""
    if text.endswith(("P", "T")):
        return None
    match = _DAYS.fullmatch(text)
    if match is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in match.group(2, 3, 4, 5))
        try:
            length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=_micro(match[6]))
        except OverflowError:
            return None
        return -length if match[1] else length
    match = _MONTHS.fullmatch(text)
    if match is None:
        return None
    months = int(match[2] or 0) * 12 + int(match[3] or 0)
    if months > _LARGEST_MONTHS:
        return None
    return YearsMonths(-months if match[1] else months)


def at_literal(text: str) -> Any:
    """What `@"…"` stands for, or None."""
    for read in (read_date, read_date_time, read_time, read_duration):
        value = read(text)
        if value is not None:
            return value
    return None


def zone_text(zone: tzinfo | None) -> str:
    """The end of a time's text: nothing, `Z`, `+01:00` or `@Europe/Warsaw`."""
    if zone is None:
        return ""
    if isinstance(zone, ZoneInfo):
        return f"@{zone.key}"
    away = zone.utcoffset(None) or timedelta()
    return offset_text(away)


def offset_text(away: timedelta) -> str:
    """An offset in the spelling of ISO 8601; none at all is `Z`."""
    if not away:
        return "Z"
    seconds = abs(int(away.total_seconds()))
    text = f"{'-' if away < timedelta() else '+'}{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def time_text(value: time | datetime) -> str:
    """The time of day as FEEL writes it: no fraction when there is none."""
    text = f"{value.hour:02}:{value.minute:02}:{value.second:02}"
    if value.microsecond:
        text += f".{value.microsecond:06}".rstrip("0")
    return text + zone_text(value.tzinfo)


def temporal_text(value: Any) -> str:
    """The text from which the same date, time or duration is read."""
    if isinstance(value, datetime):
        return f"{value.year:04}-{value.month:02}-{value.day:02}T{time_text(value)}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return time_text(value)
    return _days_text(value) if isinstance(value, timedelta) else _months_text(value)


def _days_text(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    days = f"{value.days}D" if value.days else ""
    return f"{sign}P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"


def _months_text(value: YearsMonths) -> str:
    years, months = divmod(abs(value.months), 12)
    parts = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
    return f"{'-' if value.months < 0 else ''}P{parts}" if parts else "P0M"


def offset_of(value: time | datetime) -> timedelta | None:
    """How far the local time is ahead of UTC; a zone by name needs a date to tell, so a mere time of it has none."""
    return value.utcoffset()


def add_months(value: Any, months: int) -> Any:
    """A date or date and time, so many months later; a day that the month does not have becomes its last."""
    total = value.year * 12 + value.month - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        raise Fault("The result lies outside the years 1 to 9999.")
    return value.replace(year=year, month=month + 1, day=min(value.day, last_day(year, month + 1)))


def last_day(year: int, month: int) -> int:
    """The number of days of a month."""
    if month == 12:
        return 31
    return (date(year, month + 1, 1) - date(year, month, 1)).days


def add_seconds(value: Any, length: timedelta) -> Any:
    """A date, time or date and time, so much later; zones by name keep counting real seconds."""
    try:
        if isinstance(value, datetime):
            if isinstance(value.tzinfo, ZoneInfo):
                return (value.astimezone(UTC) + length).astimezone(value.tzinfo)
            return value + length
        if isinstance(value, time):
            base = datetime(2000, 1, 1, value.hour, value.minute, value.second, value.microsecond)  # noqa: DTZ001 – a day to count on
            return (
                (base + timedelta(seconds=length.seconds, microseconds=length.microseconds))
                .time()
                .replace(tzinfo=value.tzinfo)
            )
        moved = datetime(value.year, value.month, value.day) + length  # noqa: DTZ001 – dates have no zone
        return moved.date()
    except OverflowError:
        raise Fault("The result lies outside the years 1 to 9999.") from None


def difference(left: Any, right: Any) -> timedelta:
    """How long it is from `right` to `left`: two dates, date and times, or times."""
    if isinstance(left, time) and isinstance(right, time):
        left, right = _on_a_day(left), _on_a_day(right)
    else:
        left, right = midnight(left), midnight(right)
    if (left.tzinfo is None) != (right.tzinfo is None):
        raise Fault("A time with a zone and one without cannot be subtracted.")
    return moment(left) - moment(right)


def moment(value: datetime | time) -> timedelta:
    """A time on one scale on which all times can be compared, however far away; local ones on a scale of their own."""
    away = value.utcoffset() or timedelta()
    if isinstance(value, datetime):
        return timedelta(days=value.toordinal()) + _since_midnight(value) - away
    return _since_midnight(value) - away


def _since_midnight(value: datetime | time) -> timedelta:
    return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)


def _on_a_day(value: time) -> datetime:
    return datetime.combine(date(2000, 1, 1), value)


def midnight(value: Any) -> datetime:
    """A date as the date and time at which it begins in UTC (DMN 1.5, 10.3.2.3.5)."""
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def seconds_of(length: timedelta) -> Decimal:
    """The exact length in seconds."""
    return Decimal(length.days * 86400 + length.seconds) + Decimal(length.microseconds).scaleb(-6)


def from_seconds(seconds: Decimal) -> timedelta:
    """The duration of that many seconds, to the microsecond."""
    try:
        return timedelta(microseconds=int((seconds * 1_000_000).to_integral_value()))
    except OverflowError:
        raise Fault("The duration is too long.") from None
