"""Everything that is known of one customer in one piece, each part as far as the reader may see it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.records import dataclass
from crm.cards import Card, card
from crm.customer_file.entries import FileEntry, FileFilter, customer_file
from crm.devices.contracts import Contract, contracts
from crm.devices.queries import DeviceSummary, devices
from crm.links.ends import End
from crm.links.queries import Link, links
from crm.merging import family
from crm.notes import Note, notes
from crm.outbox.sent import SentDocument, documents_sent
from crm.paging import MOST
from crm.people import Person, people, person
from crm.pricing.lists import PriceListDetail, price_list, price_lists
from crm.sales.access import may_see_finance
from crm.sales.queries import InvoiceFilter, InvoiceSummary, invoices
from crm.sales.trade import Trade, trade
from crm.satisfaction import Satisfaction, satisfaction
from storage.unit_of_work import Reading
from webapp.customer_file import DeviceCase, RunningCase, cases_of_devices, looks_at_all, running_cases

LONGEST = 20_000  # entries of each list; `is_whole` says whether everything is there


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """A customer with all that belongs to it; `invoices` is None for who may not see what customers owe.

    `is_whole` is false where any list was cut, or where tasks or documents are too old for the history to name them.
    """

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
    first = gathered.first_of
    return CustomerRecord(
        customer=found,
        people=[gathered.person(view, each.id) for each in every(people, view, own)],
        notes=every(notes, view, own),
        satisfaction=every(satisfaction, view, own),
        trade=gathered.trade(view, own),
        price_lists=[price_list(view, each.id) for each in first(price_lists, view, customer_id=own)],
        invoices=gathered.invoices(view, own) if may_see_finance(view.actor) else None,
        devices=owned,
        device_cases=first(cases_of_devices, view, [each.id for each in owned]),
        service_contracts=first(contracts, view, own),
        links=every(links, view, End("crm.customer", own)),
        running_cases=first(running_cases, view, own),
        documents_sent=every(documents_sent, view, own),
        history=every(customer_file, view, own, FileFilter()),
        is_whole=gathered.is_whole and looks_at_all(view, own),
    )


class _Gathered:
    """Reads lists and remembers whether any was too long."""

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

    def first_of(self, query: Callable[..., list[Any]], *arguments: Any, **more: Any) -> list[Any]:
        """The items of a list that is read at once."""
        items = query(*arguments, limit=LONGEST + 1, **more)
        self.is_whole &= len(items) <= LONGEST
        return items[:LONGEST]

    def person(self, view: Reading, contact_id: str) -> Person:
        """One with all positions."""
        found = person(view, contact_id, limit=LONGEST + 1)
        self.is_whole &= len(found.positions) <= LONGEST
        return replace(found, positions=found.positions[:LONGEST])

    def invoices(self, view: Reading, customer_id: str) -> list[InvoiceSummary]:
        """All, with those of the customers that were merged into it, the newest first."""
        owners = family(view, customer_id)
        found = [each for owner in owners for each in self.all_of(invoices, view, InvoiceFilter(customer_id=owner))]
        return sorted(found, key=lambda each: (each.issued_on, each.id), reverse=True)

    def trade(self, view: Reading, customer_id: str) -> Trade:
        """All that was agreed on and traded."""
        found = trade(view, customer_id, limit=LONGEST)
        parts = (found.contracts, found.orders, found.deliveries, found.purchases)
        self.is_whole &= all(len(each.items) == each.count for each in parts)
        return found
