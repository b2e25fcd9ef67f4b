"""Documents: the list, one document with its versions, its content to download and to show."""

from flask import Response, render_template

from documents import listing, queries
from documents.reading import ReadDocument
from webapp.content import is_fresh, not_modified, send_version
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.document_parts import PARTS
from webapp.pages.shell import names
from webapp.web import blobs, run, view

# the browser's own PDF viewer does not open in a sandbox; the types that are shown here run nothing
PREVIEW = "default-src 'none'; object-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@blueprint.get("/documents")
def documents() -> str:
    """Documents, newest first."""
    with view() as reading:
        found = listing.documents(
            reading, listing.DocumentFilter(q=asked("q")), after=asked("after") or None, limit=MOST
        )
    return answer("documents.html", "document_rows.html", documents=found, q=asked("q"), names=names())


@blueprint.get("/documents/<document_id>")
def document(document_id: str) -> str:
    """One document with its versions."""
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
    run(ReadDocument(document_id=document_id, n=n))  # who got it stands in the trail
    return send_version(version, blobs(), inline=inline)
