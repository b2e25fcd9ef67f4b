"""Devices: the list, one with its history, and the forms that register, change, hand on and repair."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from crm import queries as records
from crm.devices import contracts as agreed
from crm.devices import queries
from crm.devices.contracts import SaveContract
from crm.devices.registering import STATES, ChangeDevice, DeviceData, FitPart, RegisterDevice, TransferDevice
from crm.devices.warranties import RULES
from crm.errors import CustomerNotFound, ProductNotFound, WrongFields
from documents.queries import linked_documents
from processes.notices import offered_about
from storage.unit_of_work import Reading
from webapp.customer_file import cases_of_devices
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view

DAYS = ("purchased_on", "delivered_on", "installed_on")
RECENT = 10


@blueprint.get("/devices", endpoint="devices")
def list_devices() -> str:
    """Devices by serial number, bought last first."""
    with view() as reading:
        found = queries.devices(reading, q=asked("q"), after=asked("after") or None, limit=MOST)
    return answer("devices/list.html", "devices/rows.html", devices=found, q=asked("q"))


@blueprint.get("/devices/new")
def new_device() -> str:
    """An empty form, for a customer where the address names one."""
    with view() as reading:
        given = {"customer": asked("customer"), "warranty_months": "24", "extended_months": "0"}
        given["purchased_on"] = reading.clock.now().date().isoformat()
    return render_template("devices/edit.html", given=given, faults={}, rules=RULES, states=STATES, device=None)


@blueprint.post("/devices")
def register_device() -> Response:
    """Register it, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    try:
        with view() as reading:
            data = _data(reading, given)
        made = run(RegisterDevice(device=data))
    except (Conflict, InvalidInput) as refusal:
        return _again(given, refusal)
    return redirect(url_for("pages.device", device_id=made))


@blueprint.get("/devices/<id:device_id>")
def device(device_id: str) -> str:
    """One device."""
    with view() as reading:
        return _page(reading, device_id)


@blueprint.get("/devices/<id:device_id>/edit")
def edit_device(device_id: str) -> str:
    """The form of a device."""
    with view() as reading:
        found = queries.device(reading, device_id)
    given = {name: _text(getattr(found.data, name)) for name in DeviceData.__dataclass_fields__}
    return render_template("devices/edit.html", given=given, faults={}, rules=RULES, states=STATES, device=found)


@blueprint.post("/devices/<id:device_id>/edit")
def save_device(device_id: str) -> Response:
    """Change it, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    with view() as reading:
        found = queries.device(reading, device_id)
    try:
        changes = _values(given)
        version = int(given.get("expected_version") or 0) or None
        run(ChangeDevice(device_id=device_id, changes=changes, expected_version=version))
    except (Conflict, InvalidInput) as refusal:
        return _again(given, refusal, found)
    return redirect(url_for("pages.device", device_id=device_id))


@blueprint.post("/devices/<id:device_id>/<any(transfer, parts):step>")
def work_on_device(device_id: str, step: str) -> Response:
    """Hand it on or build a part in, or say why that cannot be."""
    given = {name: value.strip() for name, value in request.form.items()}
    try:
        with view() as reading:
            command = _transfer(reading, device_id, given) if step == "transfer" else _part(reading, device_id, given)
        run(command)
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _page(reading, device_id, refusal)
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.device", device_id=device_id))


@blueprint.post("/customers/<id:customer_id>/service-contracts")
def save_service_contract(customer_id: str) -> Response:
    """Agree on a contract for the devices that were ticked."""
    given = {name: value.strip() for name, value in request.form.items()}
    ticked = tuple(request.form.getlist("device"))
    try:
        run(
            SaveContract(
                customer_id=customer_id,
                name=given.get("name", ""),
                starts_on=_day(given, "starts_on"),
                ends_on=_day(given, "ends_on") if given.get("ends_on") else None,
                response_hours=_number(given, "response_hours"),
                repair_hours=_number(given, "repair_hours") if given.get("repair_hours") else None,
                hours=given.get("hours", "business"),
                covers_parts="covers_parts" in given,
                fee=_number(given, "fee") if given.get("fee") else Decimal(0),
                currency=given.get("currency", "PLN"),
                devices=ticked,
            )
        )
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            values = device_values(reading, customer_id, everything=True)
            shown = records.customer(reading, customer_id)
        page = render_template("devices/contract.html", customer=shown, given=given, refusal=refusal, **values)
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.customer", customer_id=customer_id) + "#devices")


@blueprint.get("/customers/<id:customer_id>/service-contracts/new")
def new_service_contract(customer_id: str) -> str:
    """An empty form."""
    with view() as reading:
        given = {"starts_on": reading.clock.now().date().isoformat(), "currency": "PLN", "response_hours": "8"}
        values = device_values(reading, customer_id, everything=True)
        shown = records.customer(reading, customer_id)
    return render_template("devices/contract.html", customer=shown, given=given, refusal=None, **values)


@blueprint.get("/service-contracts/<id:contract_id>")
def service_contract(contract_id: str) -> str:
    """What was agreed, for which devices, and what belongs to it."""
    with view() as reading:
        found = agreed.contract(reading, contract_id)
        values: dict[str, Any] = {
            "customer": records.customer(reading, found.customer_id),
            "covered": queries.devices_by_id(reading, found.devices),
            "documents": linked_documents(reading, "crm.service_contract", found.id),
        }
    return render_template("devices/agreed.html", contract=found, names=names(), **values)


def device_values(reading: Reading, customer_id: str, *, everything: bool = False) -> dict[str, Any]:
    """What the panel of devices on a customer's page shows."""
    owned = queries.devices(reading, customer_id=customer_id, limit=200 if everything else RECENT)
    return {
        "owned": owned,
        "device_cases": cases_of_devices(reading, [each.id for each in owned.items]),
        "contracts": agreed.contracts(reading, customer_id),
    }


def _data(reading: Reading, given: dict[str, str]) -> DeviceData:
    try:
        product = records.product(reading, given.get("product", ""))
        customer = records.customer(reading, given.get("customer", ""))
    except ProductNotFound as error:
        raise WrongFields({"/product_id": "There is no product with this article number."}) from error
    except CustomerNotFound as error:
        raise WrongFields({"/customer_id": "There is no customer with this number."}) from error
    return DeviceData(product_id=product.id, customer_id=customer.id, **_values(given))


def _values(given: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: given.get(name) or None for name in ("place", "note")}
    found |= {name: _day(given, name) if given.get(name) else None for name in DAYS[1:]}
    found["purchased_on"] = _day(given, "purchased_on")
    found |= {name: int(_number(given, name)) for name in ("warranty_months", "extended_months")}
    found["serial_number"] = given.get("serial_number", "")
    found["warranty_from"] = given.get("warranty_from", "purchase")
    found["state"] = given.get("state", "in_use")
    return found


def _transfer(reading: Reading, device_id: str, given: dict[str, str]) -> TransferDevice:
    try:
        customer = records.customer(reading, given.get("customer", ""))
    except CustomerNotFound as error:
        raise WrongFields({"/customer_id": "There is no customer with this number."}) from error
    since = _day(given, "since")
    return TransferDevice(device_id=device_id, customer_id=customer.id, since=since, reason=given.get("reason") or None)


def _part(reading: Reading, device_id: str, given: dict[str, str]) -> FitPart:
    try:
        part = records.product(reading, given.get("part", ""))
    except ProductNotFound as error:
        raise WrongFields({"/part_id": "There is no product with this article number."}) from error
    price = _number(given, "unit_price") if given.get("unit_price") else None
    return FitPart(device_id=device_id, part_id=part.id, quantity=_number(given, "quantity"), unit_price=price)


def _day(given: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError:
        raise WrongFields({f"/{name}": "Choose a day."}) from None


def _number(given: dict[str, str], name: str) -> Decimal:
    try:
        number = Decimal(given.get(name, "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > Decimal(10) ** 9:
        raise WrongFields({f"/{name}": "Write a number."})
    return number


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _page(reading: Reading, device_id: str, refusal: Conflict | InvalidInput | None = None) -> str:
    found = queries.device(reading, device_id)
    today = reading.clock.now().date().isoformat()
    documents = linked_documents(reading, "crm.device", found.id)
    values: dict[str, Any] = {"refusal": refusal, "names": names(), "today": today, "documents": documents}
    values["cases"] = cases_of_devices(reading, [found.id])
    values["notices"] = offered_about(reading, "crm.device", found.id)
    return render_template("devices/device.html", device=found, **values)


def _again(given: dict[str, str], refusal: Conflict | InvalidInput, found: queries.Device | None = None) -> Response:
    values: dict[str, Any] = {"rules": RULES, "states": STATES, "device": found, "refusal": refusal}
    faults = refusal.details.get("fields") or {}
    page = render_template("devices/edit.html", given=given, faults=faults, **values)
    return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
