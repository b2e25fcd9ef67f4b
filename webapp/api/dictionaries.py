"""Value lists and the firm's own fields."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field as Limit

from crm import dictionaries as crm_dictionaries
from crm.custom_fields import DefineField, Field, custom_fields
from crm.dictionaries import DefineDictionary, Dictionary, OrderValues, RetireValue, WriteValue
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("value lists")


class ListBody(Body):
    """A list to make, or other labels for one; labels by language: pl, en, ro, ru."""

    key: str
    labels: dict[str, str]
    expected_version: int | None = None


class ValueBody(Body):
    """A value to add, or other labels for one."""

    code: str
    labels: dict[str, str]


class OrderBody(Body):
    """The codes in their new order."""

    codes: list[str] = Limit(max_length=1000)


class RetireBody(Body):
    """Whether a value is offered no longer."""

    is_retired: bool = True


class FieldBody(Body):
    """A field of a kind of record: text, long_text, whole, decimal, yes_no, date, choice, choices, email, link."""

    entity: str
    key: str
    labels: dict[str, str]
    type: str
    dictionary: str | None = None
    help: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    is_required: bool = False
    is_searchable: bool = False
    is_retired: bool = False
    position: int | None = None
    expected_version: int | None = None


class FieldsQuery(Body):
    """Which kind of record, and whether retired fields are told, too."""

    entity: str = "crm.customer"
    all: bool = False


@routes.get("/dictionaries", "All value lists", answer=list[Dictionary], refusals=(403,))
def dictionaries() -> list[Dictionary]:
    """List the lists."""
    with view() as reading:
        return crm_dictionaries.dictionaries(reading)


@routes.get("/dictionaries/<key>", "One value list", answer=Dictionary, refusals=(403, 404))
def dictionary(key: str) -> Dictionary:
    """Read one list."""
    return _read(key)


@routes.post(
    "/dictionaries",
    "Make a value list, or give it other labels",
    body=ListBody,
    answer=Dictionary,
    status=201,
    refusals=(403, 409, 422),
)
def define_dictionary(body: ListBody) -> Dictionary:
    """Make a list."""
    run(DefineDictionary(key=body.key, labels=body.labels, expected_version=body.expected_version))
    return _read(body.key)


@routes.post(
    "/dictionaries/<key>/values",
    "Add a value, or give it other labels",
    body=ValueBody,
    answer=Dictionary,
    status=201,
    refusals=(403, 404, 409, 422),
)
def write_value(key: str, body: ValueBody) -> Dictionary:
    """Add a value."""
    run(WriteValue(dictionary=key, code=body.code, labels=body.labels))
    return _read(key)


@routes.post(
    "/dictionaries/<key>/order",
    "Put the values into another order",
    body=OrderBody,
    answer=Dictionary,
    refusals=(403, 404, 422),
)
def order_values(key: str, body: OrderBody) -> Dictionary:
    """Order the values."""
    run(OrderValues(dictionary=key, codes=tuple(body.codes)))
    return _read(key)


@routes.post(
    "/dictionaries/<key>/values/<code>/retire",
    "Offer a value no longer, or again",
    body=RetireBody,
    answer=Dictionary,
    refusals=(403, 404, 409),
)
def retire_value(key: str, code: str, body: RetireBody) -> Dictionary:
    """Retire a value."""
    run(RetireValue(dictionary=key, code=code, is_retired=body.is_retired))
    return _read(key)


@routes.get("/fields", "The firm's own fields", query=FieldsQuery, answer=list[Field], refusals=(403,))
def fields(query: FieldsQuery) -> list[Field]:
    """List the fields of a kind of record."""
    with view() as reading:
        return custom_fields(reading, query.entity, all_of_them=query.all)


@routes.post(
    "/fields", "Add a field, or change it", body=FieldBody, answer=list[Field], status=201, refusals=(403, 409, 422)
)
def define_field(body: FieldBody) -> list[Field]:
    """Add a field."""
    run(DefineField(**body.model_dump()))
    with view() as reading:
        return custom_fields(reading, body.entity)


def _read(key: str) -> Dictionary:
    with view() as reading:
        return crm_dictionaries.dictionary(reading, key)
