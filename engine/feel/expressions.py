"""The doors of FEEL: compile a text once, evaluate it as often as needed."""

import decimal
import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from engine.feel import compile_functions, compile_loops, compile_operators, compile_values, nodes
from engine.feel.builtins import BUILTINS
from engine.feel.builtins.registry import OWN
from engine.feel.compiler import Closure, Compiler
from engine.feel.errors import Fault, FeelSyntaxError, LimitExceeded, Problem
from engine.feel.kinds import CONTEXT, imported
from engine.feel.lexer import KEYWORDS, tokenize, words_of
from engine.feel.parser import parse_expression, parse_unary_tests
from engine.feel.run import Run, Scope

_REGISTERED = (compile_functions, compile_loops, compile_operators, compile_values)  # each registers its nodes
_LONG_BUILTINS = tuple(name for name in (*BUILTINS, *OWN) if " " in name)
_NO_NAMES: frozenset[str] = frozenset()
OPEN = "*"  # among local names: the scope may have entries that are not known yet


class Outcome(NamedTuple):
    """What an expression came to; where a part of it was wrong, that part is null and a problem says why."""

    value: Any
    problems: tuple[Problem, ...]


class Expression:
    """An expression ready to be evaluated any number of times, by any number of threads."""

    __slots__ = ("_calls", "_may_join", "certain", "closure", "names", "node", "text")

    def __init__(
        self,
        text: str,
        names: frozenset[str],
        parse: Callable[[str, Iterable[str]], nodes.Node],
        local: frozenset[str] = _NO_NAMES,
    ) -> None:
        compiler = Compiler()
        try:
            self.node = parse(text, (*_LONG_BUILTINS, *names))
            with compiler.binding(*local, open_ended=OPEN in local):
                self.closure: Closure = compiler.compile(self.node)
        except RecursionError:
            raise FeelSyntaxError("The expression nests too deeply.", 0, len(text)) from None
        self.text = text
        self.certain = compiler.certain  # variables that are read for sure, by name, with their first place
        self.names = frozenset(compiler.certain) | (compiler.possible - BUILTINS.keys())
        self._may_join = not names and _has_neighbours(text)
        self._calls = compiler.calls

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text!r}>"

    def evaluate(self, variables: Mapping[str, Any], *, now: datetime | None = None) -> Outcome:
        """The value for these variables, Python's own numbers included; never raises."""
        if self._may_join and (fitting := self.fitting(variables)) is not self:
            return fitting.evaluate(variables, now=now)
        run = Run(variables, now)
        if self._calls:
            return self._outcome(run)
        try:  # without calls, nothing depends on the thread's decimal context
            value = self.closure(Scope({}, None, run))
            if value.__class__ is list or value.__class__ is dict:
                run.measure(value)
            run.settle()
            return Outcome(value, tuple(run.problems))
        except (Fault, LimitExceeded, RecursionError, MemoryError):
            return self._outcome(Run(variables, now))

    def _outcome(self, run: Run) -> Outcome:
        value = self.value(run)
        run.settle()
        return Outcome(value, tuple(run.problems))

    def fitting(self, variables: Mapping[str, Any]) -> "Expression":
        """The expression as it reads among these variables: one of them may have a name of several words."""
        names = _joined_names(variables) if self._may_join else None
        return _again(self, names) if names else self

    def value(self, run: Run, local: dict[str, Any] | None = None) -> Any:
        """The value inside a run that somebody else began; problems and limits are noted there."""
        return bounded(run, lambda: self.closure(Scope({} if local is None else local, None, run)))


def bounded(run: Run, work: Callable[[], Any]) -> Any:
    """Do a part of an evaluation with 34 digits; what exceeds a limit becomes null with a problem."""
    context = decimal.getcontext()
    decimal.setcontext(CONTEXT)
    try:
        value = work()
        if value.__class__ is list or value.__class__ is dict:
            run.measure(value)  # shared parts count each time: whoever stores the value writes them out
    except (Fault, LimitExceeded) as limit:
        run.problem(str(limit), 0, 0)
    except RecursionError:
        run.problem("The expression nests too deeply.", 0, 0)
    except MemoryError:
        run.problem("The expression needs too much memory.", 0, 0)
    else:
        return value
    finally:
        decimal.setcontext(context)
    return None


class UnaryTests(Expression):
    """The content of a decision table's input cell."""

    __slots__ = ()

    def accepts(
        self, value: Any, variables: Mapping[str, Any] | None = None, *, now: datetime | None = None
    ) -> Outcome:
        """Whether `value` passes: true, false, or null with problems."""
        given = {} if variables is None else variables
        fitting = self.fitting(given)
        if fitting is not self and isinstance(fitting, UnaryTests):
            return fitting.accepts(value, given, now=now)
        run = Run(given, now)
        verdict = bounded(run, lambda: self.closure(Scope({"?": imported(value)}, None, run)))
        run.settle()
        return Outcome(verdict, tuple(run.problems))

    def evaluate(self, variables: Mapping[str, Any], *, now: datetime | None = None) -> Outcome:
        """Whether the variable `?` passes; never raises."""
        return self.accepts(variables.get("?"), variables, now=now)


@lru_cache(maxsize=4096)
def _expression(text: str, names: frozenset[str], local: frozenset[str] = _NO_NAMES) -> Expression:
    return Expression(text, names, parse_expression, local)


@lru_cache(maxsize=4096)
def _unary(text: str, names: frozenset[str], local: frozenset[str] = _NO_NAMES) -> UnaryTests:
    return UnaryTests(text, names, parse_unary_tests, local)


def compile_expression(text: str, names: Iterable[str] = _NO_NAMES, *, local: frozenset[str] = _NO_NAMES) -> Expression:
    """An expression, cached; raises FeelSyntaxError.

    `names` are those of variables and their entries that may be of several words; without them, words side by side
    are taken for one name and the variables' own names are looked at when it is evaluated. `local` are the names that
    the scope it is evaluated in has before the variables.
    """
    return _expression(text, _joined(names), local)


def compile_unary_tests(
    text: str, names: Iterable[str] = _NO_NAMES, *, local: frozenset[str] = _NO_NAMES
) -> UnaryTests:
    """A decision table's input cell, cached; raises FeelSyntaxError."""
    return _unary(text, _joined(names), local)


def _again(expression: Expression, names: frozenset[str]) -> Expression:
    try:
        return (
            _unary(expression.text, names)
            if isinstance(expression, UnaryTests)
            else _expression(expression.text, names)
        )
    except FeelSyntaxError:
        return expression


def _joined(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if not name.isidentifier())


def _has_neighbours(text: str) -> bool:
    """Whether a name of several words could stand in the text: a word with another word or a sign behind it."""
    return any(
        one.kind == "word"
        and one.text not in KEYWORDS
        and (two.kind in {"word", "number"} or (two.kind == "op" and two.text in "+-*/'"))
        for one, two in itertools.pairwise(tokenize(text))
    )


def _joined_names(variables: Mapping[str, Any]) -> frozenset[str]:
    found: set[str] = set()
    _collect(variables, found, 0)
    return frozenset(name for name in found if words_of(name))


def _collect(value: Any, found: set[str], depth: int) -> None:
    if isinstance(value, Mapping):
        found.update(key for key in value if isinstance(key, str) and not key.isidentifier())
        for item in value.values():
            if depth < 6 and item.__class__ in {dict, list}:
                _collect(item, found, depth + 1)
    elif isinstance(value, list):
        for item in value[:3]:
            if item.__class__ is dict:
                _collect(item, found, depth + 1)
