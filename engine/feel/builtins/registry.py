"""How a built-in function is declared, and how it asks for its arguments."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.errors import Fault
from engine.feel.kinds import Function, Signature, article

BUILTINS: dict[str, Any] = {}  # functions, and the context of our own ones
OWN: dict[str, Function] = {}
OWN_NAME = "obieg"
_SIGNATURE = re.compile(r"([a-z ]+)\((.*)\)")

Implementation = Callable[..., Any]


def builtin(*signatures: str) -> Callable[[Implementation], Implementation]:
    """Declare `name(first, second?, rest...)`: the function gets the run and the arguments that were given.

    `second!` must be given by position but may be left out by name; `key: string` chooses between signatures.
    """
    return _declaring(signatures, BUILTINS)


def own(*signatures: str) -> Callable[[Implementation], Implementation]:
    """Declare a function of ours, which is called `obieg.name(…)`, so that it never hides one of the standard."""
    BUILTINS[OWN_NAME] = OWN
    return _declaring(signatures, OWN)


def _declaring(signatures: tuple[str, ...], target: dict[str, Any]) -> Callable[[Implementation], Implementation]:
    matches = [_SIGNATURE.fullmatch(signature) for signature in signatures]
    names = {match[1] for match in matches if match}
    if len(names) != 1 or not all(matches):
        raise ValueError(f"not the signatures of one function: {signatures}")
    name = names.pop()
    read = tuple(_signature(match[2]) for match in matches if match)

    def register(function: Implementation) -> Implementation:
        target[name] = Function(name, read, function)
        return function

    return register


def _signature(text: str) -> Signature:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    kinds = tuple(part.partition(":")[2].strip() for part in parts)
    marked = [part.partition(":")[0] for part in parts]
    names = tuple(part.removesuffix("?").removesuffix("...").removesuffix("!") for part in marked)
    return Signature(
        names,
        required=sum(not part.endswith("?") for part in marked),
        repeats=bool(marked) and marked[-1].endswith("..."),
        named=0 if any(part.endswith("!") for part in marked) else -1,
        kinds=kinds if any(kinds) else (),
    )


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
