"""Work on documents: what they say of themselves, tags, locks, states, versions compared and restored, folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from core.records import dataclass
from documents import queries
from documents.comparing import CompareVersions
from documents.differences import Difference
from documents.folders import Folder, RemoveFolder, SaveFolder, folder, folders
from documents.listing import TagCount, tags_in_use
from documents.locks import LockDocument, UnlockDocument
from documents.metadata import EditDocument, TagDocuments
from documents.queries import Document
from documents.restoring import RestoreVersion
from documents.states import ChangeState
from webapp.api.files import file_of
from webapp.api.routing import Body, Routes
from webapp.api.shapes import AttachedFile, Done
from webapp.web import run, view

routes = Routes("document work")
PATH = "/documents/<id:document_id>"
FOLDER = "/document-folders/<id:folder_id>"


class DocumentChange(Body):
    """What is to be different; what is left out stays, an empty text takes a value away."""

    title: str | None = None
    type: str | None = Field(default=None, description="the key of a document type")
    fields: dict[str, Any] | None = Field(default=None, description="all fields, as the type asks for them")
    tags: list[str] | None = None
    number: str | None = None
    expected_revision: int | None = Field(default=None, ge=1, description="the revision that you have seen")


class Reason(Body):
    """Why."""

    reason: str | None = Field(default=None, description="needed to break somebody else's lock")


class StateChange(Body):
    """The state to put it into."""

    state: str = Field(examples=["in_review", "approved", "signed", "void"])
    reason: str | None = None
    expected: str | None = Field(default=None, description="the state that you have seen")


class Restoring(Body):
    """Which version is to be the newest again."""

    version: int = Field(ge=1)
    reason: str | None = None
    expected_version: int | None = Field(default=None, ge=1, description="the newest version that you have seen")


class ComparisonQuery(Body):
    """Which two versions."""

    before: int = Field(ge=1)
    after: int = Field(ge=1)


class Tagging(Body):
    """Which documents get tags or lose some; all of them or none."""

    ids: list[str] = Field(min_length=1, max_length=200)
    add: list[str] = Field(default_factory=list, max_length=50)
    remove: list[str] = Field(default_factory=list, max_length=50)


class FolderBody(Body):
    """A search to keep: text as the search box takes it, and filters as `GET /documents` takes them."""

    name: str
    query: str = ""
    filters: dict[str, str | bool] = Field(default_factory=dict)
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs; `difference` is null where a version has no text that could be read."""

    before: AttachedFile
    after: AttachedFile
    is_same_content: bool
    difference: Difference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """On how many documents the tags changed."""

    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Tags in use, the most used first."""

    items: Sequence[TagCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Folders by name."""

    items: Sequence[Folder]


@routes.patch(
    PATH, "Change what it says of itself", body=DocumentChange, answer=Document, refusals=(403, 404, 409, 422)
)
def change_document(document_id: str, body: DocumentChange) -> Document:
    """Change title, type, fields, tags or number."""
    values = body.model_dump()
    tags = values.pop("tags")
    run(EditDocument(document_id=document_id, tags=None if tags is None else tuple(tags), **values))
    return _found(document_id)


@routes.post(PATH + "/lock", "Check it out: only you add versions now", answer=Document, refusals=(403, 404, 409))
def lock_document(document_id: str) -> Document:
    """Check a document out."""
    run(LockDocument(document_id=document_id))
    return _found(document_id)


@routes.post(
    PATH + "/unlock", "Give it back, or break a lock", body=Reason, answer=Document, refusals=(403, 404, 409, 422)
)
def unlock_document(document_id: str, body: Reason) -> Document:
    """Give a document back without a new version."""
    run(UnlockDocument(document_id=document_id, reason=body.reason))
    return _found(document_id)


@routes.post(
    PATH + "/state", "Put it into another state", body=StateChange, answer=Document, refusals=(403, 404, 409, 422)
)
def change_document_state(document_id: str, body: StateChange) -> Document:
    """Change the state."""
    run(ChangeState(document_id=document_id, **body.model_dump()))
    return _found(document_id)


@routes.post(
    PATH + "/restore",
    "Make an earlier version the newest",
    body=Restoring,
    answer=AttachedFile,
    status=201,
    refusals=(403, 404, 409, 422),
)
def restore_document(document_id: str, body: Restoring) -> AttachedFile:
    """Restore a version."""
    order = RestoreVersion(
        document_id=document_id, n=body.version, reason=body.reason, expected_version=body.expected_version
    )
    added = run(order)
    with view() as reading:
        return file_of(queries.version(reading, added.id, added.version))


@routes.get(
    PATH + "/comparison", "What differs in two versions", query=ComparisonQuery, answer=Comparison, refusals=(404, 422)
)
def compare_document(document_id: str, query: ComparisonQuery) -> Comparison:
    """Compare two versions; both readings stand in the trail."""
    found = run(CompareVersions(document_id=document_id, before=query.before, after=query.after))
    return Comparison(
        before=file_of(found.before),
        after=file_of(found.after),
        is_same_content=found.is_same_content,
        difference=found.difference(),
    )


@routes.post("/documents/tags", "Tag many documents", body=Tagging, answer=Tagged, refusals=(403, 404, 422))
def tag_documents(body: Tagging) -> Tagged:
    """Add tags to documents and take others away."""
    order = TagDocuments(document_ids=tuple(body.ids), add=tuple(body.add), remove=tuple(body.remove))
    return Tagged(changed=run(order))


@routes.get("/documents/tags", "Tags in use", answer=Tags)
def list_tags() -> Tags:
    """List the tags of documents that I may see."""
    with view() as reading:
        return Tags(items=tags_in_use(reading))


@routes.get("/document-folders", "My folders and those that are shared", answer=Folders)
def list_folders() -> Folders:
    """List folders."""
    with view() as reading:
        return Folders(items=folders(reading))


@routes.post("/document-folders", "Keep a search", body=FolderBody, answer=Folder, status=201, refusals=(403, 422))
def save_folder(body: FolderBody) -> Folder:
    """Keep a search under a name."""
    return _folder(run(SaveFolder(**body.model_dump())))


@routes.patch(FOLDER, "Change a folder", body=FolderBody, answer=Folder, refusals=(403, 404, 422))
def change_folder(folder_id: str, body: FolderBody) -> Folder:
    """Change a folder."""
    return _folder(run(SaveFolder(id=folder_id, **body.model_dump())))


@routes.post(FOLDER + "/remove", "Forget a folder", answer=Done, refusals=(403, 404))
def remove_folder(folder_id: str) -> Done:
    """Forget a folder; its documents stay where they are."""
    run(RemoveFolder(id=folder_id))
    return Done()


def _found(document_id: str) -> Document:
    with view() as reading:
        return queries.document(reading, document_id)


def _folder(folder_id: str) -> Folder:
    with view() as reading:
        return folder(reading, folder_id)
