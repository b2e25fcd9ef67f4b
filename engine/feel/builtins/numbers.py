"""Numeric functions (DMN 1.5, table 74) and statistics over lists (table 73)."""

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.arithmetic import add, divide
from engine.feel.builtins.registry import builtin, items, number, single, spread, text, whole
from engine.feel.compare import equal, order
from engine.feel.errors import Fault
from engine.feel.kinds import CONTEXT, YearsMonths, article
from engine.feel.run import Run

_SMALLEST_SCALE, _LARGEST_SCALE = -6111, 6176


def _scaled(value: Any, scale: Any, rounding: str) -> Decimal:
    amount, places = number(value, "The number"), whole(scale, "The scale")
    if not _SMALLEST_SCALE <= places <= _LARGEST_SCALE:
        raise Fault(f"The scale must lie between {_SMALLEST_SCALE} and {_LARGEST_SCALE}.")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -places:
        return amount
    if amount and amount.adjusted() + places + 1 > CONTEXT.prec:
        return amount
    return amount.quantize(Decimal(1).scaleb(-places, CONTEXT), rounding=rounding, context=CONTEXT)


def _rounding(name: str, mode: str, *, optional: bool) -> None:
    @builtin(f"{name}(n, scale{'?' if optional else ''})")
    def rounded(_run: Run, value: Any, scale: Any = Decimal(0)) -> Decimal:
        return _scaled(value, scale, mode)


_rounding("decimal", decimal.ROUND_HALF_EVEN, optional=False)
_rounding("floor", decimal.ROUND_FLOOR, optional=True)
_rounding("ceiling", decimal.ROUND_CEILING, optional=True)
_rounding("round up", decimal.ROUND_UP, optional=False)
_rounding("round down", decimal.ROUND_DOWN, optional=False)
_rounding("round half up", decimal.ROUND_HALF_UP, optional=False)
_rounding("round half down", decimal.ROUND_HALF_DOWN, optional=False)


@builtin("abs(n)")
def absolute(_run: Run, value: Any) -> Any:
    """The number or duration without its sign."""
    value = single(value)
    if isinstance(value, YearsMonths):
        return YearsMonths(abs(value.months))
    if value.__class__.__name__ == "timedelta":
        return abs(value)
    return abs(number(value))


@builtin("modulo(dividend, divisor)")
def modulo(_run: Run, dividend: Any, divisor: Any) -> Decimal:
    """What is left over, with the sign of the divisor."""
    left, right = number(dividend, "The dividend"), number(divisor, "The divisor")
    if not right:
        raise Fault("A number was divided by zero.")
    try:
        rest = CONTEXT.remainder(left, right)
    except decimal.InvalidOperation:
        raise Fault("The dividend is too large for this divisor.") from None
    return CONTEXT.add(rest, right) if rest and (rest < 0) != (right < 0) else rest


@builtin("sqrt(number)")
def square_root(_run: Run, value: Any) -> Decimal:
    """The square root."""
    amount = number(value)
    if amount < 0:
        raise Fault("A negative number has no square root.")
    return CONTEXT.sqrt(amount)


@builtin("log(number)")
def logarithm(_run: Run, value: Any) -> Decimal:
    """The natural logarithm."""
    amount = number(value)
    if amount <= 0:
        raise Fault("Only positive numbers have a logarithm.")
    return CONTEXT.ln(amount)


@builtin("exp(number)")
def exponential(_run: Run, value: Any) -> Decimal:
    """E to the power of the number."""
    amount = number(value)
    if abs(amount) > 20_000:
        if amount < 0:
            return Decimal(0)
        raise Fault("The number is too large.")
    return CONTEXT.exp(amount)


@builtin("odd(number)")
def odd(_run: Run, value: Any) -> bool:
    """Whether a whole number is odd."""
    return _parity(value) == 1


@builtin("even(number)")
def even(_run: Run, value: Any) -> bool:
    """Whether a whole number is even."""
    return _parity(value) == 0


def _parity(value: Any) -> int:
    amount = number(value)
    if amount != amount.to_integral_value():
        raise Fault("Only whole numbers are odd or even.")
    return int(amount.scaleb(0)) % 2 if amount.adjusted() < 40 else 0


@builtin("number(from)", "number(from, grouping separator, decimal separator?)")
def number_of(_run: Run, source: Any, grouping: Any = None, point: Any = None) -> Decimal:
    """The number that a text stands for."""
    source = single(source)
    grouping = None if grouping is None else text(grouping, "The grouping separator")
    point = None if point is None else text(point, "The decimal separator")
    if grouping not in {None, " ", ",", "."} or point not in {None, ".", ","}:
        raise Fault("The grouping separator is a blank, comma or point, the decimal separator a point or comma.")
    if grouping is not None and grouping == point:
        raise Fault("The two separators must differ.")
    if isinstance(source, Decimal):
        return source
    written = text(source, "The text")
    if grouping:
        written = written.replace(grouping, "")
    if point:
        written = written.replace(point, ".")
    try:
        value = Decimal(written) if len(written) < 400 and not written[:1].isspace() else None
    except decimal.InvalidOperation:
        value = None
    if value is None or not value.is_finite() or "_" in written or written[-1:].isspace():
        raise Fault("The text is no number.")
    return CONTEXT.plus(value)


def _numbers(arguments: tuple[Any, ...]) -> list[Decimal]:
    return [number(item, "Every item") for item in spread(arguments)]


def _extreme(name: str, wins: Callable[[int], bool]) -> None:
    @builtin(f"{name}(list)", f"{name}(c...)")
    def extreme(run: Run, *arguments: Any) -> Any:
        values = spread(arguments)
        run.tick(len(values))
        if not values:
            return None
        best = values[0]
        order(best, best)
        for value in values[1:]:
            if wins(order(value, best)):
                best = value
        return best


_extreme("min", lambda sign: sign < 0)
_extreme("max", lambda sign: sign > 0)


@builtin("sum(list)", "sum(n...)")
def total(run: Run, *arguments: Any) -> Any:
    """The sum of numbers, or of durations; of an empty list null."""
    values = spread(arguments)
    run.tick(len(values))
    if not values:
        return None
    result = values[0]
    if result.__class__.__name__ not in {"Decimal", "timedelta", "YearsMonths"}:
        raise Fault(f"Every item must be a number, not {article(result)}.")
    for value in values[1:]:
        if value.__class__ is not result.__class__:
            raise Fault(f"Every item must be a number, not {article(value)}.")
        result = add(result, value)
    return result


@builtin("mean(list)", "mean(n...)")
def mean(run: Run, *arguments: Any) -> Any:
    """The average; of an empty list null."""
    values = spread(arguments)
    return divide(total(run, values), Decimal(len(values))) if values else None


@builtin("product(list)", "product(n...)")
def product(run: Run, *arguments: Any) -> Decimal | None:
    """The product; of an empty list null."""
    values = _numbers(arguments)
    run.tick(len(values))
    if not values:
        return None
    result = Decimal(1)
    for value in values:
        result = CONTEXT.multiply(result, value)
    return result


@builtin("median(list)", "median(n...)")
def median(run: Run, *arguments: Any) -> Decimal | None:
    """The middle value, or the average of the two in the middle; of an empty list null."""
    values = sorted(_numbers(arguments))
    run.tick(len(values))
    if not values:
        return None
    middle = len(values) // 2
    if len(values) % 2:
        return values[middle]
    return CONTEXT.divide(CONTEXT.add(values[middle - 1], values[middle]), Decimal(2))


@builtin("stddev(list)", "stddev(n...)")
def deviation(run: Run, *arguments: Any) -> Decimal | None:
    """The standard deviation of a sample; of fewer than two numbers null."""
    values = _numbers(arguments)
    run.tick(4 * len(values))
    if len(values) < 2:
        raise Fault("The standard deviation needs at least two numbers.")
    average = mean(run, values)
    squares = [CONTEXT.power(CONTEXT.subtract(value, average), 2) for value in values]
    return CONTEXT.sqrt(CONTEXT.divide(total(run, squares), Decimal(len(values) - 1)))


@builtin("mode(list)", "mode(n...)")
def mode(run: Run, *arguments: Any) -> list[Decimal]:
    """The numbers that occur most often, in ascending order."""
    counts: dict[Decimal, int] = {}
    for value in _numbers(arguments):
        counts[value] = counts.get(value, 0) + 1
    run.tick(len(counts))
    most = max(counts.values(), default=0)
    return sorted(value for value, count in counts.items() if count == most)


@builtin("count(list)")
def count(_run: Run, values: Any) -> Decimal:
    """The number of items."""
    return Decimal(len(items(values)))


def _verdict(name: str, *, decisive: bool) -> None:
    @builtin(f"{name}(list)", f"{name}(b...)")
    def verdict(_run: Run, *arguments: Any) -> bool | None:
        values = spread(arguments)
        wrong = [value for value in values if value is not None and value.__class__ is not bool]
        if any(value is decisive for value in values):
            return decisive
        if wrong:
            raise Fault(f"Every item must be true or false, not {article(wrong[0])}.")
        return None if None in values else not decisive


_verdict("any", decisive=True)
_verdict("all", decisive=False)


@builtin("not(negand)")
def negated(_run: Run, value: Any) -> bool | None:
    """The other truth value; null stays null."""
    value = single(value)
    if value is None:
        return None
    if value.__class__ is not bool:
        raise Fault(f"Only true and false can be negated, not {article(value)}.")
    return not value


@builtin("is(value1!, value2!)")
def identical(_run: Run, first: Any, second: Any) -> bool:
    """Whether two values are the same element of the same type, time zones included."""
    if first.__class__ is not second.__class__ or equal(first, second) is not True:
        return False
    parts = ("tzinfo", "microsecond")
    return all(getattr(first, part, None) == getattr(second, part, None) for part in parts)
