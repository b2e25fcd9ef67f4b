"""Which customers the rows of other records name, looked up for a batch at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from crm import tax_ids
from crm.customers import CreateCustomer, create_customer
from crm.imports.taking import Arrangement
from crm.imports.values import Draft
from crm.models import CustomerRow
from crm.profiles import Address, Profile
from crm.reach import words
from storage.unit_of_work import UnitOfWork

BY = ("customer.number", "customer.external_reference", "customer.tax_id", "company")


@dataclass(slots=True)
class Customers:
    """Customers by what rows call them; those of several records with one name are not found by it."""

    found: dict[tuple[str, str], str] = field(default_factory=dict)
    several: set[str] = field(default_factory=set)

    def of(self, draft: Draft, arrangement: Arrangement) -> str | None:
        """The customer that a row names, None where it names none that is there."""
        for name in BY:
            if name in draft.values and (found := self.found.get((name, _said(name, draft, arrangement)))):
                return found
        return None

    def wrong(self, draft: Draft) -> str:
        """Why none was found."""
        said = [f"{draft.values[name]}" for name in BY if name in draft.values]
        if not said:
            return "The row does not say which customer it belongs to."
        if words(str(draft.values.get("company", ""))) in self.several:
            return f"Several customers are called {draft.values['company']}. Name their number."
        return f"There is no customer {', '.join(said)}. Bring customers in first."


def look_up(unit: UnitOfWork, drafts: Sequence[Draft], arrangement: Arrangement) -> Customers:
    """Find them all with one statement for each way of naming them."""
    known = Customers()
    columns: dict[str, Any] = {
        "customer.number": CustomerRow.number,
        "customer.external_reference": CustomerRow.external_reference,
        "customer.tax_id": CustomerRow.tax_id,
        "company": CustomerRow.name_key,
    }
    for name, column in columns.items():
        wanted = sorted({_said(name, draft, arrangement) for draft in drafts if name in draft.values})
        if not wanted:
            continue
        query = select(column, CustomerRow.id).where(column.in_(wanted), CustomerRow.merged_into.is_(None))
        for key, id_ in unit.session.execute(query):
            if known.found.setdefault((name, key), id_) != id_:
                known.several.add(key)
    for key in known.several:
        known.found.pop(("company", key), None)
    return known


def loaded(unit: UnitOfWork, ids: Collection[str]) -> list[CustomerRow]:
    """The customers themselves: while the caller keeps them, each is at hand without a statement of its own."""
    return list(unit.session.scalars(select(CustomerRow).where(CustomerRow.id.in_(ids)))) if ids else []


def made(unit: UnitOfWork, known: Customers, draft: Draft, arrangement: Arrangement, name: str) -> str:
    """A new customer for a person of whom a firm is told, or for the person alone; once for all rows of a name.

    Raises `WrongFields`, `CustomerExists`.
    """
    values = draft.values
    land = str(values.get("customer.country") or arrangement.country)
    street, city = values.get("customer.street"), values.get("customer.city")
    address = Address(
        street=str(street), city=str(city), postal_code=str(values.get("customer.postal_code", "")), country=land
    )
    profile = Profile(
        name=name,
        country=land,
        tax_id=values.get("customer.tax_id"),
        external_reference=values.get("customer.external_reference"),
        website=values.get("customer.website"),
        addresses=(address,) if street and city else (),
    )
    created = create_customer(CreateCustomer(profile=profile), unit)
    known.found["company", words(name)] = created.id
    return created.id


def _said(name: str, draft: Draft, arrangement: Arrangement) -> str:
    said = str(draft.values[name])
    if name == "company":
        return words(said)
    if name == "customer.tax_id":
        return tax_ids.normal(said, str(draft.values.get("customer.country") or arrangement.country))
    return said
