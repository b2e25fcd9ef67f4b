"""What records need of others and others of records: cases and their ends, holds on history and on personal data."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select

from audit.erasing import ErasureBlocks
from audit.models import AuditEntryRow, AuditPersonalRow
from core.executor import Executor
from core.identity import SYSTEM
from core.messages import Event
from crm.models import ContactRow
from crm.outbox.models import MessageRow
from documents.access import Target
from documents.events import (
    DocumentCheckedOut,
    DocumentEvent,
    DocumentGivenBack,
    DocumentRead,
    DocumentTypeDefined,
)
from documents.links import CASE
from documents.records.changes import cases_closed, changed
from documents.records.destroying import DestroyNextBatch
from documents.records.events import DocumentDestroyed
from documents.records.holds import DOCUMENT, Hold, holds_of_targets, holds_on, share_lock, standing_targets
from documents.records.keeping import kept_cases
from documents.records.ports import CaseFacts, Destroyer, PersonalTrail
from documents.records.recomputing import start
from documents.reminders.events import DocumentReminded
from documents.sharing.events import DocumentUnshared, ShareEvent
from engine.events import CaseCancelled, CaseCompleted, CaseReopened, EntityLinked
from engine.models import InstanceEntityRow, InstanceRow
from engine.ports import KeptHistory
from storage.unit_of_work import Reading, UnitOfWork

SILENT = (
    DocumentRead,
    DocumentDestroyed,
    DocumentCheckedOut,
    DocumentGivenBack,
    DocumentReminded,
    DocumentUnshared,
    ShareEvent,
)  # nothing about retention
ACCOUNT = "account"


def ports() -> Mapping[type, Any]:
    """The adapters."""
    return {
        CaseFacts: EngineCases(),
        PersonalTrail: TrailValues(),
        KeptHistory: Keeping(),
        ErasureBlocks: Erasures(),
    }


def note_retention(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Whatever may change how long a document is kept is worked off soon; costs no statement of its own."""
    cases: dict[str, bool] = {}
    targets = set()
    for event in events:
        if isinstance(event, CaseCompleted | CaseCancelled | CaseReopened):
            cases[event.instance_id] = not isinstance(event, CaseReopened)
            targets.add(Target(CASE, event.instance_id))
        elif isinstance(event, EntityLinked):
            targets.add(Target(CASE, event.instance_id))
        elif isinstance(event, DocumentEvent) and not isinstance(event, SILENT):
            targets.add(Target(DOCUMENT, event.document_id))
        elif isinstance(event, DocumentTypeDefined) and "retention" in event.changes:
            start(unit, f"the document type {event.key} names another rule", [event.key])
    cases_closed(unit, cases)
    changed(unit, targets)


class EngineCases:
    """Tells records about cases, and what they are about."""

    def closings(self, reading: Reading, cases: Collection[str]) -> dict[str, datetime | None]:
        """When each ended, None while it runs."""
        query = select(InstanceRow.id, InstanceRow.ended_at).where(InstanceRow.id.in_(cases))
        return dict(reading.session.execute(query).all())

    def subjects(self, reading: Reading, cases: Collection[str]) -> dict[str, frozenset[Target]]:
        """The records that each is about."""
        row = InstanceEntityRow
        found: dict[str, set[Target]] = {}
        query = select(row.instance_id, row.entity, row.entity_id).where(row.instance_id.in_(cases))
        for case, entity, identifier in reading.session.execute(query):
            found.setdefault(case, set()).add(Target(entity, identifier))
        return {case: frozenset(targets) for case, targets in found.items()}

    def cases_about(self, reading: Reading, subjects: Collection[Target]) -> frozenset[str]:
        """The cases about any of the records."""
        row = InstanceEntityRow
        found = set()
        for subject in subjects:
            query = select(row.instance_id).where(row.entity == subject.kind, row.entity_id == subject.id)
            found |= set(reading.session.scalars(query))
        return frozenset(found)

    def known(self, reading: Reading, target: Target) -> bool:
        """Whether there is such a case or record."""
        from webapp.policies import ENTITIES  # late: policies put these adapters in place

        row = InstanceRow if target.kind == CASE else ENTITIES.get(target.kind)
        return row is not None and reading.session.scalar(select(row.id).where(row.id == target.id)) is not None


class TrailValues:
    """Destroys what the trail keeps apart of documents."""

    def erase(self, unit: UnitOfWork, document_ids: Collection[str]) -> None:
        """Titles and file names; the entries stay."""
        subjects = [f"document:{each}" for each in document_ids]
        unit.connection.execute(delete(AuditPersonalRow).where(AuditPersonalRow.subject.in_(subjects)))


class Keeping:
    """Tells the engine which finished cases their documents or a hold keep."""

    def kept(self, reading: Reading, instances: Collection[str]) -> Collection[str]:
        """Those with a hold or with a retention that is not over."""
        return kept_cases(reading, instances)


class Erasures:
    """Tells the trail which personal data a legal hold keeps."""

    def holds(self, reading: Reading, subject: str) -> Sequence[str]:
        """The names of the holds that cover what the values are about, or what an account did with it."""
        share_lock(reading)
        kind, _, identifier = subject.partition(":")
        if kind == DOCUMENT:
            return _names(holds_on(reading, [identifier])[identifier])
        if kind == ACCOUNT:
            return _touched_by(reading, identifier)
        targets = {target for target in standing_targets(reading) if target.kind.rpartition(".")[2] == kind}
        own = {target for target in targets if target.id == identifier}
        if kind == CASE:
            own |= EngineCases().subjects(reading, [identifier]).get(identifier, frozenset())
        own |= _above(reading, kind, identifier)
        return _names([hold for each in holds_of_targets(reading, own).values() for hold in each])


def _above(reading: Reading, kind: str, identifier: str) -> set[Target]:
    """Of a person the customer, of a message also its case: what is held there is held with them."""
    if kind == "contact":
        contact = reading.session.get(ContactRow, identifier)
        return set() if contact is None else {Target("crm.customer", contact.customer_id)}
    message = reading.session.get(MessageRow, identifier) if kind == "message" else None
    if message is None:
        return set()
    named = (("crm.customer", message.customer_id), (CASE, message.case_id))
    return {Target(entity, each) for entity, each in named if each}


def _touched_by(reading: Reading, account: str) -> list[str]:
    """The holds on documents and cases in whose trail the account acts: their evidence names who did it."""
    standing = standing_targets(reading)
    names = []
    for target, holds in holds_of_targets(reading, standing).items():
        cases = [target.id] if target.kind == CASE else list(EngineCases().cases_about(reading, [target]))
        streams = [f"{target.kind.rpartition('.')[2]}:{target.id}", *(f"case:{case}" for case in cases)]
        row = AuditEntryRow
        acted = select(row.id).where(
            row.actor_id == account, or_(row.stream.in_(streams), row.case_id.in_(cases)), row.type.not_like("hold.%")
        )
        if reading.session.scalar(acted.limit(1)) is not None:
            names += _names(holds)
    return sorted(set(names))


def _names(holds: Sequence[Hold]) -> list[str]:
    return sorted({hold.name for hold in holds})


class Batches:
    """Destroys what a disposal lists, each batch in a transaction of its own."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def destroy(self, disposal_id: str) -> None:
        """Until nothing is left; whoever comes after a crash goes on."""
        while self._executor.execute(DestroyNextBatch(disposal_id=disposal_id), actor=SYSTEM):
            pass


def ports_of_executor(executor: Executor) -> dict[type, Any]:
    """The adapters that execute commands themselves."""
    return {Destroyer: Batches(executor)}
