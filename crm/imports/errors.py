"""What imports refuse, and why."""

from core.errors import Conflict, InvalidInput, NotFound


class FileUnreadable(InvalidInput):
    """A file is no table that can be read."""

    code = "import_file_unreadable"


class ImportFileErased(Conflict):
    """The file of an import went with a person who was erased."""

    code = "import_file_erased"

    def __init__(self, key: str) -> None:
        super().__init__(f"The file of the import {key} was erased with a person in it. Bring in a new file.", id=key)


class ImportNotFound(NotFound):
    """No such import, or it is somebody else's."""

    code = "import_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no import {key}, or it is somebody else's.", import_id=key)


class WrongImportState(Conflict):
    """What was asked does not follow from the state of the import."""

    code = "wrong_import_state"

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"This import is {state}; it cannot be {wanted} now.", state=state)
