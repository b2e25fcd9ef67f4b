"""What happened to links and to their types."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEvent(Event):
    """Something happened to a link, as one of its ends is told it."""

    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    link_id: str
    link_type: str
    kind: str
    record: str
    other_kind: str
    other: str
    is_inverse: bool
    case_id: str | None
    note: str | None

    @property
    def stream(self) -> str:
        """The record's own."""
        return f"{self.kind.removeprefix('crm.')}:{self.record}"

    @property
    def case(self) -> str | None:
        """The case that the record is or belongs to."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsLinked(LinkEvent):
    """Two records were linked."""

    type: ClassVar[str] = "record.linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsUnlinked(LinkEvent):
    """A link was taken away."""

    type: ClassVar[str] = "record.unlinked"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTypeDefined(Event):
    """A type of links was made, got other names, was retired or is offered again."""

    type: ClassVar[str] = "link_type.defined"

    code: str
    labels: dict[str, str]
    inverse_labels: dict[str, str]
    is_retired: bool

    @property
    def stream(self) -> str:
        """The type's own."""
        return f"link_type:{self.code}"
