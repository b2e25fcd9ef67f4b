"""What people do on a document's page: describe it, check it out, change its state, restore, link; and tag many."""

from flask import Response, render_template, request, url_for

from core.errors import InvalidInput
from documents import queries
from documents.document_types import DocumentType, document_types
from documents.links import DocumentLink, LinkDocument
from documents.locks import LockDocument, UnlockDocument
from documents.metadata import EditDocument, TagDocuments
from documents.restoring import RestoreVersion
from documents.search.queries import suggest
from documents.states import ChangeState
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.field_inputs import entered, inputs
from webapp.pages.link_choices import choices
from webapp.web import run, view

REFRESH = {"HX-Refresh": "true"}


@blueprint.get("/documents/<document_id>/fields")
def document_fields(document_id: str) -> str:
    """The inputs that a type asks for, while somebody chooses among types."""
    with view() as reading:
        found = queries.document(reading, document_id)
        kind = _type(document_types(reading, all_of_them=True), asked("type"))
    return render_template("documents/_fields.html", field_inputs=inputs(kind.form if kind else {}, found.fields))


@blueprint.post("/documents/<document_id>/about")
def describe_document(document_id: str) -> Response:
    """Change title, type, number, tags and fields."""
    given = request.form
    with view() as reading:
        found = queries.document(reading, document_id)
        kind = _type(document_types(reading, all_of_them=True), given.get("type", ""))
    order = EditDocument(
        document_id=document_id,
        title=given.get("title", ""),
        type=given.get("type", ""),
        number=given.get("number"),
        tags=tuple(given.get("tags", "").split(",")),
        fields=None if kind is None else entered(kind.form, given, found.fields),
        expected_revision=_number("revision"),
    )
    run(order)
    return _refreshed()


@blueprint.post("/documents/<document_id>/state")
def change_document_state(document_id: str) -> Response:
    """Put it into another state."""
    given = request.form
    order = ChangeState(
        document_id=document_id,
        state=given.get("state", ""),
        reason=given.get("reason"),
        expected=given.get("expected") or None,
    )
    run(order)
    return _refreshed()


@blueprint.post("/documents/<document_id>/lock")
def lock_document(document_id: str) -> Response:
    """Check it out."""
    run(LockDocument(document_id=document_id))
    return _refreshed()


@blueprint.post("/documents/<document_id>/unlock")
def unlock_document(document_id: str) -> Response:
    """Give it back, or break somebody's lock."""
    run(UnlockDocument(document_id=document_id, reason=request.form.get("reason")))
    return _refreshed()


@blueprint.post("/documents/<document_id>/restore/<int:n>")
def restore_document(document_id: str, n: int) -> Response:
    """Make an earlier version the newest."""
    run(RestoreVersion(document_id=document_id, n=n, expected_version=_number("newest")))
    return Response(status=204, headers={"HX-Redirect": url_for("pages.document", document_id=document_id)})


@blueprint.get("/documents/<document_id>/link-choices")
def link_choices(document_id: str) -> str:
    """What fits the search for something to link it to."""
    with view() as reading:
        queries.document(reading, document_id)  # whoever may not see it learns nothing here
        found = choices(reading, asked("kind"), asked("target"))
    return render_template("documents/_link_choices.html", choices=found, document_id=document_id)


@blueprint.get("/documents/choices")
def document_choices() -> str:
    """Documents that fit what somebody types, each to be linked to the thing that the address names."""
    with view() as reading:
        found = suggest(reading, f"kind:document {asked('q')}") if asked("q") else ()
    target = {"kind": asked("kind"), "id": asked("id")}
    return render_template("documents/_document_choices.html", found=found, target=target)


@blueprint.post("/documents/<document_id>/links")
def link_document(document_id: str) -> Response:
    """Link it to one more thing."""
    given = request.form
    run(LinkDocument(document_id=document_id, link=DocumentLink(kind=given.get("kind", ""), id=given.get("id", ""))))
    return _refreshed()


@blueprint.post("/documents/tags")
def tag_documents() -> Response:
    """Tag the chosen documents, or take tags away."""
    ids = tuple(request.form.getlist("ids"))
    if not ids:
        raise InvalidInput("Choose documents first: tick them in the list.", fields={"/ids": "Nothing is chosen."})
    tags = tuple(request.form.get("tags", "").split(","))
    takes = request.form.get("verb") == "remove"
    run(TagDocuments(document_ids=ids, add=() if takes else tags, remove=tags if takes else ()))
    return _refreshed()


def _type(types: list[DocumentType], key: str) -> DocumentType | None:
    return next((each for each in types if each.key == key), None)


def _number(name: str) -> int | None:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None


def _refreshed() -> Response:
    return Response(status=204, headers=REFRESH)
