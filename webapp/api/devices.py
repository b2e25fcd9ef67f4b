"""Devices that customers own, and contracts to serve them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field

from crm.devices import contracts as agreed
from crm.devices import queries
from crm.devices.contracts import Contract, SaveContract
from crm.devices.queries import Device, DeviceSummary, SparePart
from crm.devices.registering import (
    ChangeDevice,
    DeviceData,
    FitPart,
    ListParts,
    RegisterDevice,
    TransferDevice,
)
from crm.paging import Part
from webapp.api.routing import Body, Routes
from webapp.customer_file import DeviceCase, cases_of_devices
from webapp.web import run, view

routes = Routes("devices")
REFUSALS = (403, 404, 409, 422)


class DeviceQuery(Body):
    """Which devices; `q` is the beginning of a serial number."""

    customer_id: str | None = None
    q: str = Field(default="", max_length=64)
    warranty_ends_by: date | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class DeviceBody(Body):
    """A device; the warranty begins by `warranty_from`: purchase, delivery or installation."""

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


class DeviceChanges(Body):
    """Only what is given changes; `version` is the one that was read."""

    version: int | None = None
    serial_number: str | None = None
    purchased_on: date | None = None
    order_id: str | None = None
    invoice_id: str | None = None
    invoice_line: int | None = None
    delivered_on: date | None = None
    installed_on: date | None = None
    warranty_from: str | None = None
    warranty_months: int | None = None
    extended_months: int | None = None
    renewed_on: date | None = None
    extended_days: int | None = None
    state: str | None = None
    place: str | None = None
    note: str | None = None


class TransferBody(Body):
    """To whom, and since when."""

    customer_id: str
    since: date
    reason: str | None = None


class FittingBody(Body):
    """A part; without a price it is free under warranty, else what it costs the customer."""

    part_id: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    serial_number: str | None = None
    fitted_on: date | None = None


class PartsBody(Body):
    """Ids of products and how many of each."""

    parts: dict[str, Decimal]


class ContractBody(Body):
    """A service contract as a whole; with `id` and `version` it replaces one."""

    name: str
    starts_on: date
    response_hours: Decimal
    devices: list[str] = Field(default_factory=list, max_length=10_000)
    ends_on: date | None = None
    hours: str = "business"
    repair_hours: Decimal | None = None
    covers_parts: bool = False
    covers_labour: bool = True
    fee: Decimal = Decimal(0)
    currency: str = "PLN"
    note: str | None = None
    ended_reason: str | None = None
    id: str | None = None
    version: int | None = None


@routes.get("/devices", "Devices, newest first", query=DeviceQuery, answer=Part[DeviceSummary], refusals=(403, 422))
def devices(query: DeviceQuery) -> Any:
    """List devices."""
    with view() as reading:
        return queries.devices(reading, **query.model_dump())


@routes.post("/devices", "Register a device", body=DeviceBody, answer=Device, status=201, refusals=REFUSALS)
def register_device(body: DeviceBody) -> Device:
    """Register a device."""
    return _device(run(RegisterDevice(device=DeviceData(**body.model_dump()))))


@routes.get("/devices/<id:device_id>", "One device and its history", answer=Device, refusals=(403, 404))
def device(device_id: str) -> Device:
    """Read a device."""
    return _device(device_id)


@routes.patch("/devices/<id:device_id>", "Change a device", body=DeviceChanges, answer=Device, refusals=REFUSALS)
def change_device(device_id: str, body: DeviceChanges) -> Device:
    """Change a device."""
    changes = body.model_dump(exclude_unset=True, exclude={"version"})
    run(ChangeDevice(device_id=device_id, changes=changes, expected_version=body.version))
    return _device(device_id)


@routes.post(
    "/devices/<id:device_id>/transfer", "Hand a device on", body=TransferBody, answer=Device, refusals=REFUSALS
)
def transfer_device(device_id: str, body: TransferBody) -> Device:
    """Change the owner."""
    run(TransferDevice(device_id=device_id, **body.model_dump()))
    return _device(device_id)


@routes.post(
    "/devices/<id:device_id>/parts", "Build a part in", body=FittingBody, answer=Device, status=201, refusals=REFUSALS
)
def fit_part(device_id: str, body: FittingBody) -> Device:
    """Fit a part."""
    run(FitPart(device_id=device_id, **body.model_dump()))
    return _device(device_id)


@routes.get(
    "/devices/<id:device_id>/cases",
    "The cases about a device that the caller may see; those that run first, then the newest",
    answer=list[DeviceCase],
    refusals=(403, 404),
)
def device_cases(device_id: str) -> list[DeviceCase]:
    """List its cases."""
    with view() as reading:
        return cases_of_devices(reading, [queries.device(reading, device_id).id])


@routes.get("/products/<id:product_id>/parts", "The parts of a product", answer=list[SparePart], refusals=(403,))
def parts(product_id: str) -> Any:
    """List parts."""
    with view() as reading:
        return queries.parts_of(reading, product_id)


@routes.post(
    "/products/<id:product_id>/parts", "Replace them", body=PartsBody, answer=list[SparePart], refusals=REFUSALS
)
def list_parts(product_id: str, body: PartsBody) -> Any:
    """Keep the parts of a product."""
    run(ListParts(product_id=product_id, parts=body.parts))
    return parts(product_id)


@routes.get(
    "/customers/<id:customer_id>/service-contracts", "A customer's contracts", answer=list[Contract], refusals=(403,)
)
def contracts(customer_id: str) -> Any:
    """List contracts."""
    with view() as reading:
        return agreed.contracts(reading, customer_id)


@routes.post(
    "/customers/<id:customer_id>/service-contracts",
    "Agree on a contract, or replace one",
    body=ContractBody,
    answer=Contract,
    status=201,
    refusals=REFUSALS,
)
def save_contract(customer_id: str, body: ContractBody) -> Contract:
    """Keep a contract."""
    given = body.model_dump(exclude={"id", "version", "devices"})
    command = SaveContract(
        customer_id=customer_id,
        devices=tuple(body.devices),
        contract_id=body.id,
        expected_version=body.version,
        **given,
    )
    kept = run(command)
    with view() as reading:
        return agreed.contract(reading, kept)


@routes.get("/service-contracts/<key>", "One contract, by id or number", answer=Contract, refusals=(403, 404))
def contract(key: str) -> Contract:
    """Read a contract."""
    with view() as reading:
        return agreed.contract(reading, key)


def _device(device_id: str) -> Device:
    with view() as reading:
        return queries.device(reading, device_id)
