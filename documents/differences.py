"""What differs between two texts, line by line and word by word, in bounded time whatever the texts are."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from core.records import dataclass

MOST_LINES = 20_000  # of each text that are compared
LONGEST_LINE = 2_000  # characters of a line whose words are compared
LARGEST_GAP = 250  # lines between two anchors that are compared with one another; more are taken as replaced
CONTEXT = 3  # unchanged lines around a change
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line, and whether the other side lacks it."""

    text: str
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRow:
    """One line of both sides: `kind` is same, changed, removed, added, or skipped for `count` unchanged lines."""

    kind: str
    before_n: int | None = None
    after_n: int | None = None
    before: tuple[Span, ...] = ()
    after: tuple[Span, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All rows in order; `is_cut` when a text was longer than what is compared."""

    rows: tuple[DiffRow, ...]
    added: int
    removed: int
    is_cut: bool

    @property
    def is_same(self) -> bool:
        """Whether the compared texts are equal."""
        return not self.added and not self.removed


def differences(before: str, after: str) -> Difference:
    """Compare two texts; white space at the ends of lines does not count."""
    old, new = ([line.rstrip() for line in text.splitlines()] for text in (before, after))
    is_cut = max(len(old), len(new)) > MOST_LINES
    old, new = old[:MOST_LINES], new[:MOST_LINES]
    rows: list[DiffRow] = []
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            rows += [_same(old, i1 + step, j1 + step) for step in range(i2 - i1)]
        else:
            rows += _replaced(old, new, (i1, i2), (j1, j2))
    removed = sum(row.kind in ("changed", "removed") for row in rows)
    added = sum(row.kind in ("changed", "added") for row in rows)
    return Difference(rows=tuple(_folded(rows)), added=added, removed=removed, is_cut=is_cut)


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As `SequenceMatcher.get_opcodes`, but lines that are unique on both sides are found first.

    That leaves gaps, of which only small ones are compared further: its time grows with their square.
    """
    i = j = 0
    for at, to in [*_anchors(old, new), (len(old), len(new))]:
        yield from _gap(old, new, (i, at), (j, to))
        if at < len(old) and to < len(new):
            yield "equal", at, at + 1, to, to + 1
        i, j = at + 1, to + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The longest rising run of lines that each side has exactly once (patience diff)."""
    counts = Counter(old), Counter(new)
    places = {line: n for n, line in enumerate(new) if counts[1][line] == 1}
    pairs = [(n, places[line]) for n, line in enumerate(old) if counts[0][line] == 1 and line in places]
    ends: list[int] = []
    piles: list[int] = []
    links: list[int] = []
    for number, (_, to) in enumerate(pairs):
        pile = bisect_left(ends, to)
        if pile == len(ends):
            ends.append(to)
            piles.append(number)
        else:
            ends[pile], piles[pile] = to, number
        links.append(piles[pile - 1] if pile else -1)
    run: list[tuple[int, int]] = []
    number = piles[-1] if piles else -1
    while number >= 0:
        run.append(pairs[number])
        number = links[number]
    return run[::-1]


def _gap(
    old: Sequence[str], new: Sequence[str], span: tuple[int, int], other: tuple[int, int]
) -> Iterator[tuple[str, int, int, int, int]]:
    (i1, i2), (j1, j2) = span, other
    if i1 >= i2 and j1 >= j2:
        return
    if max(i2 - i1, j2 - j1) > LARGEST_GAP:
        yield "replace", i1, i2, j1, j2
        return
    for tag, a1, a2, b1, b2 in SequenceMatcher(None, old[i1:i2], new[j1:j2], autojunk=False).get_opcodes():
        yield tag, i1 + a1, i1 + a2, j1 + b1, j1 + b2


def _same(old: Sequence[str], i: int, j: int) -> DiffRow:
    text = (Span(old[i], is_changed=False),)
    return DiffRow(kind="same", before_n=i + 1, after_n=j + 1, before=text, after=text)


def _replaced(
    old: Sequence[str], new: Sequence[str], span: tuple[int, int], other: tuple[int, int]
) -> Iterator[DiffRow]:
    paired = min(span[1] - span[0], other[1] - other[0])
    for step in range(paired):
        before, after = _words(old[span[0] + step], new[other[0] + step])
        yield DiffRow(
            kind="changed", before_n=span[0] + step + 1, after_n=other[0] + step + 1, before=before, after=after
        )
    for i in range(span[0] + paired, span[1]):
        yield DiffRow(kind="removed", before_n=i + 1, before=(Span(old[i], is_changed=True),))
    for j in range(other[0] + paired, other[1]):
        yield DiffRow(kind="added", after_n=j + 1, after=(Span(new[j], is_changed=True),))


def _words(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    if max(len(before), len(after)) > LONGEST_LINE:
        return (Span(before, is_changed=True),), (Span(after, is_changed=True),)
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    left: list[Span] = []
    right: list[Span] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left += [Span("".join(old[i1:i2]), is_changed=tag != "equal")] if i2 > i1 else []
        right += [Span("".join(new[j1:j2]), is_changed=tag != "equal")] if j2 > j1 else []
    return tuple(left), tuple(right)


def _folded(rows: Sequence[DiffRow]) -> Iterator[DiffRow]:
    """The rows without the unchanged ones that are far from every change."""
    shown = set[int]()
    for number, row in enumerate(rows):
        if row.kind != "same":
            shown.update(range(number - CONTEXT, number + CONTEXT + 1))
    hidden = 0
    for number, row in enumerate(rows):
        if number not in shown:
            hidden += 1
            continue
        if hidden:
            yield DiffRow(kind="skipped", count=hidden)
            hidden = 0
        yield row
    if hidden:
        yield DiffRow(kind="skipped", count=hidden)
