"""Agreeing on service contracts, and reading them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.checks import Findings, checked_version
from crm.company import today
from crm.devices.errors import ContractNotFound
from crm.devices.events import ContractSaved
from crm.devices.models import ContractDeviceRow, DeviceRow, ServiceContractRow
from crm.devices.registering import EDIT
from crm.errors import CustomerNotFound
from crm.models import CustomerRow
from crm.money import plain
from crm.numbering import yearly_number
from storage.unit_of_work import Reading, UnitOfWork

HOURS = ("business", "always")
MOST_DEVICES = 10_000
TERMS = (
    "name",
    "starts_on",
    "ends_on",
    "hours",
    "response_hours",
    "repair_hours",
    "covers_parts",
    "covers_labour",
    "fee",
    "currency",
    "note",
    "ended_reason",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveContract(Command):
    """Agree on a contract, or replace one whole; hours count in business hours or always."""

    customer_id: str
    name: str
    starts_on: date
    response_hours: Decimal
    devices: tuple[str, ...] = ()
    ends_on: date | None = None
    hours: str = "business"
    repair_hours: Decimal | None = None
    covers_parts: bool = False
    covers_labour: bool = True
    fee: Decimal = Decimal(0)
    currency: str = "PLN"
    note: str | None = None
    ended_reason: str | None = None
    contract_id: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A service contract with the ids of its devices."""

    id: str
    number: str
    customer_id: str
    name: str
    starts_on: date
    ends_on: date | None
    hours: str
    response_hours: Decimal
    repair_hours: Decimal | None
    covers_parts: bool
    covers_labour: bool
    fee: Decimal
    currency: str
    note: str | None
    ended_reason: str | None
    devices: list[str]
    is_valid: bool
    version: int


@handles(SaveContract, needs=EDIT)
def save_contract(command: SaveContract, unit: UnitOfWork) -> str:
    """Its id. Raises `WrongFields`, `CustomerNotFound`, `ContractNotFound`, `ChangedMeanwhile`."""
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    values = _checked(command, unit)
    row = None
    if command.contract_id is not None:
        row = unit.session.get(ServiceContractRow, command.contract_id, with_for_update=True)
        if row is None:
            raise ContractNotFound(command.contract_id)
        checked_version(f"The contract {row.number}", expected=command.expected_version, current=row.row_version)
    else:
        row = ServiceContractRow(id=new_id(), created_at=unit.clock.now(), created_by=unit.actor.id)
        row.number, row.customer_id = yearly_number(unit, "SC"), command.customer_id
        unit.session.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    unit.session.flush()  # its devices name it without a relationship
    unit.session.execute(delete(ContractDeviceRow).where(ContractDeviceRow.contract_id == row.id))
    covered = list(dict.fromkeys(command.devices))
    unit.session.add_all(ContractDeviceRow(contract_id=row.id, device_id=each) for each in covered)
    told = {name: _plain(value) for name, value in values.items()}
    unit.emit(
        ContractSaved(contract_id=row.id, number=row.number, customer_id=row.customer_id, terms=told, devices=covered)
    )
    return row.id


def contracts(view: Reading, customer_id: str, *, limit: int = 200) -> list[Contract]:
    """A customer's newest contracts, the newest first."""
    require_read(view)
    wanted = select(ServiceContractRow).where(ServiceContractRow.customer_id == customer_id)
    rows = list(view.session.scalars(wanted.order_by(ServiceContractRow.number.desc()).limit(limit)))
    return _contracts(view, rows)


def contract(view: Reading, key: str) -> Contract:
    """One by id or number. Raises `ContractNotFound`."""
    require_read(view)
    named = (ServiceContractRow.id == key) | (ServiceContractRow.number == key)
    row = view.session.scalars(select(ServiceContractRow).where(named)).first()
    if row is None:
        raise ContractNotFound(key)
    return _contracts(view, [row])[0]


def contracts_of_device(view: Reading, device_id: str) -> list[Contract]:
    """The contracts that cover a device, the newest first."""
    require_read(view)
    covering = select(ContractDeviceRow.contract_id).where(ContractDeviceRow.device_id == device_id)
    wanted = select(ServiceContractRow).where(ServiceContractRow.id.in_(covering))
    return _contracts(view, list(view.session.scalars(wanted.order_by(ServiceContractRow.number.desc()))))


def _checked(command: SaveContract, unit: UnitOfWork) -> dict[str, Any]:
    findings = Findings()
    values: dict[str, Any] = {name: getattr(command, name) for name in TERMS}
    values["name"] = findings.text("/name", command.name, "The name")
    values["hours"] = findings.choice("/hours", command.hours, "The hours", HOURS)
    most = Decimal(9_999)
    values["response_hours"] = findings.amount(
        "/response_hours", command.response_hours, "The time to answer", most=most, places=2
    )
    if command.repair_hours is not None:
        values["repair_hours"] = findings.amount(
            "/repair_hours", command.repair_hours, "The time to repair", most=most, places=2
        )
        if values["repair_hours"] < values["response_hours"]:
            findings.add("/repair_hours", "The repair cannot end before the answer.")
    values["fee"] = findings.amount("/fee", command.fee, "The fee", places=2)
    values["currency"] = findings.code("/currency", command.currency, "The currency", 3)
    values["note"] = findings.optional("/note", command.note, "The note", longest=4000)
    values["ended_reason"] = findings.optional("/ended_reason", command.ended_reason, "The reason", longest=400)
    if command.ends_on is not None and command.ends_on < command.starts_on:
        findings.add("/ends_on", "The last day is before the first.")
    if len(command.devices) > MOST_DEVICES:
        findings.add("/devices", f"A contract covers at most {MOST_DEVICES} devices.")
        findings.refuse()
    owned = select(DeviceRow.id).where(DeviceRow.id.in_(command.devices), DeviceRow.customer_id == command.customer_id)
    known = set(unit.session.scalars(owned)) if command.devices else set()
    for index, each in enumerate(command.devices):
        if each not in known:
            findings.add(f"/devices/{index}", "The customer does not own this device.")
    findings.refuse()
    return values


def _contracts(view: Reading, rows: Sequence[ServiceContractRow]) -> list[Contract]:
    ids = [row.id for row in rows]
    wanted = select(ContractDeviceRow).where(ContractDeviceRow.contract_id.in_(ids))
    covered: dict[str, list[str]] = {key: [] for key in ids}
    if ids:
        for each in view.session.scalars(wanted.order_by(ContractDeviceRow.device_id)):
            covered[each.contract_id].append(each.device_id)
    day = today(view)
    return [
        Contract(
            id=row.id,
            number=row.number,
            customer_id=row.customer_id,
            devices=covered[row.id],
            is_valid=row.starts_on <= day and (row.ends_on is None or day <= row.ends_on),
            version=row.row_version,
            **{name: getattr(row, name) for name in TERMS},
        )
        for row in rows
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else value
