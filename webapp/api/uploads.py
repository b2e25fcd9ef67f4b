"""Uploads that go on where they broke off: tus 1.0.0 with creation, expiration, termination and checksum."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from flask import Response, request
from pydantic import Field
from werkzeug.http import http_date

from core.records import dataclass
from documents import intake_duplicates, intake_uploads, queries
from documents.intake_uploads import FileUpload, Upload
from storage.blobs.parts import Checksum
from webapp import uploading
from webapp.api.documents import LinkBody
from webapp.api.files import file_of
from webapp.api.json_body import answer_json
from webapp.api.routing import Body, Routes
from webapp.api.shapes import AttachedFile
from webapp.errors import BadRequest, PreconditionFailed, UnsupportedMedia
from webapp.web import application, view

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
ALGORITHMS = ("sha1", "sha256", "sha512")  # tus asks for SHA-1; it guards against broken lines, not against people
PIECE = "application/offset+octet-stream"
LONGEST_METADATA = 8 << 10  # bytes
OVERRIDE = "X-HTTP-Method-Override"

routes = Routes("uploads")
PATH = "/uploads/<id:upload_id>"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadState:
    """An upload and how far it is; `document_id` once a document was made of it."""

    id: str
    file_name: str
    size: int
    offset: int
    document_id: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadList:
    """Uploads under way."""

    items: Sequence[UploadState]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledAlready:
    """A document that has the same content."""

    id: str
    title: str
    version: int
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The SHA-256 of the whole file; `sentence` is there when the same content is filed already, seen or unseen."""

    digest: str
    sentence: str | None
    documents: Sequence[FiledAlready]


class CheckBody(Body):
    """What the sender says the content is."""

    sha256: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$")


class FilingBody(Body):
    """What becomes of the file: a new document, or the next version of the document that is named."""

    title: str = Field(default="", max_length=250)
    type: str | None = Field(default=None, max_length=100)
    links: list[LinkBody] = Field(default_factory=list, max_length=50)
    reason: str | None = Field(default=None, max_length=2000)
    sha256: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$")
    document_id: str | None = Field(default=None, max_length=26)
    expected_version: int | None = Field(default=None, ge=1)
    duplicates: Literal["ask", "file"] = "ask"


@routes.blueprint.after_request
def name_version(response: Response) -> Response:
    """Every answer of tus names its version, refusals too."""
    response.headers["Tus-Resumable"] = VERSION
    if response.status_code == 412:
        response.headers["Tus-Version"] = VERSION
    return response


@routes.options("/uploads", "What this server can do of tus (no body; headers)", status=204)
def abilities() -> Response:
    """Tell versions, extensions, limits."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(application().settings.max_upload),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status=204, headers=headers)


@routes.post(
    "/uploads",
    "Begin an upload (tus): headers Upload-Length and Upload-Metadata with filename; the address is in Location",
    answer=UploadState,
    status=201,
    refusals=(403, 412, 413),
)
def begin() -> Response:
    """Begin; a body is the first piece."""
    _require_version()
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    size = _number("Upload-Length")
    begun, offset = uploading.start(metadata.pop("filename", "") or metadata.pop("name", ""), size, metadata), 0
    if request.mimetype == PIECE:
        begun, offset = uploading.append(begun.id, 0, _checksum())
    response = answer_json(_shown(begun, offset), status=201)
    response.headers["Location"] = f"/api/v1/uploads/{begun.id}"
    return _described(response, begun, offset)


@routes.get("/uploads", "My uploads that are not filed yet, newest first", answer=UploadList)
def listing() -> UploadList:
    """List them; those whose pieces are lost are left out."""
    with view() as reading:
        mine = intake_uploads.uploads(reading)
    known = application().parts.sizes([each.id for each in mine if each.digest is None])
    items = [(each, each.size if each.digest else known.get(each.id)) for each in mine]
    return UploadList(items=[_shown(each, offset) for each, offset in items if offset is not None])


@routes.get(PATH, "How far an upload is (tus: HEAD, header Upload-Offset)", answer=UploadState, refusals=(404,))
def state(upload_id: str) -> Response:
    """Tell how far it is."""
    if request.method == "HEAD":
        _require_version()
    found, offset = uploading.state(upload_id)
    return _described(answer_json(_shown(found, offset)), found, offset)


@routes.patch(
    PATH,
    f"Send a piece (tus): header Upload-Offset, body of type {PIECE}, optional Upload-Checksum",
    status=204,
    refusals=(403, 404, 409, 412, 413, 415, 460),
)
def piece(upload_id: str) -> Response:
    """Add the body to what has arrived."""
    _require_version()
    if request.mimetype != PIECE:
        raise UnsupportedMedia(f"Send the piece with the header Content-Type: {PIECE}.")
    found, offset = uploading.append(upload_id, _number("Upload-Offset"), _checksum())
    return _described(Response(status=204), found, offset)


@routes.delete(PATH, "Throw an upload away (tus)", status=204, refusals=(404, 412))
def discard(upload_id: str) -> Response:
    """Throw it away."""
    _require_version()
    uploading.drop(upload_id)
    return Response(status=204)


@routes.post(
    PATH, f"The same for clients that can only POST, by the header {OVERRIDE}", status=204, refusals=(404, 409, 412)
)
def overridden(upload_id: str) -> Response:
    """Do what the header says."""
    verbs: dict[str, Callable[[str], Response]] = {"PATCH": piece, "DELETE": discard}
    wanted = verbs.get(request.headers.get(OVERRIDE, "").upper())
    if wanted is None:
        raise BadRequest(f"Send PATCH or DELETE in the header {OVERRIDE}, or use these methods.")
    return wanted(upload_id)


@routes.post(
    PATH + "/check",
    "Verify what has arrived, and tell whether the same content is filed already",
    body=CheckBody,
    answer=Checked,
    refusals=(403, 404, 409, 422),
)
def check_upload(upload_id: str, body: CheckBody) -> Checked:
    """Verify it; nothing is filed."""
    digest = uploading.verify(upload_id, body.sha256)
    with view() as reading:
        found = intake_duplicates.same_content(reading, digest)
    documents = [
        FiledAlready(id=each.document_id, title=each.title, version=each.n, file_name=each.file_name)
        for each in found.documents
    ]
    return Checked(digest=digest, sentence=intake_duplicates.sentence(found) if found else None, documents=documents)


@routes.post(
    PATH + "/file",
    "File what has arrived; `duplicates: ask` refuses (409, already_filed) what is filed already",
    body=FilingBody,
    answer=AttachedFile,
    status=201,
    refusals=(403, 404, 409, 422),
)
def file_upload(upload_id: str, body: FilingBody) -> AttachedFile:
    """Make a document of it; a second time answers as the first."""
    command = FileUpload(
        upload_id=upload_id,
        title=body.title.strip(),
        type=(body.type or "").strip() or None,
        links=tuple(each.link() for each in body.links),
        reason=body.reason,
        digest=body.sha256,
        document_id=body.document_id,
        expected_version=body.expected_version,
        duplicates=body.duplicates,
    )
    filed = uploading.finish(command)
    with view() as reading:
        return file_of(queries.version(reading, filed.id, filed.version))


def _shown(found: Upload, offset: int) -> UploadState:
    return UploadState(
        id=found.id,
        file_name=found.file_name,
        size=found.size,
        offset=offset,
        document_id=found.document_id,
        created_at=found.created_at,
        expires_at=found.expires_at,
    )


def _described(response: Response, found: Upload, offset: int) -> Response:
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Upload-Length"] = str(found.size)
    response.headers["Upload-Expires"] = http_date(found.expires_at)
    response.headers["Cache-Control"] = "no-store"
    if request.method in {"GET", "HEAD"}:
        pairs = {"filename": found.file_name, **found.declared}
        response.headers["Upload-Metadata"] = ",".join(
            f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in pairs.items()
        )
    return response


def _require_version() -> None:
    found = request.headers.get("Tus-Resumable")
    if found != VERSION:
        raise PreconditionFailed(f"Send the header Tus-Resumable: {VERSION}.", found=found)


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequest(f"The header {name} must be a whole number of bytes.", header=name)
    return int(text)


def _checksum() -> Checksum | None:
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadRequest(f"Upload-Checksum knows {', '.join(ALGORITHMS)}.", header="Upload-Checksum")
    return Checksum(algorithm, _decoded(encoded, "Upload-Checksum"))


def _metadata(text: str) -> dict[str, str]:
    """The pairs of Upload-Metadata; values that are no text are left out."""
    if len(text) > LONGEST_METADATA:
        raise BadRequest("The header Upload-Metadata is too long.", header="Upload-Metadata")
    pairs: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        name, _, encoded = pair.partition(" ")
        value = _decoded(encoded, "Upload-Metadata").decode("utf-8", "replace")
        pairs[name] = value.replace("\0", "")
    return pairs


def _decoded(encoded: str, header: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"The header {header} holds something that is not base64.", header=header) from None
