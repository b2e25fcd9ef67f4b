"""What is refused about repairs."""

from core.errors import Conflict


class DeviceUnknown(Conflict):
    """Nobody has said which device it is."""

    code = "device_unknown"

    def __init__(self) -> None:
        super().__init__(
            "This repair is about no registered device, so its product is not known. Enter its serial number."
        )
