"""What mass edits refuse, and why."""

from crm.runs import RunNotFound, WrongRunState


class MassEditNotFound(RunNotFound):
    """No such mass edit, or it is somebody else's."""

    code = "mass_edit_not_found"
    what = "mass edit"
    key_name = "edit_id"


class WrongMassEditState(WrongRunState):
    """What was asked does not follow from the state of the mass edit."""

    code = "wrong_mass_edit_state"
    what = "mass edit"
