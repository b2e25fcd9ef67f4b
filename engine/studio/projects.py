"""Beginning, naming and putting away projects, and what every change of one has to look at first."""

import hashlib

from sqlalchemy import func, select

from core.errors import InvalidInput
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine.bpmn.read import MAXIMUM_SIZE
from engine.reasons import given
from engine.studio.blank import NewFile, blank, kind_of
from engine.studio.errors import ProjectClosed, ProjectNotFound
from engine.studio.events import ProjectCreated, ProjectDiscarded, ProjectRenamed, ProjectRestored
from engine.studio.models import ProjectFileRow, ProjectRow
from storage.unit_of_work import UnitOfWork

DRAFT = "definition.draft"  # the right to draw what others may deploy
MOST_FILES = 60  # of a project: it is one process and what belongs to it
LONGEST_NAME = 120
CLOSED = {
    "review": "The project {name} is being reviewed; nothing in it changes until that is over. "
    "Withdraw it from the review to go on.",
    "discarded": "The project {name} was put away; take it up again to change it.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProject(Command):
    """Begin a project with these files, or with an empty diagram of that name."""

    name: str
    files: tuple[NewFile, ...] = ()
    copied_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameProject(Command):
    """Give a project another name; keys of processes stay what they are."""

    project_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardProject(Command):
    """Put a project away."""

    project_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreProject(Command):
    """Take a project up again that was put away."""

    project_id: str


@handles(CreateProject, needs=DRAFT)
def create_project(command: CreateProject, unit: UnitOfWork) -> str:
    """The project's id. Raises `InvalidInput`."""
    name = checked_name(command.name)
    files = command.files or (blank("process", name),)
    names = [checked_file(file.name, file.content) for file in files]
    twice = next((each for number, each in enumerate(names) if each in names[:number]), None)
    if twice is not None:
        sentence = f"Two files are named {twice}; a project has one of each name."
        raise InvalidInput(sentence, fields={"/files": sentence})
    if len(files) > MOST_FILES:
        raise too_many()
    now, actor = unit.clock.now(), unit.actor.id
    row = ProjectRow(
        id=new_id(),
        name=name,
        state="draft",
        contributors=[actor],
        review_note=None,
        review_case=None,
        created_at=now,
        created_by=actor,
        changed_at=now,
        changed_by=actor,
        published_at=None,
        published_by=None,
    )
    unit.session.add(row)
    unit.session.flush()  # its files refer to it
    for file in files:
        add_row(row, file, unit)
    digests = {file.name: digest_of(file.content) for file in files}
    unit.emit(ProjectCreated(project_id=row.id, name=name, files=digests, copied_from=command.copied_from))
    return row.id


@handles(RenameProject, needs=DRAFT)
def rename_project(command: RenameProject, unit: UnitOfWork) -> None:
    """Raises `ProjectNotFound`, `ProjectClosed`, `InvalidInput`."""
    name, row = checked_name(command.name), open_project(unit, command.project_id)
    if name == row.name:
        return
    before, row.name = row.name, name
    touch(row, unit)
    unit.emit(ProjectRenamed(project_id=row.id, before=before, after=name))


@handles(DiscardProject, needs=DRAFT)
def discard_project(command: DiscardProject, unit: UnitOfWork) -> None:
    """Raises `ProjectNotFound`, `ProjectClosed`, `InvalidInput`; what was put away stays so."""
    reason, row = given(command.reason), lock_project(unit, command.project_id)
    if row.state == "discarded":
        return
    refuse_closed(row)
    row.state, row.changed_at, row.changed_by = "discarded", unit.clock.now(), unit.actor.id
    unit.emit(ProjectDiscarded(project_id=row.id, reason=reason))


@handles(RestoreProject, needs=DRAFT)
def restore_project(command: RestoreProject, unit: UnitOfWork) -> None:
    """Raises `ProjectNotFound`; a project that is at hand stays what it is."""
    row = lock_project(unit, command.project_id)
    if row.state != "discarded":
        return
    row.state, row.changed_at, row.changed_by = "draft", unit.clock.now(), unit.actor.id
    unit.emit(ProjectRestored(project_id=row.id))


def lock_project(unit: UnitOfWork, project_id: str) -> ProjectRow:
    """The project, locked. Raises `ProjectNotFound`."""
    row = unit.session.scalar(select(ProjectRow).where(ProjectRow.id == project_id).with_for_update())
    if row is None:
        raise ProjectNotFound(f"There is no project {project_id}.", project=project_id)
    return row


def open_project(unit: UnitOfWork, project_id: str) -> ProjectRow:
    """The project, locked, to be changed. Raises `ProjectNotFound`, `ProjectClosed`."""
    row = lock_project(unit, project_id)
    refuse_closed(row)
    return row


def refuse_closed(row: ProjectRow) -> None:
    """Raise `ProjectClosed` when nothing in a project may change."""
    if row.state in CLOSED:
        raise ProjectClosed(CLOSED[row.state].format(name=row.name), project=row.id, state=row.state)


def touch(row: ProjectRow, unit: UnitOfWork) -> None:
    """Note that the actor changed something of it, who therefore may not be the one who agrees to it."""
    row.changed_at, row.changed_by = unit.clock.now(), unit.actor.id
    if unit.actor.id not in row.contributors:
        row.contributors = [*row.contributors, unit.actor.id]


def add_row(project: ProjectRow, file: NewFile, unit: UnitOfWork) -> ProjectFileRow:
    """A file of a project, whose name and content were checked."""
    row = ProjectFileRow(
        id=new_id(),
        project_id=project.id,
        name=file.name,
        content=file.content,
        revision=1,
        changed_at=unit.clock.now(),
        changed_by=unit.actor.id,
    )
    unit.session.add(row)
    return row


def count_files(unit: UnitOfWork, project_id: str) -> int:
    """How many files a project has."""
    query = select(func.count()).select_from(ProjectFileRow).where(ProjectFileRow.project_id == project_id)
    return unit.session.scalar(query) or 0


def too_many() -> InvalidInput:
    """A project is full."""
    sentence = f"A project has at most {MOST_FILES} files; make another one for another process."
    return InvalidInput(sentence, fields={"/files": sentence})


def checked_name(name: str) -> str:
    """A name of a project. Raises `InvalidInput`."""
    found = " ".join(name.split())
    if not 1 <= len(found) <= LONGEST_NAME or not found.isprintable():
        sentence = f"Give the project a name of 1 to {LONGEST_NAME} characters."
        raise InvalidInput(sentence, fields={"/name": sentence})
    return found


def checked_file(name: str, content: bytes) -> str:
    """A file's name; whatever else is wrong in it is found when it is checked. Raises `InvalidInput`."""
    kind_of(name)
    sentence = None
    if len(content) > MAXIMUM_SIZE:
        sentence = f"{name} is larger than {MAXIMUM_SIZE >> 20} MiB; a model of that size cannot be deployed."
    else:
        try:
            if "\0" in content.decode():
                sentence = f"{name} is no text file."
        except UnicodeDecodeError:
            sentence = f"{name} is not text in UTF-8; save it so."
    if sentence is not None:
        raise InvalidInput(sentence, fields={"/content": sentence})
    return name


def digest_of(content: bytes) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()
