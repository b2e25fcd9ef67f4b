"""Context functions (DMN 1.5, table 78)."""

from typing import Any

from engine.feel.builtins.registry import builtin, items, single, text
from engine.feel.errors import Fault
from engine.feel.kinds import article
from engine.feel.run import Run

_DEEPEST = 60


def _context(value: Any) -> dict[str, Any]:
    value = single(value)
    if value.__class__ is not dict:
        raise Fault(f"The argument must be a context, not {article(value)}.")
    return value


@builtin("get value(m, key)", "get value(context, key)")
def get_value(_run: Run, context: Any, key: Any) -> Any:
    """The entry of that name, null when there is none."""
    return _context(context).get(text(key, "The key"))


@builtin("get entries(m)", "get entries(context)")
def get_entries(run: Run, context: Any) -> list[dict[str, Any]]:
    """A list of `{key, value}`, one for each entry."""
    run.tick(len(_context(context)))
    return [{"key": key, "value": value} for key, value in _context(context).items()]


@builtin("context(entries)")
def context(run: Run, entries: Any) -> dict[str, Any]:
    """The context of a list of `{key, value}`."""
    built: dict[str, Any] = {}
    run.tick(len(items(entries)))
    for entry in items(entries):
        if entry.__class__ is not dict or not {"key", "value"} <= entry.keys():
            raise Fault("Every entry must be a context of key and value.")
        key = text(entry["key"], "Every key")
        if key in built:
            raise Fault(f"The key {key!r} stands twice in the list.")
        built[key] = entry["value"]
    return built


@builtin("context put(context, key: string, value)", "context put(context, keys: list, value)")
def context_put(run: Run, target: Any, key: Any, value: Any) -> dict[str, Any]:
    """The context with an entry set; a list of keys leads into contexts within it."""
    run.tick(len(_context(target)))
    if key.__class__ is list:
        if not key:
            raise Fault("The list of keys is empty.")
        return _put(run, target, [text(part, "Every key") for part in key], value)
    return {**_context(target), text(key, "The key"): value}


def _put(run: Run, target: Any, keys: list[str], value: Any) -> dict[str, Any]:
    if len(keys) > _DEEPEST:
        raise Fault("There are too many keys.")
    outer = _context(target)
    run.tick(len(outer))
    if len(keys) == 1:
        return {**outer, keys[0]: value}
    return {**outer, keys[0]: _put(run, outer.get(keys[0], {}), keys[1:], value)}


@builtin("context merge(contexts)")
def context_merge(run: Run, contexts: Any) -> dict[str, Any]:
    """All entries of a list of contexts; a later one wins."""
    merged: dict[str, Any] = {}
    for part in items(contexts):
        run.tick(len(_context(part)))
        merged.update(_context(part))
    return merged
