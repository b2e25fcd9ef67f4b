"""Documents to look at: the view of a version inside a page, its small picture, and what was made of it."""

import base64
from typing import Any

from flask import Response, render_template, request, url_for

from documents.content import office, pages, queries
from documents.content.kinds import CONVERTED, is_drawn
from documents.content.queries import Rendition, VersionContent
from documents.content.renditions import OCR_COPY, PAGE, PDF, THUMBNAIL
from documents.reading import ReadDocument
from webapp.content import is_fresh, not_modified, send_version
from webapp.pages.blueprint import blueprint
from webapp.web import application, blobs, current_actor, run, view

SHOWN = 200_000  # characters of a text
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # that every browser shows
NO_PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # one clear pixel
KEPT = "private, max-age=3600"  # small pictures: the right to see them is asked for again after an hour
RENDITIONS = (PDF, OCR_COPY)


@blueprint.app_template_filter("has_picture")
def has_picture(media_type: str) -> bool:
    """Whether there may be a small picture of a file."""
    return is_drawn(media_type) or (media_type in CONVERTED and office.is_installed())


@blueprint.get("/documents/<document_id>/<int:n>/view")
def document_view(document_id: str, n: int) -> str:
    """A version as it can be shown; where its text stands in the answer, the reading is in the trail."""
    with view() as reading:
        found = queries.content(reading, document_id, n)
    kind, address = _shown_as(found)
    if kind in {"mail", "sheets", "text"}:  # a PDF, a picture and pages are told when they are fetched
        run(ReadDocument(document_id=document_id, n=n, case_id=request.args.get("case")))
    text = (found.text or "")[:SHOWN]
    case = request.args.get("case")
    return render_template("documents/_view.html", content=found, kind=kind, address=address, text=text, case=case)


@blueprint.get("/documents/<document_id>/<int:n>/thumbnail")
def document_thumbnail(document_id: str, n: int) -> Response:
    """A picture too small to read, which is why it is not in the trail; one that cannot be seen while there is none."""
    with view() as reading:
        found = queries.rendition(reading, document_id, n, THUMBNAIL)
    if found is None:
        return Response(NO_PICTURE, mimetype="image/gif")
    response = not_modified(found) if is_fresh(found.digest) else send_version(found, blobs(), inline=True)
    response.headers["Cache-Control"] = KEPT
    return response


@blueprint.get("/documents/<document_id>/<int:n>/pages/<int:page>")
def document_page(document_id: str, n: int, page: int) -> Response:
    """A page as a picture; that its version was read stands in the trail, once an hour for all of its pages."""
    with view() as reading:
        known = queries.rendition(reading, document_id, n, PAGE, page)
    if known is not None and is_fresh(known.digest):
        return not_modified(known)
    asked = pages.LookAtPage(document_id=document_id, n=n, page=page, case_id=request.args.get("case"))
    return send_version(pages.page_picture(application(), current_actor(), asked), blobs(), inline=True)


@blueprint.get("/documents/<document_id>/<int:n>/renditions/<any(pdf, ocr):kind>")
def document_rendition(document_id: str, n: int, kind: str) -> Response:
    """A PDF that was made of a version; whoever gets it has read the version."""
    with view() as reading:
        found = queries.rendition(reading, document_id, n, kind)
    if found is None:
        return Response(status=404)
    if is_fresh(found.digest):
        return not_modified(found)
    run(ReadDocument(document_id=document_id, n=n, case_id=request.args.get("case")))
    return send_version(found, blobs(), inline=True)


def _shown_as(content: VersionContent) -> tuple[str, str]:
    """How a version is shown, and where that is fetched from."""
    made: Rendition | None = content.rendition(OCR_COPY) or content.rendition(PDF)
    where: dict[str, Any] = {"document_id": content.document_id, "n": content.n, "case": request.args.get("case")}
    if content.media_type in PICTURES:
        return "image", url_for("pages.document_preview", **where)
    if content.layout is not None:
        return str(content.layout["kind"]), ""
    if made is not None:
        return "pdf", url_for("pages.document_rendition", kind=made.kind, **where)
    if content.media_type == "application/pdf":
        return "pdf", url_for("pages.document_preview", **where)
    if content.pages:  # a scan in a format that browsers do not know
        return "pages", ""
    return ("text", "") if content.text else ("nothing", "")
