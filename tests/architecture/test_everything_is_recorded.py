"""Every command leaves an event, and no route gives out content or an export without one; read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from core.executor import REGISTRY
from core.messages import Command
from webapp.bootstrap import load_contexts

ROOT = Path(__file__).parents[2]
CONTEXTS = ("core", "storage", "engine", "documents", "crm", "audit", "processes", "webapp")
UNTOLD = {  # commands without an event, and why
    "NoteFailure": "the failed log-in is counted by audit.refusals and told from there",
    "FetchExternalTasks": "that a program looks after a step changes no case; what it completes is told",
    "ExtendExternalLock": "the same",
    "StartUpload": "what goes up is no document before it is filed",
    "NoteStored": "the same",
    "DropUpload": "the same",
    "ForgetUploads": "an upload that nobody finished has never been a document",
    "Recompute": "due dates are worked out anew, from rules and events that were told",
    "PlaceOrder": "what a worker makes of it is told, and so is what it read",
    "EndOrder": "the command in it tells what was filed",
    "RefuseOrder": "nothing came of it",
    "DraftImport": "a file that is looked at changes no record; what is started is told",
    "ArrangeImport": "the same",
    "SaveMapping": "the same",
    "UndoImport": "what is taken back is told, record by record and at the end",
    "OrderExport": "what a worker writes of it is told, with the number of records",
    "StartDunnings": "each case that is started for an overdue invoice is told",
    "StartGreetings": "the same, for whose day it is",
    "BeginNight": "each case that is started for an overdue invoice is told",
    "ClaimHandover": "what becomes of the try is told, and each try stands with the hand-over",
    "ForgetDeliveries": "the trail keeps the events that were delivered",
    "NotePlace": "each thing that the ERP said is told",
    "BeginSecondFactor": "nothing holds before its confirmation, which is told",
    "KeepDraft": "what stands in a form that was not sent is no decision; sending it is told",
    "ForgetVisits": "it was known of nobody that they had made these visits",
    "NoteTokenUse": "how a token was used stands in the entries of what it did",
}
GIVING = {"send_version", "send_file", "send_from_directory"}  # what sends content to a browser or a program
NOTED = {
    "ReadDocument",
    "LookAtPage",
    "NoteOfferRead",
    "OpenShare",
    "ExportEvidence",
    "ExportLog",
    "export",
    "export_document",
}  # what tells the trail of it
UNTOLD_ROUTES = {  # "module.function": why nothing is told of it
    "webapp.pages.document_views.document_thumbnail": "a picture of 240 pixels, shown in lists, is too small to read",
}

Function = tuple[str, str]  # module and name


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of ours, by its dotted name."""
    found = {}
    for context in CONTEXTS:
        for path in (ROOT / context).rglob("*.py"):
            if "node_modules" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                found[name] = ast.parse(path.read_text())
    return found


@cache
def functions() -> dict[Function, ast.AST]:
    """Every function and method, by module and bare name."""
    return {
        (module, node.name): node
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


@cache
def used(function: Function) -> frozenset[str]:
    """All names and attributes in a function."""
    nodes = list(ast.walk(functions()[function]))
    attributes = {each.attr for each in nodes if isinstance(each, ast.Attribute)}
    return frozenset(attributes | {each.id for each in nodes if isinstance(each, ast.Name)})


@cache
def imported(module: str) -> dict[str, tuple[str, str | None]]:
    """What a module's imported names stand for: a module, and a name in it."""
    found: dict[str, tuple[str, str | None]] = {}
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                whole = f"{node.module}.{each.name}"
                found[each.asname or each.name] = (whole, None) if whole in trees() else (node.module, each.name)
    return found


@cache
def methods() -> dict[tuple[str, str], Function]:
    """What a context defines once under a bare name, for calls on objects whose class the source does not tell."""
    found: dict[tuple[str, str], list[Function]] = {}
    for module, name in functions():
        found.setdefault((module.partition(".")[0], name), []).append((module, name))
    return {key: value[0] for key, value in found.items() if len(value) == 1}


@cache
def called(function: Function) -> frozenset[Function]:
    """What the body of a function calls, as far as the source tells."""
    return frozenset(_called(function[0], functions()[function])) & functions().keys()


def _called(module: str, node: ast.AST) -> Iterator[Function]:
    names = imported(module)
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            if each.id in names and names[each.id][1]:
                target, name = names[each.id]
                yield target, str(name)
            else:
                yield module, each.id
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            owner = each.func.value
            if isinstance(owner, ast.Name) and names.get(owner.id, ("", ""))[1] is None:
                yield names[owner.id][0], each.func.attr
            elif not (isinstance(owner, ast.Attribute) and owner.attr in {"session", "connection"}):
                found = methods().get((module.partition(".")[0], each.func.attr))
                yield from [found] if found is not None else []


def reaches(start: Function, wanted: set[str]) -> bool:
    """Whether a function, or what it calls, uses one of these names."""
    todo, seen = [start] if start in functions() else [], set[Function]()
    while todo:
        function = todo.pop()
        if function in seen:
            continue
        seen.add(function)
        if used(function) & wanted:
            return True
        todo.extend(called(function))
    return False


def handled() -> list[tuple[type[Command], Function]]:
    load_contexts()
    found = []
    for command in REGISTRY.commands():
        function = REGISTRY.of(command).function
        if function.__module__ in trees():
            found.append((command, (function.__module__, function.__name__)))
    return found


def test_every_command_leaves_an_event() -> None:
    silent = [command.__name__ for command, function in handled() if not reaches(function, {"emit"})]

    assert sorted(set(silent) - UNTOLD.keys()) == []


def test_no_command_is_excused_without_need() -> None:
    silent = {command.__name__ for command, function in handled() if not reaches(function, {"emit"})}

    assert UNTOLD.keys() - silent == set()


def test_whatever_gives_out_content_tells_the_trail() -> None:
    silent = []
    for module, tree in trees().items():
        if not module.startswith(("webapp.api", "webapp.pages")):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and reaches((module, node.name), GIVING):
                told = reaches((module, node.name), NOTED)
                if not told and f"{module}.{node.name}" not in UNTOLD_ROUTES:
                    silent.append(f"{module}.{node.name}")

    assert silent == []


def test_the_exports_of_the_command_line_tell_the_trail() -> None:
    tree = trees()["webapp.cli.exports"]
    commands = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name != "exports"]

    assert [name for name in commands if not reaches(("webapp.cli.exports", name), NOTED)] == []
