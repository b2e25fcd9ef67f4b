"""One list by time out of many sources: each is asked for one page's worth, and the newest of all are shown.

A source reads one range of its own index, so that a page costs the same whatever the length of the history. Entries are
in the order of (moment, source, id); a page begins where the one before ended, in every source.
"""

import heapq
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, tuple_

from core.records import dataclass
from crm.access import require_read
from crm.cards import customer_id_of
from crm.company import company
from crm.errors import WrongFields
from crm.merging import family
from storage.unit_of_work import Reading

MOST = 200  # entries of one page
MARK = "~"
KINDS = (  # in the order in which filters offer them
    "call",
    "letter",
    "meeting",
    "email",
    "sms",
    "contact",
    "offer",
    "purchase",
    "invoice",
    "payment",
    "device",
    "document",
    "case",
    "task",
    "note",
    "satisfaction",
)

Window = Callable[[Any, Any], Sequence[ColumnElement[bool]]]  # a column of moments and one of ids → which rows


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """Something that happened with a customer; `record` is the kind of record that opens, such as `crm.offer`.

    What is known by its day alone has that `day`, the same for readers in every zone; its moment orders it.
    """

    kind: str
    record: str
    id: str
    moment: datetime
    title: str
    day: date | None = None
    detail: str | None = None
    state: str | None = None
    stage: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    employee: str | None = None
    contact_id: str | None = None
    contact_name: str | None = None
    parent_id: str | None = None  # of a task: its case


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a page ended."""

    moment: datetime
    source: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFilter:
    """Which entries: of some kinds, of a half-open span, of one of ours (account) or one of theirs (contact)."""

    kinds: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    employee: str | None = None
    contact_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuestion:
    """What a source is asked: at most `limit` entries of a customer, the newest first.

    `family` has the ids of those that were merged into the customer, too, for what other contexts keep of them.
    """

    customer_id: str
    family: Sequence[str]
    wanted: FileFilter
    before: Position | None
    limit: int
    zone: ZoneInfo

    def asks_for(self, *kinds: str) -> bool:
        """Whether any of the kinds is wanted."""
        return not self.wanted.kinds or not self.wanted.kinds.isdisjoint(kinds)

    def window(self, source: str) -> Window:
        """The rows of a source that the page can have, by a column of moments and one of ids."""
        return lambda moment, key: [*self._span(moment), *self._rest(source, moment, key)]

    def days(self, source: str) -> Window:
        """The same by a column of days, which count as their first moment."""
        return lambda day, key: [*self._span_of_days(day), *self._rest_of_days(source, day, key)]

    def first_moment(self, day: date) -> datetime:
        """When a day began where the company is."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def _span(self, moment: Any) -> list[ColumnElement[bool]]:
        found = []
        if self.wanted.since is not None:
            found.append(moment >= self.wanted.since)
        if self.wanted.until is not None:
            found.append(moment < self.wanted.until)
        return found

    def _rest(self, source: str, moment: Any, key: Any) -> list[ColumnElement[bool]]:
        if self.before is None:
            return []
        if source == self.before.source:
            return [tuple_(moment, key) < tuple_(self.before.moment, self.before.id)]
        return [moment <= self.before.moment if source < self.before.source else moment < self.before.moment]

    def _span_of_days(self, day: Any) -> list[ColumnElement[bool]]:
        found = []
        if self.wanted.since is not None:
            first, begins = self._local(self.wanted.since)
            found.append(day >= first if begins else day > first)
        if self.wanted.until is not None:
            last, begins = self._local(self.wanted.until)
            found.append(day < last if begins else day <= last)
        return found

    def _rest_of_days(self, source: str, day: Any, key: Any) -> list[ColumnElement[bool]]:
        if self.before is None:
            return []
        here, begins = self._local(self.before.moment)
        if source == self.before.source:
            return [tuple_(day, key) < tuple_(here, self.before.id)]
        return [day <= here if source < self.before.source or not begins else day < here]

    def _local(self, moment: datetime) -> tuple[date, bool]:
        """The day of a moment, and whether the moment is the day's first."""
        local = moment.astimezone(self.zone)
        return local.date(), local.time() == time()


class FileSource(Protocol):
    """Where entries come from."""

    @property
    def name(self) -> str:
        """Its own name; entries of one moment are in the order of their sources' names."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it can have."""

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """At most `question.limit` entries that the reader may see, the newest first."""


@dataclass(frozen=True, slots=True)
class FileSources:
    """All sources; the composition root adds those of other contexts."""

    sources: tuple[FileSource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """Entries, the newest first; `next` continues after them, None at the end."""

    items: list[FileEntry]
    next: str | None


def customer_file(
    view: Reading, key: str, wanted: FileFilter, *, after: str | None = None, limit: int = 50
) -> FilePage:
    """What happened with a customer, by id, number or external reference. Raises `CustomerNotFound`, `WrongFields`."""
    require_read(view)
    unknown = wanted.kinds - set(KINDS)
    if unknown:
        known = ", ".join(KINDS)
        raise WrongFields({"/kinds": f"The customer file has no {', '.join(sorted(unknown))}; it has {known}."})
    customer_id = customer_id_of(view, key)
    size = max(1, min(limit, MOST))
    question = FileQuestion(
        customer_id=customer_id,
        family=family(view, customer_id),
        wanted=wanted,
        before=_position(after),
        limit=size + 1,
        zone=ZoneInfo(company(view).time_zone),
    )
    sources = view.port(FileSources).sources
    asked = [(each.name, each.entries(view, question)) for each in sources if question.asks_for(*each.kinds)]
    merged = heapq.merge(
        *([(entry.moment, name, entry.id, entry) for entry in entries] for name, entries in asked),
        key=lambda each: each[:3],
        reverse=True,
    )
    found = [each for each, _ in zip(merged, range(size + 1), strict=False)]
    following = None
    if len(found) > size:
        moment, name, last, _ = found[size - 1]
        following = MARK.join((moment.isoformat(), name, last))
    return FilePage(items=[entry for *_, entry in found[:size]], next=following)


def _position(after: str | None) -> Position | None:
    if after is None:
        return None
    try:
        moment, source, key = after.split(MARK)
        when = datetime.fromisoformat(moment)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise WrongFields({"/after": "This is not where a page ended. Begin with the first page."})
    return Position(moment=when, source=source, id=key)
