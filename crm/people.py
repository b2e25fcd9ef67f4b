"""Reading the people at customers, page by page, without what the reader may not see."""

from datetime import date
from typing import Any

from sqlalchemy import func, literal, select, tuple_

from core.records import dataclass
from crm.access import PRIVATE, require_read
from crm.contacts import PRIVATE_FIELDS, values_of
from crm.errors import ContactNotFound
from crm.models import ContactPositionRow, ContactRow, CustomerRow
from crm.queries import MOST, Page
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a person is at a further customer."""

    id: str
    contact_id: str
    contact_name: str
    customer_id: str
    customer_name: str
    role: str
    job_title: str | None
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person at a customer; `preferences`, `interests` and `family` are empty without the right to them."""

    id: str
    customer_id: str
    customer_name: str
    name: str
    job_title: str | None
    role: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    birthday: str | None
    preferences: str | None
    interests: list[str]
    family: str | None
    custom: dict[str, Any]
    is_active: bool
    version: int
    positions: list[Position]


def people(view: Reading, customer_id: str, *, after: str | None = None, limit: int = 20) -> Page[Person]:
    """The people at a customer by name; `after` is the id of the last one of the page before."""
    require_read(view)
    mine = ContactRow.customer_id == customer_id
    total = view.session.scalars(select(func.count()).select_from(ContactRow).where(mine)).one()
    wanted = (
        select(ContactRow, CustomerRow.name).join(CustomerRow, CustomerRow.id == ContactRow.customer_id).where(mine)
    )
    if after is not None:
        last = view.session.get(ContactRow, after)
        if last is None:
            raise ContactNotFound(after)
        wanted = wanted.where(tuple_(ContactRow.name, ContactRow.id) > tuple_(literal(last.name), literal(last.id)))
    size = max(1, min(limit, MOST))
    rows = view.session.execute(wanted.order_by(ContactRow.name, ContactRow.id).limit(size + 1)).all()
    following = rows[size - 1][0].id if len(rows) > size else None
    return Page(items=[_person(view, row, name, []) for row, name in rows[:size]], next=following, total=total)


def person(view: Reading, contact_id: str, *, limit: int = MOST) -> Person:
    """One person with at most `limit` positions. Raises `ContactNotFound`."""
    require_read(view)
    row = view.session.get(ContactRow, contact_id)
    if row is None:
        raise ContactNotFound(contact_id)
    customer = view.session.get_one(CustomerRow, row.customer_id)
    held = _positions(view, ContactPositionRow.contact_id == row.id, limit)
    return _person(view, row, customer.name, held)


def positions_at(view: Reading, customer_id: str) -> list[Position]:
    """Who of other customers is something at this one."""
    require_read(view)
    return _positions(view, ContactPositionRow.customer_id == customer_id, MOST)


def _positions(view: Reading, condition: Any, limit: int) -> list[Position]:
    query = (
        select(ContactPositionRow, ContactRow.name, CustomerRow.name)
        .join(ContactRow, ContactRow.id == ContactPositionRow.contact_id)
        .join(CustomerRow, CustomerRow.id == ContactPositionRow.customer_id)
        .where(condition)
        .order_by(ContactPositionRow.id)
        .limit(limit)
    )
    return [
        Position(
            id=row.id,
            contact_id=row.contact_id,
            contact_name=contact,
            customer_id=row.customer_id,
            customer_name=customer,
            role=row.role,
            job_title=row.job_title,
            since=row.since,
            until=row.until,
        )
        for row, contact, customer in view.session.execute(query)
    ]


def _person(view: Reading, row: ContactRow, customer: str, positions: list[Position]) -> Person:
    values = values_of(row) | {"interests": list(row.interests or ())}
    if not view.actor.may(PRIVATE):
        values |= {name: [] if name == "interests" else None for name in PRIVATE_FIELDS}
    return Person(
        id=row.id,
        customer_id=row.customer_id,
        customer_name=customer,
        version=row.row_version,
        positions=positions,
        **values,
    )
