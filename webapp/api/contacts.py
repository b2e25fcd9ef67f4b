"""People at customers, notes and satisfaction."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from audit.erasing import ErasePersonalData
from crm import notes as crm_notes
from crm import people as crm_people
from crm.contacts import CreateContact, MoveContact, PlaceContact, UpdateContact, WithdrawContact
from crm.customer_file.dynamics import ContactMonth, dynamics
from crm.erasing import Remains, remains
from crm.notes import EditNote, Note, WriteNote
from crm.people import Person
from crm.queries import Page
from crm.satisfaction import (
    MonthlySatisfaction,
    RecordSatisfaction,
    Satisfaction,
    average_satisfaction,
    satisfaction,
)
from webapp.api.customer_shapes import ContactBody, ContactChanges, ListQuery
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("contacts")
AT = "/customers/<id:customer_id>"


class Move(Body):
    """Where a person works now."""

    customer_id: str


class ErasureBody(Body):
    """Why, such as the request of the person and its date."""

    reason: str


class PositionBody(Body):
    """What a person is at a further customer."""

    customer_id: str
    role: str
    job_title: str | None = None
    since: date | None = None
    until: date | None = None


class NoteBody(Body):
    """A note; `visibility` is everyone or private."""

    text: str
    kind: str = "general"
    visibility: str = "everyone"
    contact_id: str | None = None


class NoteEdit(Body):
    """A new text of a note."""

    text: str
    expected_version: int | None = None


class SatisfactionBody(Body):
    """What a customer said, from 1 to 5."""

    level: int = Field(ge=1, le=5)
    source: str = "call"
    remark: str | None = None
    cause: str | None = Field(default=None, max_length=64, description="why it changed; needed where it did")
    activity_id: str | None = Field(default=None, max_length=26, description="the activity that led to it")


class AverageQuery(Body):
    """Which field groups, and which days: from `since` to before `until`."""

    by: str = "customer_kind"
    since: date
    until: date


class SpanQuery(Body):
    """Which days, both inclusive; their months are told whole."""

    since: date
    until: date


@routes.get(f"{AT}/contacts", "The people at a customer", query=ListQuery, answer=Page[Person], refusals=(403, 404))
def contacts(customer_id: str, query: ListQuery) -> Any:
    """List the people at a customer."""
    with view() as reading:
        return crm_people.people(reading, customer_id, after=query.after, limit=query.limit)


@routes.post(
    f"{AT}/contacts", "Enter a person", body=ContactBody, answer=Person, status=201, refusals=(403, 404, 409, 422)
)
def create_contact(customer_id: str, body: ContactBody) -> Person:
    """Enter a person at a customer."""
    made = run(CreateContact(customer_id=customer_id, **body.changes()))
    with view() as reading:
        return crm_people.person(reading, made)


@routes.get("/contacts/<id:contact_id>", "One person", answer=Person, refusals=(403, 404))
def contact(contact_id: str) -> Person:
    """Read one person."""
    with view() as reading:
        return crm_people.person(reading, contact_id)


@routes.patch(
    "/contacts/<id:contact_id>",
    "Change a person",
    body=ContactChanges,
    answer=Person,
    refusals=(403, 404, 409, 422),
)
def update_contact(contact_id: str, body: ContactChanges) -> Person:
    """Change a person."""
    run(UpdateContact(contact_id=contact_id, changes=body.changes(), expected_version=body.expected_version))
    with view() as reading:
        return crm_people.person(reading, contact_id)


@routes.post(
    "/contacts/<id:contact_id>/move",
    "A person works for another customer now",
    body=Move,
    answer=Person,
    refusals=(403, 404),
)
def move_contact(contact_id: str, body: Move) -> Person:
    """Move a person."""
    run(MoveContact(contact_id=contact_id, customer_id=body.customer_id))
    with view() as reading:
        return crm_people.person(reading, contact_id)


@routes.post(
    "/contacts/<id:contact_id>/positions",
    "A person is something at a further customer",
    body=PositionBody,
    answer=Person,
    status=201,
    refusals=(403, 404, 422),
)
def place_contact(contact_id: str, body: PositionBody) -> Person:
    """Enter a position."""
    run(PlaceContact(contact_id=contact_id, **body.model_dump()))
    with view() as reading:
        return crm_people.person(reading, contact_id)


@routes.delete(
    "/contacts/<id:contact_id>/positions/<id:position_id>",
    "A person is nothing at a further customer any more",
    answer=Person,
    refusals=(403, 404),
)
def withdraw_contact(contact_id: str, position_id: str) -> Person:
    """Take a position away."""
    run(WithdrawContact(position_id=position_id))
    with view() as reading:
        return crm_people.person(reading, contact_id)


@routes.get("/contacts/<id:contact_id>/erasure", "What erasing a person takes", answer=Remains, refusals=(403, 404))
def erasure(contact_id: str) -> Remains:
    """Tell what goes and what stays."""
    with view() as reading:
        return remains(reading, contact_id)


@routes.post(
    "/contacts/<id:contact_id>/erasure",
    "Erase who a person was",
    body=ErasureBody,
    answer=Remains,
    refusals=(403, 404, 409, 422),
)
def erase_contact(contact_id: str, body: ErasureBody) -> Remains:
    """Erase a person, here and in the trail."""
    with view() as reading:
        remains(reading, contact_id)  # refuses who is not there
    run(ErasePersonalData(subject=f"contact:{contact_id}", reason=body.reason))
    with view() as reading:
        return remains(reading, contact_id)


@routes.get(f"{AT}/notes", "Notes, the newest first", query=ListQuery, answer=Page[Note], refusals=(403,))
def notes(customer_id: str, query: ListQuery) -> Any:
    """List the notes that the caller may see."""
    with view() as reading:
        return crm_notes.notes(reading, customer_id, q=query.q, after=query.after, limit=query.limit)


@routes.post(f"{AT}/notes", "Write a note", body=NoteBody, answer=Note, status=201, refusals=(403, 404, 422))
def write_note(customer_id: str, body: NoteBody) -> Note:
    """Write a note."""
    made = run(WriteNote(customer_id=customer_id, **body.model_dump()))
    with view() as reading:
        return crm_notes.note(reading, made)


@routes.patch("/notes/<id:note_id>", "Write a note anew", body=NoteEdit, answer=Note, refusals=(403, 404, 409, 422))
def edit_note(note_id: str, body: NoteEdit) -> Note:
    """Give a note another text."""
    run(EditNote(note_id=note_id, text=body.text, expected_version=body.expected_version))
    with view() as reading:
        return crm_notes.note(reading, note_id)


@routes.get(
    f"{AT}/satisfaction", "How satisfied a customer was", query=ListQuery, answer=Page[Satisfaction], refusals=(403,)
)
def satisfactions(customer_id: str, query: ListQuery) -> Any:
    """List what a customer said."""
    with view() as reading:
        return satisfaction(reading, customer_id, after=query.after, limit=query.limit)


@routes.post(
    f"{AT}/satisfaction",
    "Record how satisfied a customer is",
    body=SatisfactionBody,
    answer=Page[Satisfaction],
    status=201,
    refusals=(403, 404, 422),
)
def record_satisfaction(customer_id: str, body: SatisfactionBody) -> Any:
    """Record what a customer said."""
    run(RecordSatisfaction(customer_id=customer_id, **body.model_dump()))
    with view() as reading:
        return satisfaction(reading, customer_id)


@routes.get(
    f"{AT}/dynamics",
    "Contacts held and satisfaction by month",
    query=SpanQuery,
    answer=list[ContactMonth],
    refusals=(403, 404, 422),
)
def customer_dynamics(customer_id: str, query: SpanQuery) -> list[ContactMonth]:
    """How talk with a customer went."""
    with view() as reading:
        return dynamics(reading, customer_id, first=query.since, last=query.until)


@routes.get(
    "/reports/satisfaction",
    "Average satisfaction per month and group",
    query=AverageQuery,
    answer=list[MonthlySatisfaction],
    refusals=(403, 422),
)
def satisfaction_report(query: AverageQuery) -> list[MonthlySatisfaction]:
    """Average satisfaction."""
    with view() as reading:
        return average_satisfaction(reading, by=query.by, since=query.since, until=query.until)
