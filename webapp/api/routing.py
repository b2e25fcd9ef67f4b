"""One declarative description per route: what it takes, what it answers; checks requests and feeds OpenAPI."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import InvalidInput
from core.records import dataclass
from webapp.api.json_body import answer_json, read_json
from webapp.errors import BadRequest

View = Callable[..., Any]


class Body(BaseModel):
    """The base of all request bodies and queries: unknown fields are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, defer_build=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A multipart body: one or more files named `file`, and the text fields beside them by name and meaning."""

    fields: Mapping[str, str]
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route as OpenAPI describes it."""

    method: str
    path: str
    name: str
    tag: str
    summary: str
    body: type[Body] | None = None
    query: type[Body] | None = None
    upload: Upload | None = None
    answer: Any = None
    status: int = 200
    ordered: Any = None  # the answer 202 of work that a worker does
    media: str = "application/json"
    refusals: tuple[int, ...] = ()


class Routes:
    """The routes of one part of the API."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.blueprint = Blueprint(f"api_{tag}".replace(" ", "_"), __name__, url_prefix="/api/v1")
        self.operations: list[Operation] = []

    def get(self, path: str, summary: str, **more: Any) -> Callable[[View], View]:
        """A route that reads."""
        return self._route("GET", path, summary, more)

    def post(self, path: str, summary: str, **more: Any) -> Callable[[View], View]:
        """A route that makes or does something."""
        return self._route("POST", path, summary, more)

    def patch(self, path: str, summary: str, **more: Any) -> Callable[[View], View]:
        """A route that changes parts of something."""
        return self._route("PATCH", path, summary, more)

    def delete(self, path: str, summary: str, **more: Any) -> Callable[[View], View]:
        """A route that takes something away."""
        return self._route("DELETE", path, summary, more)

    def options(self, path: str, summary: str, **more: Any) -> Callable[[View], View]:
        """A route that tells what an address can do."""
        return self._route("OPTIONS", path, summary, more)

    def _route(self, method: str, path: str, summary: str, more: dict[str, Any]) -> Callable[[View], View]:
        def register(view: View) -> View:
            operation = Operation(method=method, path=path, name=view.__name__, tag=self.tag, summary=summary, **more)
            self.operations.append(operation)
            endpoint = f"{method.lower()}_{view.__name__}"
            self.blueprint.add_url_rule(path, endpoint, _served(operation, view), methods=[method])
            return view

        return register


def _served(operation: Operation, view: View) -> View:
    @functools.wraps(view)
    def serve(**arguments: str) -> Any:
        values: dict[str, Any] = dict(arguments)
        if operation.query is not None:
            values["query"] = checked(operation.query, _query(operation.query))
        if operation.body is not None:
            values["body"] = checked(operation.body, read_json())
        result = view(**values)
        if isinstance(result, Response):
            return result
        return answer_json(result, status=operation.status)

    return serve


def checked(model: type[Body], values: Any) -> Any:
    """The values as the model wants them. Raises `InvalidInput` that names every wrong field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = {_pointer(each["loc"]): each["msg"] for each in error.errors(include_url=False, include_input=False)}
        named = "; ".join(f"{pointer or 'the body'}: {message}" for pointer, message in fields.items())
        raise InvalidInput(f"The request has wrong fields: {named}.", fields=fields) from None


def _pointer(path: tuple[int | str, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _query(model: type[Body]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, texts in request.args.lists():
        if len(texts) > 1:
            raise BadRequest(
                f"The query names {name} {len(texts)} times; once is enough.", fields={f"/{name}": "twice"}
            )
        if "\0" in texts[0]:
            raise BadRequest(f"The query's {name} contains a NUL character.", fields={f"/{name}": "contains NUL"})
        if texts[0] or name not in model.model_fields:
            values[name] = texts[0]  # an empty one asks for nothing
    return values
