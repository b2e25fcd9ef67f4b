"""The description of the API (OpenAPI 3.1), made from the routes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core.core_schema import DecimalSchema

from core.ids import ALPHABET, LARGEST_NUMBER, LENGTH
from webapp.api.routing import Operation, Upload
from webapp.api.shapes import Problem
from webapp.errors import PROBLEM
from webapp.webhooks import catalogue

VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")
TITLES = {
    400: "The request is malformed",
    401: "Nobody is logged in, or the token is not valid",
    403: "The right is missing",
    404: "There is no such thing, or the caller may not know of it",
    409: "The state has moved on",
    412: "The version of the protocol is missing or not spoken here",
    413: "Too large",
    415: "The body is of a type that this address does not take",
    416: "The range begins behind the end",
    422: "The input is wrong; the details name each field",
    460: "A piece changed on its way and was thrown away",
    503: "A part is away for the moment",
}
ALWAYS = (400, 401, 503)
PLACES: dict[str, dict[str, Any]] = {  # what a path may hold, by its kind
    "": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    "id": {"type": "string", "pattern": f"^[{ALPHABET}]{{{LENGTH}}}$"},
    "int": {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER},
}


class _Schema(GenerateJsonSchema):
    """Amounts are numbers, or texts where a JSON number would lose digits."""

    def decimal_schema(self, schema: DecimalSchema) -> dict[str, Any]:
        """Both forms, in both directions."""
        del schema
        return {"type": ["number", "string"]}


def describe(operations: Iterable[Operation], *, version: str) -> dict[str, Any]:
    """The whole document."""
    operations = list(operations)
    adapters = _adapters(operations)
    schemas, definitions = TypeAdapter.json_schemas(
        [(key, key[1], adapter) for key, adapter in adapters.items()],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Schema,
    )
    named = {key[0]: schema for (key, _), schema in schemas.items()}
    paths: dict[str, Any] = {}
    for operation in operations:
        path = VARIABLE.sub(r"{\2}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, named, definitions)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Obieg",
            "version": version,
            "description": "Cases, tasks and documents. Errors are problem details (RFC 9457) with a stable `code`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}, {"browser": [], "form": []}],
        "paths": paths,
        "webhooks": catalogue.described(),
        "components": {
            "schemas": definitions.get("$defs", {}) | {"WebhookEvent": catalogue.ENVELOPE},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "browser": {"type": "apiKey", "in": "cookie", "name": "obieg"},
                "form": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
            },
        },
    }


Key = tuple[Any, JsonSchemaMode]


def _adapters(operations: list[Operation]) -> dict[Key, TypeAdapter[Any]]:
    wanted: dict[Key, TypeAdapter[Any]] = {(Problem, "serialization"): TypeAdapter(Problem)}
    for operation in operations:
        for kind in (operation.body, operation.query):
            if kind is not None:
                wanted.setdefault((kind, "validation"), TypeAdapter(kind))
        for answer in (operation.answer, operation.ordered):
            if answer is not None:
                wanted.setdefault((answer, "serialization"), TypeAdapter(answer))
    return wanted


def _operation(operation: Operation, named: dict[Any, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.tag}_{operation.method.lower()}_{operation.name}",
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation, named, definitions)],
        "responses": _responses(operation, named),
    }
    if operation.body is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": named[operation.body]}}}
    elif operation.upload is not None:
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": _upload(operation.upload)}}
    return described


def _upload(upload: Upload) -> dict[str, Any]:
    file: dict[str, Any] = {"type": "string", "contentMediaType": "application/octet-stream"}
    properties: dict[str, Any] = {"file": {"type": "array", "items": file, "minItems": 1} if upload.many else file}
    for name, meaning in upload.fields.items():
        properties[name] = {"type": "string", "description": meaning}
    return {"schema": {"type": "object", "required": ["file"], "properties": properties}}


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PLACES.get(kind, {"type": "string"})}
        for kind, name in VARIABLE.findall(operation.path)
    ]


def _query_parameters(operation: Operation, named: dict[Any, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = named[operation.query]
    if "$ref" in schema:
        schema = definitions["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": each}
        for name, each in schema.get("properties", {}).items()
    ]


def _implied(operation: Operation) -> Iterable[int]:
    """The refusals that follow from what an operation takes."""
    if VARIABLE.search(operation.path):
        yield 404
    if operation.body is not None or operation.query is not None or operation.upload is not None:
        yield 422


def _responses(operation: Operation, named: dict[Any, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        good["content"] = {operation.media: {"schema": named[operation.answer]}}
    elif operation.media != "application/json":
        good["content"] = {operation.media: {}}
    responses = {str(operation.status): good}
    if operation.ordered is not None:
        content = {operation.media: {"schema": named[operation.ordered]}}
        responses["202"] = {"description": "A worker does it; Location tells where to look", "content": content}
    for status in sorted({*ALWAYS, *_implied(operation), *operation.refusals}):
        responses[str(status)] = {
            "description": TITLES[status],
            "content": {PROBLEM: {"schema": named[Problem]}},
        }
    return responses
