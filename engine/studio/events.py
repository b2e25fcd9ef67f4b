"""What happens on the designers' desk, for the trail; contents are told by their digests."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEvent(Event):
    """Something that happened to a project."""

    project_id: str

    @property
    def stream(self) -> str:
        """The project's own stream."""
        return f"project:{self.project_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCreated(ProjectEvent):
    """Somebody began a project; `copied_from` names the deployed definition that it was copied from."""

    type: ClassVar[str] = "project.created"
    name: str
    files: dict[str, str]
    copied_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRenamed(ProjectEvent):
    """A project has another name."""

    type: ClassVar[str] = "project.renamed"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDiscarded(ProjectEvent):
    """Somebody put a project away; what it deployed stays deployed."""

    type: ClassVar[str] = "project.discarded"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRestored(ProjectEvent):
    """Somebody took a project up again."""

    type: ClassVar[str] = "project.restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSubmitted(ProjectEvent):
    """Somebody asked for a project to be reviewed; nothing in it changes until that is over."""

    type: ClassVar[str] = "project.submitted"
    files: dict[str, str]
    note: str | None
    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReturned(ProjectEvent):
    """A project came back from its review to be worked on."""

    type: ClassVar[str] = "project.returned"
    reason: str
    instance_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPublished(ProjectEvent):
    """The files of a project were deployed, after somebody else than who changed them agreed."""

    type: ClassVar[str] = "project.published"
    definitions: tuple[str, ...]
    authors: tuple[str, ...]
    agreed_by: str
    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAdded(ProjectEvent):
    """A project has one more file."""

    type: ClassVar[str] = "project.file_added"
    file: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSaved(ProjectEvent):
    """A file has another content."""

    type: ClassVar[str] = "project.file_saved"
    file: str
    revision: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRenamed(ProjectEvent):
    """A file has another name."""

    type: ClassVar[str] = "project.file_renamed"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRemoved(ProjectEvent):
    """A project has a file less."""

    type: ClassVar[str] = "project.file_removed"
    file: str
    digest: str
