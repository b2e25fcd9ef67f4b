"""Times of a crontab line: minute, hour, day of the month, month, day of the week."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

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
MINUTE = timedelta(minutes=1)
CHANGE = timedelta(hours=3)  # clocks are not changed by more
_Fields = tuple[frozenset[int], ...]


def is_cron(text: str) -> bool:
    """Whether a text is a crontab line that is due now and then."""
    return _read(text) is not None and following(text, datetime(2026, 1, 1, tzinfo=UTC)) is not None


def following(text: str, after: datetime, zone: tzinfo = UTC) -> datetime | None:
    """The first time of the line behind a moment, by the clock of a zone; None for what is no line, or is never due.

    Where clocks go forward, what they leave out is due as much later; where they go back, what comes twice is due the
    first time. A line with `*` in its minutes or hours counts time that passes: it is due the second time as well.
    """
    fields = _read(text)
    if fields is None:
        return None
    parts = _written(text).split()
    both = parts[2].startswith("*") or parts[4].startswith("*")
    if parts[0].startswith("*") or parts[1].startswith("*"):
        return _passing(fields, after, zone, both=both)
    found = _on_clock(fields, after.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None) - CHANGE, both=both)
    while found is not None and found.replace(tzinfo=zone).astimezone(UTC) <= after:
        found = _on_clock(fields, found + MINUTE, both=both)
    return None if found is None else found.replace(tzinfo=zone).astimezone(UTC)


def _on_clock(fields: _Fields, at: datetime, *, both: bool) -> datetime | None:
    """The first time of a line from here on, on a clock that nobody changes."""
    last = _last(at)
    while at < last:
        ahead = _ahead(fields, at, both=both)
        if ahead is None:
            return at
        at = ahead
    return None


def _passing(fields: _Fields, after: datetime, zone: tzinfo, *, both: bool) -> datetime | None:
    """The first moment behind another one at which the clock shows a time of a line."""
    at = after.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
    last = _last(at)
    while at < last:
        shown = at.astimezone(zone).replace(tzinfo=None)
        ahead = _ahead(fields, shown, both=both)
        if ahead is None:
            return at
        # what is further away is found on the clock; to the next minute time passes
        at = at + MINUTE if ahead - shown == MINUTE else max(at + MINUTE, ahead.replace(tzinfo=zone).astimezone(UTC))
    return None


def _last(at: datetime) -> datetime:
    return at.replace(day=1) + timedelta(days=366 * _YEARS_AHEAD)


def _ahead(fields: _Fields, at: datetime, *, both: bool) -> datetime | None:
    """Where to look next; None where the line is due."""
    if at.month not in fields[3]:
        return _midnight((at.replace(day=1) + timedelta(days=32)).replace(day=1))
    if not _is_day(at, fields, both=both):
        return _midnight(at + timedelta(days=1))
    if at.hour not in fields[1]:
        return at.replace(minute=0) + timedelta(hours=1)
    return None if at.minute in fields[0] else at + MINUTE


def _is_day(at: datetime, fields: _Fields, *, both: bool) -> bool:
    """As cron has it: where both days are given one of them is enough."""
    by_month, by_week = at.day in fields[2], at.isoweekday() % 7 in fields[4]
    return (by_month and by_week) if both else (by_month or by_week)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0)


def _written(text: str) -> str:
    return _SHORT.get(text.strip().lower(), text).lower()


def _read(text: str) -> _Fields | None:
    parts = _written(text).split()
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
