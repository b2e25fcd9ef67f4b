"""Dates, durations and cycles that stand in a diagram as text."""

import re
from datetime import timedelta

from engine.bpmn.model import TimerKind
from engine.cron import is_cron
from engine.durations import spans
from engine.feel import compile_expression

EXAMPLES: dict[TimerKind, str] = {
    "date": "a date such as 2026-01-31T08:00:00Z",
    "duration": "a duration such as PT1H or P3D",
    "cycle": "a cycle such as R3/PT1H, R/P1D or the crontab line 0 8 * * 1",
}
_WRITTEN = re.compile(r"-?P(\d|T|-|$)|R(/|-?\d)|\d{4}-\d")
_CYCLE = re.compile(r"R(?:[1-9]\d{0,8})?/(P.+)")
_DATE = compile_expression("if string length(text) = 10 then date(text) else date and time(text)")


def is_written(kind: TimerKind, text: str) -> bool:
    """Whether a text stands for itself: every other one is FEEL."""
    return _WRITTEN.match(text) is not None or (kind == "cycle" and is_cron(text))


def is_time(kind: TimerKind, text: str) -> bool:
    """Whether a text that stands for itself is a moment of its kind."""
    if kind == "date":
        return _DATE.evaluate({"text": text}).value is not None
    if kind == "duration":
        return bool(spans(text)) and not text.startswith("-")
    match = _CYCLE.fullmatch(text)
    return is_cron(text) or (match is not None and any(map(_is_positive, spans(match[1]))))


def _is_positive(span: object) -> bool:
    return span > timedelta() if isinstance(span, timedelta) else bool(getattr(span, "months", 0))
