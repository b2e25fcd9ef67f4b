"""What happened to devices and service contracts."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent(Event):
    """Something happened to a device."""

    device_id: str

    @property
    def stream(self) -> str:
        """The device's own."""
        return f"device:{self.device_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRegistered(DeviceEvent):
    """A customer's device is known."""

    type: ClassVar[str] = "device.registered"

    customer_id: str
    product_id: str
    serial_number: str
    warranty_until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChanged(DeviceEvent):
    """What is known of a device changed: field to [old, new]."""

    type: ClassVar[str] = "device.changed"

    changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTransferred(DeviceEvent):
    """A device has another owner."""

    type: ClassVar[str] = "device.transferred"

    from_customer: str
    to_customer: str
    since: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFitted(DeviceEvent):
    """A part was built in."""

    type: ClassVar[str] = "device.part_fitted"

    part_id: str
    quantity: str
    unit_price: str
    currency: str
    under_warranty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsListed(Event):
    """A product has other parts."""

    type: ClassVar[str] = "product.parts_listed"

    product_id: str
    parts: dict[str, str]

    @property
    def stream(self) -> str:
        """The product's own."""
        return f"product:{self.product_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSaved(Event):
    """A service contract was agreed or changed: its terms and its devices."""

    type: ClassVar[str] = "service_contract.saved"

    contract_id: str
    number: str
    customer_id: str
    terms: dict[str, Any]
    devices: list[str]

    @property
    def stream(self) -> str:
        """The contract's own."""
        return f"service_contract:{self.contract_id}"
