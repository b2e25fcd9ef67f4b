"""Folders on the page of documents: keeping a search, and forgetting it."""

from flask import Response, request, url_for

from documents.folders import RemoveFolder, SaveFolder
from webapp.pages.blueprint import blueprint
from webapp.web import run


@blueprint.post("/document-folders")
def save_folder() -> Response:
    """Keep the search that the list shows under a name."""
    given = request.form
    filters = {name: value for name, value in given.items() if name not in ("name", "is_shared")}
    kept = run(SaveFolder(name=given.get("name", ""), filters=filters, is_shared="is_shared" in given))
    return Response(status=204, headers={"HX-Redirect": url_for("pages.documents", folder=kept)})


@blueprint.post("/document-folders/<folder_id>/remove")
def remove_folder(folder_id: str) -> Response:
    """Forget a folder; its documents stay."""
    run(RemoveFolder(id=folder_id))
    return Response(status=204, headers={"HX-Redirect": url_for("pages.documents")})
