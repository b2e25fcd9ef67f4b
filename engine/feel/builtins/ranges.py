"""Functions that relate points and ranges on one scale (DMN 1.5, tables 79 and 80: Allen's algebra)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.builtins.registry import BUILTINS, builtin, single, text
from engine.feel.compare import equal, order
from engine.feel.errors import Fault, FeelSyntaxError
from engine.feel.kinds import Range, article, kind
from engine.feel.run import Run
from engine.feel.temporal import read_date, read_date_time, read_duration, read_time

Relation = Callable[[Any, Any], bool]


def _point(value: Any) -> bool:
    return not isinstance(value, Range)


def _before(one: Any, two: Any) -> bool:
    if _point(one) and _point(two):
        return order(one, two) < 0
    if _point(one):
        return _starts_behind(two, one, included=True)
    if _point(two):
        return _ends_ahead(one, two, included=True)
    if one.high is None or two.low is None:
        return False
    gap = order(one.high, two.low)
    return gap < 0 or (gap == 0 and not (one.high_included and two.low_included))


def _starts_behind(limits: Range, point: Any, *, included: bool) -> bool:
    if limits.low is None:
        return False
    gap = order(point, limits.low)
    return gap < 0 or (gap == 0 and limits.low_included is not included)


def _ends_ahead(limits: Range, point: Any, *, included: bool) -> bool:
    if limits.high is None:
        return False
    gap = order(limits.high, point)
    return gap < 0 or (gap == 0 and limits.high_included is not included)


def _meets(one: Any, two: Any) -> bool:
    return bool(one.high_included and two.low_included and _equal_ends(one.high, two.low))


def _equal_ends(one: Any, two: Any) -> bool:
    return one is not None and two is not None and order(one, two) == 0


def _low(limits: Range, other: Range) -> int:
    """Which range starts first: negative when `limits` does."""
    if limits.low is None or other.low is None:
        return (other.low is None) - (limits.low is None)
    return order(limits.low, other.low) or int(other.low_included) - int(limits.low_included)


def _high(limits: Range, other: Range) -> int:
    """Which range ends first: negative when `limits` does."""
    if limits.high is None or other.high is None:
        return (limits.high is None) - (other.high is None)
    return order(limits.high, other.high) or int(limits.high_included) - int(other.high_included)


def _disjoint(one: Range, two: Range) -> bool:
    return _before(one, two) or _before(two, one)


def _overlaps(one: Range, two: Range) -> bool:
    return not _disjoint(one, two)


def _overlaps_before(one: Range, two: Range) -> bool:
    return not _disjoint(one, two) and _low(one, two) < 0 and _high(one, two) <= 0


def _finishes(one: Any, two: Range) -> bool:
    if _point(one):
        return two.high_included and _equal_ends(one, two.high)
    return _high(one, two) == 0 and _low(one, two) >= 0


def _starts(one: Any, two: Range) -> bool:
    if _point(one):
        return two.low_included and _equal_ends(one, two.low)
    return _low(one, two) == 0 and _high(one, two) <= 0


def _includes(one: Range, two: Any) -> bool:
    if _point(two):
        return not (_starts_behind(one, two, included=True) or _ends_ahead(one, two, included=True))
    return _low(one, two) <= 0 and _high(one, two) >= 0


def _coincides(one: Any, two: Any) -> bool:
    if _point(one) and _point(two):
        return order(one, two) == 0
    return _low(one, two) == 0 and _high(one, two) == 0


_ANY, _RANGES, _RANGE_SECOND, _RANGE_FIRST, _ALIKE = "any", "ranges", "second", "first", "alike"


def _relation(name: str, shape: str, relation: Relation) -> None:
    names = {
        _ANY: ("point1, point2", "point, range", "range, point", "range1, range2"),
        _RANGES: ("range1, range2",),
        _RANGE_SECOND: ("point, range", "range1, range2"),
        _RANGE_FIRST: ("range, point", "range1, range2"),
        _ALIKE: ("point1, point2", "range1, range2"),
    }[shape]

    @builtin(*(f"{name}({parameters})" for parameters in names))
    def relate(_run: Run, one: Any, two: Any) -> bool:
        one, two = single(one), single(two)
        _fitting(shape, one, two)
        return bool(relation(one, two))


def _fitting(shape: str, one: Any, two: Any) -> None:
    if one is None or two is None:
        raise Fault("Null is neither a point nor a range.")
    wrong = (
        (shape == _RANGES and (_point(one) or _point(two)))
        or (shape == _RANGE_SECOND and _point(two))
        or (shape == _RANGE_FIRST and _point(one))
        or (shape == _ALIKE and _point(one) != _point(two))
    )
    if wrong:
        raise Fault(f"{article(one).capitalize()} and {article(two)} do not fit this function.")


_relation("before", _ANY, _before)
_relation("after", _ANY, lambda one, two: _before(two, one))
_relation("meets", _RANGES, _meets)
_relation("met by", _RANGES, lambda one, two: _meets(two, one))
_relation("overlaps", _RANGES, _overlaps)
_relation("overlaps before", _RANGES, _overlaps_before)
_relation("overlaps after", _RANGES, lambda one, two: _overlaps_before(two, one))
_relation("finishes", _RANGE_SECOND, _finishes)
_relation("finished by", _RANGE_FIRST, lambda one, two: _finishes(two, one))
_relation("includes", _RANGE_FIRST, _includes)
_relation("during", _RANGE_SECOND, lambda one, two: _includes(two, one))
_relation("starts", _RANGE_SECOND, _starts)
_relation("started by", _RANGE_FIRST, lambda one, two: _starts(two, one))
_relation("coincides", _ALIKE, _coincides)


@builtin("range(from)")
def range_of(run: Run, source: Any) -> Range:
    """The range of a text such as `[1..10)`, whose ends are literals."""
    written = text(source, "The range").strip()
    run.tick(1 + len(written) // 4)
    inner = written[1:-1].split("..")
    if len(inner) != 2 or written[:1] not in {"[", "(", "]"} or written[-1:] not in {"]", ")", "["}:
        raise Fault(f"{written[:60]!r} is no range.")
    low, high = (_end(part.strip()) for part in inner)
    if low is None and high is None:
        raise Fault("A range needs at least one end.")
    if low is not None and high is not None and (kind(low) != kind(high) or order(low, high) > 0):
        raise Fault("The range ends before it begins.")
    if (low is None and written[0] == "[") or (high is None and written[-1] == "]"):
        raise Fault("An end that is left open cannot be included.")
    return Range(low, high, written[0] == "[", written[-1] == "]")


def _end(part: str) -> Any:
    from engine.feel import nodes, parser

    if not part or part == "null":
        return None
    try:
        node = parser.parse_expression(part, (name for name in BUILTINS if " " in name))
    except FeelSyntaxError:
        raise Fault(f"{part[:60]!r} is no end of a range.") from None
    value = node.value if isinstance(node, nodes.Literal | nodes.AtLiteral) else None
    if isinstance(node, nodes.Negation) and isinstance(node.operand, nodes.Literal):
        value = -node.operand.value if isinstance(node.operand.value, Decimal) else None
    elif isinstance(node, nodes.Call):
        value = _called(node)
    if value is None or equal(value, value) is not True:
        raise Fault(f"{part[:60]!r} is no end of a range.")
    return value


def _called(node: Any) -> Any:
    """What `date("2026-01-31")` and the like stand for; None for any other call."""
    text_ = getattr(node.arguments[0], "value", None) if len(node.arguments) == 1 else None
    read = _READERS.get(getattr(node.function, "name", ""))
    return read(text_) if read and isinstance(text_, str) else None


_READERS: dict[str, Callable[[str], Any]] = {
    "date": read_date,
    "time": read_time,
    "date and time": read_date_time,
    "duration": read_duration,
}
