"""What people tell a repair: device or parts are here, the customer withdraws or is angry, the maker recalls."""

from typing import Any

from sqlalchemy import select

from crm.devices.models import DeviceRow
from engine.models import InstanceEntityRow
from processes.notices import Entry, Notice, register
from processes.service_repair.errors import DeviceUnknown
from processes.service_repair.news import DEVICE, KEY, AnnounceRecall, announce_recall
from storage.unit_of_work import UnitOfWork


def _recall(unit: UnitOfWork, instance_id: str, told: dict[str, Any]) -> None:
    """All repairs of the product, this one among them."""
    wanted = (
        select(DeviceRow.product_id)
        .join(InstanceEntityRow, InstanceEntityRow.entity_id == DeviceRow.id)
        .where(InstanceEntityRow.instance_id == instance_id, InstanceEntityRow.entity == DEVICE)
    )
    product = unit.session.scalars(wanted.limit(1)).first()
    if product is None:
        raise DeviceUnknown
    announce_recall(AnnounceRecall(product_id=product, reason=told["note"]), unit)


register(
    Notice(
        process=KEY,
        key="device",
        title="The device is here",
        message="device.received",
        hint="It is received and looked at next.",
        groups=("service_desk", "logistics", "technician"),
    ),
    Notice(
        process=KEY,
        key="parts",
        title="The parts are here",
        message="parts.received",
        hint="The repair begins.",
        groups=("parts_store", "service_desk", "technician"),
    ),
    Notice(
        process=KEY,
        key="angry",
        title="The customer wants the manager",
        message="customer.escalated",
        hint="The manager calls, then the repair goes on where it was.",
        groups=("service_desk", "call_agent", "complaints_officer", "service_manager"),
        entries=(Entry(name="note", label="What happened"),),
    ),
    Notice(
        process=KEY,
        key="withdrawn",
        title="The customer wants it back as it is",
        message="case.withdrawn",
        hint="Nothing more is done to the device; it goes back.",
        groups=("service_desk", "complaints_officer", "service_manager"),
        entries=(Entry(name="note", label="Why"),),
    ),
    Notice(
        process=KEY,
        key="recall",
        title="The maker recalls the product",
        message="recall.announced",
        hint="Every running repair of this product is ours to pay and judged anew.",
        groups=("service_manager",),
        right="customer.edit",
        entries=(Entry(name="note", label="Which recall"),),
        does=_recall,
    ),
)
