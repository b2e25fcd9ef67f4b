"""Tells links between records what these are called, and which of them somebody may see."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import Forbidden
from crm.activities.models import ActivityRow
from crm.campaigns.models import CampaignRow
from crm.devices.models import DeviceRow, ServiceContractRow
from crm.links.ends import End
from crm.models import ContactRow, CustomerRow, OfferRow, OrderRow, ProductRow
from crm.payments.models import PaymentRow
from crm.sales.access import require_finance
from crm.sales.models import InvoiceRow
from documents.access import DOCUMENT, LinkRights, Target
from documents.models import DocumentRow
from documents.packages.sources import visible_ids
from engine.models import DefinitionRow, InstanceRow, TaskHistoryRow, WorkItemRow
from storage.unit_of_work import Reading
from webapp.searching.labels import FINANCIAL

CASE, TASK = "case", "task"
Titles = Callable[[Reading, Collection[str]], Iterable[tuple[str, str]]]


class RecordTitles:
    """Asks each context for the records of its own."""

    def titles(self, reading: Reading, ends: Collection[End]) -> Mapping[End, str]:
        """One question for the rights and one for the titles of each kind."""
        asked = {end for end in ends if end.kind in KINDS and not (end.kind in FINANCIAL and not _may_see(reading))}
        seen = reading.port(LinkRights).visible(reading, {_target(end) for end in asked if end.kind != DOCUMENT})
        visible = {End(target.kind, target.id) for target in seen}
        documents = [end.id for end in asked if end.kind == DOCUMENT]
        visible |= {End(DOCUMENT, each) for each in (visible_ids(reading, documents) if documents else ())}
        found: dict[End, str] = {}
        for kind in sorted({end.kind for end in visible}):
            ids = {end.id for end in visible if end.kind == kind}
            found |= {End(kind, each): title for each, title in KINDS[kind](reading, ids)}
        return found

    def cases(self, reading: Reading, ends: Collection[End]) -> Mapping[End, str]:
        """As documents have them."""
        found = reading.port(LinkRights).cases(reading, {_target(end) for end in ends})
        return {End(target.kind, target.id): case for target, case in found.items()}


def _target(end: End) -> Target:
    return Target(end.kind, end.id)


def _may_see(reading: Reading) -> bool:
    try:
        require_finance(reading)
    except Forbidden:
        return False
    return True


def _column(row: Any, title: InstrumentedAttribute[str]) -> Titles:
    def titles(reading: Reading, ids: Collection[str]) -> Iterable[tuple[str, str]]:
        return [(each, name) for each, name in reading.session.execute(select(row.id, title).where(row.id.in_(ids)))]

    return titles


def _payments(reading: Reading, ids: Collection[str]) -> Iterable[tuple[str, str]]:
    columns = (PaymentRow.id, PaymentRow.amount, PaymentRow.currency, PaymentRow.payer_name)
    for key, amount, currency, payer in reading.session.execute(select(*columns).where(PaymentRow.id.in_(ids))):
        yield key, f"{amount} {currency}" + (f", {payer}" if payer else "")


def _contracts(reading: Reading, ids: Collection[str]) -> Iterable[tuple[str, str]]:
    columns = (ServiceContractRow.id, ServiceContractRow.number, ServiceContractRow.name)
    for key, number, name in reading.session.execute(select(*columns).where(ServiceContractRow.id.in_(ids))):
        yield key, f"{number}, {name}"


def _activities(reading: Reading, ids: Collection[str]) -> Iterable[tuple[str, str]]:
    """What is private to others does not show them what it is about."""
    columns = (ActivityRow.id, ActivityRow.subject, ActivityRow.is_private, ActivityRow.employee)
    for key, subject, is_private, employee in reading.session.execute(select(*columns).where(ActivityRow.id.in_(ids))):
        if not is_private or employee == reading.actor.id:
            yield key, subject


def _cases(reading: Reading, ids: Collection[str]) -> Iterable[tuple[str, str]]:
    query = select(InstanceRow.id, InstanceRow.business_key, DefinitionRow.name).join(
        DefinitionRow, DefinitionRow.id == InstanceRow.definition_id
    )
    for key, business_key, name in reading.session.execute(query.where(InstanceRow.id.in_(ids))):
        yield key, business_key or name


def _tasks(reading: Reading, ids: Collection[str]) -> Iterable[tuple[str, str]]:
    halves = (select(row.id, row.name).where(row.id.in_(ids)) for row in (WorkItemRow, TaskHistoryRow))
    return [(key, name) for key, name in reading.session.execute(union_all(*halves))]


KINDS: dict[str, Titles] = {
    "crm.customer": _column(CustomerRow, CustomerRow.name),
    "crm.contact": _column(ContactRow, ContactRow.name),
    "crm.offer": _column(OfferRow, OfferRow.number),
    "crm.order": _column(OrderRow, OrderRow.number),
    "crm.product": _column(ProductRow, ProductRow.name),
    "crm.invoice": _column(InvoiceRow, InvoiceRow.number),
    "crm.payment": _payments,
    "crm.activity": _activities,
    "crm.device": _column(DeviceRow, DeviceRow.serial_number),
    "crm.service_contract": _contracts,
    "crm.campaign": _column(CampaignRow, CampaignRow.name),
    DOCUMENT: _column(DocumentRow, DocumentRow.title),
    CASE: _cases,
    TASK: _tasks,
}
