"""What differs between two versions of a model: diagrams beside one another, everything else line by line."""

from typing import Any

from flask import Response, render_template, url_for

from core.errors import InvalidInput
from core.records import dataclass
from documents.differences import Difference, differences
from engine import queries as deployed
from engine.studio import queries
from engine.studio.errors import ProjectFileNotFound
from engine.views import DefinitionView
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.web import view


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of both: what it is called, where its model can be had, and its text."""

    label: str
    address: str
    text: str


@blueprint.get("/definitions/<definition_id>/compare")
def definition_comparison(definition_id: str) -> str:
    """A deployed version and another one of the same key, the one before it unless `with` names one."""
    with view() as reading:
        after = deployed.definition(reading, definition_id)
        versions = deployed.versions(reading, definition_id)
        before = _other(after, versions, asked("with"))
        sides = [_deployed(reading, each) for each in (before, after)]
    back = (url_for("pages.definition", definition_id=after.id), after.name)
    return _page(after.name, back, after.kind, sides, versions=versions, shown=(before, after))


@blueprint.get("/studio/<project_id>/changes")
def project_changes(project_id: str) -> str:
    """A file of a project, and what is deployed under its key."""
    with view() as reading:
        project = queries.project(reading, project_id)
        file = next((each for each in project.files if asked("file") in {each.id, each.name}), project.files[0])
        before = queries.deployed_as(reading, file.id)
        new = Side(
            label=f"{file.name}, as it is drawn",
            address=url_for("pages.project_model", project_id=project_id, file_id=file.id),
            text=queries.file(reading, file.id).content,
        )
        sides = [new] if before is None else [_deployed(reading, before), new]
    back = (url_for("pages.studio_project", project_id=project_id, file=file.id), project.name)
    return _page(file.name, back, file.kind, sides, project=project, file=file)


@blueprint.get("/studio/<project_id>/files/<file_id>")
def project_model(project_id: str, file_id: str) -> Response:
    """A file of a project as it is."""
    with view() as reading:
        found = queries.file(reading, file_id)
    if found.project.id != project_id:
        raise ProjectFileNotFound("There is no such file in this project.", file=file_id)
    response = Response(found.content, mimetype="application/xml" if found.file.kind != "form" else "application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _other(after: DefinitionView, versions: list[DefinitionView], wanted: str) -> DefinitionView:
    if wanted:
        found = next((each for each in versions if each.id == wanted), None)
    else:
        found = next((each for each in versions if each.version < after.version), None)
    if found is None:
        raise InvalidInput(f"There is no other version of {after.name} to compare this one with.")
    return found


def _deployed(reading: Reading, of: DefinitionView) -> Side:
    content = deployed.definition_xml(reading, of.id).decode("utf-8", errors="replace")
    label = f"Version {of.version}, deployed"
    return Side(label=label, address=url_for("pages.definition_xml", definition_id=of.id), text=content)


def _page(title: str, back: tuple[str, str], kind: str, sides: list[Side], **more: Any) -> str:
    difference: Difference | None = None
    if kind != "process" and len(sides) > 1:
        difference = differences(sides[0].text, sides[1].text)
    values = {"title": title, "back": back, "kind": kind, "sides": sides, "difference": difference}
    return render_template("studio/changes.html", **values, **more)
