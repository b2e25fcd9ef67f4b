"""Reads the expressions of a template without running them: which fields it asks for, and which do not exist."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jinja2 import nodes

from documents.templates.shapes import LIST, OPEN, RECORD, Field

ANYTHING = Field(name="", title="", kind=OPEN)
FIRST = {"first", "last", "random"}  # filters that give one item of a list
SAME = {"sort", "reverse", "list", "unique", "default", "d", "selectattr", "rejectattr", "select", "reject"}
FORBIDDEN = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@dataclass(slots=True)
class Asked:
    """What was found: dotted names that exist, and troubles with the line in which each stands."""

    fields: set[str] = field(default_factory=set)
    troubles: list[tuple[int, str, str]] = field(default_factory=list)  # line, expression, sentence


Scope = Mapping[str, tuple[Field, str]]  # what a name means, and its dotted name in the catalogue


def read(tree: nodes.Template, catalogue: Iterable[Field]) -> Asked:
    """Walk through a parsed template."""
    reader = _Reader()
    scope = {each.name: (each, each.name) for each in catalogue}
    reader.block(tree.body, scope)
    return reader.asked


class _Reader:
    def __init__(self) -> None:
        self.asked = Asked()

    def block(self, body: Iterable[nodes.Node], scope: Scope) -> Scope:
        for node in body:
            scope = self.statement(node, scope)
        return scope

    def statement(self, node: nodes.Node, scope: Scope) -> Scope:
        """What names mean after the statement."""
        if isinstance(node, FORBIDDEN):
            self.trouble(node, "", "A template cannot take in other files.")
        elif isinstance(node, nodes.For):
            self.loop(node, scope)
        elif isinstance(node, nodes.Assign):
            return {**scope, **self.bound(node.target, self.meaning(node.node, scope))}
        elif isinstance(node, nodes.With):
            inner = dict(scope)
            for target, value in zip(node.targets, node.values, strict=True):
                inner |= self.bound(target, self.meaning(value, scope))
            self.block(node.body, inner)
        elif isinstance(node, nodes.Macro):
            own = {each.name: (ANYTHING, "") for each in node.args}
            self.block(node.body, {**scope, **own, "caller": (ANYTHING, ""), "varargs": (ANYTHING, "")})
            return {**scope, node.name: (ANYTHING, "")}
        elif isinstance(node, nodes.Expr):
            self.meaning(node, scope)
        else:
            self.parts(node, scope)
        return scope

    def parts(self, node: nodes.Node, scope: Scope) -> None:
        for child in node.iter_child_nodes():
            if isinstance(child, nodes.Stmt):
                scope = self.statement(child, scope)
            else:
                self.meaning(child, scope)

    def loop(self, node: nodes.For, scope: Scope) -> None:
        found, name = self.meaning(node.iter, scope)
        if found.kind not in {LIST, OPEN}:
            self.trouble(node.iter, name, f"{name} is no list, so nothing can be repeated for it.")
        item = Field(name="", title="", kind=RECORD, fields=found.fields) if found.kind == LIST else ANYTHING
        inner = {**scope, **self.bound(node.target, (item, name)), "loop": (ANYTHING, "")}
        if node.test is not None:
            self.meaning(node.test, inner)
        self.block(node.body, inner)
        self.block(node.else_, scope)

    def bound(self, target: nodes.Node, value: tuple[Field, str]) -> dict[str, tuple[Field, str]]:
        if isinstance(target, nodes.Name):
            return {target.name: value}
        return {each.name: (ANYTHING, "") for each in target.find_all(nodes.Name)}

    def meaning(self, node: nodes.Node, scope: Scope) -> tuple[Field, str]:
        """What an expression gives; troubles on the way are noted."""
        if isinstance(node, nodes.Name):
            return self.name(node, scope)
        if isinstance(node, nodes.Getattr):
            return self.part(node, self.meaning(node.node, scope), node.attr)
        if isinstance(node, nodes.Getitem):
            return self.item(node, scope)
        if isinstance(node, nodes.Filter):
            return self.filtered(node, scope)
        if isinstance(node, nodes.CondExpr):
            self.meaning(node.test, scope)
            if node.expr2 is not None:
                self.meaning(node.expr2, scope)
            return self.meaning(node.expr1, scope)
        self.parts(node, scope)
        return ANYTHING, ""

    def name(self, node: nodes.Name, scope: Scope) -> tuple[Field, str]:
        if node.name in scope:
            found, name = scope[node.name]
            if name:
                self.asked.fields.add(name)
            return found, name
        if node.name in {"range", "namespace", "cycler", "joiner", "lipsum", "dict", "true", "false", "none"}:
            return ANYTHING, ""
        self.trouble(node, node.name, f"There is no field {node.name}{_nearest(node.name, scope)}")
        return ANYTHING, ""

    def item(self, node: nodes.Getitem, scope: Scope) -> tuple[Field, str]:
        whole = self.meaning(node.node, scope)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self.part(node, whole, node.arg.value)
        self.meaning(node.arg, scope)
        if whole[0].kind == LIST:
            return Field(name="", title="", kind=RECORD, fields=whole[0].fields), whole[1]
        return ANYTHING, ""

    def part(self, node: nodes.Node, whole: tuple[Field, str], name: str) -> tuple[Field, str]:
        found, before = whole
        if found.kind == OPEN or not before:
            return ANYTHING, ""
        if found.kind == RECORD:
            known = {each.name: each for each in found.fields}
            if name in known:
                self.asked.fields.add(f"{before}.{name}")
                return known[name], f"{before}.{name}"
            self.trouble(node, f"{before}.{name}", f"{before} has no field {name}{_nearest(name, known)}")
        elif found.kind == LIST:
            sentence = f"{before} is a list; write {{% for each in {before} %}} and then each.{name}."
            self.trouble(node, f"{before}.{name}", sentence)
        return ANYTHING, ""  # a text has methods, such as upper()

    def filtered(self, node: nodes.Filter, scope: Scope) -> tuple[Field, str]:
        for each in (*node.args, *(pair.value for pair in node.kwargs)):
            self.meaning(each, scope)
        if node.node is None:
            return ANYTHING, ""
        found, name = self.meaning(node.node, scope)
        if node.name in SAME:
            return found, name
        if node.name in FIRST and found.kind == LIST:
            return Field(name="", title="", kind=RECORD, fields=found.fields), name
        return ANYTHING, ""

    def trouble(self, node: nodes.Node, expression: str, sentence: str) -> None:
        self.asked.troubles.append((node.lineno, expression, sentence))


def _nearest(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else "."
