"""Folders: searches that somebody keeps under a name, for themselves or for everybody."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import func, or_, select

from core.errors import Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.events import FolderEvent, FolderRemoved, FolderSaved
from documents.listing import DocumentFilter
from documents.models import DocumentFolderRow
from documents.words import words
from storage.orm import Json
from storage.unit_of_work import Reading, UnitOfWork

MOST = 100  # folders of one person
LONGEST_NAME, LONGEST_QUERY = 80, 1000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFolder(Command):
    """Keep a search under a name; with an `id` change a folder that is there.

    `query` is text as the search box takes it, `filters` are the values of a `DocumentFilter`.
    """

    name: str
    query: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    is_shared: bool = False
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFolder(Command):
    """Forget a folder; its documents stay where they are."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A saved search."""

    id: str
    name: str
    owner: str
    is_shared: bool
    query: str
    filters: Json
    created_at: datetime


class FolderNotFound(NotFound):
    """No such folder, or it is somebody else's own."""

    code = "folder_not_found"

    def __init__(self, folder_id: str) -> None:
        super().__init__(f"There is no folder {folder_id}, or it is not shared with you.", folder=folder_id)


class FolderNotYours(Forbidden):
    """Only its owner or an administrator changes a folder that is shared."""

    code = "folder_not_yours"
    sentence_for: ClassVar[str] = "The folder “{}” belongs to {}; save the search under a name of your own."

    def __init__(self, row: DocumentFolderRow) -> None:
        super().__init__(self.sentence_for.format(row.name, row.owner), folder=row.id, owner=row.owner)


@handles(SaveFolder, needs=None)
def save_folder(command: SaveFolder, unit: UnitOfWork) -> str:
    """The folder's id. Raises `FolderNotFound`, `FolderNotYours`, `InvalidInput`, `Forbidden`.

    What is shared needs the right to file documents: everybody sees it.
    """
    if command.is_shared and not unit.actor.may("document.file"):
        raise Forbidden("You may keep folders for yourself, not share them.", permission="document.file")
    values = {
        "name": _name(command.name),
        "query": words("query", command.query, LONGEST_QUERY) or "",
        "filters": DocumentFilter.of(command.filters).values(),
        "is_shared": command.is_shared,
    }
    if command.id is not None:
        row = _own(unit, command.id)
        for name, value in values.items():
            setattr(row, name, value)
    else:
        _check_room(unit)
        row = DocumentFolderRow(id=new_id(), owner=unit.actor.id, created_at=unit.clock.now(), **values)
        unit.session.add(row)
    _tell(unit, FolderSaved, row)
    return row.id


@handles(RemoveFolder, needs=None)
def remove_folder(command: RemoveFolder, unit: UnitOfWork) -> None:
    """Raises `FolderNotFound`, `FolderNotYours`."""
    row = _own(unit, command.id)
    unit.session.delete(row)
    _tell(unit, FolderRemoved, row)


def folders(view: Reading) -> list[Folder]:
    """The actor's own folders and those that are shared, by name."""
    query = (
        select(DocumentFolderRow)
        .where(or_(DocumentFolderRow.owner == view.actor.id, DocumentFolderRow.is_shared))
        .order_by(func.lower(DocumentFolderRow.name), DocumentFolderRow.id)
    )
    return [_view(row) for row in view.session.scalars(query)]


def folder(view: Reading, folder_id: str) -> Folder:
    """One folder. Raises `FolderNotFound`."""
    row = view.session.get(DocumentFolderRow, folder_id)
    if row is None or not (row.is_shared or row.owner == view.actor.id):
        raise FolderNotFound(folder_id)
    return _view(row)


def _own(unit: UnitOfWork, folder_id: str) -> DocumentFolderRow:
    row = unit.session.get(DocumentFolderRow, folder_id, with_for_update=True)
    if row is None or not (row.is_shared or row.owner == unit.actor.id):
        raise FolderNotFound(folder_id)
    if row.owner != unit.actor.id and not unit.actor.may("document.administer"):
        raise FolderNotYours(row)
    return row


def _check_room(unit: UnitOfWork) -> None:
    mine = select(func.count()).select_from(DocumentFolderRow).where(DocumentFolderRow.owner == unit.actor.id)
    if (unit.session.scalar(mine) or 0) >= MOST:
        sentence = f"You have {MOST} folders; remove one that you do not use any more."
        raise InvalidInput(sentence, fields={"/name": sentence})


def _name(text: str) -> str:
    name = words("name", text, LONGEST_NAME)
    if name is None:
        raise InvalidInput("Name the folder.", fields={"/name": "A name is needed."})
    return name


def _tell(unit: UnitOfWork, event: type[FolderEvent], row: DocumentFolderRow) -> None:
    unit.emit(
        event(folder_id=row.id, name=row.name, is_shared=row.is_shared, query=row.query, filters=dict(row.filters))
    )


def _view(row: DocumentFolderRow) -> Folder:
    return Folder(
        id=row.id,
        name=row.name,
        owner=row.owner,
        is_shared=row.is_shared,
        query=row.query,
        filters=row.filters,
        created_at=row.created_at,
    )
