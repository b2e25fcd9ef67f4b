"""What a document can be linked to from its page: each kind with what a search finds of it."""

from collections.abc import Callable, Iterable

from core.records import dataclass
from crm import offer_queries
from crm import queries as crm
from crm.access import may_read
from crm.activities.queries import ActivityFilter, activities
from crm.campaigns.running import campaigns
from crm.devices.contracts import contracts
from crm.devices.queries import devices
from crm.payments.queries import payments
from crm.sales.access import may_see_finance
from crm.sales.queries import InvoiceFilter, invoices
from engine import queries as engine
from engine.queries import InstanceFilter, TaskFilter
from storage.unit_of_work import Reading

MOST = 8  # choices
LOOKED_AT = 200  # campaigns, the last ones


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that a document can be linked to."""

    kind: str
    id: str
    title: str
    note: str


def choices(reading: Reading, kind: str, q: str) -> list[Choice]:
    """The first few of a kind that fit the text and that the reader may see."""
    finder = FINDERS.get(kind)
    if finder is None or (kind.startswith("crm.") and not may_read(reading.actor)):
        return []
    return [Choice(kind, *found) for found in finder(reading, q)]


def _cases(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for each in engine.instances(reading, InstanceFilter(q=q or None), limit=MOST).items:
        yield each.id, each.business_key or each.definition_name, each.definition_name


def _tasks(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for each in engine.tasks(reading, TaskFilter(q=q or None), limit=MOST).items:
        yield each.id, each.name, each.business_key or ""


def _customers(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for each in crm.customers(reading, q, limit=MOST).items:
        yield each.id, each.name, each.number


def _offers(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    wanted = q.casefold()
    fitting = (
        each
        for each in offer_queries.offers(reading, limit=200).items
        if wanted in f"{each.number} {each.customer_name}".casefold()
    )
    for each, _ in zip(fitting, range(MOST), strict=False):
        yield each.id, each.number, each.customer_name


def _contacts(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for customer in crm.customers(reading, q, limit=3).items:
        for each in crm.customer(reading, customer.id).contacts[:MOST]:
            yield each.id, each.name, customer.name


def _products(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for each in crm.products(reading, q, limit=MOST).items:
        yield each.id, each.name, each.sku


def _orders(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for customer in crm.customers(reading, q, limit=3).items:
        for each in crm.orders(reading, customer.id, limit=3).items:
            yield each.id, each.number, customer.name


def _invoices(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    if not may_see_finance(reading.actor):
        return
    wanted = [InvoiceFilter(q=q)] if q else []
    wanted += [InvoiceFilter(customer_id=each.id) for each in crm.customers(reading, q, limit=3).items]
    found = {each.id: each for one in wanted for each in invoices(reading, one, limit=MOST).items}
    for each in found.values():
        yield each.id, each.number, each.customer_name


def _payments(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    if not may_see_finance(reading.actor):
        return
    for customer in crm.customers(reading, q, limit=3).items:
        for each in payments(reading, customer_id=customer.id, limit=3).items:
            yield each.id, f"{each.amount} {each.currency}, {each.booked_on:%Y-%m-%d}", customer.name


def _activities(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for each in activities(reading, ActivityFilter(q=q), limit=MOST).items:
        yield each.id, each.subject, each.customer_name or ""


def _devices(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for each in devices(reading, q=q, limit=MOST).items:
        yield each.id, each.serial_number, f"{each.product_name}, {each.customer_name}"


def _contracts(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for customer in crm.customers(reading, q, limit=3).items:
        for each in contracts(reading, customer.id)[:3]:
            yield each.id, f"{each.number}, {each.name}", customer.name


def _campaigns(reading: Reading, q: str) -> Iterable[tuple[str, str, str]]:
    for each in campaigns(reading, limit=LOOKED_AT).items:
        if q.casefold() in each.name.casefold():
            yield each.id, each.name, f"from {each.begins_on}"


Finder = Callable[[Reading, str], Iterable[tuple[str, str, str]]]
FINDERS: dict[str, Finder] = {
    "case": _cases,
    "task": _tasks,
    "crm.customer": _customers,
    "crm.contact": _contacts,
    "crm.offer": _offers,
    "crm.order": _orders,
    "crm.product": _products,
    "crm.invoice": _invoices,
    "crm.payment": _payments,
    "crm.activity": _activities,
    "crm.device": _devices,
    "crm.service_contract": _contracts,
    "crm.campaign": _campaigns,
}
KINDS = (
    ("crm.customer", "Customer"),
    ("crm.contact", "Contact: the customer's name"),
    ("crm.offer", "Offer"),
    ("crm.order", "Order: its customer's name"),
    ("crm.product", "Product"),
    ("crm.invoice", "Invoice: its number or customer"),
    ("crm.payment", "Payment: the customer's name"),
    ("crm.activity", "Activity"),
    ("crm.device", "Device: its serial number"),
    ("crm.service_contract", "Service contract: its customer's name"),
    ("crm.campaign", "Campaign"),
    ("case", "Case"),
    ("task", "Task"),
)
