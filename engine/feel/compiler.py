"""Turns a syntax tree into nested Python closures: one call per node, no look at the tree while it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from engine.feel import nodes
from engine.feel.run import Scope

Closure = Callable[[Scope], Any]
N = TypeVar("N", bound=nodes.Node)

_COMPILERS: dict[type[nodes.Node], Callable[["Compiler", Any], Closure]] = {}


def compiles(kind: type[N]) -> Callable[[Callable[["Compiler", N], Closure]], Callable[["Compiler", N], Closure]]:
    """Register how nodes of `kind` are compiled."""

    def register(function: Callable[["Compiler", N], Closure]) -> Callable[["Compiler", N], Closure]:
        _COMPILERS[kind] = function
        return function

    return register


class Compiler:
    """What is known while one expression is compiled: the names bound so far, and those left for the variables."""

    def __init__(self) -> None:
        self.certain: dict[str, nodes.Name] = {}  # names that only a variable can satisfy, with their first place
        self.possible: set[str] = set()  # names inside a filter: an entry of the item, or a variable
        self.reads_partial = False
        self.calls = False  # whether functions are called, which may need the decimal context
        self.nodes = 0
        self._bound: list[frozenset[str]] = []
        self._open = 0

    def compile(self, node: nodes.Node) -> Closure:
        """The closure that evaluates `node` in a scope."""
        self.nodes += 1
        return _COMPILERS[type(node)](self, node)

    def measured(self, node: nodes.Node) -> tuple[Closure, int]:
        """The closure of a part that runs repeatedly, and the steps that one round costs."""
        before = self.nodes
        closure = self.compile(node)
        return closure, self.nodes - before + 1

    @contextmanager
    def binding(self, *names: str, open_ended: bool = False) -> Iterator[None]:
        """Names of an inner scope; an open-ended one also has the entries of values not known yet."""
        self._bound.append(frozenset(names))
        self._open += open_ended
        yield
        self._open -= open_ended
        self._bound.pop()

    def is_bound(self, name: str) -> bool:
        """Whether an enclosing part introduces the name."""
        return any(name in names for names in self._bound)

    @property
    def is_open(self) -> bool:
        """Whether an item's entries may hide any variable here."""
        return self._open > 0

    def uses(self, node: nodes.Name) -> None:
        """Note that a variable is read."""
        if self.is_open:
            self.possible.add(node.name)
        else:
            self.certain.setdefault(node.name, node)
