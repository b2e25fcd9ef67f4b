"""Reading projects and their files; for those who draw."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import undefer

from core.errors import Forbidden
from core.records import dataclass
from engine import catalog
from engine.models import DefinitionRow
from engine.paging import Order, checked, contains
from engine.queries import definition
from engine.studio.blank import NewFile, key_from, kind_of
from engine.studio.checking import Checked, check
from engine.studio.errors import ProjectFileNotFound, ProjectNotFound
from engine.studio.models import ProjectFileRow, ProjectRow
from engine.studio.projects import DRAFT
from engine.studio.reviews import files_of
from engine.views import DefinitionView, Part
from storage.unit_of_work import Reading

LATEST = Order(ProjectRow.changed_at, ProjectRow.id, descending=True)
STATES = ("draft", "review", "discarded")
ORDER = ("process", "decision", "form", "scenario")  # as a project shows its files
SUFFIXES = {"process": ".bpmn", "decision": ".dmn", "form": ".form"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSummary:
    """A project as lists show it; `files` is their number."""

    id: str
    name: str
    state: str
    files: int
    changed_at: datetime
    changed_by: str
    published_at: datetime | None
    published_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """A file of a project without its content."""

    id: str
    name: str
    kind: str
    revision: int
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """A project with its files; `contributors` changed it since it was published last and may not agree to it."""

    id: str
    name: str
    state: str
    contributors: tuple[str, ...]
    review_note: str | None
    review_case: str | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    published_at: datetime | None
    published_by: str | None
    files: tuple[ProjectFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """A file with its content."""

    file: ProjectFile
    project: ProjectView
    content: str


def projects(
    view: Reading, *, state: str | None = None, q: str = "", after: str | None = None, limit: int = 50
) -> Part[ProjectSummary]:
    """Projects, the one that was changed last first; those that were put away only where `state` asks for them."""
    _check_right(view)
    limit = checked(limit)
    query: Select[Any] = select(ProjectRow)
    query = query.where(ProjectRow.state == state) if state else query.where(ProjectRow.state != "discarded")
    if q.strip():
        query = query.where(ProjectRow.name.ilike(contains(q.strip()), escape="\\"))
    rows = [row for (row,) in LATEST.read(view.session, query, after, limit)]
    shown = rows[:limit]
    counts = _counts(view, [row.id for row in shown])
    items = [
        ProjectSummary(
            id=row.id,
            name=row.name,
            state=row.state,
            files=counts.get(row.id, 0),
            changed_at=row.changed_at,
            changed_by=row.changed_by,
            published_at=row.published_at,
            published_by=row.published_by,
        )
        for row in shown
    ]
    return Part(items=items, next=LATEST.mark(shown[-1]) if len(rows) > limit else None)


def project(view: Reading, project_id: str) -> ProjectView:
    """One project. Raises `ProjectNotFound`."""
    _check_right(view)
    row = view.session.get(ProjectRow, project_id)
    if row is None:
        raise ProjectNotFound(f"There is no project {project_id}.", project=project_id)
    files = view.session.scalars(
        select(ProjectFileRow).where(ProjectFileRow.project_id == row.id).order_by(ProjectFileRow.name)
    )
    return ProjectView(
        id=row.id,
        name=row.name,
        state=row.state,
        contributors=tuple(row.contributors),
        review_note=row.review_note,
        review_case=row.review_case,
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        published_at=row.published_at,
        published_by=row.published_by,
        files=tuple(sorted(map(_file, files), key=lambda each: (ORDER.index(each.kind), each.name))),
    )


def file(view: Reading, file_id: str) -> FileContent:
    """One file with its content. Raises `ProjectFileNotFound`."""
    _check_right(view)
    query = select(ProjectFileRow).where(ProjectFileRow.id == file_id).options(undefer(ProjectFileRow.content))
    row = view.session.scalar(query)
    if row is None:
        raise ProjectFileNotFound("There is no such file, or it was removed from its project.", file=file_id)
    return FileContent(file=_file(row), project=project(view, row.project_id), content=row.content.decode())


def checked_project(view: Reading, project_id: str) -> Checked:
    """What a project defines, and what would be found if it were deployed now. Raises `ProjectNotFound`."""
    return check(view, files_of(view, project(view, project_id).id))


def playable(view: Reading, project_id: str) -> tuple[tuple[NewFile, ...], tuple[NewFile, ...]]:
    """The files of a project, and the newest deployed files of whatever it does not define itself.

    Raises `ProjectNotFound`.
    """
    own = files_of(view, project(view, project_id).id)
    defined = set(check(view, own).keys)
    newest = (
        select(DefinitionRow.id)
        .ext(distinct_on(DefinitionRow.kind, DefinitionRow.key))
        .where(DefinitionRow.kind != "template")
        .order_by(DefinitionRow.kind, DefinitionRow.key, DefinitionRow.version.desc())
    )
    rows = view.session.scalars(
        select(DefinitionRow).where(DefinitionRow.id.in_(newest)).options(undefer(DefinitionRow.source))
    )
    others = {_named(row): row.source for row in rows if (row.kind, row.key) not in defined}
    return own, tuple(NewFile(name=name, content=content) for name, content in sorted(others.items()))


def deployed_as(view: Reading, file_id: str) -> DefinitionView | None:
    """The newest deployed version of what a file defines, of its first decision or process; None for what is new.

    Raises `ProjectFileNotFound`.
    """
    found = file(view, file_id)
    keys = check(view, (NewFile(name=found.file.name, content=found.content.encode()),)).keys
    if not keys:
        return None
    kind, key = keys[0]
    newest = (
        select(DefinitionRow.id)
        .where(DefinitionRow.kind == kind, DefinitionRow.key == key)
        .order_by(DefinitionRow.version.desc())
        .limit(1)
    )
    definition_id = view.session.scalar(newest)
    return None if definition_id is None else definition(view, definition_id)


def copy_of(view: Reading, definition_id: str) -> tuple[str, tuple[NewFile, ...]]:
    """The name of a deployed process, and its file with the newest forms and decisions that it names.

    Raises `DefinitionNotFound`.
    """
    _check_right(view)
    row = catalog.definition(view, definition_id)
    files = [NewFile(name=_named(row), content=catalog.source(view, row.id))]
    for kind, key in sorted(_named_by(view, row)):
        newest = (
            select(DefinitionRow)
            .where(DefinitionRow.kind == kind, DefinitionRow.key == key)
            .order_by(DefinitionRow.version.desc())
            .limit(1)
        )
        other = view.session.scalar(newest)
        if other is not None:
            files.append(NewFile(name=_named(other), content=catalog.source(view, other.id)))
    unique = {each.name: each for each in reversed(files)}  # several decisions may stand in one file
    return row.name, tuple(unique.values())


def _named_by(view: Reading, row: DefinitionRow) -> set[tuple[str, str]]:
    """The forms and decisions that a process names."""
    if row.kind != "process":
        return set()
    nodes = catalog.program(view, row.id).process.nodes.values()
    forms = {("form", node.work.form.key) for node in nodes if node.work is not None and node.work.form is not None}
    return forms | {("decision", node.decision.key) for node in nodes if node.decision is not None}


def _named(row: DefinitionRow) -> str:
    name = row.file_name.rsplit("/", 1)[-1]
    suffix = SUFFIXES.get(row.kind, "")
    return name if name.lower().endswith(suffix) else f"{key_from(row.key)}{suffix}"


def _counts(view: Reading, ids: list[str]) -> dict[str, int]:
    query = (
        select(ProjectFileRow.project_id, func.count().label("files"))
        .where(ProjectFileRow.project_id.in_(ids))
        .group_by(ProjectFileRow.project_id)
    )
    return {row.project_id: row.files for row in view.session.execute(query)}


def _file(row: ProjectFileRow) -> ProjectFile:
    return ProjectFile(
        id=row.id,
        name=row.name,
        kind=kind_of(row.name),
        revision=row.revision,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _check_right(view: Reading) -> None:
    if not view.actor.may(DRAFT):
        raise Forbidden("Only those who draw processes see the projects.", needs=DRAFT)
