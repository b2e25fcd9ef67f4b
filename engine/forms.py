"""form-js schemas: checked at deployment, and enforced on the server for whatever a client submits.

What a form does not ask for is refused by name. Fields that the form hides, disables or shows read-only are dropped,
as form-js itself does; computed fields are computed here again. A task without a form takes any JSON object.
"""

import copy
import json
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from core.errors import InvalidInput
from core.records import dataclass
from engine.bpmn.findings import Findings
from engine.errors import FormRefused
from engine.feel import compile_expression
from engine.feel.values import plain
from engine.form_fields import FIELDS, Ask, check_value, is_empty
from engine.form_shapes import components_of

SHOWN = frozenset(
    {"text", "html", "image", "button", "separator", "spacer", "iframe", "table", "documentPreview"}
)  # ask for nothing
CONTAINERS = frozenset({"default", "group", "columns"})
MAXIMUM_SIZE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class FormName:
    """A form that a file defines."""

    key: str
    name: str


def check_form(content: bytes, findings: Findings) -> FormName | None:
    """The form's key and name, or None with findings."""
    if len(content) > MAXIMUM_SIZE:
        findings.error("form-size", f"The form is larger than {MAXIMUM_SIZE >> 20} MiB.")
        return None
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError) as error:
        findings.error("form-json", f"The form is not JSON: {error}.")
        return None
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        findings.error("form-schema", "The form is no form-js schema: it has no list of components.")
        return None
    if not isinstance(schema.get("id"), str) or not schema["id"]:
        findings.error("form-id", "The form has no id; tasks name it by its id.")
        return None
    seen: set[str] = set()
    for component, wrong in components_of(schema):
        for told in wrong:
            findings.error("form-component", told, element=_place(component))
        if not wrong:
            _check_component(component, seen, findings)
    return FormName(schema["id"], str(schema.get("name") or schema["id"]))


def _all(components: list[Any]) -> Iterator[dict[str, Any]]:
    for component in components:
        if isinstance(component, dict):
            yield component
            yield from _all(component.get("components") or [])


def _check_component(component: dict[str, Any], seen: set[str], findings: Findings) -> None:
    kind, key, place = str(component.get("type")), component.get("key"), _place(component)
    if kind not in {*SHOWN, *CONTAINERS, *FIELDS, "dynamiclist", "expression"}:
        findings.error("form-component", f"The component type {kind} is not known.", element=place)
        return
    if kind in FIELDS:
        if not isinstance(key, str) or not key:
            findings.error("form-key", f"A {kind} has no key.", element=place)
        elif key in seen and component.get("conditional") is None:
            findings.warning("form-key-twice", f"The key {key} is used by several components.", element=place)
        seen.add(str(key))
    for text in _expressions(component):
        try:
            compile_expression(text.strip().removeprefix("="))
        except InvalidInput as error:
            findings.error("expression", f"{text}: {error.sentence}", element=place)


def _place(component: Mapping[str, Any]) -> str:
    return str(component.get("key") or component.get("id") or component.get("type") or "component")


def _expressions(component: dict[str, Any]) -> Iterator[str]:
    candidates = [
        (component.get("conditional") or {}).get("hide"),
        component.get("expression"),
        component.get("valuesExpression"),
        *(value for value in (component.get("validate") or {}).values() if isinstance(value, str) and value[:1] == "="),
    ]
    yield from (text for text in candidates if isinstance(text, str) and text.strip())


@dataclass(slots=True)
class _Reading:
    """One submission on its way through a form."""

    variables: Mapping[str, Any]
    now: datetime
    refused: dict[str, str] = field(default_factory=dict)

    def evaluate(self, text: str, data: Mapping[str, Any]) -> Any:
        """A FEEL expression over what was submitted, then the case's variables."""
        seen = ChainMap(dict(data), self.variables)  # type: ignore[arg-type]
        return compile_expression(text.strip().removeprefix("=")).evaluate(seen, now=self.now).value


def accept(
    schema: Mapping[str, Any], data: Mapping[str, Any], variables: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The values that the form takes from a submission, as JSON. Raises `FormRefused` with a sentence per field."""
    reading = _Reading(variables, now)
    taken: dict[str, Any] = {}
    known = _read(schema.get("components", []), data, taken, reading, path="")
    for key in data:
        if key not in known:
            reading.refused[f"/{key}"] = "The form does not ask for this."
    if reading.refused:
        first = next(iter(reading.refused.items()))
        raise FormRefused(
            f"The form cannot be accepted: {first[0].lstrip('/')}: {first[1]}", fields=dict(reading.refused)
        )
    return taken


def _read(
    components: list[dict[str, Any]], data: Mapping[str, Any], taken: dict[str, Any], reading: _Reading, *, path: str
) -> set[str]:
    """Take over what these components ask for; the top-level keys that they know."""
    known: set[str] = set()
    data = _own(components, data, reading)
    for component in components:
        kind = component.get("type")
        hidden = _is_hidden(component, data, reading)
        if kind in CONTAINERS:
            known |= _read_group(component, data, taken, reading, path=path, hidden=hidden)
        elif kind == "dynamiclist":
            known.add(str(component.get("path")))
            if not hidden:
                _read_list(component, data, taken, reading, path=path)
        elif kind == "expression":
            known.add(_top(component["key"]))
            _put(taken, component["key"], plain(_get(data, component["key"])))
        elif kind in FIELDS:
            known.add(_top(component["key"]))
            if not hidden and not _is_locked(component):
                _read_field(component, data, taken, reading, path=path)
    return known


def _own(components: list[dict[str, Any]], data: Mapping[str, Any], reading: _Reading) -> Mapping[str, Any]:
    """What was submitted, without what nobody may enter: expressions see the case's values of it, or computed ones.

    Computed fields may use one another, in any order.
    """
    here = list(_side_by_side(components))
    computed = [each for each in here if each.get("type") == "expression"]
    open_keys = {each["key"] for each in here if each.get("type") in FIELDS and not _is_locked(each)}
    locked = {each["key"] for each in here if each.get("type") in FIELDS and _is_locked(each)}
    closed = (locked | {each["key"] for each in computed}) - open_keys
    if not closed:
        return data
    own = copy.deepcopy(dict(data))
    for key in closed:
        _set(own, key, _get(reading.variables, key))
    for _ in computed:
        before = [_get(own, each["key"]) for each in computed]
        for each in computed:
            _set(own, each["key"], reading.evaluate(each["expression"], own))
        if [_get(own, each["key"]) for each in computed] == before:
            break
    return own


def _side_by_side(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The components whose values lie in the same object: those of groups without a path, too."""
    for component in components:
        yield component
        if component.get("type") in CONTAINERS and not component.get("path"):
            yield from _side_by_side(component.get("components") or [])


def _is_locked(component: Mapping[str, Any]) -> bool:
    return bool(component.get("disabled") or component.get("readonly"))


def _set(data: dict[str, Any], key: str, value: Any) -> None:
    """Give a key this value whatever stood there, or on the way there."""
    *parents, last = key.split(".")
    for part in parents:
        inner = data.get(part)
        if not isinstance(inner, dict):
            inner = data[part] = {}
        data = inner
    data[last] = value


def _is_hidden(component: Mapping[str, Any], data: Mapping[str, Any], reading: _Reading) -> bool:
    hide = (component.get("conditional") or {}).get("hide")
    return isinstance(hide, str) and reading.evaluate(hide, data) is True


def _read_group(
    group: dict[str, Any],
    data: Mapping[str, Any],
    taken: dict[str, Any],
    reading: _Reading,
    *,
    path: str,
    hidden: bool,
) -> set[str]:
    inside = group.get("path") or ""
    components = [] if hidden else group.get("components", [])
    if not inside:
        return _read(components, data, taken, reading, path=path) | {
            _top(each["key"]) for each in _all(group.get("components", [])) if each.get("key")
        }
    inner: dict[str, Any] = {}
    found = data.get(inside)
    values = found if isinstance(found, Mapping) else {}
    _read(components, values, inner, reading, path=f"{path}/{inside}")
    if inner:
        taken[inside] = inner
    return {inside}


def _read_list(
    component: dict[str, Any], data: Mapping[str, Any], taken: dict[str, Any], reading: _Reading, *, path: str
) -> None:
    key = str(component.get("path"))
    rows = data.get(key) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        reading.refused[f"{path}/{key}"] = "This must be a list of entries."
        return
    result = []
    for number, row in enumerate(rows):
        inner: dict[str, Any] = {}
        known = _read(component.get("components", []), row, inner, reading, path=f"{path}/{key}/{number}")
        for unknown in row.keys() - known:
            reading.refused[f"{path}/{key}/{number}/{unknown}"] = "The form does not ask for this."
        result.append(inner)
    taken[key] = result


def _read_field(
    component: dict[str, Any], data: Mapping[str, Any], taken: dict[str, Any], reading: _Reading, *, path: str
) -> None:
    key = component["key"]
    value = _get(data, key)
    ask = Ask(component, lambda text: reading.evaluate(text, data))
    if is_empty(component, value):
        if ask.rule("required"):
            reading.refused[f"{path}/{key.replace('.', '/')}"] = f"{ask.label} is needed."
        elif value is not None or _has(data, key):
            _put(taken, key, value)
        return
    told = check_value(ask, value)
    if told:
        reading.refused[f"{path}/{key.replace('.', '/')}"] = told
    else:
        _put(taken, key, value)


def _top(key: str) -> str:
    return key.split(".", 1)[0]


def _has(data: Mapping[str, Any], key: str) -> bool:
    first, _, rest = key.partition(".")
    inner = data.get(first)
    return first in data and (not rest or (isinstance(inner, Mapping) and _has(inner, rest)))


def _get(data: Mapping[str, Any], key: str) -> Any:
    value: Any = data
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _put(taken: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for part in parents:
        taken = taken.setdefault(part, {})
    taken[last] = value
