"""Plays the operations in scenarios, where there is no database and no outside."""

from collections.abc import Sequence
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

from engine.deciding import rules_of
from engine.errors import BpmnError
from engine.handlers import HANDLERS, Outside, ServiceCall, Stage
from engine.messages import keys_of
from webapp.operations.activities import ACTIVITY, PLAN
from webapp.operations.decisions import EVALUATE
from webapp.operations.document_states import STATE
from webapp.operations.mailing import CaseFile, CaseFiles, MailServer, Outgoing, Straight
from webapp.operations.messages import SEND, TELL
from webapp.operations.network import Answer, Request, Web, parts_of
from webapp.operations.papers import FILE, GENERATE
from webapp.operations.records import CREATE, LINK, UPDATE
from webapp.operations.sealing import SEAL
from webapp.operations.secrets import Secrets

PDF = "application/pdf"


@HANDLERS.staged(SEND.name)
def send_message(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """It leaves after the step."""
    stage.outbox.append((call.inputs["name"], keys_of(call.inputs.get("keys", {})), call.inputs.get("payload", {})))
    return {}


@HANDLERS.staged(TELL.name)
def send_signal(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """It leaves after the step."""
    stage.outbox.append((call.inputs["name"], None, call.inputs.get("payload", {})))
    return {}


@HANDLERS.staged(EVALUATE.name)
def evaluate(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """A decision of the package."""
    decided = stage.ask(call.inputs["decision"], call.element_id, call.inputs.get("inputs", {}))
    return {"result": decided.value, "rules": rules_of(decided)}


@HANDLERS.staged(CREATE.name)
def create_record(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """A record that lives as long as the scenario."""
    entity = call.inputs["entity"]
    number = sum(kind == entity for kind, _ in stage.records) + 1
    identifier = f"{entity}-{number}"
    stage.records[entity, identifier] = dict(call.inputs["data"])
    stage.links.append((entity, identifier, call.inputs.get("role", "subject")))
    return {"id": identifier, "record_number": str(number)}


@HANDLERS.staged(PLAN.name)
def create_activity(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """An activity that lives as long as the scenario."""
    identifier = f"{ACTIVITY}-{sum(kind == ACTIVITY for kind, _ in stage.records) + 1}"
    stage.records[ACTIVITY, identifier] = dict(call.inputs)
    stage.links.append((ACTIVITY, identifier, "subject"))
    return {"id": identifier}


@HANDLERS.staged(UPDATE.name)
def update_record(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """Of a record that the scenario has."""
    record = _existing(stage, call)
    stage.records[record].update(call.inputs["changes"])
    return {"id": record[1]}


@HANDLERS.staged(LINK.name)
def link_record(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """To a record that the scenario has."""
    entity, identifier = _existing(stage, call)
    stage.links.append((entity, identifier, call.inputs.get("role", "subject")))
    return {"id": identifier}


def _existing(stage: Stage, call: ServiceCall) -> tuple[str, str]:
    """The record that is meant. Raises `BpmnError` as the operation does."""
    key = (call.inputs["entity"], call.inputs["id"])
    if key not in stage.records:
        known = ", ".join(identifier for entity, identifier in stage.records if entity == key[0]) or "none"
        reason = f"There is no record {key[1]} of the kind {key[0]}; the scenario has: {known}."
        raise BpmnError("RECORD_MISSING", reason, reason=reason, fields={})
    return key


@HANDLERS.staged(FILE.name)
@HANDLERS.staged(GENERATE.name)
def file_document(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """A document by its type; nothing is written."""
    stage.file(call.inputs.get("type", ""))
    return {"document": f"document-{len(stage.documents())}", "digest": "0" * 64}


@HANDLERS.staged(STATE.name)
def set_document_state(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """Of documents that the scenario has; their states are not played."""
    kind, wanted = call.inputs.get("type"), call.inputs.get("document")
    found = [
        f"document-{number}"
        for number, each in enumerate(stage.documents(), 1)
        if wanted == f"document-{number}" or (wanted is None and each == kind)
    ]
    if not found:
        reason = f"The case has no document {wanted or f'of the type {kind}'}."
        raise BpmnError("DOCUMENT_MISSING", reason, reason=reason)
    return {"documents": found}


@HANDLERS.staged(SEAL.name)
def seal_document(stage: Stage, call: ServiceCall) -> dict[str, Any]:
    """Of a type that the scenario has."""
    kind = call.inputs["type"]
    if kind not in stage.documents():
        raise BpmnError("DOCUMENT_MISSING", f"The case has no document of the type {kind}.", type=kind)
    return {"document": f"document-{stage.documents().index(kind) + 1}", "version": Decimal(2), "digest": "0" * 64}


@HANDLERS.fake(MailServer)
class FakePost:
    """Takes every message."""

    sender = "office@example.com"
    largest = 1 << 30

    def __init__(self, stage: Stage) -> None:
        del stage

    def deliver(self, message: EmailMessage, recipients: Sequence[str]) -> Sequence[str]:
        """Nobody refuses."""
        del message, recipients
        return []


@HANDLERS.fake(Outgoing)
def straight(stage: Stage) -> Straight:
    """Nothing is kept of what a rehearsal sends."""
    del stage
    return Straight()


@HANDLERS.fake(CaseFiles)
class FakeFiles:
    """The documents that the scenario has attached, without content."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def of_types(self, outside: Outside, case_id: str, types: Sequence[str], *, largest: int) -> Sequence[CaseFile]:
        """Those of these types."""
        del outside, case_id, largest
        found = [kind for kind in self._stage.documents() if kind in types]
        return [
            CaseFile(type=kind, file_name=f"{kind}.pdf", media_type="application/pdf", content=b"") for kind in found
        ]


@HANDLERS.fake(Web)
class FakeWeb:
    """Every server answers 200 with nothing; a scenario that needs more says it with `returns`."""

    def __init__(self, stage: Stage) -> None:
        del stage

    def send(self, request: Request) -> Answer:
        """An empty answer; what is no address fails as it does when the process runs. Raises `AddressRefused`."""
        parts_of(request.url)
        return Answer(status=200, headers={}, content=b"")


@HANDLERS.fake(Secrets)
class FakeSecrets:
    """Every secret is there."""

    def __init__(self, stage: Stage) -> None:
        del stage

    def of(self, name: str) -> str:
        """Its own name."""
        return name
