"""Filing documents, adding versions, and giving out their bytes."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from pydantic import Field, TypeAdapter, ValidationError

from core.errors import InvalidInput
from documents import queries
from documents.filing import AddVersion, FileDocument
from documents.folders import folder
from documents.found import found_documents
from documents.links import DocumentLink, LinkDocument
from documents.listing import DocumentFilter, DocumentPage
from documents.queries import Document
from documents.reading import ReadDocument
from webapp.api.files import file_of
from webapp.api.json_body import parse
from webapp.api.routing import Body, Routes, Upload
from webapp.api.shapes import AttachedFile, Done, Files
from webapp.content import is_fresh, not_modified, send_version
from webapp.errors import BadRequest
from webapp.uploads import ReceivedFile, optional, receive_file
from webapp.web import blobs, run, view

routes = Routes("documents")
PATH = "/documents/<id:document_id>"
CONTENT = PATH + "/versions/<int:n>/content"
FIELDS = {
    "title": "what people call it; the file's name when absent",
    "type": "the document type, such as signed_offer",
    "reason": "why it is filed",
    "number": "its number, where its type gives none by itself",
    "tags": "tags with commas between them",
    "fields": 'what the type asks for, as JSON: {"net": 12.5}',
}
LINKS = {"links": 'what it belongs to, as JSON: [{"kind": "crm.customer", "id": "…", "role": "reference"}]'}


class LinkBody(Body):
    """What a document belongs to: a task, a case, or an entity; without a version it follows the newest."""

    kind: str = Field(min_length=1, max_length=100, examples=["case", "task", "crm.customer"])
    id: str = Field(min_length=1, max_length=100)
    role: str = Field(default="reference", min_length=1, max_length=100)
    version: int | None = Field(default=None, ge=1)

    def link(self) -> DocumentLink:
        """As documents know it."""
        return DocumentLink(kind=self.kind, id=self.id, role=self.role, version=self.version)


class DocumentQuery(Body):
    """Which documents."""

    q: str = Field(default="", description="what the search box takes: words of title, number, tags and text")
    type: str = ""
    state: str = Field(default="", examples=["draft", "approved"])
    tag: str = ""
    number: str = Field(default="", description="the beginning of the number")
    kind: str = Field(default="", description="what it is linked to, with target", examples=["case", "crm.customer"])
    target: str = ""
    mine: bool = False
    checked_out: bool = False
    folder: str | None = Field(default=None, description="a folder whose search is run; the others narrow it further")
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


LINK_LIST = TypeAdapter(list[LinkBody])


@routes.post(
    "/documents",
    "File a document; the body is streamed",
    upload=Upload(fields={**FIELDS, **LINKS}),
    answer=AttachedFile,
    status=201,
    refusals=(403, 413, 422),
)
def file_document() -> AttachedFile:
    """File the uploaded document."""
    received = receive_file()
    return _filed(received, _links(received.fields.get("links")))


@routes.post(
    "/tasks/<id:task_id>/documents",
    "File a document with a task; the body is streamed",
    upload=Upload(fields=FIELDS),
    answer=AttachedFile,
    status=201,
    refusals=(403, 404, 413, 422),
)
def file_with_task(task_id: str) -> AttachedFile:
    """File the uploaded document with a task."""
    link = DocumentLink(kind="task", id=task_id, role="attached")
    return _filed(receive_file(), (link,))


def _filed(received: ReceivedFile, links: tuple[DocumentLink, ...]) -> AttachedFile:
    command = FileDocument(
        title=received.fields.get("title", "").strip(),
        type=optional(received.fields, "type"),
        blob=received.blob,
        file_name=received.file_name,
        links=links,
        reason=optional(received.fields, "reason"),
        number=optional(received.fields, "number"),
        tags=tuple((optional(received.fields, "tags") or "").split(",")),
        fields=_fields(received.fields.get("fields")),
    )
    filed = run(command)
    with view() as reading:
        return file_of(queries.version(reading, filed.id, filed.version))


def _links(text: str | None) -> tuple[DocumentLink, ...]:
    if not text:
        return ()
    try:
        return tuple(each.link() for each in LINK_LIST.validate_python(parse(text.encode())))
    except BadRequest as error:
        raise _wrong_links(error.sentence) from None
    except ValidationError as error:
        raise _wrong_links("; ".join(each["msg"] for each in error.errors(include_url=False))) from None


def _fields(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = parse(text.encode())
    except BadRequest as error:
        raise _wrong_fields(error.sentence) from None
    if not isinstance(found, dict):
        raise _wrong_fields("It must be an object.")
    return found


def _wrong_fields(what: str) -> InvalidInput:
    return InvalidInput('fields must be JSON such as {"net": 12.5}.', fields={"/fields": what})


def _wrong_links(what: str) -> InvalidInput:
    return InvalidInput('The field links must be JSON such as [{"kind": "case", "id": "…"}].', fields={"/links": what})


@routes.get(
    "/documents", "Documents that I may see, newest first", query=DocumentQuery, answer=DocumentPage, refusals=(404,)
)
def documents(query: DocumentQuery) -> DocumentPage:
    """List documents."""
    with view() as reading:
        asked = query.model_dump(exclude={"after", "limit", "folder"})
        kept = None if query.folder is None else folder(reading, query.folder)
        given = {name: value for name, value in asked.items() if value}
        wanted = DocumentFilter.of((kept.filters if kept else {}) | given)
        return found_documents(reading, wanted, folder=kept, after=query.after, limit=query.limit)


@routes.get(PATH, "One document with its newest version and its links", answer=Document, refusals=(404,))
def document(document_id: str) -> Document:
    """Read one document."""
    with view() as reading:
        return queries.document(reading, document_id)


@routes.post(PATH + "/links", "Link it to one more thing", body=LinkBody, answer=Done, refusals=(403, 404, 422))
def link_document(document_id: str, body: LinkBody) -> Done:
    """Link a document."""
    run(LinkDocument(document_id=document_id, link=body.link()))
    return Done()


@routes.get(PATH + "/versions", "Its versions, newest first", answer=Files, refusals=(404,))
def versions(document_id: str) -> Files:
    """List versions."""
    with view() as reading:
        return Files(items=[file_of(each) for each in queries.versions(reading, document_id)])


@routes.post(
    PATH + "/versions",
    "Add a version; the body is streamed",
    upload=Upload(
        fields={
            "reason": "why",
            "expected_version": "the newest version that you have seen",
            "keep_lock": "true to keep the document checked out",
        }
    ),
    answer=AttachedFile,
    status=201,
    refusals=(403, 404, 409, 413, 422),
)
def add_version(document_id: str) -> AttachedFile:
    """Add the uploaded file as the next version."""
    received = receive_file()
    expected = optional(received.fields, "expected_version")
    if expected is not None and not (expected.isascii() and expected.isdigit()):
        raise InvalidInput("expected_version must be a number.", fields={"/expected_version": "must be a number"})
    command = AddVersion(
        document_id=document_id,
        blob=received.blob,
        file_name=received.file_name,
        reason=optional(received.fields, "reason"),
        expected_version=None if expected is None else int(expected),
        keep_lock=optional(received.fields, "keep_lock") == "true",
    )
    added = run(command)
    with view() as reading:
        return file_of(queries.version(reading, added.id, added.version))


@routes.get(CONTENT, "The bytes of a version, whole or in ranges", media="*/*", refusals=(404, 416))
def content(document_id: str, n: int) -> Response:
    """Send the bytes; who got them stands in the trail."""
    with view() as reading:
        version = queries.version(reading, document_id, n)
    if is_fresh(version.digest):
        return not_modified(version)
    if request.method != "HEAD":
        run(ReadDocument(document_id=document_id, n=n, case_id=request.args.get("case")))
    return send_version(version, blobs(), inline="inline" in request.args)
