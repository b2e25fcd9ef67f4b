"""Which function does which job; filled where jobs are defined."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from core.errors import Conflict, Forbidden, InvalidInput, NotFound, StaleState
from core.records import dataclass

ATTEMPTS = 12  # with the pauses below: given up after about an hour
LONGEST_PAUSE = 3600  # seconds
PERMANENT = (InvalidInput, NotFound, Forbidden, Conflict)  # the same job would be refused again

JobFunction = Callable[[Any, dict[str, Any]], None]
Function = TypeVar("Function", bound=JobFunction)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """A kind of job: its name, its function, and how often it is tried."""

    name: str
    function: JobFunction
    attempts: int = ATTEMPTS

    def pause(self, error: BaseException, tried: int) -> int | None:
        """Seconds until the next try after so many failed ones; None to give up."""
        hopeless = isinstance(error, PERMANENT) and not isinstance(error, StaleState)
        if hopeless or tried >= self.attempts:
            return None
        return min(1 << (tried - 1), LONGEST_PAUSE)


class JobRegistry:
    """The kinds of jobs of a program."""

    def __init__(self) -> None:
        self._kinds: dict[str, JobKind] = {}

    def job(self, name: str, *, attempts: int = ATTEMPTS) -> Callable[[Function], Function]:
        """Mark the function of a job: it gets the application's context and the arguments.

        It may run more than once (a worker can die after the work and before saying so), so it must be idempotent.
        `DomainError`s that say "no" for good end it at once, everything else is tried again after growing pauses.
        """

        def register(function: Function) -> Function:
            if name in self._kinds:
                raise ValueError(f"the job {name!r} has a function already")
            self._kinds[name] = JobKind(name=name, function=function, attempts=attempts)
            return function

        return register

    def of(self, name: str) -> JobKind:
        """The kind of that name. Raises `LookupError`, which is a programming error."""
        try:
            return self._kinds[name]
        except KeyError:
            raise LookupError(f"no job is called {name!r}; is the module that defines it imported?") from None

    def attempts(self, name: str) -> int:
        """How often a job is tried; one that only a newer release knows as often as usual."""
        return self._kinds[name].attempts if name in self._kinds else ATTEMPTS

    def __iter__(self) -> Iterator[JobKind]:
        return iter(self._kinds.values())


JOBS = JobRegistry()
job = JOBS.job
