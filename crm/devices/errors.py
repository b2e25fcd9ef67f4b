"""What devices and service contracts refuse, and why."""

from core.errors import Conflict, NotFound


class DeviceNotFound(NotFound):
    """No such device."""

    code = "device_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no device {key}. Look for its serial number in the list of devices.", device=key)


class ContractNotFound(NotFound):
    """No such contract."""

    code = "service_contract_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no service contract {key}. Look it up at its customer.", contract=key)


class SerialTaken(Conflict):
    """Another device of the product has the number."""

    code = "serial_number_taken"

    def __init__(self, serial: str, product: str, device_id: str) -> None:
        super().__init__(
            f"A {product} with the serial number {serial} is registered already. Open that device, or correct the "
            "number.",
            device=device_id,
        )
