"""Equality and order of FEEL values (DMN 1.5, 10.3.2.3 and tables 53 and 54); what cannot be compared is null."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel.errors import Fault
from engine.feel.kinds import Range, YearsMonths, article, kind
from engine.feel.run import Run
from engine.feel.temporal import midnight, moment

_DIRECT = frozenset({Decimal, str, bool, timedelta, YearsMonths})
_ORDERED = frozenset({Decimal, str, timedelta, YearsMonths})


def equal(left: Any, right: Any, run: Run | None = None) -> bool | None:
    """Whether two values are the same; None when their types cannot be compared. Large ones count against `run`."""
    kind_of = left.__class__
    if kind_of is right.__class__:
        if kind_of in _DIRECT:
            return bool(left == right)
        if kind_of is list:
            return _same_items(left, right, run)
        if kind_of is dict:
            return _same_entries(left, right, run)
        return _same(left, right)
    if left is None or right is None:
        return left is right
    return None


def _same(left: Any, right: Any) -> bool | None:
    if isinstance(left, Range):
        form = (left.low_included, left.high_included, left.sign)
        return (
            form == (right.low_included, right.high_included, right.sign)
            and equal(left.low, right.low) is True
            and equal(left.high, right.high) is True
        )
    if isinstance(left, time | datetime):
        return _same_moment(left, right)
    return bool(left == right)


def _same_items(left: list[Any], right: list[Any], run: Run | None) -> bool:
    if run is not None:
        run.tick(len(left))
    return len(left) == len(right) and all(equal(one, two, run) is True for one, two in zip(left, right, strict=True))


def _same_entries(left: dict[str, Any], right: dict[str, Any], run: Run | None) -> bool:
    if run is not None:
        run.tick(len(left))
    return left.keys() == right.keys() and all(equal(item, right[key], run) is True for key, item in left.items())


def _same_moment(left: Any, right: Any) -> bool:
    """Two times are the same when they name the same second (DMN 1.5, 10.3.2.3.4), local ones apart from the rest."""
    if (left.tzinfo is None) != (right.tzinfo is None):
        return False
    if isinstance(left, time) and (isinstance(left.tzinfo, ZoneInfo) or isinstance(right.tzinfo, ZoneInfo)):
        return bool(left.replace(tzinfo=None) == right.replace(tzinfo=None) and left.tzinfo == right.tzinfo)
    return bool(moment(left.replace(microsecond=0)) == moment(right.replace(microsecond=0)))


def order(left: Any, right: Any) -> int:
    """Negative, zero or positive as `left` comes before, with or after `right`; raises Fault for what has no order."""
    kind_of = left.__class__
    if kind_of is not right.__class__:
        if {kind_of, right.__class__} == {date, datetime}:
            return _order_moments(midnight(left), midnight(right))
        raise _unordered(left, right)
    if kind_of in _ORDERED or kind_of is date:
        return int(left > right) - int(left < right)
    if kind_of is time or kind_of is datetime:
        return _order_moments(left, right)
    raise _unordered(left, right)


def _order_moments(left: Any, right: Any) -> int:
    if (left.tzinfo is None) != (right.tzinfo is None):
        raise Fault("A time with a zone and one without have no order.")
    one, two = moment(left), moment(right)
    return int(one > two) - int(one < two)


def _unordered(left: Any, right: Any) -> Fault:
    return Fault(f"{article(left).capitalize()} and {article(right)} have no order.")


def within(value: Any, limits: Range) -> bool | None:
    """Whether a value lies in a range; None when it cannot be compared with its ends."""
    try:
        if limits.low is not None:
            beyond = order(value, limits.low)
            if beyond < 0 or (beyond == 0 and not limits.low_included):
                return False
        if limits.high is not None:
            beyond = order(value, limits.high)
            if beyond > 0 or (beyond == 0 and not limits.high_included):
                return False
    except Fault:
        return None
    return True


def sort_key_kind(value: Any) -> str:
    """The type by which a list may be sorted; raises Fault for one without order."""
    if value.__class__ in _ORDERED or isinstance(value, date | time):
        return kind(value)
    raise Fault(f"{article(value).capitalize()} has no order.")
