"""Which entries of the index an event concerns; they are written in the transaction of the event."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select

from core.messages import Event
from crm.activities.events import ActivityChanged
from crm.customer_events import ContactMoved, ContactPlaced, ContactWithdrawn, CustomersMerged, MergeUndone
from crm.erasing import ContactErased
from crm.events import (
    BalanceRecorded,
    ContactChanged,
    ContactCreated,
    CustomerChanged,
    CustomerEvent,
    OfferEvent,
    OrderEntered,
    ProductEvent,
)
from crm.models import ContactRow, OrderRow
from crm.payments.events import PaymentEvent, PaymentReversed
from crm.payments.models import PaymentRow
from crm.sales.events import InvoiceCredited, InvoiceEvent, OfferAccepted, OrderMoved
from crm.sales.models import InvoiceRow
from documents.events import DocumentFiled
from documents.filed import Filed, stream_of
from documents.models import DocumentLinkRow
from documents.search.indexing import index, index_filed, index_new
from documents.search.ports import CASE, DOCUMENT
from engine.events import CaseStarted, EntityLinked, HistoryRemoved, TaskEvent
from storage.unit_of_work import UnitOfWork
from webapp.searching.labels import ACTIVITY
from webapp.searching.records import CONTACT, INVOICE, ORDER, PAYMENT, PRODUCT
from webapp.searching.sources import CUSTOMER, OFFER, customer_entry

STREAM = "document:"
UNCHANGING = frozenset(
    {
        *("document.read", "document.checked_out", "document.given_back", "document.reminded"),
        *("document.link_shared", "document.link_revoked", "document.link_refused", "document.read_by_link"),
    }
)


def index_changes(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Write the entries of everything that the events of a unit changed; most units change none."""
    told = [event for event in events if not isinstance(event, TaskEvent)]
    if told:  # a completed task changes no entry: asking what each event is takes longer than to hash it
        _index(unit, told)


def _index(unit: UnitOfWork, events: Sequence[Event]) -> None:
    concerned: dict[str, set[str]] = {}
    changed: set[str] = set()  # documents to which more happened than that they were filed
    moved: set[str] = set()  # cases whose documents have other rights or another customer now
    for event in events:
        kind, ids = _subjects(event)
        if kind:
            concerned.setdefault(kind, set()).update(ids)
        if isinstance(event, CustomersMerged | MergeUndone) and event.offers:
            concerned.setdefault(OFFER, set()).update(event.offers)
        if kind == DOCUMENT and not isinstance(event, DocumentFiled):
            changed.update(ids)
        if isinstance(event, EntityLinked | HistoryRemoved):
            moved.update(ids)
        for other, each in _others(unit, event):
            concerned.setdefault(other, set()).update(each)
    private = {event.activity_id for event in events if isinstance(event, ActivityChanged)}
    if moved or private:
        of_them = {*_documents_of(unit, CASE, moved), *_documents_of(unit, ACTIVITY, private)}
        concerned.setdefault(DOCUMENT, set()).update(of_them)
        changed.update(of_them)
    made = {each: unit.made.get(stream_of(each)) for each in concerned.get(DOCUMENT, set()) - changed}
    filed = {each: found for each, found in made.items() if isinstance(found, Filed)}
    if filed:
        index_filed(unit, [filed[each] for each in sorted(filed)])
        concerned[DOCUMENT] -= filed.keys()
    _index_new(unit, concerned)
    for kind, each in sorted(concerned.items()):
        index(unit, kind, each)


def _index_new(unit: UnitOfWork, concerned: dict[str, set[str]]) -> None:
    """Customers that the unit made and can tell of need not be read back."""
    ids = concerned.get(CUSTOMER, set())
    fresh = [found for each in ids if (found := unit.made.get(f"customer:{each}")) is not None]
    if fresh:
        index_new(unit, [customer_entry(each, []) for each in fresh])
        ids -= {each.id for each in fresh}


def _others(unit: UnitOfWork, event: Event) -> Iterator[tuple[str, Collection[str]]]:
    """What else looks different: people with their customer, orders with the offer that became one."""
    match event:
        case (
            ContactCreated()
            | ContactChanged()
            | ContactErased()
            | ContactMoved()
            | ContactPlaced()
            | ContactWithdrawn()
        ):
            yield CONTACT, [event.contact_id]
        case CustomerChanged() if "name" in {*event.changes, *event.personal_changes}:
            yield CONTACT, _of_customer(unit, ContactRow, event.customer_id)
        case CustomersMerged() | MergeUndone():
            yield CONTACT, _of_customer(unit, ContactRow, event.customer_id)
            yield ORDER, _of_customer(unit, OrderRow, event.customer_id)
            yield INVOICE, _of_customer(unit, InvoiceRow, event.customer_id)
            yield PAYMENT, _of_customer(unit, PaymentRow, event.customer_id)
        case OfferAccepted():
            yield ORDER, [event.order_id]
        case InvoiceCredited():
            yield INVOICE, [event.credit_id]
        case PaymentReversed():
            yield PAYMENT, [event.by]


def _of_customer(
    unit: UnitOfWork, row: type[ContactRow | OrderRow | InvoiceRow | PaymentRow], customer_id: str
) -> Collection[str]:
    return set(unit.session.scalars(select(row.id).where(row.customer_id == customer_id)))


def _subjects(event: Event) -> tuple[str, Collection[str]]:
    """The kind and the ids of what looks different in the index after an event; no kind for most events."""
    match event:
        case CaseStarted() | EntityLinked():
            return CASE, [event.instance_id]
        case HistoryRemoved():
            return CASE, event.instances
        case BalanceRecorded():
            return "", ()
        case CustomerEvent():
            return CUSTOMER, [event.customer_id]
        case OfferEvent():
            return OFFER, [event.offer_id]
        case InvoiceEvent() | PaymentEvent() | OrderEntered() | OrderMoved() | ProductEvent():
            return _sold(event)
        case _ if event.type.startswith("document.") and event.type not in UNCHANGING:
            stream = event.stream
            return (DOCUMENT, [stream.removeprefix(STREAM)]) if stream.startswith(STREAM) else ("", ())
    return "", ()


def _sold(
    event: InvoiceEvent | PaymentEvent | OrderEntered | OrderMoved | ProductEvent,
) -> tuple[str, Collection[str]]:
    match event:
        case InvoiceEvent():
            return INVOICE, [event.invoice_id]
        case PaymentEvent():
            return PAYMENT, [event.payment_id]
        case ProductEvent():
            return PRODUCT, [event.product_id]
    return ORDER, [event.order_id]


def _documents_of(unit: UnitOfWork, kind: str, ids: Collection[str]) -> Collection[str]:
    query = select(DocumentLinkRow.document_id).where(DocumentLinkRow.kind == kind, DocumentLinkRow.target.in_(ids))
    return set(unit.session.scalars(query)) if ids else set()
