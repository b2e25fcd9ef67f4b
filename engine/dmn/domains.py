"""The values that a decision table's cells accept, as sets over pieces of each input's scale."""

from collections.abc import Iterable
from dataclasses import field
from functools import cmp_to_key, reduce
from typing import Any

from core.records import dataclass
from engine.feel import nodes
from engine.feel.compare import order
from engine.feel.compiler import Compiler
from engine.feel.constants import is_constant, value_of
from engine.feel.errors import Fault
from engine.feel.expressions import UnaryTests
from engine.feel.kinds import Range, kind
from engine.feel.printer import to_text
from engine.feel.values import plain

_DISCRETE = frozenset({"string", "boolean"})
_ORDERED = frozenset(
    {"number", "string", "date", "time", "date and time", "days and time duration", "years and months duration"}
)
_TURNED = str.maketrans("<>", "><")
End = tuple[Any, bool]  # a range's end, None when it is open, and whether it belongs to the range
_MOST_RANGES = 400  # pairs of ranges that one condition may combine


class Opaque(Exception):
    """A cell says something that cannot be known before the table is evaluated."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The ranges and single values that a cell accepts; `negated` turns it round."""

    ranges: tuple[Range, ...]
    negated: bool = False


def read_cell(tests: UnaryTests | None) -> Cell | None:
    """What a cell accepts, None for everything; raises Opaque."""
    if tests is None:
        return None
    node = tests.node
    assert isinstance(node, nodes.UnaryTests)
    ranges: list[Range] = []
    for test in node.tests:
        if isinstance(test, nodes.Test) and test.operator == "!=":
            if len(node.tests) > 1:
                raise Opaque
            return Cell((_point(constant(test.operand)),), negated=not node.negated)
        ranges += _ranges(test)
    return Cell(tuple(ranges), negated=node.negated)


def _ranges(test: nodes.Node) -> list[Range]:
    if isinstance(test, nodes.Test):
        value = constant(test.operand)
        if test.operator == "=":
            return [_point(value)]
        return [_beyond(test.operator, value)]
    if isinstance(test, nodes.Comparison | nodes.Between | nodes.In | nodes.Logic):
        return _asked(test)
    value = constant(test)
    if isinstance(value, list):
        return [item if isinstance(item, Range) else _point(item) for item in value]
    return [value if isinstance(value, Range) else _point(value)]


def _beyond(operator: str, value: Any) -> Range:
    included = operator.endswith("=")
    if operator.startswith("<"):
        return Range(None, value, False, included)
    return Range(value, None, included, False)


def _asked(node: nodes.Node) -> list[Range]:
    """The values for which a condition on `?` holds, such as `? > 5 and ? < 10`; raises Opaque for any other."""
    if isinstance(node, nodes.Logic):
        parts = [_asked(part) for part in node.operands]
        return reduce(_intersection, parts) if node.operator == "and" else [each for part in parts for each in part]
    if isinstance(node, nodes.Comparison):
        return _compared(node)
    if isinstance(node, nodes.Between) and _is_input(node.value):
        return [Range(constant(node.low), constant(node.high), True, True)]
    if isinstance(node, nodes.In) and _is_input(node.value):
        if any(isinstance(test, nodes.Test) and test.operator == "!=" for test in node.tests):
            raise Opaque
        return [each for test in node.tests for each in _ranges(test)]
    raise Opaque


def _compared(node: nodes.Comparison) -> list[Range]:
    operator, other = node.operator, node.right
    if not _is_input(node.left):
        if not _is_input(node.right):
            raise Opaque
        operator, other = operator.translate(_TURNED), node.left
    value = constant(other)
    if operator == "=":
        return [_point(value)]
    if kind(value) not in _ORDERED or (operator == "!=" and kind(value) in _DISCRETE):
        raise Opaque
    if operator == "!=":
        return [_beyond("<", value), _beyond(">", value)]
    return [_beyond(operator, value)]


def _is_input(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "?"


def _intersection(ones: list[Range], others: list[Range]) -> list[Range]:
    """The values that lie in one range of each list."""
    if len(ones) * len(others) > _MOST_RANGES:
        raise Opaque
    try:
        both = [_overlap(one, other) for one in ones for other in others]
    except Fault:
        raise Opaque from None
    return [each for each in both if each is not None]


def _overlap(one: Range, other: Range) -> Range | None:
    low, low_included = _tighter((one.low, one.low_included), (other.low, other.low_included), 1)
    high, high_included = _tighter((one.high, one.high_included), (other.high, other.high_included), -1)
    if low is not None and high is not None:
        beyond = order(low, high)
        if beyond > 0 or (beyond == 0 and not (low_included and high_included)):
            return None
    return Range(low, high, low_included, high_included)


def _tighter(one: End, other: End, sign: int) -> End:
    """The end that leaves less: the greater of two low ends (`sign` 1), the smaller of two high ones (-1)."""
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    beyond = order(one[0], other[0]) * sign
    if beyond == 0:
        return one[0], one[1] and other[1]
    return one if beyond > 0 else other


def _point(value: Any) -> Range:
    if kind(value) not in _ORDERED | {"boolean"}:
        raise Opaque
    return Range(value, value, True, True)


def constant(node: nodes.Node) -> Any:
    """The value of an expression that needs no variables; raises Opaque for any other."""
    value = value_of(Compiler().compile(node)) if is_constant(node) else None
    if value is None:
        raise Opaque
    return value


@dataclass(slots=True)
class Scale:
    """One input's values cut into pieces: the ends that cells mention, and what lies between them.

    Piece 2n+1 is the n-th end itself, piece 2n what lies before it; a set of pieces is a number, one bit for each.
    """

    label: str
    ends: list[Any] = field(default_factory=list)
    is_discrete: bool = False  # only the ends themselves exist
    others: bool = False  # a discrete scale on which values may exist that no cell mentions

    @classmethod
    def of(cls, label: str, cells: Iterable[Cell | None], allowed: Cell | None) -> "Scale":
        """The scale of a column; raises Opaque when its values cannot be put in order."""
        ends: list[Any] = []
        known = [cell for cell in (*cells, allowed) if cell is not None]
        for cell in known:
            for limits in cell.ranges:
                ends += [end for end in (limits.low, limits.high) if end is not None]
        kinds = {kind(end) for end in ends}
        if len(kinds) > 1:
            raise Opaque
        if kinds == {"boolean"}:
            return cls(label, [False, True], is_discrete=True)
        unique = _distinct(ends)
        points = all(limits.low == limits.high for cell in known for limits in cell.ranges)
        return cls(label, unique, is_discrete=bool(kinds) and kinds <= _DISCRETE and points, others=allowed is None)

    @property
    def all(self) -> int:
        """All pieces."""
        return (1 << (2 * len(self.ends) + 1)) - 1

    def domain(self, allowed: Cell | None) -> int:
        """The pieces that can occur."""
        pieces = self.all if allowed is None else self.pieces(allowed)
        if self.is_discrete:
            pieces &= self._named | self.others  # piece 0 stands for whatever no cell mentions
        return pieces

    def mentioned(self, pieces: int) -> int:
        """Without the values of a discrete scale that no cell mentions: nobody expects a rule for them."""
        return pieces & self._named if self.is_discrete else pieces

    @property
    def _named(self) -> int:
        return sum(1 << (2 * number + 1) for number in range(len(self.ends)))

    def pieces(self, cell: Cell | None) -> int:
        """The pieces that a cell accepts."""
        if cell is None:
            return self.all
        found = 0
        for limits in cell.ranges:
            low = 0 if limits.low is None else 2 * self._position(limits.low) + (1 if limits.low_included else 2)
            high = (
                2 * len(self.ends)
                if limits.high is None
                else 2 * self._position(limits.high) + (1 if limits.high_included else 0)
            )
            if high >= low:
                found |= ((1 << (high - low + 1)) - 1) << low
        return self.all & ~found if cell.negated else found

    def _position(self, value: Any) -> int:
        return next(number for number, end in enumerate(self.ends) if end == value)

    def words(self, pieces: int) -> str:
        """The values of these pieces for a sentence, such as `amount > 50 and ≤ 100`."""
        if self.is_discrete and pieces & 1:
            excluded = self._named & ~pieces
            return self.words(excluded).replace(" = ", " ≠ ") if excluded else f"any {self.label}"
        runs: list[str] = []
        number, last = 0, 2 * len(self.ends)
        while number <= last:
            if not pieces >> number & 1:
                number += 1
                continue
            first = number
            while number < last and pieces >> (number + 1) & 1:
                number += 1
            runs.append(self._run(first, number, last))
            number += 1
        return f"{self.label} {' or '.join(runs)}"

    def _run(self, first: int, last: int, end: int) -> str:
        if first == last and first % 2:
            return f"= {_text(self.ends[first // 2])}"
        low = "" if first == 0 else f"{'≥' if first % 2 else '>'} {_text(self.ends[(first - 1) // 2])}"
        high = "" if last == end else f"{'≤' if last % 2 else '<'} {_text(self.ends[last // 2])}"
        return " and ".join(part for part in (low, high) if part) or "anything"


def _text(value: Any) -> str:
    if isinstance(value, str | bool):
        return to_text(nodes.Literal(value))
    return str(plain(value))


def _distinct(ends: list[Any]) -> list[Any]:
    try:
        ordered = sorted(ends, key=cmp_to_key(order)) if ends and not isinstance(ends[0], bool) else ends
    except Fault:
        raise Opaque from None
    return [end for number, end in enumerate(ordered) if not number or end != ordered[number - 1]]
