"""Remembers where chains ended when this process wrote to them last, so that the next unit need not ask."""

from collections import OrderedDict
from dataclasses import dataclass
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
    """The heads written most recently, each with the revision that its subject had then.

    Whoever locked the subject and finds it at that revision may go on from the head; since it may still be out of date
    (not everything that is told of a case changes it), the database compares.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._heads: OrderedDict[str, tuple[Head, int]] = OrderedDict()
        self._lock = Lock()

    def take(self, stream: str, revision: int) -> Head | None:
        """What is remembered of a chain at this revision; forgotten with that, until it is remembered anew."""
        with self._lock:
            head, known = self._heads.pop(stream, (None, None))
        return head if known == revision else None

    def remember(self, head: Head, revision: int) -> None:
        """Keep a head that was committed; the one unused for longest makes room."""
        with self._lock:
            self._heads[head.stream] = head, revision
            self._heads.move_to_end(head.stream)
            if len(self._heads) > self._kept:
                self._heads.popitem(last=False)
