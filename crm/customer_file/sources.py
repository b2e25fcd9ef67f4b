"""What this context knows of a customer's history, one source per table; each reads a range of its table's index."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from crm.access import FINANCIAL
from crm.activities.models import ActivityParticipantRow, ActivityRow
from crm.activities.privacy import visible_activities
from crm.customer_file.entries import FileEntry, FileQuestion
from crm.devices.models import DeviceRow
from crm.models import (
    ContactRow,
    CustomerNoteRow,
    OfferRow,
    OfferVersionRow,
    OrderLineRow,
    OrderRow,
    ProductRow,
    SatisfactionRow,
)
from crm.notes import visible
from crm.payments.models import PaymentRow
from crm.sales.access import EDITORS
from crm.sales.models import InvoiceRow
from storage.unit_of_work import Reading

METHODS = {  # activities of these methods; every other one is a contact
    "call": ("phone",),
    "letter": ("post", "fax"),
    "meeting": ("meeting", "personal", "presentation", "negotiation", "shop_visit"),
    "email": ("email",),
    "sms": ("sms",),
}
KIND_OF = {method: kind for kind, methods in METHODS.items() for method in methods}
TOLD = 3  # products of an order that its entry names


class Activities:
    """Calls, letters, meetings and all other contacts, planned and held."""

    name = "activity"
    kinds = (*METHODS, "contact")

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """At the moment when they were held, else when they are planned."""
        wanted = select(ActivityRow).where(ActivityRow.customer_id == question.customer_id, visible_activities(view))
        if question.wanted.kinds:
            wanted = wanted.where(_of_kinds(question))
        if question.wanted.employee is not None:
            ours = _takes_part(ActivityParticipantRow.account == question.wanted.employee)
            wanted = wanted.where(or_(ActivityRow.employee == question.wanted.employee, ours))
        if question.wanted.contact_id is not None:
            theirs = _takes_part(ActivityParticipantRow.contact_id == question.wanted.contact_id)
            wanted = wanted.where(or_(ActivityRow.contact_id == question.wanted.contact_id, theirs))
        rows = _newest(view, wanted, question, self.name, (ActivityRow.moment, ActivityRow.id))
        names = _contacts(view, {row.contact_id for row in rows})
        return [
            FileEntry(
                kind=KIND_OF.get(row.method, "contact"),
                record="crm.activity",
                id=row.id,
                moment=row.moment,
                title=row.subject,
                detail=row.direction,
                state=row.status,
                employee=row.employee,
                contact_id=row.contact_id,
                contact_name=names.get(row.contact_id),
            )
            for row in rows
        ]


class Offers:
    """Offers, when they were drafted."""

    name = "offer"
    kinds = ("offer",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With the value of the newest version."""
        if question.wanted.contact_id is not None:
            return []
        wanted = select(OfferRow, OfferVersionRow.gross, OfferVersionRow.currency).join(
            OfferVersionRow, (OfferVersionRow.offer_id == OfferRow.id) & (OfferVersionRow.n == OfferRow.version)
        )
        wanted = wanted.where(OfferRow.customer_id == question.customer_id)
        if question.wanted.employee is not None:
            wanted = wanted.where(OfferRow.owner == question.wanted.employee)
        wanted = wanted.where(*question.window(self.name)(OfferRow.created_at, OfferRow.id))
        ordered = wanted.order_by(OfferRow.created_at.desc(), OfferRow.id.desc()).limit(question.limit)
        return [
            FileEntry(
                kind="offer",
                record="crm.offer",
                id=row.id,
                moment=row.created_at,
                title=row.number,
                state=row.state,
                amount=gross,
                currency=currency,
                employee=row.owner,
            )
            for row, gross, currency in view.session.execute(ordered)
        ]


class Purchases:
    """Orders, on the day when they were placed, with what was bought."""

    name = "order"
    kinds = ("purchase",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With the first products."""
        if question.wanted.contact_id is not None:
            return []
        wanted = select(OrderRow).where(OrderRow.customer_id == question.customer_id)
        if question.wanted.employee is not None:
            wanted = wanted.where(OrderRow.owner == question.wanted.employee)
        rows = _newest(view, wanted, question, self.name, (OrderRow.ordered_on, OrderRow.id), days=True)
        bought = _products(view, [row.id for row in rows])
        return [
            FileEntry(
                kind="purchase",
                record="crm.order",
                id=row.id,
                moment=question.first_moment(row.ordered_on),
                day=row.ordered_on,
                title=row.number,
                detail=bought.get(row.id),
                state=row.state,
                amount=row.gross,
                currency=row.currency,
                employee=row.owner,
            )
            for row in rows
        ]


class Invoices:
    """Invoices and credit notes, on the day of issue; for who may see what customers owe."""

    name = "invoice"
    kinds = ("invoice",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With state and amount."""
        if not sees_money(view) or question.wanted.contact_id is not None:
            return []
        wanted = select(InvoiceRow).where(InvoiceRow.customer_id.in_(question.family))
        if question.wanted.employee is not None:
            wanted = wanted.where(InvoiceRow.owner == question.wanted.employee)
        rows = _newest(view, wanted, question, self.name, (InvoiceRow.issued_on, InvoiceRow.id), days=True)
        return [
            FileEntry(
                kind="invoice",
                record="crm.invoice",
                id=row.id,
                moment=question.first_moment(row.issued_on),
                day=row.issued_on,
                title=row.number,
                detail=row.kind,
                state=row.state,
                amount=row.gross,
                currency=row.currency,
                employee=row.owner,
            )
            for row in rows
        ]


class Payments:
    """Payments, on the day when the bank booked them; for who may see what customers owe."""

    name = "payment"
    kinds = ("payment",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With amount and reference."""
        if not sees_money(view) or question.wanted.contact_id is not None or question.wanted.employee is not None:
            return []
        wanted = select(PaymentRow).where(PaymentRow.customer_id.in_(question.family))
        rows = _newest(view, wanted, question, self.name, (PaymentRow.booked_on, PaymentRow.id), days=True)
        return [
            FileEntry(
                kind="payment",
                record="crm.payment",
                id=row.id,
                moment=question.first_moment(row.booked_on),
                day=row.booked_on,
                title=row.reference or row.payer_name or row.id,
                state=row.state,
                amount=row.amount,
                currency=row.currency,
            )
            for row in rows
        ]


class Notes:
    """Notes that the reader may see, when they were begun."""

    name = "note"
    kinds = ("note",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With the text as it is now."""
        wanted = select(CustomerNoteRow).where(CustomerNoteRow.customer_id == question.customer_id, visible(view.actor))
        if question.wanted.employee is not None:
            wanted = wanted.where(CustomerNoteRow.author == question.wanted.employee)
        if question.wanted.contact_id is not None:
            wanted = wanted.where(CustomerNoteRow.contact_id == question.wanted.contact_id)
        rows = _newest(view, wanted, question, self.name, (CustomerNoteRow.created_at, CustomerNoteRow.id))
        names = _contacts(view, {row.contact_id for row in rows})
        return [
            FileEntry(
                kind="note",
                record="crm.note",
                id=row.id,
                moment=row.created_at,
                title=row.versions[-1].text,
                detail=row.kind,
                employee=row.author,
                contact_id=row.contact_id,
                contact_name=names.get(row.contact_id),
            )
            for row in rows
        ]


class Satisfaction:
    """How satisfied the customer was."""

    name = "satisfaction"
    kinds = ("satisfaction",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With the level and what was remarked."""
        if question.wanted.contact_id is not None:
            return []
        wanted = select(SatisfactionRow).where(SatisfactionRow.customer_id == question.customer_id)
        if question.wanted.employee is not None:
            wanted = wanted.where(SatisfactionRow.recorded_by == question.wanted.employee)
        rows = _newest(view, wanted, question, self.name, (SatisfactionRow.recorded_at, SatisfactionRow.id))
        return [
            FileEntry(
                kind="satisfaction",
                record="crm.satisfaction",
                id=row.id,
                moment=row.recorded_at,
                title=str(row.level),
                detail=row.remark,
                employee=row.recorded_by,
            )
            for row in rows
        ]


class Devices:
    """Devices that the customer owns now, on the day when they were bought."""

    name = "device"
    kinds = ("device",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With product and serial number."""
        if question.wanted.contact_id is not None or question.wanted.employee is not None:
            return []
        wanted = select(DeviceRow).where(DeviceRow.customer_id == question.customer_id)
        rows = _newest(view, wanted, question, self.name, (DeviceRow.purchased_on, DeviceRow.id), days=True)
        products = {row.product_id for row in rows}
        named = select(ProductRow.id, ProductRow.name).where(ProductRow.id.in_(products))
        names = dict(view.session.execute(named).all()) if products else {}
        return [
            FileEntry(
                kind="device",
                record="crm.device",
                id=row.id,
                moment=question.first_moment(row.purchased_on),
                day=row.purchased_on,
                title=names[row.product_id],
                detail=row.serial_number,
                state=row.state,
            )
            for row in rows
        ]


SOURCES = (Activities(), Offers(), Purchases(), Invoices(), Payments(), Devices(), Notes(), Satisfaction())


def sees_money(view: Reading) -> bool:
    """Whether the reader may see invoices and payments."""
    return any(view.actor.may(right) for right in (FINANCIAL, *EDITORS))


def _newest(
    view: Reading,
    wanted: Select[Any],
    question: FileQuestion,
    source: str,
    columns: tuple[Any, Any],
    *,
    days: bool = False,
) -> list[Any]:
    """The rows of a page, the newest first."""
    window = question.days(source) if days else question.window(source)
    moment, key = columns
    ordered = wanted.where(*window(moment, key)).order_by(moment.desc(), key.desc()).limit(question.limit)
    return list(view.session.scalars(ordered))


def _of_kinds(question: FileQuestion) -> ColumnElement[bool]:
    methods = [method for kind in question.wanted.kinds for method in METHODS.get(kind, ())]
    named = ActivityRow.method.in_(methods)
    return or_(named, ActivityRow.method.not_in(list(KIND_OF))) if "contact" in question.wanted.kinds else named


def _takes_part(who: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        select(ActivityParticipantRow.position)
        .where(ActivityParticipantRow.activity_id == ActivityRow.id, who)
        .exists()
    )


def _contacts(view: Reading, ids: set[str | None]) -> dict[str | None, str]:
    known = ids - {None}
    named = select(ContactRow.id, ContactRow.name).where(ContactRow.id.in_(known))
    return {row.id: row.name for row in view.session.execute(named)} if known else {}


def _products(view: Reading, orders: list[str]) -> dict[str, str]:
    """What was bought, as one line of text per order."""
    if not orders:
        return {}
    lines = (
        select(OrderLineRow.order_id, OrderLineRow.description)
        .where(OrderLineRow.order_id.in_(orders))
        .order_by(OrderLineRow.order_id, OrderLineRow.position)
    )
    found: dict[str, list[str]] = {}
    for order_id, description in view.session.execute(lines):
        found.setdefault(order_id, []).append(description)
    return {
        order_id: ", ".join(named[:TOLD]) + (f" +{len(named) - TOLD}" if len(named) > TOLD else "")
        for order_id, named in found.items()
    }
