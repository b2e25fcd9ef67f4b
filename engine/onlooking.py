"""The surroundings of a case that is only looked at: nothing in it is executed."""

from datetime import datetime
from typing import NoReturn


class Onlooker:
    """Knows the time, and nothing else."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The moment of looking."""
        return self._now

    def _refuse(self, *_: object) -> NoReturn:
        raise NotImplementedError("a case that is only looked at does nothing")

    call = decide = find_called = caught_outside = origin = attend = _refuse
