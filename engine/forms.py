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
    components = schema.get("components", [])
    _read(components, data, taken, reading, path="")
    _refuse_unknown(_asked(components), data, reading, path="")
    if reading.refused:
        first = next(iter(reading.refused.items()))
        raise FormRefused(
            f"The form cannot be accepted: {first[0].lstrip('/')}: {first[1]}", fields=dict(reading.refused)
        )
    return taken


def _asked(components: list[dict[str, Any]], asked: dict[str, Any] | None = None) -> dict[str, Any]:
    """The keys that a form knows, also those that it hides.

    Each with None for a value, an object of what is inside for a group, a list with one such object for a list.
    """
    asked = {} if asked is None else asked
    for component in components:
        kind, inside = component.get("type"), str(component.get("path") or "")
        if kind in CONTAINERS:
            _asked(component.get("components", []), _at(asked, inside.split(".")) if inside else asked)
        elif kind == "dynamiclist":
            *parents, last = inside.split(".")
            _at(asked, parents)[last] = [_asked(component.get("components", []))]
        elif kind in FIELDS or kind == "expression":
            *parents, last = component["key"].split(".")
            _at(asked, parents)[last] = None
    return asked


def _at(asked: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """The object at a path, made where there is none; below a value or list everything goes."""
    for part in path:
        inner = asked.setdefault(part, {})
        asked = inner if isinstance(inner, dict) else {}
    return asked


def _refuse_unknown(asked: Mapping[str, Any], data: Mapping[str, Any], reading: _Reading, *, path: str) -> None:
    for key, value in data.items():
        place = f"{path}/{key}"
        inside = asked.get(key)
        if key not in asked:
            reading.refused[place] = "The form does not ask for this."
        elif isinstance(inside, list) and isinstance(value, list):
            for number, row in enumerate(value):
                if isinstance(row, Mapping):
                    _refuse_unknown(inside[0], row, reading, path=f"{place}/{number}")
        elif isinstance(inside, dict) and value is not None:
            if isinstance(value, Mapping):
                _refuse_unknown(inside, value, reading, path=place)
            else:
                reading.refused[place] = "This must be an object with fields of the form."


def _read(
    components: list[dict[str, Any]], data: Mapping[str, Any], taken: dict[str, Any], reading: _Reading, *, path: str
) -> None:
    """Take over what these components ask for."""
    data = _own(components, data, reading)
    for component in components:
        kind = component.get("type")
        if kind == "expression":
            _set(taken, component["key"], plain(_get(data, component["key"])))
        elif _is_hidden(component, data, reading):
            continue
        elif kind in CONTAINERS:
            _read_group(component, data, taken, reading, path=path)
        elif kind == "dynamiclist":
            _read_list(component, data, taken, reading, path=path)
        elif kind in FIELDS and not _is_locked(component):
            _read_field(component, data, taken, reading, path=path)


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
    group: dict[str, Any], data: Mapping[str, Any], taken: dict[str, Any], reading: _Reading, *, path: str
) -> None:
    inside, components = str(group.get("path") or ""), group.get("components", [])
    if not inside:
        _read(components, data, taken, reading, path=path)
        return
    found, before = _get(data, inside), _get(taken, inside)  # groups may share a path
    inner: dict[str, Any] = before if isinstance(before, dict) else {}
    _read(components, found if isinstance(found, Mapping) else {}, inner, reading, path=_below(path, inside))
    if inner:
        _set(taken, inside, inner)


def _read_list(
    component: dict[str, Any], data: Mapping[str, Any], taken: dict[str, Any], reading: _Reading, *, path: str
) -> None:
    key = str(component.get("path"))
    rows, place = _get(data, key) or [], _below(path, key)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        reading.refused[place] = "This must be a list of entries."
        return
    result = []
    for number, row in enumerate(rows):
        inner: dict[str, Any] = {}
        _read(component.get("components", []), row, inner, reading, path=f"{place}/{number}")
        result.append(inner)
    _set(taken, key, result)


def _read_field(
    component: dict[str, Any], data: Mapping[str, Any], taken: dict[str, Any], reading: _Reading, *, path: str
) -> None:
    key = component["key"]
    value = _get(data, key)
    ask = Ask(component, lambda text: reading.evaluate(text, data), reading.now)
    if is_empty(component, value):
        if ask.rule("required"):
            reading.refused[_below(path, key)] = f"{ask.label} is needed."
        elif value is not None or _has(data, key):
            _set(taken, key, value)
        return
    told = check_value(ask, value)
    if told:
        reading.refused[_below(path, key)] = told
    else:
        _set(taken, key, value)


def _below(path: str, key: str) -> str:
    """The JSON pointer of a key, which may lead into objects."""
    return f"{path}/{key.replace('.', '/')}"


def _has(data: Mapping[str, Any], key: str) -> bool:
    first, _, rest = key.partition(".")
    inner = data.get(first)
    return first in data and (not rest or (isinstance(inner, Mapping) and _has(inner, rest)))


def _get(data: Mapping[str, Any], key: str) -> Any:
    value: Any = data
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
