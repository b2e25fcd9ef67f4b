"""What was read out of a version: its text, how far that has come, and pictures of its pages."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request

from core.records import dataclass
from documents.content import queries
from documents.content.pages import LookAtPage, page_picture
from documents.content.renditions import PAGE
from documents.reading import ReadDocument
from webapp.api.routing import Routes
from webapp.content import is_fresh, not_modified, send_version
from webapp.web import application, blobs, current_actor, run, view

routes = Routes("document content")
VERSION = "/documents/<id:document_id>/versions/<int:n>"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """How far a step has come: `text`, `preview` or `ocr`; waiting, taken, done or failed."""

    step: str
    state: str
    finding: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionText:
    """The text of a version; None while nobody has read it, or when nothing can."""

    text: str | None
    finding: str | None
    pages: int | None
    is_partial: bool
    reader: str | None
    steps: Sequence[StepState]


@routes.get(f"{VERSION}/text", "The text that was read out of a version", answer=VersionText, refusals=(404,))
def version_text(document_id: str, n: int) -> VersionText:
    """Give the text; who got it stands in the trail."""
    with view() as reading:
        found = queries.content(reading, document_id, n)
    if found.text:
        run(ReadDocument(document_id=document_id, n=n))
    text = found.steps.get("text")
    return VersionText(
        text=found.text,
        finding=found.finding,
        pages=text.pages if text else None,
        is_partial=bool(text and text.is_partial),
        reader=text.reader if text else None,
        steps=[StepState(step=name, state=each.state, finding=each.finding) for name, each in found.steps.items()],
    )


@routes.get(
    f"{VERSION}/pages/<int:page>",
    "A page of a PDF, a picture or a scan as a JPEG that can be read, counted from 1",
    media="image/jpeg",
    refusals=(404, 422, 503),
)
def version_page(document_id: str, n: int, page: int) -> Response:
    """Send the picture; that the version was read stands in the trail, once an hour for all of its pages."""
    with view() as reading:
        known = queries.rendition(reading, document_id, n, PAGE, page)
    if known is not None and is_fresh(known.digest):
        return not_modified(known)
    asked = LookAtPage(document_id=document_id, n=n, page=page, case_id=request.args.get("case"))
    return send_version(page_picture(application(), current_actor(), asked), blobs(), inline=True)
