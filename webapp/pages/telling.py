"""Telling a trail: entries of the log become lines that an auditor can read, with every proof that they carry."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from audit.queries import Entry
from core.records import dataclass
from webapp.pages.formats import money, words

TITLES = {
    "case.started": "Case started",
    "case.completed": "Case completed",
    "case.cancelled": "Case cancelled",
    "case.stage_changed": "Stage reached",
    "case.entity_linked": "Record linked",
    "case.variables_edited": "Data changed from outside",
    "task.created": "Task offered",
    "task.claimed": "Task claimed",
    "task.unclaimed": "Task given back",
    "task.assigned": "Task assigned",
    "task.commented": "Comment",
    "task.completed": "Task completed",
    "task.cancelled": "Task no longer needed",
    "task.delegated": "Task delegated",
    "task.resolved": "Delegated task given back",
    "case.suspended": "Case suspended",
    "case.resumed": "Case resumed",
    "case.tokens_moved": "Tokens moved",
    "case.activity_chosen": "Step chosen",
    "case.called": "Another case called",
    "case.reopened": "Case undone by its caller",
    "escalation.uncaught": "Escalation without effect",
    "case.scope_finished": "Free steps finished",
    "message.received": "Message received",
    "signal.received": "Signal received",
    "decision.evaluated": "Decision evaluated",
    "incident.raised": "Step failed",
    "incident.resolved": "Failed step resolved",
    "customer.blocked": "Customer blocked",
    "customer.unblocked": "Block of a customer lifted",
    "breach.recorded": "Data breach recorded",
    "breach.changed": "Entry of a data breach changed",
    "breach.closed": "Data breach closed",
    "contact.access_ordered": "All that is held about a person put together",
    "document.filed": "Document filed",
    "document.version_added": "New version filed",
    "document.linked": "Document linked",
    "document.read": "Document read",
    "document.destroyed": "Document destroyed",
    "hold.placed": "Legal hold placed",
    "hold.lifted": "Legal hold lifted",
    "dunning.letter_queued": "Invoice put into a letter",
    "dunning.letter_withdrawn": "Invoice taken out of its letter",
    "dunning.letter_made": "Letter made",
    "dunning.letter_sent": "Letter sent",
    "dunning.promise": "Promise to pay",
    "dunning.residual": "Interest and compensation decided",
    "dunning.noted": "Note on a claim",
    "repair.noted": "Note on a repair",
    "disposal.listed": "Documents listed for disposal",
    "disposal.excluded": "Document taken off the list",
    "disposal.signed": "Disposal agreed to",
    "disposal.abandoned": "Disposal given up",
    "disposal.kept": "Document kept after all",
    "disposal.certified": "Destruction certified",
    "retention_rule.changed": "Retention rule changed",
    "document.sealed": "Document sealed",
    "document.signatures_checked": "Signatures looked at",
    "document.approvals_stamped": "Page of approvals made",
    "package.assembled": "Package put together",
    "template.adopted": "Template put into force",
    "template.retired": "Template retired",
    "document.changed": "Document described",
    "document.state_changed": "State of a document",
    "document.checked_out": "Document checked out",
    "document.given_back": "Document given back",
    "document_type.defined": "Document type defined",
    "audit.evidence_exported": "Evidence given out",
    "audit.checked": "Everything was checked",
    "audit.log_exported": "Event log given out",
    "audit.data_given_out": "Data given out as a file",
    "audit.mass_export_set": "Limit of mass exports changed",
    "audit.unusual_read_found": "Unusual reads found",
    "audit.unusual_read_looked_at": "Unusual reads looked at",
    "customer.opened": "Customer opened",
    "export.made": "Records exported",
    "audit.personal_data_erased": "Personal data erased",
    "audit.key_rotated": "New key of the log",
    "audit.publishing_failed": "Checkpoints cannot be published",
    "audit.publishing_caught_up": "Checkpoints are published again",
    "access.refused": "Refused",
    "access.log_in_failed": "Log-in failed",
    "access.token_refused": "Token refused",
    "access.address_refused": "Secret address refused",
    "account.added": "Account added",
    "account.roles_set": "Roles set",
    "account.password_set": "Pass-word set",
    "account.closed": "Account closed",
    "account.profile_set": "Name or mail changed",
    "account.reopened": "Account reopened",
    "account.second_factor_set": "Second factor switched on",
    "account.second_factor_removed": "Second factor taken away",
    "account.recovery_code_used": "Logged in with a recovery code",
    "account.scopes_set": "Reach of a role set",
    "account.team_set": "Team set",
    "account.team_dropped": "Team given up",
    "account.team_changed": "Put into a team",
    "account.substitution_arranged": "Substitution arranged",
    "account.substitution_ended": "Substitution ended",
    "account.token_created": "Token made",
    "account.token_revoked": "Token revoked",
    "account.logged_in": "Logged in",
    "account.logged_out": "Logged out",
    "customer.created": "Customer added",
    "customer.changed": "Customer changed",
    "definition.deployed": "Process deployed",
    "project.created": "Project begun in the studio",
    "project.renamed": "Project renamed",
    "project.discarded": "Project put away",
    "project.restored": "Project taken up again",
    "project.submitted": "Project given to review",
    "project.returned": "Project open again",
    "project.published": "Project published",
    "project.file_added": "File added to the project",
    "project.file_saved": "File of the project saved",
    "project.file_renamed": "File of the project renamed",
    "project.file_removed": "File taken out of the project",
    "offer.frozen": "Offer frozen for approval",
    "offer.decided": "Decision on the offer",
    "offer.locked": "Offer approved and locked",
    "message.queued": "Message in the outbox",
    "message.sent": "Message sent",
    "message.delayed": "Message delayed",
    "message.failed": "Message failed",
    "message.cancelled": "Message taken back",
    "message.requeued": "Message tried again",
    "message.returned": "Message came back",
    "message.delivered": "Message arrived",
    "erp.queued": "Waits for the ERP",
    "erp.sent": "Given to the ERP",
    "erp.acknowledged": "Acknowledged by the ERP",
    "erp.delayed": "The ERP is away",
    "erp.refused": "Refused by the ERP",
    "erp.retried": "Handed over again",
    "erp.cancelled": "Not handed over",
    "erp.arrival_taken": "Taken over from the ERP",
    "erp.arrival_refused": "Not taken over from the ERP",
    "offer.link_made": "Link for an answer",
    "offer.link_revoked": "Link taken back",
    "offer.answered": "Customer’s answer",
    "offer.declined": "Offer declined",
    "offer.read_by_customer": "Customer opened the offer",
}
SPOKEN = ("comment", "text", "reason", "note")  # what a person wrote
SILENT = {  # shown elsewhere in the line, or of no use to a reader
    *SPOKEN,
    "documents", "document_id", "version", "digest", "title", "instance_id", "task_id", "element_id", "case_id",
    "definition_id", "form_id", "offer_id", "customer_id", "links", "variables", "size", "media_type", "name",
    "scope_element_id", "called_id",
    "previous", "target", "business_key", "number", "file_name", "before", "after", "entity_id", "candidates", "pinned",
}  # fmt: skip
NUMBER = re.compile(r"-?\d+(\.\d+)?")
KEY = re.compile(r"[a-z]+(_[a-z0-9]+)+")  # what a program calls something
AMOUNTS = {"net", "gross", "vat", "total", "credit_limit"}
LONGEST = 120  # characters of a fact


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentProof:
    """The version of a document that a step was about."""

    document_id: str
    version: int
    title: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry, told: what happened (`title`, `what`), what was written (`said`), its data and its proofs."""

    id: str
    type: str
    at: datetime
    actor_id: str
    actor_name: str
    title: str
    what: str
    said: str | None
    facts: list[tuple[str, str]]
    documents: list[DocumentProof]
    stream_title: str
    position: int
    hash: str


def tell(entries: Iterable[Entry]) -> list[Line]:
    """Tell entries in their order; names of tasks and documents are taken from where they were made."""
    entries = list(entries)
    tasks = {each.data["task_id"]: each.data.get("name") for each in entries if each.type == "task.created"}
    titles = {
        each.data["document_id"]: str(each.data["title"])
        for each in entries
        if each.data.get("document_id") and each.data.get("title")
    }
    return [_line(each, tasks, titles) for each in entries]


def _line(entry: Entry, tasks: Mapping[str, str | None], titles: Mapping[str, str]) -> Line:
    data = entry.data
    shown: dict[str, Any] = data["data"] if isinstance(data.get("data"), dict) else data
    shown = {**shown, "in_place_of": data.get("in_place_of")}
    return Line(
        id=entry.id,
        type=entry.type,
        at=entry.at,
        actor_id=entry.actor_id,
        actor_name=entry.actor,
        title=TITLES.get(entry.type, words(entry.type)),
        what=_what(entry, tasks),
        said=next((str(shown[name]) for name in SPOKEN if shown.get(name)), None),
        facts=[(name, _named(name, value)) for name, value in shown.items() if _is_told(name, value)],
        documents=_documents(entry, titles),
        stream_title=words(entry.stream.partition(":")[0]),
        position=entry.seq,
        hash=entry.hash,
    )


EMPTY: tuple[Any, ...] = (None, "", [], {})


def _what(entry: Entry, tasks: Mapping[str, str | None]) -> str:
    data = entry.data
    if entry.type == "case.stage_changed":
        return words(data.get("after"))
    named = tasks.get(data.get("task_id", "")) or data.get("name") or data.get("number")
    if entry.type == "document.state_changed":
        return f"{words(data.get('previous'))} → {words(data.get('state'))}"
    if entry.type.startswith("document."):
        return ""
    return str(named or words(data.get("element_id")) or data.get("business_key") or "")


def _is_told(name: str, value: Any) -> bool:
    return name not in SILENT and value not in EMPTY


def _named(name: str, value: Any) -> str:
    return money(value) if name in AMOUNTS and NUMBER.fullmatch(str(value)) else _fact(value)


def _fact(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_fact(each) for each in value)[:LONGEST]
    if isinstance(value, dict):
        return ", ".join(f"{words(str(name))} {_fact(each)}" for name, each in value.items())[:LONGEST]
    text = str(value)
    return words(text) if KEY.fullmatch(text) else text[:LONGEST]


def _documents(entry: Entry, titles: Mapping[str, str]) -> list[DocumentProof]:
    found = [entry.data] if entry.type.startswith("document.") else entry.data.get("documents") or []
    return [
        DocumentProof(
            document_id=each["document_id"],
            version=each["version"],
            title=each.get("title") or titles.get(each["document_id"]) or "(title erased)",
            digest=each["digest"],
        )
        for each in found
        if isinstance(each, dict) and each.get("digest")
    ]
