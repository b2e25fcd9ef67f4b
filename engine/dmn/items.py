"""Item definitions: named types with components, collections and allowed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.dmn.findings import Finding, place_in
from engine.dmn.xml import Element, child, children, line_of, tag, text_of, type_of
from engine.feel.errors import FeelSyntaxError
from engine.feel.expressions import UnaryTests, compile_unary_tests
from engine.feel.kinds import article
from engine.feel.run import Run
from engine.feel.type_check import can_serve, coerced
from engine.feel.type_parser import type_named
from engine.feel.types import ANY, Type


@dataclass(slots=True)
class Item:
    """One item definition or component."""

    name: str
    base: str = ""  # typeRef
    components: dict[str, "Item"] = field(default_factory=dict)
    is_collection: bool = False
    allowed: UnaryTests | None = None  # holds for every single item of a collection
    constraint: UnaryTests | None = None  # holds for the value as a whole
    function: Type | None = None
    line: int = 0


class Items:
    """The types of one model and of those that it imports."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self._types: dict[str, Type | None] = {}

    def read(self, root: Element, findings: list[Finding]) -> None:
        """Take the item definitions of a model."""
        for element in children(root, "itemDefinition"):
            item = _item(element, findings)
            self.items[item.name] = item

    def adopt(self, prefix: str, others: Mapping[str, Item]) -> None:
        """Take another model's types under the name of its import, or as they are when it has no name."""
        for name, item in others.items():
            if not prefix:
                self.items.setdefault(name, item)
                continue
            self.items[f"{prefix}.{name}"] = _prefixed(item, prefix, others)

    def settle(self) -> None:
        """Work out all types now: later, several threads read them at once."""
        for name in self.items:
            self.find(name)

    def knows(self, reference: str) -> bool:
        """Whether a typeRef means something."""
        reference = bare(reference)
        return not reference or reference in self.items or type_named(reference) is not None

    def find(self, name: str) -> Type | None:
        """The structure of a named type, for `instance of` and parameters."""
        name = bare(name)
        item = self.items.get(name)
        if item is None:
            return type_named(name)
        if name not in self._types:
            self._types[name] = None  # a type that contains itself ends here
            self._types[name] = self._structure(item)
        return self._types[name]

    def _structure(self, item: Item) -> Type:
        if item.function is not None:
            return item.function
        if item.components:
            parts = tuple(self._structure(part) for part in item.components.values())
            single = Type("context", parts, tuple(item.components))
        else:
            single = self.find(item.base) or ANY if item.base else ANY
        return Type("list", (single,)) if item.is_collection else single

    def accept(self, run: Run, value: Any, reference: str) -> tuple[Any, str]:
        """A value as its declared type takes it, and why it does not when the second part is not empty."""
        reference = bare(reference)
        if value is None or not reference or reference in {"Any", "any"}:
            return value, ""
        item = self.items.get(reference)
        if item is not None:
            return self._accept_item(run, value, item)
        built_in = type_named(reference)
        if built_in is None:
            return value, ""
        taken, fits = coerced(value, built_in, self.find)
        return (taken, "") if fits else (None, f"{article(value).capitalize()} is no {built_in}.")

    def _accept_item(self, run: Run, value: Any, item: Item) -> tuple[Any, str]:
        run.tick(1)
        if item.is_collection:
            return self._accept_collection(run, value, item)
        if value.__class__ is list and len(value) == 1 and not self._is_list(item):
            value = value[0]
        return self._accept_single(run, value, item)

    def _is_list(self, item: Item) -> bool:
        found = self.find(item.name)
        return found is None or found.name in {"list", "Any"}

    def _accept_collection(self, run: Run, value: Any, item: Item) -> tuple[Any, str]:
        taken = []
        for part in value if value.__class__ is list else [value]:
            single, reason = self._accept_single(run, part, item)
            if reason:
                return None, reason
            taken.append(single)
        return self._constrained(run, taken, item)

    def _accept_single(self, run: Run, value: Any, item: Item) -> tuple[Any, str]:
        reason = ""
        if value is None:
            return None, ""
        if item.components:
            value, reason = self._accept_components(run, value, item)
        elif item.function is not None:
            reason = "" if can_serve(value, item.function, self.find) else f"It is not of type {item.function}."
        elif item.base:
            value, reason = self.accept(run, value, item.base)
        if reason:
            return None, reason
        if item.allowed is not None and _passes(run, value, item.allowed) is not True:
            return None, f"The value is none of those that {item.name!r} allows."
        return (value, "") if item.is_collection else self._constrained(run, value, item)

    def _accept_components(self, run: Run, value: Any, item: Item) -> tuple[Any, str]:
        if value.__class__ is not dict:
            return None, f"{article(value).capitalize()} is no {item.name}."
        taken = dict(value)
        for name, part in item.components.items():
            if name not in value:
                return None, f"The entry {name!r} of {item.name!r} is missing."
            taken[name], reason = self._accept_item(run, value[name], part) if value[name] is not None else (None, "")
            if reason:
                return None, reason
        return taken, ""

    def _constrained(self, run: Run, value: Any, item: Item) -> tuple[Any, str]:
        if item.constraint is not None and _passes(run, value, item.constraint) is not True:
            return None, f"The value breaks the constraint of {item.name!r}."
        return value, ""


def _passes(run: Run, value: Any, tests: UnaryTests) -> Any:
    return tests.value(run, {"?": value})


def bare(reference: str) -> str:
    """A typeRef without the prefix of FEEL's own namespace."""
    prefix, colon, name = reference.strip().partition(":")
    return name.strip() if colon and "<" not in prefix else reference.strip()


def _prefixed(item: Item, prefix: str, own: Mapping[str, Item]) -> Item:
    base = f"{prefix}.{item.base}" if bare(item.base) in own else item.base
    parts = {name: _prefixed(part, prefix, own) for name, part in item.components.items()}
    return Item(
        item.name,
        base,
        parts,
        item.is_collection,
        item.allowed,
        item.constraint,
        function=item.function,
        line=item.line,
    )


def _item(element: Element, findings: list[Finding]) -> Item:
    components = {part.name: part for part in (_item(e, findings) for e in children(element, "itemComponent"))}
    return Item(
        name=" ".join((element.get("name") or "").split()),
        base=type_of(element),
        components=components,
        is_collection=element.get("isCollection") == "true",
        allowed=_tests(child(element, "allowedValues"), findings),
        constraint=_tests(child(element, "typeConstraint"), findings),
        function=_function(child(element, "functionItem")),
        line=line_of(element),
    )


def _function(element: Element | None) -> Type | None:
    if element is None:
        return None
    parts = tuple(_named(type_of(part)) for part in children(element, "parameters"))
    return Type("function", parts, result=_named(element.get("outputTypeRef") or ""))


def _named(reference: str) -> Type:
    reference = bare(reference)
    return (type_named(reference) or Type(reference)) if reference else ANY


def _tests(element: Element | None, findings: list[Finding]) -> UnaryTests | None:
    text = text_of(element)
    if element is None or not text:
        return None
    try:
        return compile_unary_tests(text)
    except FeelSyntaxError as error:
        sentence = f"{tag(element)}: {error.sentence} ({place_in(text, error.start, error.end)})"
        findings.append(Finding("feel.syntax", "error", sentence, line_of(element), element.get("id") or ""))
        return None
