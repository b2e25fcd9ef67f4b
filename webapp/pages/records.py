"""Business records and other things that cases and documents point to, as links with a title."""

from collections.abc import Callable

from flask import url_for

from core.errors import DomainError, NotFound
from core.records import dataclass
from crm import offer_queries
from crm import queries as crm
from crm.access import require_read
from crm.activities.queries import activity
from crm.campaigns.running import campaign
from crm.devices.contracts import contract
from crm.devices.queries import device
from crm.models import ContactRow
from crm.payments.queries import payment
from crm.sales.queries import invoice
from engine import queries as engine
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True)
class Record:
    """Something that others point to; `address` is its page."""

    kind: str
    title: str
    address: str


def record(reading: Reading, kind: str, key: str) -> Record | None:
    """What a link leads to; None for what the reader may not see and for kinds without a page."""
    finder = FINDERS.get(kind)
    try:
        return finder(reading, key) if finder else None
    except DomainError:
        return None


def _offer(reading: Reading, key: str) -> Record:
    found = offer_queries.offer(reading, key)
    return Record("Offer", f"{found.number}, {found.customer_name}", url_for("pages.offer", offer_id=found.id))


def _customer(reading: Reading, key: str) -> Record:
    found = crm.customer(reading, key)
    return Record("Customer", found.profile.name, url_for("pages.customer", customer_id=found.id))


def _contact(reading: Reading, key: str) -> Record:
    require_read(reading)
    found = reading.session.get(ContactRow, key)
    if found is None:
        raise NotFound(f"There is no contact {key}.")
    return Record("Contact", found.name, url_for("pages.contact", contact_id=found.id))


def _order(reading: Reading, key: str) -> Record:
    found = crm.order(reading, key)
    return Record("Order", found.number, url_for("pages.customer_order", order_id=found.id))


def _product(reading: Reading, key: str) -> Record:
    found = crm.product(reading, key)
    return Record("Product", found.name, url_for("pages.product", product_id=found.id))


def _invoice(reading: Reading, key: str) -> Record:
    found = invoice(reading, key)
    return Record("Invoice", found.number, url_for("pages.invoice", invoice_id=found.id))


def _payment(reading: Reading, key: str) -> Record:
    found = payment(reading, key)
    title = f"{found.amount} {found.currency}"
    return Record("Payment", title, url_for("pages.payment", payment_id=found.id))


def _activity(reading: Reading, key: str) -> Record:
    found = activity(reading, key)
    return Record("Activity", found.subject, url_for("pages.activity", activity_id=found.id))


def _device(reading: Reading, key: str) -> Record:
    found = device(reading, key)
    title = f"{found.product_name}, {found.serial_number}"
    return Record("Device", title, url_for("pages.device", device_id=found.id))


def _contract(reading: Reading, key: str) -> Record:
    found = contract(reading, key)
    title = f"{found.number}, {found.name}"
    return Record("Service contract", title, url_for("pages.service_contract", contract_id=found.id))


def _campaign(reading: Reading, key: str) -> Record:
    found = campaign(reading, key)
    return Record("Campaign", found.name, url_for("pages.campaign", campaign_id=found.id))


def _case(reading: Reading, key: str) -> Record:
    found = engine.instance(reading, key)
    title = found.business_key or found.definition.name
    return Record(f"Case, {found.definition.name}", title, url_for("pages.case", instance_id=found.id))


def _task(reading: Reading, key: str) -> Record:
    found = engine.task(reading, key)
    return Record("Task", found.name, url_for("pages.task", task_id=found.id))


FINDERS: dict[str, Callable[[Reading, str], Record]] = {
    "crm.offer": _offer,
    "crm.customer": _customer,
    "crm.contact": _contact,
    "crm.order": _order,
    "crm.product": _product,
    "crm.invoice": _invoice,
    "crm.payment": _payment,
    "crm.activity": _activity,
    "crm.device": _device,
    "crm.service_contract": _contract,
    "crm.campaign": _campaign,
    "case": _case,
    "task": _task,
}
