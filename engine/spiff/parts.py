"""The stored state of a wide case in parts: one for each token and long variable, several for each long list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from core.jsontext import to_json

WIDE = 64  # tokens; a case with more is stored in parts, and one with more items of a multi-instance activity
NARROW = 32  # tokens; one with fewer is stored in one piece again
LONG = [1_000]  # characters of JSON; a variable with more has a part of its own; also a list
CHUNK = [16]  # values of a list in one part; a list, so that tests can set it
LISTS = ("items", "out", "done")  # of a multi-instance activity; values in them are set once and never changed

Part: TypeAlias = tuple[int, list[Any]]  # number and content; numbers grow, so that parents come before their children


@dataclass(slots=True, kw_only=True)
class Stored:
    """What has to be written of a case: its state in one piece, or the rest of it beside the parts that changed.

    `changed` are numbers and contents as JSON, `gone` the numbers of parts that go; all before `first` go as well.
    """

    head: dict[str, Any]
    first: int = 0
    changed: dict[int, Any] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    size: int = 0  # bytes of all parts, about


def has_parts(snapshot: Mapping[str, Any]) -> bool:
    """Whether this is a state whose parts have to be read as well."""
    return "parts" in snapshot


def is_listed(internal: Mapping[str, Any]) -> bool:
    """Whether lists of a token have parts of their own."""
    return "done" in internal and len(internal["items"]) > CHUNK[0]


def has_long_lists(internal: Mapping[str, Any]) -> bool:
    """Whether lists of a token are too long to be stored in one piece with each of their instances."""
    return "done" in internal and len(internal["items"]) > WIDE


def split(snapshot: Mapping[str, Any], first: int) -> tuple[dict[str, Any], list[Part]]:
    """A state in one piece as the rest beside its parts, numbered from `first`; and the parts."""
    long = [name for name, value in snapshot["variables"].items() if is_long(value)]
    contents = [variable(name, snapshot["variables"][name]) for name in long]
    for token, name, parent, state, internal in snapshot["tokens"]:
        if is_listed(internal):
            contents.append([token, name, parent, state, without_lists(internal)])
            contents += [chunk for key in LISTS for chunk in chunks(token, key, internal[key])]
        else:
            contents.append([token, name, parent, state, internal])
    parts = [(first + number, content) for number, content in enumerate(contents)]
    variables = {name: value for name, value in snapshot["variables"].items() if name not in long}
    return {**snapshot, "variables": variables, "tokens": [], "parts": first + len(parts)}, parts


def without_lists(internal: Mapping[str, Any]) -> dict[str, Any]:
    """What stays with the token."""
    return {key: value for key, value in internal.items() if key not in LISTS}


def chunks(token: str, key: str, values: list[Any]) -> Iterable[list[Any]]:
    """The parts of one list: whose it is, which one, from which place on, and the values there."""
    size = CHUNK[0]
    return [[token, key, start, values[start : start + size]] for start in range(0, max(len(values), 1), size)]


def is_long(encoded: Any) -> bool:
    """Whether a variable has a part of its own."""
    return isinstance(encoded, str | list | dict) and len(to_json(encoded)) > LONG[0]


def variable(name: str, encoded: Any) -> list[Any]:
    """The part of a variable of the process."""
    return [None, "vars", name, encoded]


def is_variable(content: list[Any]) -> bool:
    """Whether a part is a variable of the process."""
    return content[0] is None


def whole(snapshot: Mapping[str, Any], parts: Iterable[Part]) -> dict[str, Any]:
    """The state in one piece again; it still says which numbers have been given to parts."""
    tokens = {token[0]: token for token in snapshot["tokens"]}
    variables = dict(snapshot["variables"])
    lists: list[list[Any]] = []
    for _, content in sorted(parts, key=lambda part: part[0]):
        if is_token(content):
            token, name, parent, state, internal = content
            tokens[token] = [token, name, parent, state, dict(internal)]
        elif is_variable(content):
            variables[content[2]] = content[3]
        else:
            lists.append(content)
    for token, key, _, values in sorted(lists, key=lambda chunk: chunk[2]):
        tokens[token][4].setdefault(key, []).extend(values)
    rest = {key: value for key, value in snapshot.items() if key != "rows"}
    return {**rest, "variables": variables, "tokens": list(tokens.values())}


def is_token(content: list[Any]) -> bool:
    """Whether a part is a token, not a piece of a list."""
    return len(content) == 5
