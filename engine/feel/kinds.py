"""The values of FEEL in Python: which class stands for which type."""

import decimal
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from core.records import dataclass
from engine.feel.errors import Fault

# DMN 1.5, 10.3.2.3.1: IEEE 754-2008 decimal128
CONTEXT = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A duration of years and months."""

    months: int


@dataclass(frozen=True, slots=True)
class Range:
    """All values between two ends; an end that is None is open."""

    low: Any
    high: Any
    low_included: bool
    high_included: bool
    sign: str = ""  # the comparison it was written as; ranges that are written differently are not equal


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function: its parameters, how many of them are required, whether the last one repeats."""

    parameters: tuple[str, ...]
    required: int
    repeats: bool = False
    named: int = -1  # how many are required when they are named; all that are required, unless it says so
    kinds: tuple[str, ...] = ()  # where parameters' types tell two ways to call apart

    def takes(self, given: dict[str, Any]) -> bool:
        """Whether arguments of these names can be passed."""
        needed = self.parameters[: self.required if self.named < 0 else self.named]
        fitting = not self.kinds or all(
            kind(given[name]) == wanted
            for name, wanted in zip(self.parameters, self.kinds, strict=True)
            if wanted and name in given
        )
        return fitting and given.keys() <= set(self.parameters) and all(name in given for name in needed)

    def __str__(self) -> str:
        return ", ".join(name + ("" if number < self.required else "?") for number, name in enumerate(self.parameters))


class Function:
    """Something that can be called: a built-in, a lambda, a business knowledge model or a decision service."""

    __slots__ = ("call", "name", "signatures", "type")

    def __init__(
        self, name: str, signatures: tuple[Signature, ...], call: Callable[..., Any], own_type: Any = None
    ) -> None:
        self.name = name
        self.signatures = signatures
        self.call = call  # run, *arguments in the order of a signature
        self.type = own_type

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the first signature's parameters."""
        return self.signatures[0].parameters

    def __repr__(self) -> str:
        return f"function {self.name}({self.signatures[0]})"

    def positional(self, count: int) -> None:
        """See that so many arguments are accepted; raises Fault."""
        for signature in self.signatures:
            if signature.required <= count <= len(signature.parameters) or (
                signature.repeats and count >= signature.required
            ):
                return
        wanted = " or ".join(f"({signature})" for signature in self.signatures)
        raise Fault(f"{self.name} takes {wanted}, not {count} arguments.")

    def arrange(self, names: list[str], values: list[Any]) -> list[Any]:
        """Named arguments in the order of a signature that has them all; raises Fault."""
        given = dict(zip(names, values, strict=True))
        for signature in self.signatures:
            if signature.takes(given):
                last = max((signature.parameters.index(name) for name in given), default=-1)
                return [given.get(name) for name in signature.parameters[: max(last + 1, signature.required)]]
        wanted = " or ".join(f"({signature})" for signature in self.signatures)
        raise Fault(f"{self.name} takes {wanted}, not ({', '.join(names)}).")


KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    date: "date",
    datetime: "date and time",
    time: "time",
    timedelta: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
    Function: "function",
}
READY = frozenset(KINDS) - {list, dict}  # classes whose values need no translation from Python
DEEPEST = 100  # nested lists and contexts


def kind(value: Any) -> str:
    """The name of a FEEL value's type."""
    return KINDS.get(value.__class__, "unknown")


def article(value: Any) -> str:
    """A value's type for a sentence: `a number`, `an unknown value`, `null`."""
    name = kind(value)
    return name if name == "null" else f"a {name}"


def imported(value: Any, depth: int = 0) -> Any:
    """A Python value as a FEEL value: int and float become Decimal, tuples lists, mappings contexts."""
    if value.__class__ in READY:
        return value if value.__class__ is not Decimal else _finite(value)
    if value.__class__ is int:
        return Decimal(value)
    if depth > DEEPEST:
        raise Fault(f"The value nests more than {DEEPEST} levels deep.")
    if isinstance(value, list | tuple | set | frozenset):
        return [imported(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {str(key): imported(item, depth + 1) for key, item in value.items()}
    return _imported_scalar(value)


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise Fault("Infinity and NaN are no numbers of FEEL.")
    return number


def _imported_scalar(value: Any) -> Any:
    if isinstance(value, int):
        return Decimal(int(value)) if not isinstance(value, bool) else bool(value)
    if isinstance(value, float):
        return _finite(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return _finite(value)
    for known in (str, datetime, date, time, timedelta):
        if isinstance(value, known):
            return value if known is not str else str(value)
    raise Fault(f"A Python value of type {type(value).__name__} has no meaning in FEEL.")
