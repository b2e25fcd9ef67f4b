"""What was read out of a version: its text, how far that has come, and small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from documents.content import queries
from documents.reading import ReadDocument
from webapp.api.routing import Routes
from webapp.web import run, view

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
