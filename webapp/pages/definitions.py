"""What is deployed: the list, and one process with its diagram."""

from flask import Response, render_template

from engine import queries
from engine.access import ADMINISTER
from engine.migration.queries import migrations
from webapp.pages.blueprint import blueprint
from webapp.pages.shell import names
from webapp.web import view


@blueprint.get("/definitions")
def definitions() -> str:
    """All definitions in their newest version."""
    with view() as reading:
        found = queries.definitions(reading)
    newest = {(each.kind, each.key): each for each in sorted(found, key=lambda each: each.version)}
    order = sorted(newest.values(), key=lambda each: (each.kind != "process", each.name))
    return render_template("definitions.html", definitions=order, names=names())


@blueprint.get("/definitions/<definition_id>")
def definition(definition_id: str) -> str:
    """One process with its diagram."""
    with view() as reading:
        found = queries.definition(reading, definition_id)
        versions = queries.versions(reading, definition_id)
        may = found.kind == "process" and reading.actor.may(ADMINISTER)
        batches = migrations(reading, found.key, limit=10) if may else []
    values = {"versions": versions, "batches": batches, "may_migrate": may and len(versions) > 1}
    return render_template("definition.html", definition=found, names=names(), **values)


@blueprint.get("/definitions/<definition_id>/xml")
def definition_xml(definition_id: str) -> Response:
    """The model itself; a version never changes, so browsers may keep it."""
    with view() as reading:
        content = queries.definition_xml(reading, definition_id)
    response = Response(content, mimetype="application/xml")
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
