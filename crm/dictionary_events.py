"""What happened to value lists and to a firm's own fields."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryEvent(Event):
    """Something happened to a list."""

    dictionary: str

    @property
    def stream(self) -> str:
        """The list's own."""
        return f"dictionary:{self.dictionary}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryDefined(DictionaryEvent):
    """A list was made, or got other labels."""

    type: ClassVar[str] = "dictionary.defined"

    labels: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueWritten(DictionaryEvent):
    """A value was added, or got other labels."""

    type: ClassVar[str] = "dictionary.value_written"

    code: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesOrdered(DictionaryEvent):
    """The values got another order."""

    type: ClassVar[str] = "dictionary.ordered"

    codes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRetired(DictionaryEvent):
    """A value is offered no longer, or again."""

    type: ClassVar[str] = "dictionary.value_retired"

    code: str
    is_retired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefined(Event):
    """A field was added to a kind of record, or changed."""

    type: ClassVar[str] = "field.defined"

    entity: str
    key: str
    definition: dict[str, Any]

    @property
    def stream(self) -> str:
        """The field's own."""
        return f"field:{self.entity}.{self.key}"
