"""Commands say what somebody wants, events say what happened; both are frozen and carry plain data only."""

from dataclasses import fields
from typing import Any, ClassVar

from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order to the system, named in the imperative; executed in one unit of work.

    `quiet` is for what a clock orders all the time: an execution that did nothing is not worth a line in the log.
    """

    quiet: ClassVar[bool] = False


_NAMES: dict[type, tuple[str, ...]] = {}  # of the fields of each kind of event


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact, named in the past tense; whoever emits it need not know who listens.

    `type` is the stable name in the trail (`task.completed`); `stream` names what it happened to (`case:01H…`), one
    hash chain each; `personal` lists the fields that hold personal data.
    """

    type: ClassVar[str]
    personal: ClassVar[frozenset[str]] = frozenset()

    @property
    def stream(self) -> str:
        """The stream that this event belongs to: `kind:id`."""
        raise TypeError(f"{type(self).__name__} names no stream")  # a programming error, found by its first test

    @property
    def case(self) -> str | None:
        """The instance whose trail shows this event beside its own stream, if any."""
        return None

    @property
    def data_subject(self) -> str:
        """Whom the personal fields are about, in the form of a stream's name; all of it can be erased at once."""
        return self.stream

    def payload(self) -> dict[str, Any]:
        """The event's fields by name: JSON-ready values, without type, time and actor."""
        kind = type(self)
        names = _NAMES.get(kind)
        if names is None:
            names = _NAMES[kind] = tuple(field.name for field in fields(self))
        return {name: getattr(self, name) for name in names}
