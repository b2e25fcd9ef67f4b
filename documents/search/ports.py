"""What search asks of others: what can be found besides documents, and under which labels things may be seen."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from core.records import dataclass
from documents.access import Target
from storage.unit_of_work import Reading

DOCUMENT, CASE = "document", "case"
OWN = "by:"  # what somebody filed bears this label with their account
EVERY_DOCUMENT = "documents"  # the label of all documents, for who may read all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be found of one subject.

    `names` are further titles such as numbers and tags; `facts` are pairs of a field and a value to filter by; `rights`
    are the labels of which a reader must hold one.
    """

    kind: str
    subject: str
    title: str
    about: str = ""
    names: tuple[str, ...] = ()
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    rights: frozenset[str]
    dated: date


@dataclass(frozen=True, slots=True)
class Others:
    """Whether a reader holds the label `asked.label`: a condition as the driver takes it, and what it is given.

    The names of its values do not begin with `search_`. An entry that has such a label at all bears `beside`, too: to
    look for that is a tenth of the work of asking about each of its labels.
    """

    condition: str
    values: Mapping[str, Any]
    beside: str


@dataclass(frozen=True, slots=True)
class Within:
    """A condition on columns of `search_entry`, as the driver takes it, and what it is given; asked as `Others` are."""

    condition: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The labels that a reader holds.

    `others` tells of a label whether the reader holds it, for rights that are too many to list; it is asked of one
    entry after the other, from the newest on, until there are enough. `within` is what each must meet besides.
    `is_all`: there is nothing that they may not see.
    """

    labels: frozenset[str]
    others: Others | None = None
    within: Within | None = None
    is_all: bool = False


class SearchRights(Protocol):
    """Labels of what documents are linked to, and of readers; the composition root fills it.

    `unlabelled` are the kinds of links that give rights without a label: places such as the inbox.
    """

    unlabelled: Collection[str]

    def labels(self, reading: Reading, targets: Collection[Target]) -> Mapping[Target, frozenset[str]]:
        """The labels under which a target may be seen; a target that does not exist has none."""

    def held(self, reading: Reading) -> Held:
        """The labels that the actor holds now."""

    def customers(self, reading: Reading, targets: Collection[Target]) -> Mapping[Target, frozenset[str]]:
        """The ids of the customers that a target belongs to."""


class SearchSource(Protocol):
    """One kind of things that can be found."""

    kind: str

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """What the index has to say of these; those that do not exist are left out."""

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The ids of the next things behind an id, in the order of their ids, which is that of their making."""


@dataclass(frozen=True, slots=True)
class SearchSources:
    """All kinds but documents, by name; the composition root fills it."""

    by_kind: Mapping[str, SearchSource]
