"""The studio: projects of designers, and the desk on which one is drawn."""

import re
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from documents.document_types import document_types
from documents.sharing.groups import Groups
from engine import queries as deployed
from engine.handlers import HANDLERS
from engine.ready import OPERATIONS
from engine.studio import queries
from engine.studio.blank import NewFile, blank
from engine.studio.files import AddFile
from engine.studio.projects import CreateProject, DiscardProject, RenameProject, RestoreProject
from engine.studio.reviews import WithdrawProject
from storage.unit_of_work import Reading
from webapp.api.studio import review_of
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.shell import names
from webapp.uploads import receive_small_files
from webapp.web import run, view

ENTITIES = ("crm.customer", "crm.contact", "crm.offer", "crm.order", "crm.invoice", "crm.device", "crm.activity")


@blueprint.get("/studio")
def studio() -> str:
    """The projects, the one changed last first."""
    state = asked("state") if asked("state") in {"review", "discarded"} else None
    with view() as reading:
        page = queries.projects(reading, state=state, q=asked("q"), after=asked("after") or None, limit=MOST)
        processes = [each for each in deployed.definitions(reading) if each.kind == "process"]
    values = {"projects": page, "state": state or "", "q": asked("q"), "processes": processes, "names": names()}
    return answer("studio/projects.html", "studio/project_rows.html", **values)


@blueprint.post("/studio")
def begin_project() -> Answer:
    """Begin one: with an empty diagram, or as a copy of a deployed process."""
    name, source = request.form.get("name", "").strip(), request.form.get("definition_id") or None
    files: tuple[NewFile, ...] = ()
    if source is not None:
        with view() as reading:
            found, files = queries.copy_of(reading, source)
        name = name or found
    return _go(run(CreateProject(name=name, files=files, copied_from=source)))


@blueprint.post("/studio/import")
def import_project() -> Answer:
    """Begin one with files that were chosen."""
    files, fields = _received()
    name = fields.get("name", "").strip() or files[0].name.split(".", 1)[0].replace("_", " ")
    return _go(run(CreateProject(name=name, files=files)))


@blueprint.get("/studio/<project_id>")
def studio_project(project_id: str) -> str:
    """The desk: the files of a project, the one that is asked for open."""
    with view() as reading:
        found = queries.project(reading, project_id)
        looked = queries.checked_project(reading, project_id)
        choices = _choices(reading, looked.keys)
    wanted = asked("file")
    file = next((each for each in found.files if wanted in {each.id, each.name}), found.files[0])
    values = {"project": found, "file": file, "findings": looked.findings, "choices": choices, "names": names()}
    return render_template("studio/project.html", **values)


@blueprint.post("/studio/<project_id>/files")
def add_to_project(project_id: str) -> Answer:
    """Add an empty file of a kind."""
    asked_for = request.form
    file = blank(asked_for.get("kind", ""), asked_for.get("name", "").strip(), asked_for.get("process", ""))
    return _go(project_id, run(AddFile(project_id=project_id, file=file)))


@blueprint.post("/studio/<project_id>/import")
def import_into_project(project_id: str) -> Answer:
    """Add files that were chosen."""
    made = [run(AddFile(project_id=project_id, file=file)) for file in _received()[0]]
    return _go(project_id, made[0])


@blueprint.post("/studio/<project_id>/<any(rename, review, withdraw, discard, restore):verb>")
def change_project(project_id: str, verb: str) -> Answer:
    """Name it, give it to review, take it back, put it away or take it up again."""
    text = request.form.get("text", "")
    match verb:
        case "rename":
            run(RenameProject(project_id=project_id, name=text))
        case "review":
            run(review_of(project_id, text))
        case "withdraw":
            run(WithdrawProject(project_id=project_id, reason=text))
        case "discard":
            run(DiscardProject(project_id=project_id, reason=text))
        case _:
            run(RestoreProject(project_id=project_id))
    return _go(project_id)


def _choices(reading: Reading, own: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """What a property of an element can name: of this project, and what is deployed."""
    known = {*own, *((each.kind, each.key) for each in deployed.definitions(reading))}
    operations = [(each.name, each.title) for each in OPERATIONS if each.place != "worker"]
    named = {name for name, _ in operations}
    operations += [(name, "") for name in sorted(HANDLERS.names() - named)]

    def keys(kind: str) -> list[str]:
        return sorted(key for other, key in known if other == kind)

    return {
        "handlers": [{"value": name, "label": label} for name, label in operations],
        "forms": keys("form"),
        "decisions": keys("decision"),
        "processes": keys("process"),
        "roles": reading.port(Groups).groups(reading),
        "document_types": [{"value": each.key, "label": each.name} for each in document_types(reading)],
        "entities": list(ENTITIES),
    }


def _received() -> tuple[tuple[NewFile, ...], dict[str, str]]:
    """The chosen files under their bare names, and the fields beside them."""
    files, fields = receive_small_files()
    bare = ((re.split(r"[/\\]", each.name)[-1], each.content) for each in files)
    return tuple(NewFile(name=name, content=content) for name, content in bare), fields


def _go(project_id: str, file_id: str | None = None) -> Answer:
    address = url_for("pages.studio_project", project_id=project_id, file=file_id)
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": address})
    return redirect(address, 303)
