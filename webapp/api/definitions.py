"""Deploying and reading definitions."""

from __future__ import annotations

from flask import Response

from core.errors import InvalidInput
from engine import queries
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.views import DefinitionView
from webapp.api.routing import Body, Routes, Upload
from webapp.api.shapes import DefinitionList, Definitions
from webapp.uploads import receive_small_files
from webapp.web import run, view

routes = Routes("definitions")
MEDIA = {
    "process": "application/bpmn+xml",
    "decision": "application/dmn+xml",
    "form": "application/json",
    "template": "application/octet-stream",
}


class DefinitionQuery(Body):
    """Which definitions."""

    kind: str | None = None
    key: str | None = None


@routes.post(
    "/definitions",
    "Deploy files: all of them, or none",
    upload=Upload(many=True, fields={"dry_run": "true: check only, deploy nothing"}),
    answer=Definitions,
    status=201,
    refusals=(403, 413, 422),
)
def deploy() -> Definitions:
    """Deploy the uploaded files."""
    files, fields = receive_small_files()
    if fields.get("dry_run", "false") not in {"true", "false"}:
        raise InvalidInput("dry_run must be true or false.", fields={"/dry_run": "true or false"})
    deployment = tuple(DeploymentFile(name=file.name, content=file.content) for file in files)
    done = run(DeployDefinitions(files=deployment, dry_run=fields.get("dry_run") == "true"))
    return Definitions(definitions=done)


@routes.get(
    "/definitions", "The newest version of everything that is deployed", query=DefinitionQuery, answer=DefinitionList
)
def definitions(query: DefinitionQuery) -> DefinitionList:
    """List definitions."""
    with view() as reading:
        found = queries.definitions(reading)
    kept = [each for each in found if query.kind in {None, each.kind} and query.key in {None, each.key}]
    return DefinitionList(items=kept)


@routes.get("/definitions/<id:definition_id>", "One definition", answer=DefinitionView, refusals=(404,))
def definition(definition_id: str) -> DefinitionView:
    """Read one definition."""
    with view() as reading:
        return queries.definition(reading, definition_id)


@routes.get("/definitions/<id:definition_id>/xml", "Its file as it was deployed", media="*/*", refusals=(404,))
def definition_xml(definition_id: str) -> Response:
    """The bytes that were deployed."""
    with view() as reading:
        kind = queries.definition(reading, definition_id).kind
        content = queries.definition_xml(reading, definition_id)
    return Response(content, mimetype=MEDIA.get(kind, "application/octet-stream"))
