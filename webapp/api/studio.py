"""The designers' desk: projects and their files before they are deployed."""

from __future__ import annotations

from pydantic import Field

from core.messages import Command
from core.records import dataclass
from engine.bpmn.findings import Finding
from engine.instances import StartedInstance, StartInstance
from engine.studio import queries
from engine.studio.blank import NewFile, blank
from engine.studio.files import AddFile, RemoveFile, RenameFile, SaveFile
from engine.studio.projects import CreateProject, DiscardProject, RenameProject, RestoreProject
from engine.studio.queries import FileContent, ProjectSummary, ProjectView
from engine.studio.reviews import WithdrawProject
from engine.views import Part
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done
from webapp.playing import ProjectPlayed, play_project
from webapp.web import run, view

REVIEW = "model_review"  # the process that asks somebody else, and publishes
MOST = 5 << 20  # characters of one file
routes = Routes("studio")
PROJECT = "/studio/projects/<id:project_id>"
FILE = "/studio/files/<id:file_id>"
REFUSALS = (403, 404, 409, 422)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedProject:
    """A new project."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedFile:
    """A new file of a project."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """A file as it was saved, and what is wrong with its project now."""

    revision: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingList:
    """What is wrong with a project."""

    items: tuple[Finding, ...]


class ProjectQuery(Body):
    """Which projects: `draft`, `review` or `discarded` ones; without `state` all that were not put away."""

    state: str | None = Field(default=None, pattern="^(draft|review|discarded)$")
    q: str = Field(default="", max_length=200)
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=500)


class FileBody(Body):
    """A file: its name ends with .bpmn, .dmn, .form or .scenario.yaml."""

    name: str = Field(min_length=1, max_length=100)
    content: str = Field(max_length=MOST)


class ProjectBody(Body):
    """A project: with these files, as a copy of a deployed process, or with an empty diagram."""

    name: str = Field(default="", max_length=500)
    files: list[FileBody] = Field(default_factory=list, max_length=60)
    definition_id: str | None = Field(default=None, max_length=26)


class NameBody(Body):
    """Another name."""

    name: str = Field(min_length=1, max_length=500)


class ReasonBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000)


class NewFileBody(Body):
    """A file with its content, or an empty one of a kind: process, decision, form or scenario."""

    name: str = Field(min_length=1, max_length=100)
    content: str | None = Field(default=None, max_length=MOST)
    kind: str | None = Field(default=None, pattern="^(process|decision|form|scenario)$")
    process: str = Field(default="", max_length=255, description="the key of the process that a scenario plays")


class SaveBody(Body):
    """A file's content, and the revision that was changed."""

    content: str = Field(max_length=MOST)
    revision: int = Field(ge=1)


class ReviewBody(Body):
    """What the reviewer should know."""

    note: str = Field(default="", max_length=2000)


@routes.get("/studio/projects", "Projects, the one changed last first", query=ProjectQuery, answer=Part[ProjectSummary])
def projects(query: ProjectQuery) -> Part[ProjectSummary]:
    """List projects."""
    with view() as reading:
        return queries.projects(reading, state=query.state, q=query.q, after=query.after, limit=query.limit)


@routes.post(
    "/studio/projects", "Begin a project", body=ProjectBody, answer=CreatedProject, status=201, refusals=REFUSALS
)
def create(body: ProjectBody) -> CreatedProject:
    """Begin a project."""
    name, files = body.name, tuple(NewFile(name=each.name, content=each.content.encode()) for each in body.files)
    if body.definition_id is not None:
        with view() as reading:
            found, copied = queries.copy_of(reading, body.definition_id)
        name, files = name or found, (*files, *copied)
    return CreatedProject(id=run(CreateProject(name=name, files=files, copied_from=body.definition_id)))


@routes.get(PROJECT, "A project with its files", answer=ProjectView, refusals=(403, 404))
def project(project_id: str) -> ProjectView:
    """Read a project."""
    with view() as reading:
        return queries.project(reading, project_id)


@routes.patch(PROJECT, "Give a project another name", body=NameBody, answer=Done, refusals=REFUSALS)
def rename(project_id: str, body: NameBody) -> Done:
    """Rename a project."""
    return _done(RenameProject(project_id=project_id, name=body.name))


@routes.get(PROJECT + "/findings", "What is wrong with it, as a deployment would find it", answer=FindingList)
def findings(project_id: str) -> FindingList:
    """Check a project."""
    with view() as reading:
        return FindingList(items=tuple(queries.checked_project(reading, project_id).findings))


@routes.post(
    PROJECT + "/play", "Play its scenarios; nothing of it is kept", answer=ProjectPlayed, refusals=(403, 404, 422)
)
def play(project_id: str) -> ProjectPlayed:
    """Play the scenarios of a project, with what is deployed beside it."""
    with view() as reading:
        own, deployed = queries.playable(reading, project_id)
    return play_project(own, deployed)


@routes.post(PROJECT + "/discard", "Put a project away", body=ReasonBody, answer=Done, refusals=REFUSALS)
def discard(project_id: str, body: ReasonBody) -> Done:
    """Put a project away."""
    return _done(DiscardProject(project_id=project_id, reason=body.reason))


@routes.post(PROJECT + "/restore", "Take a project up again", answer=Done, refusals=REFUSALS)
def restore(project_id: str) -> Done:
    """Take a project up again."""
    return _done(RestoreProject(project_id=project_id))


@routes.post(
    PROJECT + "/review",
    "Ask somebody else to review it, and to publish it",
    body=ReviewBody,
    answer=StartedInstance,
    status=201,
    refusals=REFUSALS,
)
def review(project_id: str, body: ReviewBody) -> StartedInstance:
    """Start the review."""
    started: StartedInstance = run(review_of(project_id, body.note))
    return started


@routes.post(PROJECT + "/withdraw", "Take it out of its review", body=ReasonBody, answer=Done, refusals=REFUSALS)
def withdraw(project_id: str, body: ReasonBody) -> Done:
    """Withdraw it."""
    return _done(WithdrawProject(project_id=project_id, reason=body.reason))


@routes.post(PROJECT + "/files", "Add a file", body=NewFileBody, answer=CreatedFile, status=201, refusals=REFUSALS)
def add(project_id: str, body: NewFileBody) -> CreatedFile:
    """Add a file."""
    if body.content is None:
        file = blank(body.kind or "", body.name, body.process)
    else:
        file = NewFile(name=body.name, content=body.content.encode())
    return CreatedFile(id=run(AddFile(project_id=project_id, file=file)))


@routes.get(FILE, "A file with its content", answer=FileContent, refusals=(403, 404))
def file(file_id: str) -> FileContent:
    """Read a file."""
    with view() as reading:
        return queries.file(reading, file_id)


@routes.patch(FILE, "Save a file", body=SaveBody, answer=SavedFile, refusals=REFUSALS)
def save(file_id: str, body: SaveBody) -> SavedFile:
    """Save a file, and say what is wrong with its project now."""
    revision = run(SaveFile(file_id=file_id, content=body.content.encode(), revision=body.revision))
    with view() as reading:
        found = queries.checked_project(reading, queries.file(reading, file_id).project.id).findings
    return SavedFile(revision=revision, findings=tuple(found))


@routes.post(FILE + "/rename", "Give a file another name", body=NameBody, answer=Done, refusals=REFUSALS)
def rename_file(file_id: str, body: NameBody) -> Done:
    """Rename a file."""
    return _done(RenameFile(file_id=file_id, name=body.name))


@routes.delete(FILE, "Take a file out of its project", answer=Done, refusals=REFUSALS)
def remove(file_id: str) -> Done:
    """Remove a file."""
    return _done(RemoveFile(file_id=file_id))


def review_of(project_id: str, note: str) -> StartInstance:
    """The command that asks for a review of a project."""
    variables = {"project_id": project_id, "note": note.strip() or None}
    return StartInstance(definition_key=REVIEW, business_key=project_id, variables=variables)


def _done(command: Command) -> Done:
    run(command)
    return Done()
