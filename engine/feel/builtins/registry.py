"""How a built-in function is declared, and how it asks for its arguments."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.errors import Fault
from engine.feel.kinds import Function, Signature, article

BUILTINS: dict[str, Function] = {}
_SIGNATURE = re.compile(r"([a-z ]+)\((.*)\)")

Implementation = Callable[..., Any]


def builtin(*signatures: str) -> Callable[[Implementation], Implementation]:
    """Declare `name(first, second?, rest...)`: the function gets the run and the arguments that were given."""
    matches = [_SIGNATURE.fullmatch(signature) for signature in signatures]
    names = {match[1] for match in matches if match}
    if len(names) != 1 or not all(matches):
        raise ValueError(f"not the signatures of one function: {signatures}")
    name = names.pop()
    read = tuple(_signature(match[2]) for match in matches if match)

    def register(function: Implementation) -> Implementation:
        BUILTINS[name] = Function(name, read, function)
        return function

    return register


def _signature(text: str) -> Signature:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    names = tuple(part.removesuffix("?").removesuffix("...") for part in parts)
    required = sum(not part.endswith("?") for part in parts)
    return Signature(names, required, repeats=bool(parts) and parts[-1].endswith("..."))


def single(value: Any) -> Any:
    """The item of a list of one, which FEEL takes for the item itself."""
    return value[0] if value.__class__ is list and len(value) == 1 else value


def number(value: Any, what: str = "The argument") -> Decimal:
    """A number; raises Fault for anything else."""
    value = single(value)
    if value.__class__ is not Decimal:
        raise Fault(f"{what} must be a number, not {article(value)}.")
    return value


def whole(value: Any, what: str = "The argument") -> int:
    """A whole number; a fraction is cut off."""
    taken = number(value, what)
    if taken.adjusted() > 15:
        raise Fault(f"{what} is too large.")
    return int(taken)


def text(value: Any, what: str = "The argument") -> str:
    """A string; raises Fault for anything else."""
    value = single(value)
    if value.__class__ is not str:
        raise Fault(f"{what} must be a string, not {article(value)}.")
    return value


def items(value: Any) -> list[Any]:
    """A list; any single value stands for the list of it, null is refused."""
    if value.__class__ is list:
        return value
    if value is None:
        raise Fault("The list must not be null.")
    return [value]


def spread(arguments: tuple[Any, ...]) -> list[Any]:
    """The items of a function that takes either one list or any number of values."""
    return items(arguments[0]) if len(arguments) == 1 else list(arguments)
