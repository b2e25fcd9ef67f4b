"""The port behind which the ERP is: what it is given, what it says, and what it has for us."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from core.records import dataclass
from crm.erp.errors import ErpRefused

__all__ = ["Erp", "ErpRefused", "Offered", "Parcel", "Receipt", "Told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A record on its way; `key` stays the same however often it is tried."""

    key: str
    entity: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the ERP says; not final when it has the record and will tell later what it made of it."""

    number: str | None
    answer: str
    is_final: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that the ERP says; the same key is the same thing."""

    key: str
    kind: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Some of what the ERP has for us; `next` continues after it, the same as before when nothing is new."""

    items: Sequence[Told]
    next: str | None


class Erp(Protocol):
    """Another system."""

    @property
    def is_there(self) -> bool:
        """Whether records go by themselves; otherwise they wait for somebody to fetch a file."""

    def deliver(self, parcel: Parcel) -> Receipt:
        """Give it a record.

        Raises `ErpRefused` for good, `Unavailable` when another try may go well, and another `DomainError` when an
        administrator must set something right first.
        """

    def offered(self, after: str | None) -> Offered:
        """What it has for us after a place. Raises `Unavailable`, `DomainError`."""
