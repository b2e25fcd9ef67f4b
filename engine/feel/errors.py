"""What can be wrong with an expression: refused when it is read, or a value with a problem when it is evaluated."""

from core.errors import InvalidInput
from core.records import dataclass


class FeelSyntaxError(InvalidInput):
    """The text is not FEEL; `start` and `end` are offsets into it, for an editor to underline."""

    code = "feel_syntax"

    def __init__(self, sentence: str, start: int = 0, end: int = 0) -> None:
        super().__init__(sentence, start=start, end=end)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a part of an expression became null, and where in its text that part stands."""

    message: str
    start: int
    end: int


class Fault(Exception):
    """A value cannot be computed; the operator that asked for it becomes null and reports this as a problem."""


class LimitExceeded(Exception):
    """The whole evaluation stops: it used more steps, memory or depth than an expression may."""
