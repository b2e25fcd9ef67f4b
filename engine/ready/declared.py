"""How a ready operation is declared: its name, its typed inputs and outputs in FEEL, the errors that it reports."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from core.records import dataclass
from engine.feel.kinds import article
from engine.feel.type_check import coerced
from engine.feel.type_parser import type_named
from engine.feel.types import ANY, Type

Place = Literal["local", "outside", "worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One input or output; `type` is a FEEL type such as `string` or `list<string>`.

    `choices` are the texts that it may be; `example` is what a designer could write, FEEL after `=`.
    """

    name: str
    type: str
    title: str
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    lines: int = 1  # that an editor offers to write in
    refers: Literal["", "decision", "template"] = ""  # a constant names one that must be deployed
    example: str = ""

    @property
    def feel_type(self) -> Type:
        """The type as FEEL knows it."""
        return type_named(self.type) or ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error that the operation reports to the process, to be caught by its code; `HTTP_4xx` stands for many."""

    code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One entry of the catalogue.

    `place` says where its work is done: `local` inside the transaction of the step, `outside` in a job that may be
    repeated with the same key, `worker` by a program that fetches the topic. `free_inputs` allows inputs of any name.
    """

    name: str
    title: str
    description: str
    place: Place
    inputs: tuple[Parameter, ...] = ()
    outputs: tuple[Parameter, ...] = ()
    faults: tuple[Fault, ...] = ()
    free_inputs: bool = False

    def input(self, name: str) -> Parameter | None:
        """The input of that name."""
        return next((each for each in self.inputs if each.name == name), None)

    def taken(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """The inputs as the operation takes them, and what is wrong with them, empty where nothing is.

        A single value stands for a list of one; an optional input that is null is left out, a list has no null in it.
        """
        found: dict[str, Any] = {}
        for each in self.inputs:
            value = values.get(each.name)
            if value is None:
                if each.required:
                    return {}, f"the input {each.name} is null; it must be {_a(each.type)}"
                continue
            fitting, fits = coerced(value, each.feel_type)
            if not fits or fitting is None:
                return {}, f"the input {each.name} is {article(value)}; it must be {_a(each.type)}"
            if each.feel_type.parts and isinstance(fitting, list) and None in fitting:
                return {}, f"the input {each.name} has null in it; it must be {_a(each.type)}"
            if each.choices and fitting not in each.choices:
                return {}, f"the input {each.name} is {fitting!r}; it must be one of {', '.join(each.choices)}"
            found[each.name] = fitting
        return found, ""

    def unknown_output(self, names: Mapping[str, Any]) -> str | None:
        """A name that the operation does not give, None when there is none."""
        known = {each.name for each in self.outputs}
        return next((name for name in names if name not in known), None)


def _a(name: str) -> str:
    return "given" if name == "Any" else f"a {name}"


class Operations:
    """The operations by name."""

    def __init__(self) -> None:
        self._declared: dict[str, Operation] = {}
        self.templates: frozenset[str] = frozenset()  # of documents, that ship with process packages

    def declare(self, operation: Operation) -> Operation:
        """Add one. Raises `ValueError` for a name that is taken and for a type that is none."""
        if operation.name in self._declared:
            raise ValueError(f"the operation {operation.name} exists already")
        for each in (*operation.inputs, *operation.outputs):
            if type_named(each.type) is None:
                raise ValueError(f"{each.type} of {operation.name}.{each.name} is no FEEL type")
        self._declared[operation.name] = operation
        return operation

    def ship_templates(self, names: Iterable[str]) -> None:
        """Make templates of installed packages known by their names."""
        self.templates |= frozenset(names)

    def take_back(self, name: str) -> None:
        """Forget one, as tests that declare their own do."""
        self._declared.pop(name, None)

    def find(self, name: str | None) -> Operation | None:
        """The operation of that name."""
        return self._declared.get(name or "")

    def why_absent(self, name: str | None) -> str | None:
        """Why no task can call it by its name, where that is known."""
        operation = self.find(name)
        if operation is not None and operation.place == "worker":
            return 'workers do it; set camunda:type="external" and camunda:topic in place of obieg:handler.'
        return None

    def nearest(self, name: str) -> str | None:
        """The name that was meant, perhaps."""
        return next(iter(difflib.get_close_matches(name, self._declared, n=1, cutoff=0.6)), None)

    def __iter__(self) -> Iterator[Operation]:
        return (self._declared[name] for name in sorted(self._declared))


OPERATIONS = Operations()
