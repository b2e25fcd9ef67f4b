"""What templates may ask for: fields of customers, offers and cases, told in words that a secretary can use."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core.errors import InvalidInput
from core.settings import Settings
from crm import offer_queries, queries
from crm.access import require_read
from crm.company import company
from crm.models import CustomerRow
from crm.profiles import Address, profile_of
from crm.reach import prefix_query
from crm.segments.queries import customers_in
from documents.templates.shapes import DATE, FLAG, MONEY, NUMBER, OPEN, Field, listing, record
from documents.templates.sources import MOST_RECIPIENTS, Recipient
from engine import queries as engine
from storage.unit_of_work import Reading

CUSTOMER, OFFER, CASE = "crm.customer", "crm.offer", "case"
KINDS = {CUSTOMER: "Customer", OFFER: "Offer", CASE: "Case"}
LANGUAGES = {"PL": "pl", "RO": "ro", "MD": "ro", "RU": "ru", "GB": "en", "US": "en", "IE": "en"}
POSTAL = ("postal", "billing", "registered")  # which of a customer's addresses a letter goes to
ADDRESS = record(
    "address",
    "Address for letters",
    Field(name="street", title="Street", sample="ul. Łąkowa 5/12"),
    Field(name="postal_code", title="Postal code", sample="30-102"),
    Field(name="city", title="City", sample="Kraków"),
    Field(name="country", title="Country", sample="PL"),
)
CUSTOMER_FIELDS = record(
    "customer",
    "Customer",
    Field(name="number", title="Number", sample="K-00012"),
    Field(name="name", title="Name", sample="Zakłady Mechaniczne Żuraw"),
    Field(name="legal_name", title="Full name", sample="Zakłady Mechaniczne Żuraw sp. z o.o."),
    Field(name="tax_id", title="Tax number", sample="PL 676-000-00-00"),
    Field(name="email", title="E-mail", sample="biuro@zuraw.example"),
    Field(name="phone", title="Phone", sample="+48 12 345 67 89"),
    Field(name="payment_days", title="Days to pay", kind=NUMBER, sample="30"),
    Field(name="key_account", title="Key account", kind=FLAG, sample="yes"),
    Field(name="abc_class", title="Class A, B or C", sample="A"),
    ADDRESS,
    listing(
        "contacts",
        "People",
        Field(name="name", title="Name", sample="Łucja Jaworska"),
        Field(name="job_title", title="Job", sample="Purchasing"),
        Field(name="email", title="E-mail", sample="l.jaworska@zuraw.example"),
        Field(name="phone", title="Phone", sample="+48 600 100 200"),
    ),
)
OFFER_FIELDS = record(
    "offer",
    "Offer",
    Field(name="number", title="Number", sample="OF/2026/0012"),
    Field(name="version", title="Version", kind=NUMBER, sample="2"),
    Field(name="currency", title="Currency", sample="PLN"),
    Field(name="net", title="Net", kind=MONEY, sample="10000.00"),
    Field(name="vat", title="VAT", kind=MONEY, sample="2300.00"),
    Field(name="gross", title="Gross", kind=MONEY, sample="12300.00"),
    Field(name="owner", title="Who made it", sample="Ewa Kowalska"),
    Field(name="valid_until", title="Valid until", kind=DATE, sample="2026-02-28"),
    Field(name="payment_days", title="Days to pay", kind=NUMBER, sample="14"),
    Field(name="delivery_terms", title="Delivery", sample="DAP Kraków"),
    Field(name="note", title="Note", sample="Delivery in two parts."),
    listing(
        "lines",
        "Lines",
        Field(name="position", title="Position", kind=NUMBER, sample="1"),
        Field(name="sku", title="Product number", sample="PO-25"),
        Field(name="description", title="Description", sample="Pompa obiegowa 25-60"),
        Field(name="quantity", title="Quantity", kind=NUMBER, sample="10"),
        Field(name="unit", title="Unit", sample="szt."),
        Field(name="unit_price", title="Price", kind=MONEY, sample="1000.00"),
        Field(name="discount", title="Discount in %", kind=NUMBER, sample="5"),
        Field(name="vat_rate", title="VAT in %", kind=NUMBER, sample="23"),
        Field(name="net", title="Net", kind=MONEY, sample="9500.00"),
    ),
)
CASE_FIELDS = record(
    "case",
    "Case",
    Field(name="key", title="Business key", sample="OF/2026/0012"),
    Field(name="process", title="Process", sample="Offer approval"),
    Field(name="stage", title="Stage", sample="approval"),
    Field(name="state", title="State", sample="running"),
    Field(name="started", title="Begun on", kind=DATE, sample="2026-01-05"),
    Field(name="data", title="Data of the case, by their names: case.data.amount", kind=OPEN),
)
COMMON = (
    record(
        "company",
        "Our firm",
        Field(name="name", title="Name", sample="Wisła Pompy SA"),
        Field(name="tax_id", title="Tax number", sample="PL 676-11-11-111"),
        Field(name="address", title="Address", sample="ul. Nadbrzeżna 1, 31-000 Kraków"),
    ),
    Field(name="author", title="Who writes", sample="Ewa Kowalska"),
    Field(name="today", title="Today", kind=DATE, sample="2026-01-05"),
)
OF_KIND = {
    CUSTOMER: (CUSTOMER_FIELDS, *COMMON),
    OFFER: (OFFER_FIELDS, CUSTOMER_FIELDS, *COMMON),
    CASE: (CASE_FIELDS, *COMMON),
}


class CrmMergeFields:
    """Fields from the CRM and the engine, each read with the rights of whoever asks."""

    def __init__(self, settings: Settings) -> None:
        self._country = settings.country
        self._zone = ZoneInfo(settings.time_zone)

    def kinds(self) -> Mapping[str, str]:
        """Customers, offers and cases."""
        return KINDS

    def catalogue(self, kind: str) -> tuple[Field, ...]:
        """Raises `InvalidInput` for a kind that is none."""
        if kind not in OF_KIND:
            sentence = f"A template tells of one of {', '.join(KINDS)}."
            raise InvalidInput(sentence, fields={"/kind": sentence})
        return OF_KIND[kind]

    def language(self) -> str:
        """That of the firm's country; English where we write no other."""
        return LANGUAGES.get(self._country, "en")

    def values(self, reading: Reading, kind: str, record_id: str) -> dict[str, Any]:
        """Raises `NotFound`, `Forbidden`."""
        own = company(reading)
        found: dict[str, Any] = {
            "company": {"name": own.name, "tax_id": own.tax_id, "address": own.address},
            "author": reading.actor.name,
            "today": reading.clock.now().astimezone(self._zone).date().isoformat(),
        }
        if kind == CUSTOMER:
            return found | {"customer": _customer(queries.customer(reading, record_id))}
        if kind == OFFER:
            offer = offer_queries.offer(reading, record_id)
            return found | {
                "offer": _offer(offer),
                "customer": _customer(queries.customer(reading, offer.customer_id)),
            }
        return found | {"case": self._case(engine.instance(reading, record_id))}

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
        "lines": [
            {
                "position": each.position,
                "sku": each.sku,
                "description": each.description,
                "quantity": _text(each.quantity),
                "unit": each.unit,
                "unit_price": _text(each.unit_price),
                "discount": _text(each.discount),
                "vat_rate": _text(each.vat_rate),
                "net": _text(each.net),
            }
            for each in offer.lines
        ],
    }


def _text(value: Decimal) -> str:
    return f"{value:f}"
