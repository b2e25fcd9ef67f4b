"""The files of a project: added, saved while they are drawn, renamed and removed."""

from sqlalchemy import select
from sqlalchemy.orm import undefer

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine.studio.blank import NewFile, kind_of
from engine.studio.errors import FileChanged, ProjectFileNotFound
from engine.studio.events import FileAdded, FileRemoved, FileRenamed, FileSaved
from engine.studio.models import ProjectFileRow, ProjectRow
from engine.studio.projects import (
    DRAFT,
    MOST_FILES,
    add_row,
    checked_file,
    count_files,
    digest_of,
    open_project,
    too_many,
    touch,
)
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFile(Command):
    """Put a file into a project."""

    project_id: str
    file: NewFile


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFile(Command):
    """Replace a file's content; `revision` is the one that was changed."""

    file_id: str
    content: bytes
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameFile(Command):
    """Give a file another name of the same kind."""

    file_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFile(Command):
    """Take a file out of its project; what was deployed of it stays deployed."""

    file_id: str


@handles(AddFile, needs=DRAFT)
def add_file(command: AddFile, unit: UnitOfWork) -> str:
    """The file's id. Raises `ProjectNotFound`, `ProjectClosed`, `InvalidInput`."""
    name = checked_file(command.file.name, command.file.content)
    project = open_project(unit, command.project_id)
    if count_files(unit, project.id) >= MOST_FILES:
        raise too_many()
    _refuse_taken(project, name, unit)
    row = add_row(project, command.file, unit)
    touch(project, unit)
    unit.emit(FileAdded(project_id=project.id, file=name, digest=digest_of(command.file.content)))
    return row.id


@handles(SaveFile, needs=DRAFT)
def save_file(command: SaveFile, unit: UnitOfWork) -> int:
    """The new revision; the same content makes none.

    Raises `ProjectFileNotFound`, `ProjectClosed`, `InvalidInput`, and `FileChanged` with what somebody else saved.
    """
    project, row = _open_file(unit, command.file_id)
    if row.content == command.content:
        return row.revision
    if row.revision != command.revision:
        raise FileChanged(
            f"{row.changed_by} saved {row.name} while you were changing it. Take their content, or save yours over it "
            "after you have looked at theirs.",
            file=row.id,
            revision=row.revision,
            changed_by=row.changed_by,
            changed_at=row.changed_at.isoformat(),
            content=row.content.decode(),
        )
    checked_file(row.name, command.content)
    row.content, row.revision = command.content, row.revision + 1
    _touch_both(project, row, unit)
    unit.emit(FileSaved(project_id=project.id, file=row.name, revision=row.revision, digest=digest_of(command.content)))
    return row.revision


@handles(RenameFile, needs=DRAFT)
def rename_file(command: RenameFile, unit: UnitOfWork) -> None:
    """Raises `ProjectFileNotFound`, `ProjectClosed`, `InvalidInput`."""
    kind = kind_of(command.name)
    project, row = _open_file(unit, command.file_id)
    if command.name == row.name:
        return
    if kind != kind_of(row.name):
        sentence = f"{row.name} is a {kind_of(row.name)}, and stays one: keep the ending of its name."
        raise InvalidInput(sentence, fields={"/name": sentence})
    _refuse_taken(project, command.name, unit)
    before, row.name = row.name, command.name
    _touch_both(project, row, unit)
    unit.emit(FileRenamed(project_id=project.id, before=before, after=command.name))


@handles(RemoveFile, needs=DRAFT)
def remove_file(command: RemoveFile, unit: UnitOfWork) -> None:
    """Raises `ProjectFileNotFound`, `ProjectClosed`, `InvalidInput` for the last one."""
    project, row = _open_file(unit, command.file_id)
    if count_files(unit, project.id) == 1:
        raise InvalidInput(f"{row.name} is the only file of the project; put the project away instead.")
    digest = digest_of(row.content)
    unit.session.delete(row)
    touch(project, unit)
    unit.emit(FileRemoved(project_id=project.id, file=row.name, digest=digest))


def _open_file(unit: UnitOfWork, file_id: str) -> tuple[ProjectRow, ProjectFileRow]:
    """A file and its project, which is locked first: whoever changes one of its files waits for the other."""
    project_id = unit.session.scalar(select(ProjectFileRow.project_id).where(ProjectFileRow.id == file_id))
    if project_id is not None:
        project = open_project(unit, project_id)
        query = select(ProjectFileRow).where(ProjectFileRow.id == file_id).options(undefer(ProjectFileRow.content))
        row = unit.session.scalar(query)
        if row is not None:
            return project, row
    raise ProjectFileNotFound("There is no such file, or it was removed from its project.", file=file_id)


def _refuse_taken(project: ProjectRow, name: str, unit: UnitOfWork) -> None:
    taken = select(ProjectFileRow.id).where(ProjectFileRow.project_id == project.id, ProjectFileRow.name == name)
    if unit.session.scalar(taken) is not None:
        sentence = f"The project has a file {name} already; choose another name."
        raise InvalidInput(sentence, fields={"/name": sentence})


def _touch_both(project: ProjectRow, row: ProjectFileRow, unit: UnitOfWork) -> None:
    touch(project, unit)
    row.changed_at, row.changed_by = project.changed_at, unit.actor.id
