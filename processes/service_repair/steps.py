"""What the service tasks have in common: notes for the trail, the device, words of forms, refusals to the person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.errors import DomainError
from crm.company import company
from crm.devices.models import DeviceRow
from crm.devices.registering import serial_key
from engine.errors import StepRefused
from engine.handlers import ServiceCall
from processes.service_repair.events import RepairNoted
from storage.unit_of_work import UnitOfWork


@contextmanager
def told_to_the_person(*refusals: type[DomainError]) -> Iterator[None]:
    """What the person who completes the task can put right at once is their answer, not an incident."""
    try:
        yield
    except refusals as error:
        raise StepRefused(error.sentence, **error.details, reason=error.code) from error


def note(unit: UnitOfWork, call: ServiceCall, what: str, text: Any = None, **facts: Any) -> None:
    """Write it into the trail of the case."""
    unit.emit(RepairNoted(instance_id=call.instance_id, what=what, note=str(text) if text else None, facts=facts))


def device_of(unit: UnitOfWork, told: Mapping[str, Any]) -> DeviceRow | None:
    """The registered device of a case: by id, or the only one with its serial number."""
    if told.get("device_id"):
        return unit.session.get(DeviceRow, str(told["device_id"]))
    key = serial_key(str(told.get("serial_number") or ""))
    if not key:
        return None
    wanted = select(DeviceRow).where(DeviceRow.serial_key == key)
    if told.get("customer_id"):
        wanted = wanted.where(DeviceRow.customer_id == str(told["customer_id"]))
    found = unit.session.scalars(wanted.order_by(DeviceRow.id).limit(2)).all()
    return found[0] if len(found) == 1 else None


def day_of(value: Any) -> date | None:
    """A day of a form."""
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value))


def morning(unit: UnitOfWork, day: date) -> datetime:
    """Eight o'clock where the company is."""
    return datetime.combine(day, time(8), ZoneInfo(company(unit).time_zone))
