"""Registering devices, changing what is known of them, handing them on, and building parts in."""

from collections.abc import Mapping
from dataclasses import field, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.changes import differences
from crm.checks import Findings, checked_version, one_at_a_time
from crm.company import today
from crm.devices.errors import DeviceNotFound, SerialTaken
from crm.devices.events import DeviceChanged, DeviceRegistered, DeviceTransferred, PartFitted, PartsListed
from crm.devices.models import DeviceOwnerRow, DevicePartRow, DeviceRow, ProductPartRow
from crm.devices.warranties import RULES, warranty_end
from crm.errors import CustomerNotFound, ProductNotFound, WrongFields
from crm.models import CustomerRow, OrderRow, ProductRow
from crm.money import plain
from crm.pricing.prices import price_of
from crm.sales.models import InvoiceLineRow, InvoiceRow
from storage.unit_of_work import UnitOfWork

EDIT = "customer.edit"
STATES = ("in_use", "in_repair", "out_of_use")
LONGEST_WARRANTY = 600  # months
LONGEST_EXTENSION = 3_660  # days
MOST_PARTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceData:
    """What is known of a device; the warranty begins by `warranty_from`: purchase, delivery or installation.

    A repair may have made it begin anew (`renewed_on`), or last so many days longer.
    """

    product_id: str
    serial_number: str
    customer_id: str
    purchased_on: date
    order_id: str | None = None
    invoice_id: str | None = None
    invoice_line: int | None = None
    delivered_on: date | None = None
    installed_on: date | None = None
    warranty_from: str = "purchase"
    warranty_months: int = 24
    extended_months: int = 0
    renewed_on: date | None = None
    extended_days: int = 0
    state: str = "in_use"
    place: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDevice(Command):
    """Register a device of a customer."""

    device: DeviceData


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDevice(Command):
    """Change fields of `DeviceData`; the owner changes by `TransferDevice`, the product not at all."""

    device_id: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDevice(Command):
    """Hand a device on to another customer."""

    device_id: str
    customer_id: str
    since: date
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPart(Command):
    """Build a part in; without a price it is the customer's of the day, and nothing under warranty."""

    device_id: str
    part_id: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    serial_number: str | None = None
    fitted_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParts(Command):
    """Say which products are parts of a product, and how many of each."""

    product_id: str
    parts: Mapping[str, Decimal]


@handles(RegisterDevice, needs=EDIT)
def register_device(command: RegisterDevice, unit: UnitOfWork) -> str:
    """Its id. Raises `WrongFields`, `SerialTaken`, `CustomerNotFound`, `ProductNotFound`."""
    data = _checked(unit, command.device)
    _refuse_taken(unit, data)
    row = DeviceRow(id=new_id(), created_at=unit.clock.now(), created_by=unit.actor.id)
    _write(row, data)
    unit.session.add(row)
    unit.session.flush()  # its owner names it without a relationship
    unit.session.add(_owner(unit, row, data.purchased_on, None))
    unit.emit(
        DeviceRegistered(
            device_id=row.id,
            customer_id=row.customer_id,
            product_id=row.product_id,
            serial_number=row.serial_number,
            warranty_until=row.warranty_until.isoformat() if row.warranty_until else None,
        )
    )
    return row.id


@handles(ChangeDevice, needs=EDIT)
def change_device(command: ChangeDevice, unit: UnitOfWork) -> int:
    """The new row version. Raises `DeviceNotFound`, `WrongFields`, `SerialTaken`, `ChangedMeanwhile`."""
    row = lock_device(unit, command.device_id)
    checked_version(f"The device {row.serial_number}", expected=command.expected_version, current=row.row_version)
    before = data_of(row)
    fixed = {"product_id", "customer_id"}
    known = {each.name for each in fields(DeviceData)}
    wrong = {name: f"A device has no {name}." for name in command.changes.keys() - known}
    wrong |= {name: f"{name} does not change here." for name in command.changes.keys() & fixed}
    if wrong:
        raise WrongFields({f"/{name}": sentence for name, sentence in sorted(wrong.items())})
    after = _checked(unit, replace(before, **command.changes))
    _refuse_taken(unit, after, besides=row.id)
    names = {each.name for each in fields(DeviceData) if getattr(before, each.name) != getattr(after, each.name)}
    if names:
        _write(row, after)
        unit.emit(DeviceChanged(device_id=row.id, changes=differences(before, after, names)))
        unit.session.flush()  # the new row version is the answer
    return row.row_version


@handles(TransferDevice, needs=EDIT)
def transfer_device(command: TransferDevice, unit: UnitOfWork) -> None:
    """Raises `DeviceNotFound`, `CustomerNotFound`, `WrongFields` for the same owner or a day before the last change."""
    row = lock_device(unit, command.device_id)
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    findings = Findings()
    reason = findings.optional("/reason", command.reason, "The reason", longest=400)
    last = unit.session.scalars(
        select(DeviceOwnerRow).where(DeviceOwnerRow.device_id == row.id).order_by(DeviceOwnerRow.id.desc()).limit(1)
    ).one()
    if command.customer_id == row.customer_id:
        findings.add("/customer_id", "This customer owns the device already.")
    if command.since < last.since:
        findings.add("/since", f"The owner of now has had it since {last.since.isoformat()}.")
    if command.since > today(unit):
        findings.add("/since", "The day is still to come.")
    findings.refuse()
    unit.emit(
        DeviceTransferred(
            device_id=row.id,
            from_customer=row.customer_id,
            to_customer=command.customer_id,
            since=command.since.isoformat(),
            reason=reason,
        )
    )
    last.until = command.since
    row.customer_id = command.customer_id
    unit.session.add(_owner(unit, row, command.since, reason))


@handles(FitPart, needs=EDIT)
def fit_part(command: FitPart, unit: UnitOfWork) -> str:
    """The id of what was fitted. Raises `DeviceNotFound`, `ProductNotFound`, `WrongFields`."""
    row = lock_device(unit, command.device_id)
    part = unit.session.get(ProductRow, command.part_id)
    if part is None:
        raise ProductNotFound(command.part_id)
    findings = Findings()
    day = command.fitted_on or today(unit)
    covered = row.warranty_until is not None and day <= row.warranty_until
    quantity = findings.amount("/quantity", command.quantity, "The quantity", most=Decimal(9_999))
    if quantity == 0:
        findings.add("/quantity", "The quantity must be above zero.")
    if day < row.purchased_on:
        findings.add("/fitted_on", "The device was not bought yet on this day.")
    price = command.unit_price
    if price is None and covered:
        price = Decimal(0)
    if price is None:
        quote = price_of(unit, part, customer_id=row.customer_id, currency=part.currency, day=day, quantity=quantity)
        price = quote.price if quote else part.price
    price = findings.amount("/unit_price", price, "The price")
    serial = findings.optional("/serial_number", command.serial_number, "The serial number", longest=64)
    findings.refuse()
    fitted = DevicePartRow(
        id=new_id(),
        device_id=row.id,
        part_id=part.id,
        serial_number=serial,
        quantity=quantity,
        unit_price=price,
        currency=part.currency,
        under_warranty=covered,
        fitted_on=day,
        fitted_by=unit.actor.id,
    )
    unit.session.add(fitted)
    unit.emit(
        PartFitted(
            device_id=row.id,
            part_id=part.id,
            quantity=plain(quantity),
            unit_price=plain(price),
            currency=part.currency,
            under_warranty=covered,
        )
    )
    return fitted.id


@handles(ListParts, needs=EDIT)
def list_parts(command: ListParts, unit: UnitOfWork) -> None:
    """Replace the list. Raises `ProductNotFound`, `WrongFields`."""
    one_at_a_time(unit, f"parts:{command.product_id}")
    if len(command.parts) > MOST_PARTS:
        raise WrongFields({"/parts": f"A product has at most {MOST_PARTS} parts."})
    wanted = {command.product_id, *command.parts}
    known = set(unit.session.scalars(select(ProductRow.id).where(ProductRow.id.in_(wanted))))
    if missing := sorted(wanted - known):
        raise ProductNotFound(missing[0])
    findings = Findings()
    if command.product_id in command.parts:
        findings.add("/parts", "A product is no part of itself.")
    for part_id, quantity in command.parts.items():
        findings.amount(f"/parts/{part_id}", quantity, "The quantity", most=Decimal(9_999))
    findings.refuse()
    for row in unit.session.scalars(select(ProductPartRow).where(ProductPartRow.product_id == command.product_id)):
        unit.session.delete(row)
    unit.session.flush()  # the same part may come again
    for part_id, quantity in command.parts.items():
        unit.session.add(ProductPartRow(product_id=command.product_id, part_id=part_id, quantity=quantity))
    told = {part_id: plain(quantity) for part_id, quantity in sorted(command.parts.items())}
    unit.emit(PartsListed(product_id=command.product_id, parts=told))


def lock_device(unit: UnitOfWork, device_id: str) -> DeviceRow:
    """The device, locked until the unit ends. Raises `DeviceNotFound`."""
    row = unit.session.get(DeviceRow, device_id, with_for_update=True)
    if row is None:
        raise DeviceNotFound(device_id)
    return row


def data_of(row: DeviceRow) -> DeviceData:
    """What is known of a device."""
    return DeviceData(**{each.name: getattr(row, each.name) for each in fields(DeviceData)})


def _checked(unit: UnitOfWork, data: DeviceData) -> DeviceData:
    if unit.session.get(CustomerRow, data.customer_id) is None:
        raise CustomerNotFound(data.customer_id)
    if unit.session.get(ProductRow, data.product_id) is None:
        raise ProductNotFound(data.product_id)
    findings = Findings()
    serial = findings.text("/serial_number", data.serial_number, "The serial number", longest=64)
    if serial and not serial_key(serial):
        findings.add("/serial_number", "The serial number has no letter and no digit.")
    findings.choice("/warranty_from", data.warranty_from, "The start of the warranty", RULES)
    findings.choice("/state", data.state, "The state", STATES)
    findings.whole("/warranty_months", data.warranty_months, "The warranty", most=LONGEST_WARRANTY)
    findings.whole("/extended_months", data.extended_months, "The extension", most=LONGEST_WARRANTY)
    findings.whole("/extended_days", data.extended_days, "The extension in days", most=LONGEST_EXTENSION)
    for name in ("delivered_on", "installed_on", "renewed_on"):
        day = getattr(data, name)
        if day is not None and day < data.purchased_on:
            findings.add(f"/{name}", "The day is before the purchase.")
    _check_papers(unit, data, findings)
    normal = replace(
        data,
        serial_number=serial,
        order_id=data.order_id or None,
        invoice_id=data.invoice_id or None,
        place=findings.optional("/place", data.place, "The place", longest=400),
        note=findings.optional("/note", data.note, "The note", longest=4000),
    )
    findings.refuse()
    return normal


def _check_papers(unit: UnitOfWork, data: DeviceData, findings: Findings) -> None:
    """Order and invoice exist, and the line of the invoice, too."""
    if data.order_id and unit.session.get(OrderRow, data.order_id) is None:
        findings.add("/order_id", "There is no such order.")
    if data.invoice_id and unit.session.get(InvoiceRow, data.invoice_id) is None:
        findings.add("/invoice_id", "There is no such invoice.")
    if data.invoice_line is not None:
        line = select(InvoiceLineRow.id).where(
            InvoiceLineRow.invoice_id == (data.invoice_id or ""), InvoiceLineRow.position == data.invoice_line
        )
        if unit.session.scalars(line).first() is None:
            findings.add("/invoice_line", "The invoice has no such line.")


def serial_key(serial: str) -> str:
    """A serial number as it is compared."""
    return "".join(each for each in serial.upper() if each.isalnum())


def _refuse_taken(unit: UnitOfWork, data: DeviceData, *, besides: str = "") -> None:
    key = serial_key(data.serial_number)
    one_at_a_time(unit, f"device:{data.product_id}:{key}")
    same = select(DeviceRow.id).where(
        DeviceRow.product_id == data.product_id, DeviceRow.serial_key == key, DeviceRow.id != besides
    )
    with unit.session.no_autoflush:
        other = unit.session.scalars(same).first()
        if other is not None:
            product = unit.session.get_one(ProductRow, data.product_id)
            raise SerialTaken(data.serial_number, product.name, other)


def _write(row: DeviceRow, data: DeviceData) -> None:
    for each in fields(DeviceData):
        setattr(row, each.name, getattr(data, each.name))
    row.serial_key = serial_key(data.serial_number)
    starts = {
        "purchase": data.purchased_on,
        "delivery": data.delivered_on,
        "installation": data.installed_on,
    }
    start = data.renewed_on or starts[data.warranty_from]
    until = warranty_end(start, data.warranty_months + data.extended_months)
    row.warranty_until = until + timedelta(days=data.extended_days) if until else None


def _owner(unit: UnitOfWork, row: DeviceRow, since: date, reason: str | None) -> DeviceOwnerRow:
    return DeviceOwnerRow(
        id=new_id(),
        device_id=row.id,
        customer_id=row.customer_id,
        since=since,
        until=None,
        reason=reason,
        recorded_at=unit.clock.now(),
        recorded_by=unit.actor.id,
    )
