"""Finding the newest entries that match and that the reader may see, at a cost that does not grow with their number.

The index is walked from its newest end in stretches: each is one look-up in the GIN index in which text, rights and
stretch are intersected, so a frequent word costs what is looked at and not what there is. How many candidates lay in
what was looked at tells how far the next look-up reaches. What cannot be intersected (rights that are too many to list,
the order of a phrase's words) is asked of one candidate after the other, newest first, until there are enough.
"""

import re
import time
from collections.abc import Collection, Mapping

from sqlalchemy import func, select

from core.records import dataclass
from documents.models import DocumentTypeRow
from documents.search.models import COARSE, FINE
from documents.search.ports import Held, SearchRights
from documents.search.statements import Found, Part, Statements
from storage.unit_of_work import Reading

WINDOW = 300  # newest entries that fit: ranked among themselves, counted for the facets
WINDOW_ASKED = 100  # the same for who is asked about entry by entry
WINDOW_APART, APART = 100, 64  # the same where so few of a bucket fit: each lies on pages of its own then
ENOUGH, ENOUGH_SECONDS = 20, 0.1  # with so many found a walk stops then, to be continued by who wants more
SOME_SECONDS = 0.5  # after which one stops that has found anything
NONE_SECONDS = 0.8  # after which one stops that has found nothing; who wants to know goes on from there
LONGEST_SECONDS = 5.0  # of a walk that nobody goes on with; a statement that takes longer is refused as too broad
FIRST = 2  # buckets of the first look-up
GROWTH = 4  # times what was looked at, at most, until words are known to be rare
SAMPLED = 16  # buckets that tell how many entries match in all, where what matches lies about as close everywhere
APIECE = 1 << (COARSE - FINE)  # buckets that one number of the index stands for
SPARE = 1.25  # times as much is looked at as is likely to be enough
MOST_ASKED, MOST_COMPARED = 4000, 500  # candidates of one look-up that are asked about, whose words are compared
WALKED, MOST_WALKED = 4096, 65_536  # entries of one look at all of them, whatever they say
PATIENCE = 4  # times as many as are likely to be enough
NONE_AHEAD = (0, 0)
MANY = 50_000  # entries from which it matters how frequent a beginning is
LOOK, COLLECT, ASK = 15.0, 0.25, 12.0  # microseconds: to look into one entry, to collect one from the index, to ask
EXACT, SOME = re.compile(r"'(?:[^']|'')*'|<->"), "&"


@dataclass(frozen=True, slots=True)
class Window:
    """The newest entries that match; those at or below `rest` were not looked at, None: there are no others."""

    found: list[Found]
    rest: int | None


@dataclass(slots=True)
class _Walk:
    """How far a walk has come: buckets and candidates that were looked at by the index."""

    upper: int
    most: int
    is_even: bool
    found: list[Found]
    first: int = FIRST
    looks: int = 0
    looked_at: int = 0
    candidates: int = 0

    @property
    def wanted(self) -> int:
        """How many are missing; fewer are wanted of what lies far apart, since to rank each is to read its vector."""
        is_apart = self.looked_at >= SAMPLED and self.candidates < self.looked_at * APART
        return max(0, (min(self.most, WINDOW_APART) if is_apart else self.most) - len(self.found))

    def stretch(self, most_asked: int | None) -> int:
        """Buckets of the next look-up; `most_asked`: candidates are asked about, so many at once."""
        if not self.looked_at:
            return self.first
        is_known = self.is_even and self.looked_at >= SAMPLED
        if not self.candidates:
            return self.upper if is_known else self.looked_at * GROWTH
        goal = self.wanted * SPARE
        if most_asked is not None:
            goal = min(most_asked, goal * self.candidates / len(self.found)) if self.found else most_asked
        size = 1 + int(goal * self.looked_at / self.candidates)
        return size if is_known else min(size, self.looked_at * GROWTH)


class Finder:
    """Finds what one reader may see; rights are looked up once."""

    def __init__(self, view: Reading) -> None:
        self._view = view
        self._held: Held = view.port(SearchRights).held(view)
        self._statements = Statements(view, self._held, _closed_types(view), seconds=LONGEST_SECONDS)
        self._is_asked = self._held.others is not None or self._held.within is not None  # of one after the other
        self.window = WINDOW_ASKED if self._is_asked else WINDOW

    def newest(
        self, query: str, most: int, *, top: int | None = None, is_even: bool = False, is_last: bool = False
    ) -> Window:
        """At most so many entries at or below `top` that match a text query. Raises `SearchTooBroad`.

        `is_even`: what matches lies about as close everywhere, as words do and dates do not; then what is rare at the
        newest end is looked up in all the rest at once. `is_last`: nobody goes on from where a walk stops that has
        found nothing, so it is given more time.
        """
        began = time.monotonic()
        walk = _Walk(self._statements.newest_seq() if top is None else top, most, is_even, [])
        ahead, least = self._ahead(query, walk)
        while walk.upper > 0:
            if ahead:
                lower = max(0, walk.upper - ahead)
                walk.found += self._statements.one_by_one(query, lower, walk.upper, walk.wanted)
                walk.upper = lower
                ahead = min(ahead * 2, MOST_WALKED) if walk.upper > least else 0
            else:
                self._by_index(query, walk)
            if not walk.wanted:
                return Window(walk.found, walk.found[-1].seq - 1 or None)
            elapsed = time.monotonic() - began
            if walk.upper > 0 and self._is_enough(len(walk.found), most, elapsed, is_last=is_last):
                return Window(walk.found, walk.upper)
        return Window(walk.found, None)

    def titles(self, kind: str, ids: Collection[str]) -> Mapping[str, str]:
        """The titles of those of some subjects that the reader may see."""
        return self._statements.titles(kind, ids)

    def _is_enough(self, found: int, most: int, elapsed: float, *, is_last: bool) -> bool:
        if found >= min(most, ENOUGH):
            return elapsed > ENOUGH_SECONDS
        return elapsed > (SOME_SECONDS if found else LONGEST_SECONDS if is_last else NONE_SECONDS)

    def _ahead(self, query: str, walk: _Walk) -> tuple[int, int]:
        """How many entries are looked at one by one, and down to which; then the index is asked.

        All of them when nothing is looked for and the index cannot tell what the reader may see. To look up a beginning
        the index collects everything that begins so, wherever it lies, each time it is asked: where that is much, the
        newest entries are sooner looked at themselves, and where not, the index is asked once if possible.
        """
        if not query:
            return (WALKED, 0) if self._held.is_all or self._is_asked else NONE_AHEAD
        if ":*" not in query or walk.upper < MANY:
            return NONE_AHEAD
        sample = self._statements.sampled(query, walk.upper)
        of = max(sample.of, 1)
        fitting = max(sample.fitting, 1) / of
        seen = max(sample.seen, 1) / of
        rows = walk.most / seen  # that are likely to be enough
        by_index = walk.upper * fitting * COLLECT
        if self._is_asked:
            by_index += rows * fitting * ASK
            rows = min(rows, MOST_ASKED / fitting)
        if sample.seen and rows * LOOK < by_index:
            return int(rows * SPARE), walk.upper - int(rows * PATIENCE)
        walk.first = 1 + (int(rows * SPARE) >> FINE)
        return NONE_AHEAD

    def _by_index(self, query: str, walk: _Walk) -> None:
        loose = query if "!" in query else EXACT.sub(lambda sign: SOME if sign[0] == "<->" else sign[0], query)
        compared = query if loose != query else ""
        most_asked = self._most_asked(walk, is_compared=bool(compared))
        bucket = walk.upper >> FINE
        lowest = _lowest(bucket, walk.stretch(most_asked))
        room = walk.wanted if most_asked is None else most_asked
        cover = _cover(lowest, bucket) if lowest else None
        part: Part = self._statements.by_index(loose, compared, cover, walk.upper, room, walk.wanted)
        walk.found += part.found
        walk.looks += 1
        walk.candidates += part.candidates
        is_cut = part.candidates >= room
        beyond = part.lowest - 1 if is_cut else (lowest << FINE) - 1
        walk.looked_at += bucket - (max(0, beyond) >> FINE) + (0 if beyond > 0 else 1)
        walk.upper = max(0, beyond)

    def _most_asked(self, walk: _Walk, *, is_compared: bool) -> int | None:
        """Candidates of one look-up; of those whose rights are asked first, few are left to be compared."""
        if not self._is_asked:
            return MOST_COMPARED if is_compared else None
        return min(MOST_ASKED, MOST_COMPARED << walk.looks) if is_compared else MOST_ASKED


def _lowest(bucket: int, stretch: int) -> int:
    """Where a stretch below a bucket ends; a long one where a number of the index stands for many buckets."""
    lowest = max(0, bucket - stretch + 1)
    return lowest if stretch < APIECE else -(-lowest // APIECE) * APIECE if bucket // APIECE > 0 else 0


def _cover(lowest: int, bucket: int) -> list[int]:
    """The numbers of the index that stand for the buckets from one to another."""
    found: list[int] = []
    at = bucket
    while at >= lowest:
        whole = at - APIECE + 1
        if (at + 1) % APIECE == 0 and whole >= lowest:
            found.append(-1 - (whole // APIECE))
            at = whole - 1
        else:
            found.append(at)
            at -= 1
    return found


def _closed_types(view: Reading) -> list[str]:
    """The types of documents that name who reads them and do not name the actor."""
    if view.actor.may("document.read_all"):
        return []
    readers = DocumentTypeRow.readers
    closed = select(DocumentTypeRow.key).where(
        func.cardinality(readers) > 0, ~readers.overlap(sorted(view.actor.roles))
    )
    return list(view.session.scalars(closed))
