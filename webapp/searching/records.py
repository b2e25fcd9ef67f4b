"""What the index says of products, of people at customers, of orders, invoices and payments."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from crm.models import ContactPositionRow, ContactRow, CustomerRow, OrderRow, ProductRow
from crm.payments.models import PaymentRow
from crm.sales.models import InvoiceLineRow, InvoiceRow
from documents.search.ports import Entry
from storage.unit_of_work import Reading
from webapp.searching.labels import FINANCE, RECORDS

CONTACT, PRODUCT, ORDER = "contact", "product", "order"
INVOICE, PAYMENT = "invoice", "payment"
LONGEST_TITLE = 120  # characters of what a payment says it is for


class ProductSource:
    """Products by number, name and category."""

    kind = PRODUCT

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each product that exists."""
        rows = reading.session.scalars(select(ProductRow).where(ProductRow.id.in_(ids)))
        return [_product(row) for row in rows]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next products by id."""
        return following(reading, ProductRow.id, after, limit)


class ContactSource:
    """People at customers: names and ways to reach them, nothing of what is private."""

    kind = CONTACT

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each person that exists, with all customers at which they are something."""
        query = select(ContactRow, CustomerRow.name).join(CustomerRow, CustomerRow.id == ContactRow.customer_id)
        rows = reading.session.execute(query.where(ContactRow.id.in_(ids))).all()
        places: dict[str, set[str]] = {}
        further = select(ContactPositionRow.contact_id, ContactPositionRow.customer_id)
        for contact_id, customer_id in reading.session.execute(further.where(ContactPositionRow.contact_id.in_(ids))):
            places.setdefault(contact_id, set()).add(customer_id)
        return [_contact(row, name, places.get(row.id, set())) for row, name in rows]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next people by id."""
        return following(reading, ContactRow.id, after, limit)


class OrderSource:
    """Orders by their number and what was ordered."""

    kind = ORDER

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each order that exists."""
        return [_order(row) for row in reading.session.scalars(select(OrderRow).where(OrderRow.id.in_(ids)))]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next orders by id."""
        return following(reading, OrderRow.id, after, limit)


class InvoiceSource:
    """Invoices and credit notes by their number and what was sold; for those alone who see what customers owe."""

    kind = INVOICE

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each that exists."""
        rows = list(reading.session.scalars(select(InvoiceRow).where(InvoiceRow.id.in_(ids))))
        lines: dict[str, list[str]] = {}
        line = InvoiceLineRow
        columns = select(line.invoice_id, line.sku, line.description).where(line.invoice_id.in_(ids))
        for key, sku, description in reading.session.execute(columns.order_by(line.invoice_id, line.position)):
            lines.setdefault(key, []).append(" ".join(each for each in (sku, description) if each))
        return [_invoice(row, lines.get(row.id, [])) for row in rows]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next invoices by id."""
        return following(reading, InvoiceRow.id, after, limit)


class PaymentSource:
    """Payments by who paid and what for; for those alone who see what customers owe."""

    kind = PAYMENT

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each that exists."""
        return [_payment(row) for row in reading.session.scalars(select(PaymentRow).where(PaymentRow.id.in_(ids)))]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next payments by id."""
        return following(reading, PaymentRow.id, after, limit)


def following(reading: Reading, column: InstrumentedAttribute[Any], after: str, limit: int) -> Sequence[str]:
    """The ids behind one."""
    return list(reading.session.scalars(select(column).where(column > after).order_by(column).limit(limit)))


def _product(row: ProductRow) -> Entry:
    return Entry(
        kind=PRODUCT,
        subject=row.id,
        title=row.name,
        about=row.category or "",
        names=(row.sku,),
        facts=(("number", row.sku), ("state", "active" if row.is_active else "inactive")),
        rights=frozenset({RECORDS}),
        dated=row.created_at.date(),
    )


def _contact(row: ContactRow, customer: str, places: Collection[str]) -> Entry:
    reached = [each for each in (row.email, row.phone, row.mobile) if each]
    return Entry(
        kind=CONTACT,
        subject=row.id,
        title=row.name,
        about=", ".join(each for each in (row.job_title, customer) if each),
        text="\n".join(reached),
        facts=tuple(("customer", each) for each in sorted({row.customer_id, *places})),
        rights=frozenset({RECORDS}),
        dated=row.created_at.date(),
    )


def _order(row: OrderRow) -> Entry:
    facts = [("state", row.state), ("customer", row.customer_id), ("number", row.number)]
    return Entry(
        kind=ORDER,
        subject=row.id,
        title=row.number,
        about=", ".join(line.description for line in row.lines[:3]),
        text="\n".join(" ".join(each for each in (line.sku, line.description) if each) for line in row.lines),
        facts=(*facts, *((("by", row.owner),) if row.owner else ())),
        rights=frozenset({RECORDS}),
        dated=row.ordered_on,
    )


def _invoice(row: InvoiceRow, lines: Sequence[str]) -> Entry:
    facts = [("state", row.state), ("customer", row.customer_id), ("number", row.number)]
    return Entry(
        kind=INVOICE,
        subject=row.id,
        title=row.number,
        about=", ".join([f"{row.gross} {row.currency}", *lines[:3]]),
        names=(row.external_reference,) if row.external_reference else (),
        text="\n".join(each for each in (*lines, row.reason, row.dispute) if each),
        facts=(*facts, *((("by", row.owner),) if row.owner else ())),
        rights=frozenset({FINANCE}),
        dated=row.issued_on,
    )


def _payment(row: PaymentRow) -> Entry:
    said = [each for each in (row.reference, row.payer_account, row.bank_reference, row.note) if each]
    facts = [("state", row.state)]
    facts += [("customer", row.customer_id)] if row.customer_id else []
    facts += [("number", row.bank_reference)] if row.bank_reference else []
    return Entry(
        kind=PAYMENT,
        subject=row.id,
        title=row.payer_name or row.reference[:LONGEST_TITLE] or row.account,
        about=f"{row.amount} {row.currency}",
        text="\n".join(said),
        facts=tuple(facts),
        rights=frozenset({FINANCE}),
        dated=row.booked_on,
    )
