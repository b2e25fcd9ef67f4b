"""Dates, durations and repetitions of timers and due dates, as FEEL and ISO 8601 write them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from engine.cron import following, is_cron
from engine.durations import spans
from engine.feel import compile_expression
from engine.feel.calendar import company_zone
from engine.feel.kinds import YearsMonths

_DURATION = compile_expression("duration(text)")
_ADDED = compile_expression("start + span")
_DUE = compile_expression("obieg.due at(start, span)")
_DATE_TIME = compile_expression("date and time(text)")
_DATE = compile_expression("date(text)")
_SOME = datetime(2026, 1, 1, tzinfo=UTC)
_CYCLE = re.compile(r"^R(?P<count>\d*)/(?P<span>P.+)$")


def moment(value: Any, now: datetime) -> datetime | None:
    """The moment that a value means: a date, a date and time, a duration from now, or text of these; else None.

    What names no time zone is meant by the clock of the company.
    """
    if isinstance(value, str):
        line = following(value, now, company_zone())
        if line is not None:
            return line
        parts = spans(value)
        if parts:
            return _after(parts, now)
        value = _parsed(value)
    if isinstance(value, datetime):
        try:
            return value.replace(tzinfo=value.tzinfo or company_zone()).astimezone(UTC)
        except OverflowError:
            return None
    if isinstance(value, date):
        return moment(datetime.combine(value, time()), now)
    if isinstance(value, timedelta | YearsMonths):
        return _after((value,), now)
    return None


def _after(parts: tuple[YearsMonths | timedelta, ...], now: datetime) -> datetime | None:
    """The moment when these spans have passed, one after the other."""
    at: datetime | None = now
    for span in parts:
        at = moment(_ADDED.evaluate({"start": at, "span": span}, now=now).value, now) if at is not None else None
    return at


def in_working_time(span: Any, now: datetime) -> datetime | None:
    """When so much working time has passed, by the company's calendar; None for what is no duration."""
    if isinstance(span, str):
        span = _DURATION.evaluate({"text": span}).value
    if not isinstance(span, timedelta):
        return None
    found = _DUE.evaluate({"start": now, "span": span}, now=now).value
    return found.astimezone(UTC) if isinstance(found, datetime) else None


def cycle(value: Any) -> tuple[int | None, str] | None:
    """How often (None: for ever) and the period of `R3/PT1H`, or a crontab line; None when it is no repetition."""
    if isinstance(value, str) and is_cron(value):
        return None, value
    match = _CYCLE.match(value) if isinstance(value, str) else None
    if match is None or (match["count"] and not int(match["count"])) or not _goes_on(match["span"]):
        return None
    return (int(match["count"]) if match["count"] else None), match["span"]


def _goes_on(span: str) -> bool:
    """Whether a period takes any time: one that takes none would fire for ever at one moment."""
    at = moment(span, _SOME)
    return at is not None and at > _SOME


def _parsed(text: str) -> Any:
    if len(text) == len("2026-01-01"):
        return _DATE.evaluate({"text": text}).value
    return _DATE_TIME.evaluate({"text": text}).value
