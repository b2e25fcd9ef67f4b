"""What the index says of cases, customers and offers; products, people and orders stand in `records`."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from crm.models import ContactRow, CustomerRow, OfferRow, OfferVersionRow
from documents.access import Target
from documents.search.ports import CASE, Entry, SearchRights
from engine.models import DefinitionRow, InstanceRow
from storage.unit_of_work import Reading
from webapp.searching.labels import CASES, RECORDS
from webapp.searching.records import following

CUSTOMER, OFFER = "customer", "offer"


class CaseSource:
    """Cases by their key and their process; the state is shown as it is when somebody looks, not kept here."""

    kind = CASE

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each case that exists."""
        columns = (InstanceRow.id, InstanceRow.root_id, InstanceRow.business_key, InstanceRow.started_by)
        query = (
            select(*columns, InstanceRow.started_at, DefinitionRow.key, DefinitionRow.name)
            .join(DefinitionRow, DefinitionRow.id == InstanceRow.definition_id)
            .where(InstanceRow.id.in_(ids))
        )
        rows = reading.session.execute(query).all()
        targets = [Target(CASE, row.id) for row in rows]
        customers = reading.port(SearchRights).customers(reading, targets) if targets else {}
        return [
            Entry(
                kind=CASE,
                subject=row.id,
                title=row.business_key or row.name,
                about=row.name if row.business_key else "",
                facts=(
                    ("process", row.key),
                    ("by", row.started_by),
                    *(("customer", each) for each in sorted(customers.get(Target(CASE, row.id), ()))),
                ),
                rights=frozenset({CASES, row.root_id or row.id}),
                dated=row.started_at.date(),
            )
            for row in rows
        ]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next cases by id."""
        return following(reading, InstanceRow.id, after, limit)


class CustomerSource:
    """Customers with the people at them and the ways to reach them."""

    kind = CUSTOMER

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each customer that exists."""
        rows = list(
            reading.session.scalars(
                select(CustomerRow).where(CustomerRow.id.in_(ids), CustomerRow.merged_into.is_(None))
            )
        )
        people: dict[str, list[str]] = {}
        for contact in reading.session.scalars(select(ContactRow).where(ContactRow.customer_id.in_(ids))):
            people.setdefault(contact.customer_id, []).extend(
                each for each in (contact.name, contact.email, contact.phone) if each
            )
        return [customer_entry(row, people.get(row.id, [])) for row in rows]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next customers by id."""
        return following(reading, CustomerRow.id, after, limit)


class OfferSource:
    """Offers by their number and what they offer."""

    kind = OFFER

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each offer that exists."""
        query = (
            select(OfferRow, OfferVersionRow)
            .join(OfferVersionRow, OfferVersionRow.offer_id == OfferRow.id)
            .where(OfferRow.id.in_(ids), OfferVersionRow.n == OfferRow.version)
        )
        return [_offer(row, version) for row, version in reading.session.execute(query).all()]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next offers by id."""
        return following(reading, OfferRow.id, after, limit)


def customer_entry(row: CustomerRow, people: list[str]) -> Entry:
    """The entry of a customer, and of one that is about to be written."""
    places = dict.fromkeys(f"{address.city}, {address.country}" for address in row.addresses)
    reached = [each.number or each.as_written for each in row.phones] + [each.address for each in row.emails]
    other = [row.legal_name, row.external_reference, *(address.street for address in row.addresses), *reached, *people]
    return Entry(
        kind=CUSTOMER,
        subject=row.id,
        title=row.name,
        about=" · ".join(places),
        names=tuple(each for each in (row.number, row.tax_id) if each),
        text="\n".join(each for each in other if each),
        facts=(("customer", row.id), ("number", row.number), *((("by", row.owner),) if row.owner else ())),
        rights=frozenset({RECORDS}),
        dated=row.created_at.date(),
    )


def _offer(row: OfferRow, version: OfferVersionRow) -> Entry:
    lines = [" ".join(each for each in (line.sku, line.description) if each) for line in version.lines]
    return Entry(
        kind=OFFER,
        subject=row.id,
        title=row.number,
        about=", ".join(line.description for line in version.lines[:3]),
        text="\n".join([*lines, version.note or ""]),
        facts=(("state", row.state), ("customer", row.customer_id), ("number", row.number), ("by", row.owner)),
        rights=frozenset({RECORDS}),
        dated=row.created_at.date(),
    )
