"""The records of the CRM as operations see them: which command makes or changes which kind, and with whose rights."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from core.errors import Forbidden, InvalidInput, NotFound
from core.executor import REGISTRY
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from crm.activities.content import Content
from crm.activities.models import ActivityRow
from crm.activities.registering import ChangeActivity, RegisterActivity
from crm.contacts import CreateContact, UpdateContact
from crm.customers import CreateCustomer, UpdateCustomer
from crm.models import ContactRow, CustomerRow, OfferRow, OrderRow, ProductRow
from crm.offer_content import Line, Terms
from crm.offers import CreateOffer, UpdateOffer
from crm.orders import EnterOrder
from crm.products import Article, CreateProduct, UpdateProduct
from crm.profiles import Profile
from storage.unit_of_work import UnitOfWork

PROCESS = Actor(
    id="process",
    name="Process",
    permissions=frozenset({"customer.edit", "customer.finance", "offer.edit", "activity.edit", "customer.read"}),
)


class RecordMissing(NotFound):
    """There is no such record."""

    code = "record_missing"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of record is made, changed and found; `shape` has the fields that can be changed."""

    row: type[Any]
    key: str | None
    create: Callable[[Mapping[str, Any]], Command]
    shape: type[Any]
    update: Callable[[str, dict[str, Any]], Command] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What can be changed in a draft offer."""

    lines: tuple[Line, ...] | None = None
    terms: dict[str, Any] | None = None


def _offer_update(record_id: str, changes: dict[str, Any]) -> Command:
    terms = changes.get("terms")
    return UpdateOffer(
        offer_id=record_id, lines=changes.get("lines"), terms=None if terms is None else _changes(Terms, terms)
    )


_KINDS: dict[str, _Kind] = {
    "crm.customer": _Kind(
        CustomerRow,
        "number",
        lambda data: CreateCustomer(profile=_filled(Profile, data)),
        Profile,
        lambda record, changes: UpdateCustomer(customer_id=record, changes=changes),
    ),
    "crm.contact": _Kind(
        ContactRow,
        None,
        lambda data: _filled(CreateContact, data),
        CreateContact,
        lambda record, changes: UpdateContact(contact_id=record, changes=changes),
    ),
    "crm.product": _Kind(
        ProductRow,
        "sku",
        lambda data: CreateProduct(article=_filled(Article, data)),
        Article,
        lambda record, changes: UpdateProduct(product_id=record, changes=changes),
    ),
    "crm.offer": _Kind(OfferRow, "number", lambda data: _filled(CreateOffer, data), _Draft, _offer_update),
    "crm.order": _Kind(OrderRow, "number", lambda data: _filled(EnterOrder, data), EnterOrder, None),
    "crm.activity": _Kind(
        ActivityRow,
        None,
        lambda data: RegisterActivity(content=_filled(Content, data)),
        Content,
        lambda record, changes: ChangeActivity(activity_id=record, changes=changes),
    ),
}


class CrmRecords:
    """Runs the commands of the CRM inside the unit of the step, as the technical actor."""

    def create(self, unit: UnitOfWork, entity: str, data: Mapping[str, Any]) -> tuple[str, str | None]:
        """Id and number of the new record."""
        made = _run(unit, _KINDS[entity].create(data))
        if isinstance(made, str):
            return made, None
        return made.id, made.number

    def update(self, unit: UnitOfWork, entity: str, record_id: str, changes: Mapping[str, Any]) -> None:
        """Change a record; what cannot be changed at all is refused."""
        kind = _KINDS[entity]
        if kind.update is None:
            raise InvalidInput(f"A record of the kind {entity} cannot be changed by an operation.")
        _run(unit, kind.update(record_id, _changes(kind.shape, changes)))

    def find(self, unit: UnitOfWork, entity: str, key: str) -> str:
        """The id of a record by its id or number. Raises `RecordMissing`."""
        kind = _KINDS[entity]
        same = kind.row.id == key
        if kind.key is not None:
            same |= getattr(kind.row, kind.key) == key
        found: str | None = unit.session.scalar(select(kind.row.id).where(same))
        if found is None:
            raise RecordMissing(f"There is no record {key} of the kind {entity}.", entity=entity)
        return found


def _run(unit: UnitOfWork, command: Command) -> Any:
    handler = REGISTRY.of(type(command))
    if handler.needs is not None and not PROCESS.may(handler.needs):
        raise Forbidden(f"Operations do not have the right to do this ({handler.needs}).", permission=handler.needs)
    with _acting(unit, PROCESS):
        return handler.function(command, unit)


@contextmanager
def _acting(unit: UnitOfWork, actor: Actor) -> Iterator[None]:
    before, unit.actor = unit.actor, actor
    try:
        yield
    finally:
        unit.actor = before


def _filled(shape: type[Any], data: Mapping[str, Any]) -> Any:
    """A record of this shape; raises `InvalidInput` that names every wrong field."""
    _refuse_unknown(shape, data)
    try:
        return TypeAdapter(shape).validate_python(dict(data))
    except ValidationError as error:
        raise _wrong(error) from None


def _changes(shape: type[Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(shape, changes)
    hints = get_type_hints(shape)
    found: dict[str, Any] = {}
    for name, value in changes.items():
        try:
            found[name] = TypeAdapter(hints[name]).validate_python(value)
        except ValidationError as error:
            raise _wrong(error, name) from None
    return found


def _refuse_unknown(shape: type[Any], data: Mapping[str, Any]) -> None:
    known = {each.name for each in dataclasses.fields(shape)}
    unknown = sorted(set(data) - known)
    if unknown:
        told = {f"/{name}": f"There is no field {name}; there are: {', '.join(sorted(known))}." for name in unknown}
        raise InvalidInput(f"The data have fields that the record has not: {', '.join(unknown)}.", fields=told)


def _wrong(error: ValidationError, name: str = "") -> InvalidInput:
    start = (name,) if name else ()
    fields = {
        "/" + "/".join(map(str, (*start, *each["loc"]))): each["msg"]
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    }
    named = "; ".join(f"{pointer}: {message}" for pointer, message in fields.items())
    return InvalidInput(f"The data are wrong: {named}.", fields=fields)
