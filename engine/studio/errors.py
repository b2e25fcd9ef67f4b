"""What the designers' desk refuses."""

from core.errors import Conflict, NotFound


class ProjectNotFound(NotFound):
    """No such project."""

    code = "project_not_found"


class ProjectFileNotFound(NotFound):
    """No such file, or it was removed from its project."""

    code = "project_file_not_found"


class FileChanged(Conflict):
    """Somebody else saved the file meanwhile; `details` have their `content`, its `revision` and who saved it."""

    code = "file_changed"


class ProjectClosed(Conflict):
    """A project in review, or one that was put away, does not change."""

    code = "project_closed"
