"""A customer as people see it: only the sections that they have a right to."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.records import dataclass
from crm.access import FINANCIAL, require_read
from crm.blocking import Block, block_of
from crm.errors import CustomerNotFound
from crm.hierarchy import Relative, above, below
from crm.models import CustomerRow
from crm.people import Person, Position, people, positions_at
from crm.profiles import FINANCE, Profile, profile_of
from crm.queries import Page, Standing, kept, standing
from storage.unit_of_work import Reading

PEOPLE = 20  # of a customer's page


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A customer with what belongs to it; without `customer.finance` the profile lacks limits, terms and accounts.

    `dialled` has a number for each phone, None where unknown; `standing` is None without the right.
    """

    id: str
    number: str
    profile: dict[str, Any]
    dialled: list[str | None]
    bounced: list[str]
    standing: Standing | None
    people: Page[Person]
    positions: list[Position]
    above: list[Relative]
    below: list[Relative]
    block: Block | None  # why nothing new is offered or sold to it
    completeness: int
    findings: list[dict[str, str]]
    created_at: datetime
    changed_at: datetime
    changed_by: str
    version: int


def card(view: Reading, key: str) -> Card:
    """A customer by id, number or external reference. Raises `CustomerNotFound`."""
    require_read(view)
    row = _row(view, key)
    sees_finance = view.actor.may(FINANCIAL)
    profile = profile_of(row)
    hidden = frozenset() if sees_finance else FINANCE
    return Card(
        id=row.id,
        number=row.number,
        profile={each.name: getattr(profile, each.name) for each in fields(Profile) if each.name not in hidden},
        dialled=[phone.number for phone in row.phones],
        bounced=[email.address for email in row.emails if email.bounced_at is not None],
        standing=standing(view, row.id) if sees_finance else None,
        people=people(view, row.id, limit=PEOPLE),
        positions=positions_at(view, row.id),
        above=above(view, row.id) if row.parent_id else [],
        below=below(view, row.id),
        block=block_of(view, row.id),
        completeness=row.completeness,
        findings=list(row.findings or ()),
        created_at=row.created_at,
        changed_at=row.changed_at,
        changed_by=row.changed_by or row.created_by,
        version=row.row_version,
    )


def customer_of_iban(view: Reading, iban: str) -> str | None:
    """The id of the customer that has this bank account; one look-up in an index."""
    require_read(view)
    compact = "".join(each for each in iban.upper() if each.isalnum())
    wanted = select(CustomerRow.id).where(CustomerRow.bank_accounts.contains([{"iban": compact}]))
    return view.session.scalars(wanted.order_by(CustomerRow.number)).first()


def customer_id_of(view: Reading, key: str) -> str:
    """The id of a customer by id, number or external reference; a merged one's is that of the one that was kept."""
    require_read(view)
    return _row(view, key).id


def _row(view: Reading, key: str) -> CustomerRow:
    named = (CustomerRow.id == key) | (CustomerRow.number == key) | (CustomerRow.external_reference == key)
    row = kept(view, view.session.scalars(select(CustomerRow).where(named)).first())
    if row is None:
        raise CustomerNotFound(key)
    return row
