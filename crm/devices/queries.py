"""Reading devices: lists by serial number, customer and end of warranty, and one with its history."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.records import dataclass
from crm.access import require_read
from crm.company import today
from crm.devices.contracts import Contract, contracts_of_device
from crm.devices.errors import DeviceNotFound
from crm.devices.models import DeviceOwnerRow, DevicePartRow, DeviceRow, ProductPartRow
from crm.devices.registering import DeviceData, data_of, serial_key
from crm.models import CustomerRow, ProductRow
from crm.paging import Part, keyset
from storage.unit_of_work import Reading

SHOWN = 200  # devices of one contract


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSummary:
    """A device in a list; `days_left` of its warranty, negative when it is over, None when it has none."""

    id: str
    serial_number: str
    product_id: str
    sku: str
    product_name: str
    customer_id: str
    customer_name: str
    purchased_on: date
    warranty_until: date | None
    days_left: int | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who owned a device, from when to when."""

    customer_id: str
    customer_name: str
    since: date
    until: date | None
    reason: str | None
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedPart:
    """A part that was built in."""

    id: str
    part_id: str
    sku: str
    name: str
    serial_number: str | None
    quantity: Decimal
    unit_price: Decimal
    currency: str
    under_warranty: bool
    fitted_on: date
    fitted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SparePart:
    """A part that fits a product, and what it costs."""

    part_id: str
    sku: str
    name: str
    quantity: Decimal
    price: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(DeviceSummary):
    """A device with owners, parts and contracts."""

    data: DeviceData
    owners: list[Owner]
    fitted: list[FittedPart]
    parts: list[SparePart]
    contracts: list[Contract]
    version: int


def devices(
    view: Reading,
    *,
    customer_id: str | None = None,
    q: str = "",
    warranty_ends_by: date | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Part[DeviceSummary]:
    """Devices, bought last first; `q` is the beginning of a serial number."""
    require_read(view)
    wanted = select(DeviceRow)
    if customer_id is not None:
        wanted = wanted.where(DeviceRow.customer_id == customer_id)
    if key := serial_key(q):
        wanted = wanted.where(DeviceRow.serial_key >= key, DeviceRow.serial_key < key + "\U0010ffff")
    elif q:
        wanted = wanted.where(DeviceRow.id == "")
    if warranty_ends_by is not None:
        wanted = wanted.where(DeviceRow.warranty_until.between(today(view), warranty_ends_by))
    rows, following, total = keyset(view, wanted, (DeviceRow.purchased_on, DeviceRow.id), after=after, limit=limit)
    return Part(items=_summaries(view, rows), next=following, total=total)


def device(view: Reading, device_id: str) -> Device:
    """One device. Raises `DeviceNotFound`."""
    require_read(view)
    row = view.session.get(DeviceRow, device_id)
    if row is None:
        raise DeviceNotFound(device_id)
    (summary,) = _summaries(view, [row])
    owners = (
        select(DeviceOwnerRow, CustomerRow.name)
        .join(CustomerRow, CustomerRow.id == DeviceOwnerRow.customer_id)
        .where(DeviceOwnerRow.device_id == row.id)
        .order_by(DeviceOwnerRow.since.desc(), DeviceOwnerRow.id.desc())
    )
    fitted = (
        select(DevicePartRow, ProductRow)
        .join(ProductRow, ProductRow.id == DevicePartRow.part_id)
        .where(DevicePartRow.device_id == row.id)
        .order_by(DevicePartRow.fitted_on.desc(), DevicePartRow.id.desc())
    )
    return Device(
        **{name: getattr(summary, name) for name in DeviceSummary.__dataclass_fields__},
        data=data_of(row),
        owners=[
            Owner(
                customer_id=each.customer_id,
                customer_name=name,
                since=each.since,
                until=each.until,
                reason=each.reason,
                recorded_at=each.recorded_at,
                recorded_by=each.recorded_by,
            )
            for each, name in view.session.execute(owners)
        ],
        fitted=[
            FittedPart(
                id=each.id,
                part_id=each.part_id,
                sku=product.sku,
                name=product.name,
                serial_number=each.serial_number,
                quantity=each.quantity,
                unit_price=each.unit_price,
                currency=each.currency,
                under_warranty=each.under_warranty,
                fitted_on=each.fitted_on,
                fitted_by=each.fitted_by,
            )
            for each, product in view.session.execute(fitted)
        ],
        parts=parts_of(view, row.product_id),
        contracts=contracts_of_device(view, row.id),
        version=row.row_version,
    )


def devices_by_id(view: Reading, ids: Sequence[str]) -> list[DeviceSummary]:
    """The first few of some devices, by their ids."""
    require_read(view)
    wanted = select(DeviceRow).where(DeviceRow.id.in_(sorted(ids)[:SHOWN])).order_by(DeviceRow.id)
    return _summaries(view, list(view.session.scalars(wanted)))


def parts_of(view: Reading, product_id: str) -> list[SparePart]:
    """The parts of a product with their prices, by article number."""
    require_read(view)
    wanted = (
        select(ProductPartRow, ProductRow)
        .join(ProductRow, ProductRow.id == ProductPartRow.part_id)
        .where(ProductPartRow.product_id == product_id)
        .order_by(ProductRow.sku)
    )
    return [
        SparePart(
            part_id=product.id,
            sku=product.sku,
            name=product.name,
            quantity=each.quantity,
            price=product.price,
            currency=product.currency,
        )
        for each, product in view.session.execute(wanted)
    ]


def _summaries(view: Reading, rows: Sequence[DeviceRow]) -> list[DeviceSummary]:
    products = _by_id(view, ProductRow, {row.product_id for row in rows})
    customers = _by_id(view, CustomerRow, {row.customer_id for row in rows})
    day = today(view)
    return [
        DeviceSummary(
            id=row.id,
            serial_number=row.serial_number,
            product_id=row.product_id,
            sku=products[row.product_id].sku,
            product_name=products[row.product_id].name,
            customer_id=row.customer_id,
            customer_name=customers[row.customer_id].name,
            purchased_on=row.purchased_on,
            warranty_until=row.warranty_until,
            days_left=(row.warranty_until - day).days if row.warranty_until else None,
            state=row.state,
        )
        for row in rows
    ]


def _by_id(view: Reading, table: Any, ids: set[str]) -> dict[str, Any]:
    return {row.id: row for row in view.session.scalars(select(table).where(table.id.in_(ids)))} if ids else {}
