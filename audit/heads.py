"""Remembers where chains ended when this process wrote to them last, so that the next unit need not ask."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock

KEPT = 10_000  # heads; about 300 bytes each


@dataclass(slots=True)
class Head:
    """The end of a chain: the number and hash of its last entry, and that entry's id."""

    stream: str
    seq: int
    hash: bytes
    last_id: str


class RecentHeads:
    """The heads written most recently. One may be out of date; whoever uses it lets the database compare."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._heads: OrderedDict[str, Head] = OrderedDict()
        self._lock = Lock()

    def get(self, stream: str) -> Head | None:
        """A copy of what is remembered of a chain, None where nothing is."""
        with self._lock:
            head = self._heads.get(stream)
            return replace(head) if head is not None else None

    def remember(self, head: Head) -> None:
        """Keep a head that was committed; the one unused for longest makes room."""
        with self._lock:
            self._heads[head.stream] = replace(head)
            self._heads.move_to_end(head.stream)
            if len(self._heads) > self._kept:
                self._heads.popitem(last=False)
