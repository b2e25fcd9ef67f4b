"""Everything that is known of one customer in one piece, each part as far as the reader may see it."""

from collections.abc import Callable
from typing import Any

from core.records import dataclass
from crm.cards import Card, card
from crm.customer_file.entries import FileEntry, FileFilter, customer_file
from crm.devices.contracts import Contract, contracts
from crm.devices.queries import DeviceSummary, devices
from crm.links.ends import End
from crm.links.queries import Link, links
from crm.notes import Note, notes
from crm.outbox.sent import SentDocument, documents_sent
from crm.people import Person, people, person
from crm.pricing.lists import PriceListDetail, price_list, price_lists
from crm.sales.access import may_see_finance
from crm.sales.queries import InvoiceFilter, InvoiceSummary, invoices
from crm.sales.trade import MOST, Trade, trade
from crm.satisfaction import Satisfaction, satisfaction
from storage.unit_of_work import Reading
from webapp.customer_file import DeviceCase, RunningCase, cases_of_devices, running_cases

LONGEST = 20_000  # entries of each list; `is_whole` says whether all are there


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """A customer with all that belongs to it; `invoices` is None for who may not see what customers owe."""

    customer: Card
    people: list[Person]
    notes: list[Note]
    satisfaction: list[Satisfaction]
    trade: Trade
    price_lists: list[PriceListDetail]
    invoices: list[InvoiceSummary] | None
    devices: list[DeviceSummary]
    device_cases: list[DeviceCase]
    service_contracts: list[Contract]
    links: list[Link]
    running_cases: list[RunningCase]
    documents_sent: list[SentDocument]
    history: list[FileEntry]
    is_whole: bool


def customer_record(view: Reading, key: str) -> CustomerRecord:
    """All of it, read page by page. Raises `CustomerNotFound`, `Forbidden`."""
    found = card(view, key)
    own, gathered = found.id, _Gathered()
    every = gathered.all_of
    owned = every(devices, view, customer_id=own)
    return CustomerRecord(
        customer=found,
        people=[person(view, each.id) for each in every(people, view, own)],
        notes=every(notes, view, own),
        satisfaction=every(satisfaction, view, own),
        trade=trade(view, own, limit=MOST),
        price_lists=[price_list(view, each.id) for each in price_lists(view, customer_id=own)],
        invoices=every(invoices, view, InvoiceFilter(customer_id=own)) if may_see_finance(view.actor) else None,
        devices=owned,
        device_cases=cases_of_devices(view, [each.id for each in owned], limit=MOST),
        service_contracts=contracts(view, own),
        links=every(links, view, End("crm.customer", own)),
        running_cases=running_cases(view, own),
        documents_sent=every(documents_sent, view, own),
        history=every(customer_file, view, own, FileFilter()),
        is_whole=gathered.is_whole,
    )


class _Gathered:
    """Reads lists page by page and remembers whether any was too long."""

    def __init__(self) -> None:
        self.is_whole = True

    def all_of(self, query: Callable[..., Any], *arguments: Any, **more: Any) -> list[Any]:
        """All items of a list in pages."""
        items: list[Any] = []
        after = None
        while True:
            page = query(*arguments, after=after, limit=MOST, **more)
            items += page.items
            after = page.next
            if after is None:
                return items
            if len(items) >= LONGEST:
                self.is_whole = False
                return items
