"""What imports refuse, and why."""

from core.errors import Conflict, InvalidInput
from crm.runs import RunNotFound, WrongRunState


class FileUnreadable(InvalidInput):
    """A file is no table that can be read."""

    code = "import_file_unreadable"


class ImportFileErased(Conflict):
    """The file of an import went with a person who was erased."""

    code = "import_file_erased"

    def __init__(self, key: str) -> None:
        super().__init__(f"The file of the import {key} was erased with a person in it. Bring in a new file.", id=key)


class ImportNotFound(RunNotFound):
    """No such import, or it is somebody else's."""

    code = "import_not_found"
    what = "import"
    key_name = "import_id"


class WrongImportState(WrongRunState):
    """What was asked does not follow from the state of the import."""

    code = "wrong_import_state"
    what = "import"
