"""Packages of documents, pages of approvals, and what a version was made of."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response
from pydantic import Field

from core.records import dataclass
from documents.orders.kinds import ApprovalsOrder
from documents.orders.queries import OrderView
from documents.packages.assembling import PackageOrder, Part
from documents.packages.sources import Source, sources
from webapp.api.documents import LinkBody
from webapp.api.orders import carried_out
from webapp.api.routing import Body, Routes
from webapp.api.shapes import AttachedFile
from webapp.web import view

routes = Routes("packages")
DOCUMENT = "/documents/<id:document_id>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceList:
    """What a version was made of."""

    items: Sequence[Source]


class PartBody(Body):
    """A document of a package; the newest version where none is named."""

    id: str
    version: int | None = Field(default=None, ge=1)


class PackageBody(Body):
    """What to put together, in this order."""

    title: str = Field(min_length=1, max_length=200)
    documents: list[PartBody] = Field(min_length=1, max_length=50)
    links: list[LinkBody] = Field(default_factory=list, max_length=20)
    stamps: bool = Field(default=True, description="write at the foot of each page which document it is of")
    attach: bool = Field(default=True, description="attach the originals to the PDF")


class ApprovalBody(Body):
    """Of which version."""

    version: int | None = Field(default=None, ge=1, description="the newest where none is named")


@routes.post(
    "/packages",
    "Bind documents at fixed versions into one PDF with cover, contents and the originals attached, and file it",
    body=PackageBody,
    answer=AttachedFile,
    status=201,
    ordered=OrderView,
    refusals=(403, 404, 422, 503),
)
def assemble_package(body: PackageBody) -> AttachedFile | Response:
    """Assemble a package."""
    order = PackageOrder(
        title=body.title,
        parts=tuple(Part(document_id=each.id, n=each.version) for each in body.documents),
        links=tuple(each.link() for each in body.links),
        stamps=body.stamps,
        attach=body.attach,
    )
    return carried_out(order)


@routes.post(
    DOCUMENT + "/approvals",
    "File a copy of a version with a page that says who decided what on it",
    body=ApprovalBody,
    answer=AttachedFile,
    status=201,
    ordered=OrderView,
    refusals=(403, 404, 422, 503),
)
def stamp(document_id: str, body: ApprovalBody) -> AttachedFile | Response:
    """Make a page of approvals."""
    return carried_out(ApprovalsOrder(document_id=document_id, n=body.version))


@routes.get(DOCUMENT + "/versions/<int:n>/sources", "What a version was made of", answer=SourceList, refusals=(404,))
def read_sources(document_id: str, n: int) -> SourceList:
    """List sources."""
    with view() as reading:
        return SourceList(items=sources(reading, document_id, n))
