"""The fields of a document: what its type's form asks for, and what every document may carry."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from core.errors import InvalidInput
from documents.words import printable, words
from storage.orm import Json

LARGEST = 64 << 10  # bytes of all fields of one document as JSON
MOST_TAGS = 50
LONGEST_TAG = 60  # characters


class FieldsRefused(InvalidInput):
    """The fields are not what the document's type asks for; `details["fields"]` maps JSON pointers to sentences."""

    code = "document_fields_refused"


class FieldForms(Protocol):
    """Reads form-js schemas as tasks do; the composition root fills it."""

    def problems(self, form: Json) -> list[str]:
        """What is wrong with a form, a sentence each."""

    def accept(self, form: Json, fields: Mapping[str, Any], *, now: datetime) -> Json:
        """The fields that the form takes, as JSON. Raises `FieldsRefused` with a sentence per field."""


def accepted(forms: FieldForms, form: Json, fields: Mapping[str, Any], *, now: datetime, complete: bool) -> Json:
    """The fields as they are kept; without a form any JSON object. Raises `FieldsRefused`.

    Unless it is to be `complete`, a needed field may still be missing: a draft is filed first and described later.
    """
    clean = _clean(fields)
    if len(json.dumps(clean, default=str)) > LARGEST:
        raise FieldsRefused(f"The fields are larger than {LARGEST >> 10} KiB; keep long texts in the file itself.")
    if not form.get("components"):
        return dict(clean)
    given = {key: value for key, value in clean.items() if value not in (None, "")}
    return forms.accept(form if complete else _optional(form), given, now=now)


def clean_tags(tags: Any) -> list[str]:
    """The tags as they are kept: small letters, sorted, each once. Raises `InvalidInput`."""
    found = {clean.casefold() for tag in tags if (clean := words("tags", tag.replace(",", " "), LONGEST_TAG))}
    if len(found) > MOST_TAGS:
        sentence = f"A document has {MOST_TAGS} tags at most."
        raise InvalidInput(sentence, fields={"/tags": sentence})
    return sorted(" ".join(tag.split()) for tag in found)


def labels(form: Json) -> dict[str, str]:
    """What the fields of a form are called, by key, in the form's order; fields inside groups too."""
    found: dict[str, str] = {}
    for component in form.get("components") or []:
        if component.get("components") and component.get("type") != "dynamiclist":
            inside = f"{component['path']}." if component.get("path") else ""
            found |= {inside + key: label for key, label in labels(component).items()}
        elif component.get("key") or component.get("type") == "dynamiclist":
            key = str(component.get("key") or component.get("path"))
            found[key] = str(component.get("label") or key)
    return found


def _optional(component: Json) -> Json:
    """The same form in which nothing is needed."""
    relaxed = dict(component)
    if isinstance(rules := component.get("validate"), Mapping):
        relaxed["validate"] = {name: rule for name, rule in rules.items() if name != "required"}
    if isinstance(inner := component.get("components"), list):
        relaxed["components"] = [_optional(each) for each in inner]
    return relaxed


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
