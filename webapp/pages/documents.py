"""Documents: the list, one document with its versions, its content to download and to show."""

from typing import Any

from flask import Response, render_template, request

from documents import folders, listing, queries
from documents.document_types import document_types
from documents.found import found_documents
from documents.listing import DocumentFilter
from documents.reading import ReadDocument
from documents.records.tombstones import DocumentDestroyed
from documents.states import STATES
from storage.unit_of_work import Reading
from webapp.content import is_fresh, not_modified, send_version
from webapp.pages.blueprint import MOST, answer, asked, blueprint, is_continuation
from webapp.pages.document_parts import PARTS
from webapp.pages.shell import names
from webapp.web import blobs, run, view

# the browser's own PDF viewer does not open in a sandbox; the types that are shown here run nothing
PREVIEW = "default-src 'none'; object-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@blueprint.get("/documents")
def documents() -> str:
    """Documents, newest first: all, or those of a folder, narrowed by what the address asks for."""
    with view() as reading:
        folder = folders.folder(reading, asked("folder")) if asked("folder") else None
        given = {name: value for name, value in request.args.items() if value}
        wanted = DocumentFilter.of((folder.filters if folder else {}) | given)
        found = found_documents(reading, wanted, folder=folder, after=asked("after") or None, limit=MOST)
        around = {} if is_continuation() else _around(reading)
        type_names = {each.key: each.name for each in document_types(reading, all_of_them=True)}
    return answer(
        "documents.html",
        "document_rows.html",
        documents=found,
        wanted=wanted,
        folder=folder,
        type_names=type_names,
        names=names(),
        **around,
    )


def _around(reading: Reading) -> dict[str, Any]:
    """What stands around the list: what to choose from, and folders."""
    return {
        "types": document_types(reading),
        "states": STATES,
        "tags": listing.tags_in_use(reading, limit=60),
        "folders": folders.folders(reading),
    }


@blueprint.get("/documents/<document_id>")
def document(document_id: str) -> str | tuple[str, int]:
    """One document with its versions, or what is left of a destroyed one."""
    try:
        return _document(document_id)
    except DocumentDestroyed as gone:
        return render_template("retention/tombstone.html", stone=gone.tombstone), 410


def _document(document_id: str) -> str:
    with view() as reading:
        found = queries.document(reading, document_id)
        context = {name: value for part in PARTS for name, value in part(reading, found).items()}
    return render_template("document.html", document=found, names=names(), **context)


@blueprint.get("/documents/<document_id>/<int:n>/content")
def document_content(document_id: str, n: int) -> Response:
    """A version to keep."""
    return _content(document_id, n, inline=False)


@blueprint.get("/documents/<document_id>/<int:n>/preview")
def document_preview(document_id: str, n: int) -> Response:
    """A version to look at, inside a page of ours."""
    response = _content(document_id, n, inline=True)
    response.headers["Content-Security-Policy"] = PREVIEW
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _content(document_id: str, n: int, *, inline: bool) -> Response:
    with view() as reading:
        version = queries.version(reading, document_id, n)
    if is_fresh(version.digest):
        return not_modified(version)
    run(ReadDocument(document_id=document_id, n=n, case_id=asked("case") or None))  # who got it stands in the trail
    return send_version(version, blobs(), inline=inline)
