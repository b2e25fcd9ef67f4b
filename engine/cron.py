"""Times of a crontab line: minute, hour, day of the month, month, day of the week; all in UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_YEARS_AHEAD = 8  # the 29th of February is at most that far away
_Fields = tuple[frozenset[int], ...]


def is_cron(text: str) -> bool:
    """Whether a text is a crontab line that is due now and then."""
    return _read(text) is not None and following(text, datetime(2026, 1, 1, tzinfo=UTC)) is not None


def following(text: str, after: datetime) -> datetime | None:
    """The first time of the line behind a moment; None for what is no line, or is never due."""
    fields = _read(text)
    if fields is None:
        return None
    at = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    last = at.replace(day=1) + timedelta(days=366 * _YEARS_AHEAD)
    any_day = (text.split()[2:3] or ["*"])[0].startswith("*") or (text.split()[4:5] or ["*"])[0].startswith("*")
    while at < last:
        if at.month not in fields[3]:
            at = _midnight((at.replace(day=1) + timedelta(days=32)).replace(day=1))
        elif not _is_day(at, fields, both=any_day):
            at = _midnight(at + timedelta(days=1))
        elif at.hour not in fields[1]:
            at = at.replace(minute=0) + timedelta(hours=1)
        elif at.minute not in fields[0]:
            at += timedelta(minutes=1)
        else:
            return at
    return None


def _is_day(at: datetime, fields: _Fields, *, both: bool) -> bool:
    """As cron has it: where both days are given one of them is enough."""
    by_month, by_week = at.day in fields[2], at.isoweekday() % 7 in fields[4]
    return (by_month and by_week) if both else (by_month or by_week)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0)


def _read(text: str) -> _Fields | None:
    parts = _SHORT.get(text.strip().lower(), text).lower().split()
    if len(parts) != len(_RANGES):
        return None
    fields = [_field(part, *_RANGES[number], _names(number)) for number, part in enumerate(parts)]
    if any(field is None for field in fields):
        return None
    found = [field for field in fields if field is not None]
    found[4] = frozenset(day % 7 for day in found[4])  # Sunday is 0 and 7
    return tuple(found)


def _names(number: int) -> Sequence[str]:
    return {3: ("", *_MONTHS), 4: _DAYS}.get(number, ())


def _field(text: str, low: int, high: int, names: Sequence[str]) -> frozenset[int] | None:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = low if first == "*" else _number(first, names)
        end = high if first == "*" or (step and not dash) else _number(last, names) if dash else start
        width = int(step) if step.isdecimal() else 0 if "/" in part else 1
        if start is None or end is None or width < 1 or not low <= start <= end <= high:
            return None
        values.update(range(start, end + 1, width))
    return frozenset(values)


def _number(text: str, names: Sequence[str]) -> int | None:
    if text in names and text:
        return names.index(text)
    return int(text) if text.isdecimal() and text.isascii() else None
