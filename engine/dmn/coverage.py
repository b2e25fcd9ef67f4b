"""Finds what is wrong with the rules of a decision table as a whole: missing, overlapping and unreachable ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from engine.dmn.domains import Cell, Opaque, Scale, read_cell
from engine.dmn.tables import Table
from engine.feel.expressions import UnaryTests

MOST_GAPS = 20
_MOST_WORK = 50_000  # combinations that are looked at before a table counts as too large
_MOST_RULES = 1500

Box = tuple[int, ...]  # for each input the pieces of its scale


@dataclass(slots=True)
class Row:
    """A rule as a box; `surely` holds the pieces it takes whatever its opaque cells say, `perhaps` all it might."""

    number: int  # from 1
    surely: Box
    perhaps: Box

    @property
    def is_opaque(self) -> bool:
        """Whether a cell's meaning is only known when the table is evaluated."""
        return self.surely != self.perhaps


@dataclass(slots=True)
class Grid:
    """A table's rules over the scales of its inputs."""

    scales: list[Scale]
    domain: Box
    rows: list[Row]

    def words(self, box: Box) -> str:
        """The values of a box for a sentence."""
        parts = [
            scale.words(pieces)
            for scale, pieces, whole in zip(self.scales, box, self.domain, strict=True)
            if pieces not in {whole, scale.mentioned(whole)}
        ]
        return ", ".join(parts) or "any input"


def grid_of(table: Table) -> Grid | None:
    """The table as a grid, None when no input can be put on a scale or there are too many rules."""
    if len(table.rules) > _MOST_RULES:
        return None
    scales: list[Scale] = []
    domain: list[int] = []
    columns: list[tuple[list[int], list[int]]] = []
    for number, column in enumerate(table.columns):
        cells = [_cell(rule.tests[number]) for rule in table.rules]
        allowed = _allowed(column.allowed)
        try:
            scale = Scale.of(column.label, (cell for cell in cells if isinstance(cell, Cell)), allowed)
            whole = scale.domain(allowed)
            surely = [0 if isinstance(cell, type) else scale.pieces(cell) & whole for cell in cells]
        except Opaque:
            scale, whole = Scale(column.label), 1
            surely = [1 if cell is None else 0 for cell in cells]
            cells = [None if cell is None else Opaque for cell in cells]
        perhaps = [whole if cell is Opaque else pieces for cell, pieces in zip(cells, surely, strict=True)]
        scales.append(scale)
        domain.append(whole)
        columns.append((surely, perhaps))
    rows = [
        Row(
            number + 1,
            tuple(surely[number] for surely, _ in columns),
            tuple(perhaps[number] for _, perhaps in columns),
        )
        for number in range(len(table.rules))
    ]
    return Grid(scales, tuple(domain), rows)


def _cell(tests: UnaryTests | None) -> "Cell | type[Opaque] | None":
    try:
        return read_cell(tests)
    except Opaque:
        return Opaque


def _allowed(tests: UnaryTests | None) -> Cell | None:
    cell = _cell(tests)
    return cell if isinstance(cell, Cell) else None


def common(one: Box, two: Box) -> Box | None:
    """The values that lie in both boxes, None when there are none."""
    both = tuple(a & b for a, b in zip(one, two, strict=True))
    return both if all(both) else None


def overlaps(grid: Grid) -> Iterator[tuple[Row, Row, Box]]:
    """Pairs of rules that surely match together somewhere, and where."""
    for position, one in enumerate(grid.rows):
        for two in grid.rows[position + 1 :]:
            both = common(one.surely, two.surely)
            if both is not None:
                yield one, two, both


class TooLarge(Exception):
    """The table has too many combinations to be looked at one by one."""


class Search:
    """Looks for values that no rule takes, input by input, and keeps inputs that rules treat alike together."""

    def __init__(self, boxes: list[Box]) -> None:
        self._boxes = boxes
        self._work = 0
        self._full: set[tuple[int, frozenset[int]]] = set()

    def gaps(self, domain: Box) -> Iterator[Box]:
        """Boxes of the domain that no rule touches; raises TooLarge."""
        return self._search(domain, 0, frozenset(range(len(self._boxes))))

    def _search(self, domain: Box, depth: int, live: frozenset[int]) -> Iterator[Box]:
        self._work += 1
        if self._work > _MOST_WORK:
            raise TooLarge
        if not live:
            yield domain
            return
        if depth == len(domain) or (depth, live) in self._full:
            return
        found = False
        for pieces, rules in self._alike(domain[depth], depth, live):
            inner = (*domain[:depth], pieces, *domain[depth + 1 :])
            for gap in self._search(inner, depth + 1, rules):
                found = True
                yield gap
        if not found:
            self._full.add((depth, live))

    def _alike(self, domain: int, depth: int, live: frozenset[int]) -> Iterator[tuple[int, frozenset[int]]]:
        """The pieces of one input in groups that the same rules take."""
        groups: list[tuple[int, set[int]]] = [(domain, set())]
        for rule in live:
            taken = self._boxes[rule][depth]
            split: list[tuple[int, set[int]]] = []
            for pieces, rules in groups:
                if inside := pieces & taken:
                    split.append((inside, rules | {rule}))
                if outside := pieces & ~taken:
                    split.append((outside, rules))
            self._work += len(split)
            groups = split
        merged: dict[frozenset[int], int] = {}
        for pieces, rules in groups:
            key = frozenset(rules)
            merged[key] = merged.get(key, 0) | pieces
        yield from ((pieces, rules) for rules, pieces in merged.items())


def missing(grid: Grid) -> list[Box]:
    """Values that no rule takes, at most `MOST_GAPS` boxes; an opaque cell is trusted to take what it may."""
    boxes = [row.perhaps for row in grid.rows]
    found: list[Box] = []
    domain = tuple(scale.mentioned(pieces) for scale, pieces in zip(grid.scales, grid.domain, strict=True))
    for gap in Search(boxes).gaps(domain):
        found.append(gap)
        if len(found) >= MOST_GAPS:
            break
    return found


def is_hidden(grid: Grid, row: Row) -> list[int]:
    """The numbers of the rules before this one that together take all its values; empty when some are left."""
    before = [box for other in grid.rows[: row.number - 1] if (box := common(other.surely, row.perhaps))]
    if not before or next(Search(before).gaps(row.perhaps), None) is not None:
        return []
    return [other.number for other in grid.rows[: row.number - 1] if common(other.surely, row.perhaps)]


def is_empty(row: Row) -> bool:
    """Whether no value at all passes a rule."""
    return not reduce(lambda alive, pieces: alive and bool(pieces), row.perhaps, True)
