"""Business records: make one, change one, say that the case is about one; by the commands that people use."""

from collections.abc import Mapping
from typing import Any, Protocol

from core.errors import Conflict, DomainError, InvalidInput, NotFound, StaleState
from engine.errors import BpmnError
from engine.handlers import ServiceCall, local_operation
from engine.instances import EntityLink, add_link
from engine.ready import Fault, Operation, Parameter
from storage.unit_of_work import UnitOfWork

KINDS = ("crm.customer", "crm.contact", "crm.product", "crm.offer", "crm.order", "crm.activity")
_RIGHTS = (
    " It works with the rights of the technical actor `process` (customer.edit, offer.edit, activity.edit), "
    "whoever completed the step before."
)
_KIND = Parameter(
    name="entity", type="string", title="Kind of record", description="Which kind.", required=True, choices=KINDS
)
_ID = Parameter(
    name="id",
    type="string",
    title="Record",
    description="The record's id, or its number where it has one.",
    required=True,
    example="= customer_id",
)
_ROLE = Parameter(
    name="role",
    type="string",
    title="Role",
    description="What the record is for the case; `subject` where nothing is said.",
    example="supplier",
)
REFUSED = Fault(
    code="RECORD_REFUSED",
    description="The data are wrong; `reason` says why, `fields` has a sentence for each field by its JSON pointer.",
)
_CONFLICT = Fault(
    code="RECORD_CONFLICT",
    description="There is such a record already, or its state does not allow the change; `reason` says why.",
)
MISSING = Fault(code="RECORD_MISSING", description="There is no such record; `reason` says which.")
CREATE = Operation(
    name="record.create",
    title="Create a record",
    description="Enters a customer, contact, product, offer, order or activity and links it to the case." + _RIGHTS,
    place="local",
    inputs=(
        _KIND,
        Parameter(
            name="data",
            type="context",
            title="Data",
            description="The record's fields by the names that the REST API has for them.",
            required=True,
            lines=4,
            example='= {name: company, country: "PL", tax_id: nip}',
        ),
        _ROLE,
    ),
    outputs=(
        Parameter(name="id", type="string", title="Id", description="The id of the new record."),
        Parameter(
            name="record_number", type="string", title="Number", description="Its number, where the kind has one."
        ),
    ),
    faults=(REFUSED, _CONFLICT, MISSING),
)
UPDATE = Operation(
    name="record.update",
    title="Change a record",
    description="Changes fields of a customer, contact, product, draft offer or activity; fields that are not named "
    "stay as they are, lists are replaced whole." + _RIGHTS,
    place="local",
    inputs=(
        _KIND,
        _ID,
        Parameter(
            name="changes",
            type="context",
            title="Changes",
            description="New values by field.",
            required=True,
            lines=4,
            example='= {reliability: "A", credit_limit: 50000}',
        ),
    ),
    outputs=(Parameter(name="id", type="string", title="Id", description="The id of the record."),),
    faults=(REFUSED, _CONFLICT, MISSING),
)
LINK = Operation(
    name="record.link",
    title="Link a record",
    description="Says that the case is about a record, which lists it among the record's cases. Linking it again "
    "changes nothing.",
    place="local",
    inputs=(_KIND, _ID, _ROLE),
    outputs=(Parameter(name="id", type="string", title="Id", description="The id of the record."),),
    faults=(MISSING,),
)


class Records(Protocol):
    """The records of the firm, by kind; every verb asks for the technical actor's right."""

    def create(self, unit: UnitOfWork, entity: str, data: Mapping[str, Any]) -> tuple[str, str | None]:
        """Id and number of the new record."""

    def update(self, unit: UnitOfWork, entity: str, record_id: str, changes: Mapping[str, Any]) -> None:
        """Change a record."""

    def find(self, unit: UnitOfWork, entity: str, key: str) -> str:
        """The id of a record by id or number. Raises `NotFound`."""


@local_operation(CREATE)
def create_record(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Enter it and link it. Raises `BpmnError`."""
    entity = call.inputs["entity"]

    def create() -> dict[str, Any]:
        record_id, number = unit.port(Records).create(unit, entity, call.inputs["data"])
        link_case(unit, call, entity, record_id)
        return {"id": record_id, "record_number": number}

    return told(unit, create)


@local_operation(UPDATE)
def update_record(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Change it. Raises `BpmnError`."""
    entity = call.inputs["entity"]

    def update() -> dict[str, Any]:
        records = unit.port(Records)
        record_id = records.find(unit, entity, call.inputs["id"])
        records.update(unit, entity, record_id, call.inputs["changes"])
        return {"id": record_id}

    return told(unit, update)


@local_operation(LINK)
def link_record(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Link it. Raises `BpmnError`."""
    entity = call.inputs["entity"]

    def link() -> dict[str, Any]:
        record_id = unit.port(Records).find(unit, entity, call.inputs["id"])
        link_case(unit, call, entity, record_id)
        return {"id": record_id}

    return told(unit, link)


def link_case(unit: UnitOfWork, call: ServiceCall, entity: str, record_id: str) -> None:
    """The case is about this record."""
    add_link(unit, call.instance_id, EntityLink(entity=entity, id=record_id, role=call.inputs.get("role", "subject")))


def told(unit: UnitOfWork, work: Any) -> dict[str, Any]:
    """Do it, or tell the process why not, with nothing half done."""
    try:
        with unit.savepoint():
            found: dict[str, Any] = work()
            unit.session.flush()  # what the database refuses belongs to this step
            return found
    except StaleState:
        raise
    except NotFound as error:
        raise _error("RECORD_MISSING", error) from error
    except InvalidInput as error:
        raise _error("RECORD_REFUSED", error) from error
    except Conflict as error:
        raise _error("RECORD_CONFLICT", error) from error


def _error(code: str, error: DomainError) -> BpmnError:
    return BpmnError(code, error.sentence, reason=error.sentence, fields=dict(error.details.get("fields") or {}))
