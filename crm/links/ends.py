"""What a link joins, and the port through which links ask about it: records of other contexts are strangers here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from storage.unit_of_work import Reading

CUSTOMER = "crm.customer"
CASE = "case"


@dataclass(frozen=True, slots=True, order=True)
class End:
    """A record: `kind` is a name such as `crm.customer`, `document`, `case` or `task`."""

    kind: str
    id: str


class LinkedRecords(Protocol):
    """What links ask about records; the composition root fills it."""

    def titles(self, reading: Reading, ends: Collection[End]) -> Mapping[End, str]:
        """What those that exist and that the actor may see are called; asked for many at once."""

    def cases(self, reading: Reading, ends: Collection[End]) -> Mapping[End, str]:
        """The case that an end is or belongs to; records without one are left out."""
