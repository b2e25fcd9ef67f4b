"""What templates may ask for: fields of every kind of record, told in words that a secretary can use."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core.errors import InvalidInput, NotFound
from core.settings import Settings
from crm import offer_queries, queries
from crm.access import require_read
from crm.company import company
from crm.languages import language_of
from crm.models import CustomerRow
from crm.outbox.reaching import letter_objection
from crm.people import person
from crm.profiles import Address, profile_of
from crm.reach import prefix_query
from crm.sales import queries as sales
from crm.segments.queries import customers_in
from documents import queries as documents
from documents.templates.shapes import Field
from documents.templates.sources import MOST_RECIPIENTS, Recipient
from engine import queries as engine
from storage.unit_of_work import Reading
from webapp.merge_catalogue import (
    CASE,
    CONTACT_FIELDS,
    CUSTOMER,
    DOCUMENT,
    INVOICE_FIELDS,
    KINDS,
    LINES,
    OF_KIND,
    ORDER_FIELDS,
)

POSTAL = ("postal", "billing", "registered")  # which of a customer's addresses a letter goes to


class CrmMergeFields:
    """Fields from the CRM and the engine, each read with the rights of whoever asks."""

    def __init__(self, settings: Settings) -> None:
        self._country = settings.country
        self._zone = ZoneInfo(settings.time_zone)

    def kinds(self) -> Mapping[str, str]:
        """Whatever the product knows: customers, contacts, what is sold, cases and documents."""
        return KINDS

    def catalogue(self, kind: str) -> tuple[Field, ...]:
        """Raises `InvalidInput` for a kind that is none."""
        if kind not in OF_KIND:
            sentence = f"A template tells of one of {', '.join(KINDS)}."
            raise InvalidInput(sentence, fields={"/kind": sentence})
        return OF_KIND[kind]

    def language(self, values: Mapping[str, Any] | None = None) -> str:
        """That of the customer in the values of a record, else of the firm; English where we write no other."""
        customer = (values or {}).get("customer") or {}
        return str(customer.get("language") or (language_of(self._country) or "en"))

    def objection(self, reading: Reading, kind: str, record_id: str, purpose: str) -> str | None:
        """Customers who want no marketing, consumers who withdrew a consent."""
        if kind != CUSTOMER:
            return None
        try:
            return letter_objection(reading, record_id, purpose)
        except NotFound as error:
            return error.sentence

    def id_of(self, reading: Reading, kind: str, name: str) -> str:
        """Raises `NotFound`, `Forbidden`."""
        numbered: Mapping[str, Callable[..., Any]] = {
            CUSTOMER: queries.customer,
            "crm.offer": offer_queries.offer,
            "crm.order": queries.order,
            "crm.invoice": sales.invoice,
        }
        return str(numbered[kind](reading, name).id) if kind in numbered else name

    def values_of(self, reading: Reading, kind: str, record_id: str) -> dict[str, Any]:
        """Raises `NotFound`, `Forbidden`."""
        own = company(reading)
        found: dict[str, Any] = {
            "company": {"name": own.name, "tax_id": own.tax_id, "address": own.address},
            "author": reading.actor.name,
            "today": reading.clock.now().astimezone(self._zone).date().isoformat(),
        }
        return found | self._of(reading, kind, record_id)

    def _of(self, reading: Reading, kind: str, record_id: str) -> dict[str, Any]:
        if kind == CASE:
            return {"case": self._case(engine.instance(reading, record_id))}
        if kind == DOCUMENT:
            return {"document": self._document(documents.document(reading, record_id))}
        name, told, customer_id = self._sold(reading, kind, record_id)
        customer = _customer(queries.customer(reading, customer_id))
        return {"customer": customer} if told is None else {name: told, "customer": customer}

    def _sold(self, reading: Reading, kind: str, record_id: str) -> tuple[str, dict[str, Any] | None, str]:
        """What the record is called in templates, what is told of it, and whose it is."""
        match kind:
            case "crm.contact":
                contact = person(reading, record_id)
                return "contact", _named(contact, CONTACT_FIELDS), contact.customer_id
            case "crm.offer":
                offer = offer_queries.offer(reading, record_id)
                return "offer", _offer(offer), offer.customer_id
            case "crm.order":
                order = queries.order(reading, record_id)
                return "order", _named(order, ORDER_FIELDS), order.customer_id
            case "crm.invoice":
                invoice = sales.invoice(reading, record_id)
                told = _named(invoice, INVOICE_FIELDS) | {"order": invoice.order.number if invoice.order else None}
                return "invoice", told, invoice.customer_id
        return "customer", None, record_id

    def _document(self, found: documents.Document) -> dict[str, Any]:
        return {
            "title": found.title,
            "number": found.number,
            "type": found.type,
            "state": found.state,
            "version": found.latest.n,
            "filed": found.created_at.astimezone(self._zone).date().isoformat(),
            "digest": found.latest.digest,
            "data": found.fields,
        }

    def _case(self, case: Any) -> dict[str, Any]:
        return {
            "key": case.business_key,
            "process": case.definition.name,
            "stage": case.stage,
            "state": case.state,
            "started": case.started_at.astimezone(self._zone).date().isoformat(),
            "data": case.variables,
        }

    def recipients(self, reading: Reading, wanted: Mapping[str, Any]) -> Sequence[Recipient]:
        """Customers by number; one more than the most is enough to see that there are too many."""
        require_read(reading)
        query = select(CustomerRow).where(CustomerRow.merged_into.is_(None)).order_by(CustomerRow.number)
        query = query.limit(MOST_RECIPIENTS + 1)
        if wanted.get("segment"):
            query = query.where(customers_in(reading, str(wanted["segment"])))
        if "ids" in wanted:
            query = query.where(CustomerRow.id.in_([str(each) for each in wanted["ids"]]))
        if question := prefix_query(str(wanted.get("q") or "")):
            query = query.where(CustomerRow.search.bool_op("@@")(func.to_tsquery("simple", question)))
        for name in ("country", "abc_class", "reliability", "owner"):
            if wanted.get(name):
                query = query.where(getattr(CustomerRow, name) == str(wanted[name]))
        if wanted.get("key_account"):
            query = query.where(CustomerRow.key_account.is_(True))
        return [self._recipient(row) for row in reading.session.scalars(query)]

    def _recipient(self, row: CustomerRow) -> Recipient:
        profile = profile_of(row)
        name = profile.legal_name or profile.name
        address = _postal(profile.addresses)
        lines = [name]
        if address is not None:
            lines += [address.street, f"{address.postal_code} {address.city}".strip()]
            if address.country != self._country:
                lines.append(address.country)
        return Recipient(kind=CUSTOMER, id=row.id, name=name, lines=tuple(line for line in lines if line))


def _postal(addresses: Sequence[Address]) -> Address | None:
    for kind in POSTAL:
        for each in addresses:
            if each.kind == kind:
                return each
    return addresses[0] if addresses else None


def _customer(found: queries.CustomerDetail) -> dict[str, Any]:
    profile = found.profile
    address = _postal(profile.addresses)
    return {
        "number": found.number,
        "name": profile.name,
        "legal_name": profile.legal_name or profile.name,
        "tax_id": profile.tax_id,
        "email": profile.emails[0].address if profile.emails else None,
        "phone": profile.phones[0].number if profile.phones else None,
        "payment_days": profile.payment_days,
        "key_account": profile.key_account,
        "abc_class": profile.abc_class,
        "language": language_of(profile.country),
        "address": {
            "street": address.street if address else None,
            "postal_code": address.postal_code if address else None,
            "city": address.city if address else None,
            "country": address.country if address else None,
        },
        "contacts": [
            {"name": each.name, "job_title": each.job_title, "email": each.email, "phone": each.phone}
            for each in found.contacts
        ],
    }


def _offer(offer: offer_queries.Offer) -> dict[str, Any]:
    terms = offer.terms
    return {
        "number": offer.number,
        "version": offer.version,
        "currency": offer.currency,
        "net": _text(offer.totals.net),
        "vat": _text(offer.totals.vat),
        "gross": _text(offer.totals.gross),
        "owner": offer.owner_name,
        "valid_until": terms.valid_until.isoformat() if terms.valid_until else None,
        "payment_days": terms.payment_days,
        "delivery_terms": terms.delivery_terms,
        "note": terms.note,
        "lines": [_named(each, LINES) for each in offer.lines],
    }


def _named(found: Any, fields: Field) -> dict[str, Any]:
    """The attributes of a record that bear the names of fields, as JSON has them."""
    return {each.name: _plain(getattr(found, each.name), each) for each in fields.fields}


def _plain(value: Any, field: Field) -> Any:
    match value:
        case Decimal():
            return _text(value)
        case date():
            return value.isoformat()
        case list():
            return [_named(each, field) for each in value]
    return value


def _text(value: Decimal) -> str:
    return f"{value:f}"
