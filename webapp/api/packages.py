"""Packages of documents, pages of approvals, and what a version was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from documents import queries
from documents.packages.assembling import PackageOrder, Part, assemble
from documents.packages.sources import Source, sources
from documents.packages.stamping import stamp_approvals
from webapp.api.documents import LinkBody
from webapp.api.files import file_of
from webapp.api.routing import Body, Routes
from webapp.api.shapes import AttachedFile
from webapp.web import application, current_actor, view

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
    refusals=(403, 404, 422, 503),
)
def assemble_package(body: PackageBody) -> AttachedFile:
    """Assemble a package."""
    order = PackageOrder(
        title=body.title,
        parts=tuple(Part(document_id=each.id, n=each.version) for each in body.documents),
        links=tuple(each.link() for each in body.links),
        stamps=body.stamps,
        attach=body.attach,
    )
    return _filed(assemble(application(), order, actor=current_actor()).id)


@routes.post(
    DOCUMENT + "/approvals",
    "File a copy of a version with a page that says who decided what on it",
    body=ApprovalBody,
    answer=AttachedFile,
    status=201,
    refusals=(403, 404, 422, 503),
)
def stamp(document_id: str, body: ApprovalBody) -> AttachedFile:
    """Make a page of approvals."""
    return _filed(stamp_approvals(application(), document_id, body.version, actor=current_actor()).id)


@routes.get(DOCUMENT + "/versions/<int:n>/sources", "What a version was made of", answer=SourceList, refusals=(404,))
def read_sources(document_id: str, n: int) -> SourceList:
    """List sources."""
    with view() as reading:
        return SourceList(items=sources(reading, document_id, n))


def _filed(document_id: str) -> AttachedFile:
    with view() as reading:
        return file_of(queries.version(reading, document_id, 1))
