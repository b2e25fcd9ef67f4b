"""Sealing: a document of the case gets the organisation's electronic seal, whoever completed the step before."""

from decimal import Decimal
from typing import Any

from core.errors import Conflict, InvalidInput, NotFound
from core.identity import Actor
from documents.access import Target
from documents.hosting import Host
from documents.queries import LinkedDocument, attached
from documents.signatures.sealing import SealOrder, seal
from engine.errors import BpmnError
from engine.evidence import task_ids
from engine.handlers import Outside, ServiceCall, outside_operation
from engine.ready import Fault, Operation, Parameter

PROCESS = Actor(
    id="process", name="Process", permissions=frozenset({"document.seal", "document.file", "document.read_all"})
)
SEAL = Operation(
    name="document.seal",
    title="Seal a document",
    description="Puts the organisation's electronic seal (PAdES) on a PDF of the case, with a time stamp where a "
    "server is set up. The sealed version is filed as the document's next one and the document is signed from then on. "
    "The same step seals once, however often it is tried.",
    place="outside",
    inputs=(
        Parameter(
            name="type",
            type="string",
            title="Type",
            description="The type of the document; the newest one of the case and its tasks is sealed.",
            required=True,
            example="approval_sheet",
        ),
        Parameter(
            name="reason", type="string", title="Reason", description="What the signature says.", example='"Approved"'
        ),
        Parameter(
            name="visible",
            type="boolean",
            title="Visible",
            description="Whether the last page shows the seal; yes where nothing is said.",
            example="= false",
        ),
    ),
    outputs=(
        Parameter(name="document", type="string", title="Document", description="The id of the document."),
        Parameter(name="version", type="number", title="Version", description="The sealed version."),
        Parameter(name="digest", type="string", title="Digest", description="The SHA-256 of the sealed version."),
    ),
    faults=(
        Fault(code="DOCUMENT_MISSING", description="The case has no document of this type; `type` says which."),
        Fault(code="SEAL_REFUSED", description="The document cannot be sealed; `reason` says why."),
    ),
)


@outside_operation(SEAL)
def seal_document(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    """Seal it. Raises `BpmnError` for what another try cannot mend and the process may handle."""
    found = _newest(outside, call, call.inputs["type"])
    order = SealOrder(
        document_id=found.document_id,
        reason=call.inputs.get("reason"),
        is_visible=call.inputs.get("visible", True),
        step=call.key,
    )
    try:
        filed = seal(outside.port(Host), order, actor=PROCESS)
    except (InvalidInput, Conflict, NotFound) as error:
        raise BpmnError("SEAL_REFUSED", error.sentence, reason=error.sentence) from error
    return {"document": filed.id, "version": Decimal(filed.version), "digest": filed.digest}


def _newest(outside: Outside, call: ServiceCall, kind: str) -> LinkedDocument:
    with outside.reading() as view:
        targets = [
            Target("case", call.instance_id),
            *(Target("task", each) for each in task_ids(view, call.instance_id)),
        ]
        linked = attached(view, targets)
    found = [each for documents in linked.values() for each in documents if each.type == kind]
    if not found:
        raise BpmnError("DOCUMENT_MISSING", f"The case has no document of the type {kind}.", type=kind)
    return max(found, key=lambda each: each.document_id)
