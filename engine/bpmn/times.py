"""Dates, durations and cycles that stand in a diagram as text."""

import re

from engine.bpmn.model import TimerKind
from engine.cron import is_cron
from engine.feel import compile_expression

_DURATION = compile_expression("duration(text)")
_DATE = compile_expression("if string length(text) = 10 then date(text) else date and time(text)")
_CYCLE = re.compile(r"^R\d*/(?P<span>P.+)$")


def is_time(kind: TimerKind, text: str) -> bool:
    """Whether a text means a moment of this kind."""
    cycle = _CYCLE.match(text)
    match kind:
        case "cycle":
            return is_cron(text) or (cycle is not None and is_time("duration", cycle["span"]))
        case "duration":
            return _DURATION.evaluate({"text": text}).value is not None
        case "date":
            return _DATE.evaluate({"text": text}).value is not None
