"""The fields of a form-js schema as plain inputs of a page, and what was entered into them as fields again."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from core.records import dataclass
from storage.orm import Json

PREFIX = "field."  # of the names of inputs
TYPES = {
    "textfield": "text",
    "textarea": "textarea",
    "number": "number",
    "checkbox": "checkbox",
    "select": "select",
    "radio": "select",
    "checklist": "several",
    "taglist": "several",
}
MOMENTS = {"date": "date", "time": "time", "datetime": "datetime-local"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input: `kind` is text, textarea, number, checkbox, select, several, date, time or datetime-local."""

    name: str
    label: str
    kind: str
    value: Any
    options: tuple[tuple[str, str], ...]  # value and label
    is_needed: bool
    hint: str


def inputs(form: Json, fields: Mapping[str, Any]) -> list[Input]:
    """The inputs of a form, filled in; what a page cannot ask for, such as lists of entries, is left out."""
    return [
        Input(
            name=PREFIX + path,
            label=str(component.get("label") or component["key"]),
            kind=_kind(component),
            value=_get(fields, path),
            options=tuple((str(value), label) for value, label in _options(component)),
            is_needed=bool((component.get("validate") or {}).get("required")),
            hint=str(component.get("description") or ""),
        )
        for path, component in _components(form)
    ]


def entered(form: Json, given: "MultiDict[str, str]", before: Mapping[str, Any]) -> Json:
    """The fields as they were entered; those that the page has no input for stay as they were."""
    asked = [path for path, _ in _components(form)]
    known = _top_keys(form)
    found: Json = {key: _copy(value) for key, value in before.items() if key in known}
    for path in asked:
        _put(found, path, None)
    for path, component in _components(form):
        _put(found, path, _value(component, given.getlist(PREFIX + path)))
    return found


def shown(form: Json, fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Label and value of every field that has one, in the form's order; those of no form by their own names."""
    labelled = {path: str(component.get("label") or path) for path, component in _components(form)}
    found = [(label, _get(fields, path)) for path, label in labelled.items()]
    tops = {path.partition(".")[0] for path in labelled}
    found += [(key, value) for key, value in fields.items() if key not in tops]
    return [(label, value) for label, value in found if value not in (None, "", [], {})]


def _components(form: Json, inside: str = "") -> Iterator[tuple[str, Json]]:
    for component in form.get("components") or []:
        kind = component.get("type")
        if kind in ("default", "group", "columns"):
            yield from _components(component, f"{inside}{component['path']}." if component.get("path") else inside)
        elif component.get("key") and (kind in TYPES or kind == "datetime"):
            yield inside + str(component["key"]), component


def _top_keys(form: Json) -> set[str]:
    keys: set[str] = set()
    for component in form.get("components") or []:
        name = component.get("path") or component.get("key")
        if component.get("type") in ("default", "group", "columns") and not component.get("path"):
            keys |= _top_keys(component)
        elif name:
            keys.add(str(name).partition(".")[0])
    return keys


def _kind(component: Json) -> str:
    if component["type"] == "datetime":
        return MOMENTS.get(component.get("subtype", "date"), "date")
    return TYPES[component["type"]]


def _options(component: Json) -> Iterator[tuple[Any, str]]:
    for each in component.get("values") or []:
        if isinstance(each, Mapping):
            yield each.get("value"), str(each.get("label") or each.get("value"))
        else:
            yield each, str(each)


def _value(component: Json, texts: list[str]) -> Any:
    kind = _kind(component)
    if kind == "checkbox":
        return bool(texts)
    chosen = {str(value): value for value, _ in _options(component)}
    if kind == "several":
        return [chosen.get(text, text) for text in texts]
    text = texts[0].strip() if texts else ""
    if kind == "select":
        return chosen.get(text, text) if text else None
    if kind == "number" and text and not component.get("serializeToString"):
        return _number(text)
    return text or None


def _number(text: str) -> Any:
    try:
        number = Decimal(text.replace(" ", "").replace("\u00a0", "").replace(",", "."))
    except InvalidOperation:
        return text  # the form's own sentence says that it must be a number
    if not number.is_finite():
        return text
    return int(number) if number == number.to_integral_value() and number.adjusted() < 15 else float(number)


def _get(fields: Mapping[str, Any], path: str) -> Any:
    value: Any = fields
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _put(fields: Json, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        inner = fields.setdefault(part, {})
        fields = inner if isinstance(inner, dict) else {}
    if value is None:
        fields.pop(last, None)
    else:
        fields[last] = value


def _copy(value: Any) -> Any:
    return {key: _copy(inner) for key, inner in value.items()} if isinstance(value, Mapping) else value
