"""JSON Schema as another way to write the fields of a type: its properties become the fields of a form."""

from typing import Any

from documents.fields import FieldsRefused
from storage.orm import Json

_IGNORED = {"$schema", "$id", "title", "description", "type", "properties", "required", "additionalProperties"}
_RULES = {
    "minLength": "minLength",
    "maxLength": "maxLength",
    "minimum": "min",
    "maximum": "max",
    "pattern": "pattern",
}
_TEXTS = {"date": "date", "date-time": "datetime", "time": "time"}
_KNOWN = {*_RULES, "type", "title", "description", "format", "enum", "items", "default", "examples", "uniqueItems"}


class SchemaRefused(FieldsRefused):
    """A JSON Schema asks for something that a form cannot ask for."""

    code = "document_schema_refused"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where} of the JSON Schema: {why}.", fields={f"/schema{where}": why})


def form_of(schema: Json) -> Json:
    """The form-js form of an object's schema. Raises `SchemaRefused` for what it cannot say: nothing is left out."""
    if unknown := sorted(schema.keys() - _IGNORED):
        raise SchemaRefused("/", f"{unknown[0]} cannot be used here")
    properties = schema.get("properties")
    if schema.get("type", "object") != "object" or not isinstance(properties, dict):
        raise SchemaRefused("/", "it must describe an object with properties")
    needed = set(schema.get("required") or ())
    if strange := sorted(needed - properties.keys()):
        raise SchemaRefused("/required", f"{strange[0]} is no property")
    components = [_component(key, rules, required=key in needed) for key, rules in properties.items()]
    return {"type": "default", "components": components}


def _component(key: str, schema: Any, *, required: bool) -> Json:
    where = f"/properties/{key}"
    if not isinstance(schema, dict):
        raise SchemaRefused(where, "it must be an object")
    if unknown := sorted(schema.keys() - _KNOWN):
        raise SchemaRefused(where, f"{unknown[0]} cannot be used here")
    rules = {ours: schema[theirs] for theirs, ours in _RULES.items() if theirs in schema}
    component = {"key": key, "label": schema.get("title") or key, **_kind(where, schema)}
    if schema.get("description"):
        component["description"] = schema["description"]
    if schema.get("format") == "email":
        rules["validationType"] = "email"
    if required:
        rules["required"] = True
    return component | ({"validate": rules} if rules else {})


def _kind(where: str, schema: Json) -> Json:
    match schema.get("type"):
        case "string" if "enum" in schema:
            return {"type": "select", "values": _values(where, schema["enum"])}
        case "string" if schema.get("format") in _TEXTS:
            return {"type": "datetime", "subtype": _TEXTS[schema["format"]]}
        case "string" if schema.get("format") in (None, "email", "uri"):
            return {"type": "textfield"}
        case "number":
            return {"type": "number"}
        case "integer":
            return {"type": "number", "decimalDigits": 0}
        case "boolean":
            return {"type": "checkbox"}
        case "array" if isinstance(schema.get("items"), dict) and "enum" in schema["items"]:
            return {"type": "checklist", "values": _values(where, schema["items"]["enum"])}
    raise SchemaRefused(where, "use string, number, integer, boolean, or an array of enum")


def _values(where: str, values: Any) -> list[Json]:
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise SchemaRefused(where, "enum must be a list of texts")
    return [{"label": each, "value": each} for each in values]
