"""Addition to exponentiation over numbers, strings, dates and durations (DMN 1.5, tables 56 to 60)."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.errors import Fault
from engine.feel.kinds import CONTEXT, YearsMonths, article
from engine.feel.temporal import add_months, add_seconds, difference, from_seconds, seconds_of

LONGEST_STRING = 1_000_000  # characters

_POINTS = (date, datetime, time)
_DAYS = (date, datetime)


def add(left: Any, right: Any) -> Any:
    """`left + right`; raises Fault or ArithmeticError."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return CONTEXT.add(left, right)
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > LONGEST_STRING:
            raise Fault(f"The text would be longer than {LONGEST_STRING} characters.")
        return left + right
    if isinstance(left, timedelta | YearsMonths) and isinstance(right, _POINTS):
        left, right = right, left
    if isinstance(right, timedelta | YearsMonths):
        return _lengthened(left, right)
    raise _refused("added", left, right)


def _lengthened(left: Any, right: Any) -> Any:
    if isinstance(right, YearsMonths):
        if isinstance(left, YearsMonths):
            return YearsMonths(left.months + right.months)
        if isinstance(left, _DAYS):
            return add_months(left, right.months)
    elif isinstance(left, timedelta):
        return _long(lambda: left + right)
    elif isinstance(left, _POINTS):
        return add_seconds(left, right)
    raise _refused("added", left, right)


def subtract(left: Any, right: Any) -> Any:
    """`left - right`; raises Fault or ArithmeticError."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return CONTEXT.subtract(left, right)
    if isinstance(right, timedelta | YearsMonths) and isinstance(left, (*_POINTS, type(right))):
        return add(left, negate(right))
    if (isinstance(left, _DAYS) and isinstance(right, _DAYS)) or (isinstance(left, time) and isinstance(right, time)):
        return difference(left, right)
    raise _refused("subtracted", left, right)


def multiply(left: Any, right: Any) -> Any:
    """`left * right`; raises Fault or ArithmeticError."""
    if isinstance(left, Decimal):
        if isinstance(right, Decimal):
            return CONTEXT.multiply(left, right)
        left, right = right, left
    if isinstance(right, Decimal):
        if isinstance(left, timedelta):
            return from_seconds(CONTEXT.multiply(seconds_of(left), right))
        if isinstance(left, YearsMonths):
            return _months(CONTEXT.multiply(Decimal(left.months), right))
    raise _refused("multiplied", left, right)


def divide(left: Any, right: Any) -> Any:
    """`left / right`; raises Fault or ArithmeticError."""
    if isinstance(right, Decimal):
        if isinstance(left, Decimal):
            return CONTEXT.divide(left, right)
        if isinstance(left, timedelta):
            return from_seconds(CONTEXT.divide(seconds_of(left), right))
        if isinstance(left, YearsMonths):
            return _months(CONTEXT.divide(Decimal(left.months), right))
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return CONTEXT.divide(seconds_of(left), seconds_of(right))
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths):
        return CONTEXT.divide(Decimal(left.months), Decimal(right.months))
    raise _refused("divided", left, right)


def power(left: Any, right: Any) -> Any:
    """`left ** right`; raises Fault or ArithmeticError."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        if not left and not right:
            return Decimal(1)
        if not left and right < 0:
            raise Fault("Zero has no negative power.")  # decimal would give infinity
        return CONTEXT.power(left, right)
    raise _refused("raised to a power", left, right)


def negate(value: Any) -> Any:
    """`-value`; raises Fault."""
    if isinstance(value, Decimal):
        return CONTEXT.subtract(Decimal(0), value)
    if isinstance(value, timedelta):
        return _long(lambda: -value)
    if isinstance(value, YearsMonths):
        return YearsMonths(-value.months)
    raise Fault(f"{article(value).capitalize()} has no negative.")


def _months(number: Decimal) -> YearsMonths:
    if abs(number) > 12_000_000_000:
        raise Fault("The duration is too long.")
    return YearsMonths(int(number))


def _long(compute: Callable[[], timedelta]) -> timedelta:
    try:
        return compute()
    except OverflowError:
        raise Fault("The duration is too long.") from None


def _refused(verb: str, left: Any, right: Any) -> Fault:
    return Fault(f"{article(left).capitalize()} and {article(right)} cannot be {verb}.")


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}
