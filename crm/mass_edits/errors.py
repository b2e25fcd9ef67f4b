"""What mass edits refuse, and why."""

from core.errors import Conflict, NotFound


class MassEditNotFound(NotFound):
    """No such mass edit, or it is somebody else's."""

    code = "mass_edit_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no mass edit {key}, or it is somebody else's.", edit_id=key)


class WrongMassEditState(Conflict):
    """What was asked does not follow from the state of the mass edit."""

    code = "wrong_mass_edit_state"

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"This mass edit is {state}; it cannot be {wanted} now.", state=state)
