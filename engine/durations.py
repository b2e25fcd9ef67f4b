"""Durations as ISO 8601 writes them: weeks, and years with days, which a single value of FEEL cannot be."""

import re
from datetime import timedelta

from engine.feel import compile_expression
from engine.feel.kinds import YearsMonths

_DURATION = compile_expression("duration(text)")
_PARTS = re.compile(
    r"P(?P<months>(?:\d+Y)?(?:\d+M)?)(?:(?P<weeks>\d{1,6})W)?(?P<days>(?:\d+D)?)(?P<time>(?:T[\dHMS.]+)?)"
)


def spans(text: str) -> tuple[YearsMonths | timedelta, ...]:
    """What a duration adds to a date, part by part; empty for a text that is none."""
    whole = _DURATION.evaluate({"text": text}).value
    if whole is not None:
        return (whole,)
    match = _PARTS.fullmatch(text)
    if match is None or not (match["months"] or match["weeks"]):
        return ()
    written = [f"P{match['months']}", f"P{match['days']}{match['time']}"]
    found = [_DURATION.evaluate({"text": each}).value for each in written if each != "P"]
    if match["weeks"]:
        found.append(timedelta(weeks=int(match["weeks"])))
    return () if None in found else tuple(found)
