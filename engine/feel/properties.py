"""What stands behind a dot: entries of contexts and the properties of dates, durations and ranges (table 65)."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel.errors import Fault
from engine.feel.kinds import Range, YearsMonths, article
from engine.feel.run import Run


def member(run: Run, value: Any, key: str) -> Any:
    """`value.key`; raises Fault when there is none."""
    if value is None:
        raise Fault(f"Null has no {key!r}.")
    if isinstance(value, dict):
        if key not in value:
            raise Fault(f"The context has no entry {key!r}.")
        return value[key]
    if isinstance(value, list):
        run.tick(len(value))
        return [_item_member(run, item, key) for item in value]
    reader = _PROPERTIES.get(value.__class__, {}).get(key)
    if reader is None:
        raise Fault(f"{article(value).capitalize()} has no {key!r}.")
    return reader(value)


def _item_member(run: Run, item: Any, key: str) -> Any:
    if item.__class__ is dict:
        return item.get(key)
    try:
        return member(run, item, key)
    except Fault:
        return None


def _offset(value: Any) -> timedelta | None:
    offset: timedelta | None = value.utcoffset()
    return offset


def _zone(value: Any) -> str | None:
    return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None


def _number(attribute: str) -> Callable[[Any], Decimal]:
    return lambda value: Decimal(getattr(value, attribute))


_DATE: dict[str, Callable[[Any], Any]] = {
    "year": _number("year"),
    "month": _number("month"),
    "day": _number("day"),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
_TIME: dict[str, Callable[[Any], Any]] = {
    "hour": _number("hour"),
    "minute": _number("minute"),
    "second": lambda value: Decimal(value.second) + Decimal(value.microsecond).scaleb(-6).normalize(),
    "time offset": _offset,
    "timezone": _zone,
}


def _part(unit: int, limit: int) -> Callable[[timedelta], Decimal]:
    def read(value: timedelta) -> Decimal:
        seconds = abs(value) // timedelta(seconds=unit)
        part = Decimal(seconds % limit if limit else seconds)
        return -part if value < timedelta() else part

    return read


def _seconds(value: timedelta) -> Decimal:
    length = abs(value)
    part = Decimal(length.seconds % 60) + Decimal(length.microseconds).scaleb(-6).normalize()
    return -part if value < timedelta() else part


def _signed_months(value: YearsMonths, part: int) -> Decimal:
    return Decimal(divmod(abs(value.months), 12)[part]) * (-1 if value.months < 0 else 1)


_PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    date: {
        **_DATE,
        "hour": lambda _: Decimal(0),
        "minute": lambda _: Decimal(0),
        "second": lambda _: Decimal(0),
        "time offset": lambda _: timedelta(),
        "timezone": lambda _: None,
    },
    datetime: {**_DATE, **_TIME},
    time: _TIME,
    timedelta: {
        "days": _part(86400, 0),
        "hours": _part(3600, 24),
        "minutes": _part(60, 60),
        "seconds": _seconds,
    },
    YearsMonths: {
        "years": lambda value: _signed_months(value, 0),
        "months": lambda value: _signed_months(value, 1),
    },
    Range: {
        "start": lambda value: value.low,
        "end": lambda value: value.high,
        "start included": lambda value: value.low_included,
        "end included": lambda value: value.high_included,
    },
}
