"""The state of documents: a process says that what its case has is in review, approved, signed or void."""

from typing import Any

from core.errors import Conflict
from documents.access import Target
from documents.queries import LinkedDocument, attached
from documents.states import STATES, change_state
from engine.errors import BpmnError
from engine.evidence import task_ids
from engine.handlers import ServiceCall, local_operation
from engine.ready import Fault, Operation, Parameter
from storage.unit_of_work import UnitOfWork

STATE = Operation(
    name="document.state",
    title="Set a document's state",
    description="Puts documents of the case into a state: all of a type, or one by its id. It asks for nobody's right; "
    "which state can follow which is the same as for people. A document that is in the state already stays as it is.",
    place="local",
    inputs=(
        Parameter(
            name="state",
            type="string",
            title="State",
            description="What it becomes.",
            required=True,
            choices=STATES,
            example="approved",
        ),
        Parameter(
            name="type",
            type="string",
            title="Type",
            description="The type of the documents: the newest of every one that the case and its tasks have.",
            example="approval_sheet",
        ),
        Parameter(
            name="document",
            type="string",
            title="Document",
            description="The id of one document of the case, in place of a type.",
            example="= sheet.pdf",
        ),
        Parameter(
            name="reason",
            type="string",
            title="Reason",
            description="What the trail says beside it.",
            example='= "Approved by " + decided_by',
        ),
    ),
    outputs=(
        Parameter(name="documents", type="list", title="Documents", description="The ids of those that were meant."),
    ),
    faults=(
        Fault(code="DOCUMENT_MISSING", description="The case has no such document; `reason` says which."),
        Fault(
            code="STATE_REFUSED",
            description="The state cannot follow the one that the document has; `reason` says what can.",
        ),
    ),
)


@local_operation(STATE)
def set_document_state(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Set it. Raises `BpmnError` where there is no such document, or its state does not allow it."""
    found = documents_meant(unit, call)
    for document_id in found:
        try:
            change_state(unit, document_id, call.inputs["state"], reason=call.inputs.get("reason"))
        except Conflict as error:
            raise BpmnError("STATE_REFUSED", error.sentence, reason=error.sentence) from error
    return {"documents": found}


def documents_meant(unit: UnitOfWork, call: ServiceCall) -> list[str]:
    """The documents of the case that the inputs name, in the order of their filing. Raises `BpmnError`."""
    kind, wanted = call.inputs.get("type"), call.inputs.get("document")
    ids = {
        each.document_id
        for each in _of_case(unit, call.instance_id)
        if wanted == each.document_id or (wanted is None and kind is not None and each.type == kind)
    }
    if not ids:
        missing = wanted or (f"of the type {kind}" if kind else "that is meant: name its type, or the document")
        reason = f"The case has no document {missing}."
        raise BpmnError("DOCUMENT_MISSING", reason, reason=reason)
    return sorted(ids)


def _of_case(unit: UnitOfWork, case_id: str) -> list[LinkedDocument]:
    unit.session.flush()  # what the same step has filed counts too
    targets = [Target("case", case_id), *(Target("task", each) for each in task_ids(unit, case_id))]
    return [each for linked in attached(unit, targets).values() for each in linked]
