"""Sealing documents, and what the signatures inside PDFs are worth."""

from __future__ import annotations

from flask import Response
from pydantic import Field

from core.errors import NotFound
from documents.orders.queries import OrderView
from documents.signatures.sealing import SealOrder
from documents.signatures.verifying import CheckSignatures, SignatureReport, signatures
from webapp.api.orders import carried_out
from webapp.api.routing import Body, Routes
from webapp.api.shapes import AttachedFile, Done
from webapp.web import run, view

routes = Routes("signatures")
VERSION = "/documents/<id:document_id>/versions/<int:n>/signatures"


class SealBody(Body):
    """How to seal."""

    reason: str | None = Field(default=None, max_length=300, examples=["Approved by the board"])
    visible: bool = Field(default=True, description="whether the last page shows the seal")
    expected_version: int | None = Field(default=None, ge=1, description="the newest version that you have seen")


@routes.post(
    "/documents/<id:document_id>/seal",
    "Seal the newest version with the organisation's certificate; it becomes the next version, signed",
    body=SealBody,
    answer=AttachedFile,
    status=201,
    ordered=OrderView,
    refusals=(403, 404, 409, 422, 503),
)
def seal_document(document_id: str, body: SealBody) -> AttachedFile | Response:
    """Seal a document."""
    order = SealOrder(
        document_id=document_id,
        expected_version=body.expected_version,
        reason=body.reason,
        is_visible=body.visible,
    )
    return carried_out(order)


@routes.post(
    VERSION, "Have a worker look at the signatures of a version again", answer=Done, status=202, refusals=(404, 422)
)
def check_signatures(document_id: str, n: int) -> Done:
    """Look at signatures."""
    run(CheckSignatures(document_id=document_id, n=n))
    return Done()


@routes.get(VERSION, "What is known of the signatures of a version", answer=SignatureReport, refusals=(404,))
def read_signatures(document_id: str, n: int) -> SignatureReport:
    """Read what was found."""
    with view() as reading:
        found = signatures(reading, document_id, n)
    if found is None:
        raise NotFound("Nobody has looked at the signatures of this version yet; POST to this address to ask.")
    return found
