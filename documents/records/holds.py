"""Legal holds: placing and lifting them, what they cover, and refusing what they forbid."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, tuple_

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.access import DocumentNotFound, Target
from documents.links import CASE
from documents.models import DocumentLinkRow, DocumentRow
from documents.records.changes import changed
from documents.records.computing import parts
from documents.records.events import HoldLifted, HoldPlaced
from documents.records.models import LegalHoldRow
from documents.records.ports import CaseFacts
from documents.words import words
from storage.unit_of_work import Reading, UnitOfWork

DOCUMENT = "document"
HOLD_RIGHT, READ_RIGHT = "records.hold", "records.read"
LONGEST_NAME, LONGEST_REASON = 200, 2000  # characters
LOCK = 0x6F626965675F686C  # advisory: destroying takes it shared, placing a hold alone
Held = dict[str, list["Hold"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold(Command):
    """Hold a document, all documents of a case or all that belongs to a business record, also what is filed later."""

    name: str  # the matter, such as “Żuraw v. Wisła 2026”
    kind: str  # `document`, `case`, or an entity such as `crm.customer`
    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftHold(Command):
    """End a hold; other holds on the same thing stand."""

    hold_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDocument(Command):
    """End the hold of a name that was placed on this very document; those on its cases and customers stand."""

    document_id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold; `lifted_at` is None while it stands."""

    id: str
    name: str
    kind: str
    target: str
    reason: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPage:
    """Holds, newest first; `next` asks for those that follow."""

    items: tuple[Hold, ...]
    next: str | None


class UnderHold(Conflict):
    """A legal hold forbids it, to everybody."""

    code = "under_legal_hold"

    def __init__(self, what: str, names: Collection[str], **details: object) -> None:
        told = ", ".join(f"“{name}”" for name in sorted(set(names)))
        super().__init__(
            f"{what} is under the legal hold {told}: nothing of it may be destroyed, voided or erased, by nobody. "
            "Whoever is responsible for the matter can lift the hold.",
            holds=sorted(set(names)),
            **details,
        )


class HoldNotFound(NotFound):
    """There is no such hold, or it was lifted."""

    code = "hold_not_found"


class HoldStands(Conflict):
    """The same hold stands already."""

    code = "hold_stands"


@handles(PlaceHold, needs=HOLD_RIGHT)
def place_hold(command: PlaceHold, unit: UnitOfWork) -> str:
    """The id of the hold. Raises `HoldStands`, `InvalidInput`, `NotFound`, `DocumentDestroyed`.

    Waits for a batch that is being destroyed at this moment: either the hold is there before it, and it keeps what it
    covers, or the batch was faster, and its documents are gone.
    """
    name, reason = _given("name", command.name, LONGEST_NAME), _given("reason", command.reason, LONGEST_REASON)
    unit.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    target = Target(command.kind, command.target)
    _require(unit, target)
    same = select(LegalHoldRow.id).where(
        LegalHoldRow.kind == target.kind,
        LegalHoldRow.target == target.id,
        LegalHoldRow.name == name,
        LegalHoldRow.lifted_at.is_(None),
    )
    if unit.session.scalar(same) is not None:
        raise HoldStands(f"The hold “{name}” stands on {target.kind} {target.id} already; give another one its name.")
    row = LegalHoldRow(
        id=new_id(),
        name=name,
        kind=target.kind,
        target=target.id,
        reason=reason,
        placed_at=unit.clock.now(),
        placed_by=unit.actor.id,
    )
    unit.session.add(row)
    changed(unit, [target])
    unit.emit(HoldPlaced(hold_id=row.id, name=name, kind=row.kind, target=row.target, reason=reason))
    return row.id


@handles(LiftHold, needs=HOLD_RIGHT)
def lift_hold(command: LiftHold, unit: UnitOfWork) -> None:
    """Raises `HoldNotFound`, also when it was lifted before; `InvalidInput` without a reason."""
    row = unit.session.get(LegalHoldRow, command.hold_id, with_for_update=True)
    if row is None or row.lifted_at is not None:
        raise HoldNotFound(f"There is no hold {command.hold_id} that stands; it may have been lifted already.")
    _lift(unit, row, command.reason)


@handles(ReleaseDocument, needs=HOLD_RIGHT)
def release_document(command: ReleaseDocument, unit: UnitOfWork) -> None:
    """Raises `HoldNotFound`, `InvalidInput` without a reason."""
    query = select(LegalHoldRow).where(
        LegalHoldRow.kind == DOCUMENT,
        LegalHoldRow.target == command.document_id,
        LegalHoldRow.name == command.name.strip(),
        LegalHoldRow.lifted_at.is_(None),
    )
    row = unit.session.scalar(query.with_for_update())
    if row is None:
        raise HoldNotFound(
            f"No hold “{command.name}” stands on the document itself; one on its case or customer is lifted there.",
            document_id=command.document_id,
        )
    _lift(unit, row, command.reason)


def _lift(unit: UnitOfWork, row: LegalHoldRow, reason: str) -> None:
    row.lift_reason = _given("reason", reason, LONGEST_REASON)
    row.lifted_at, row.lifted_by = unit.clock.now(), unit.actor.id
    changed(unit, [Target(row.kind, row.target)])
    unit.emit(HoldLifted(hold_id=row.id, name=row.name, kind=row.kind, target=row.target, reason=row.lift_reason))


def _given(field: str, text: str, longest: int) -> str:
    found = words(field, text, longest)
    if found is None:
        sentence = f"A hold needs a {field}: say {'what matter it is for' if field == 'name' else 'why'}."
        raise InvalidInput(sentence, fields={f"/{field}": sentence})
    return found


def _require(unit: UnitOfWork, target: Target) -> None:
    if target.kind == DOCUMENT:
        from documents.records.tombstones import refuse_destroyed  # late: tombstones tell of holds

        row = unit.session.get(DocumentRow, target.id)
        if row is None:
            raise DocumentNotFound(target.id)
        refuse_destroyed(unit, row)
    elif not unit.port(CaseFacts).known(unit, target):
        raise NotFound(f"There is no {target.kind} {target.id} to hold.", kind=target.kind, id=target.id)


def share_lock(reading: Reading) -> None:
    """Keep everybody from placing a hold until this transaction ends; take it before `holds_on`, when destroying."""
    reading.session.execute(select(func.pg_advisory_xact_lock_shared(LOCK)))


def holds_on(reading: Reading, document_ids: Collection[str]) -> Held:
    """The standing holds that cover each document: its own, those of its cases, and those of what both are about."""
    found: Held = {each: [] for each in document_ids}
    if not found or not _any_stands(reading):
        return found
    scopes = scopes_of(reading, document_ids)
    standing = _standing(reading, {scope for each in scopes.values() for scope in each})
    return {each: [hold for scope in sorted(scopes[each]) for hold in standing.get(scope, ())] for each in found}


def scopes_of(reading: Reading, document_ids: Collection[str]) -> dict[str, set[Target]]:
    """What a hold on a document can be placed on: itself, whatever it is linked to, and what its cases are about."""
    scopes = {each: {Target(DOCUMENT, each)} for each in document_ids}
    link = DocumentLinkRow
    query = select(link.document_id, link.kind, link.target).where(link.document_id.in_(scopes))
    for document_id, kind, target in reading.session.execute(query):
        scopes[document_id].add(Target(kind, target))
    cases = {scope.id for each in scopes.values() for scope in each if scope.kind == CASE}
    subjects = reading.port(CaseFacts).subjects(reading, cases) if cases else {}
    for each in scopes.values():
        each |= {subject for scope in tuple(each) if scope.kind == CASE for subject in subjects.get(scope.id, ())}
    return scopes


def require_free(reading: Reading, document_id: str, what: str = "This document") -> None:
    """Raises `UnderHold` when a hold covers the document."""
    held = holds_on(reading, [document_id])[document_id]
    if held:
        raise UnderHold(what, [hold.name for hold in held], document_id=document_id)


def holds_of_targets(reading: Reading, targets: Collection[Target]) -> dict[Target, list[Hold]]:
    """The standing holds that were placed on these very things."""
    return _standing(reading, set(targets)) if targets else {}


def standing_targets(reading: Reading) -> set[Target]:
    """Everything that a standing hold was placed on."""
    query = select(LegalHoldRow.kind, LegalHoldRow.target).where(LegalHoldRow.lifted_at.is_(None)).distinct()
    return {Target(*each) for each in reading.session.execute(query)}


def holds(
    view: Reading, *, standing: bool = True, after: str | None = None, limit: int = 50, target: Target | None = None
) -> HoldPage:
    """Holds that stand, or those that were lifted. Raises `Forbidden`."""
    if not (view.actor.may(READ_RIGHT) or view.actor.may(HOLD_RIGHT)):
        raise Forbidden(f"You do not have the right to do this ({READ_RIGHT}).", permission=READ_RIGHT)
    query = select(LegalHoldRow).order_by(LegalHoldRow.id.desc()).limit(limit + 1)
    query = query.where(LegalHoldRow.lifted_at.is_(None) if standing else LegalHoldRow.lifted_at.is_not(None))
    if target is not None:
        query = query.where(LegalHoldRow.kind == target.kind, LegalHoldRow.target == target.id)
    rows = list(view.session.scalars(query if after is None else query.where(LegalHoldRow.id < after)))
    return HoldPage(items=tuple(map(_hold, rows[:limit])), next=rows[limit - 1].id if len(rows) > limit else None)


def _any_stands(reading: Reading) -> bool:
    query = select(LegalHoldRow.id).where(LegalHoldRow.lifted_at.is_(None)).limit(1)
    return reading.session.scalar(query) is not None


def _standing(reading: Reading, scopes: set[Target]) -> dict[Target, list[Hold]]:
    found: dict[Target, list[Hold]] = {}
    place = tuple_(LegalHoldRow.kind, LegalHoldRow.target)
    for part in parts(sorted(scopes)):
        wanted = place.in_([(scope.kind, scope.id) for scope in part])
        query = select(LegalHoldRow).where(LegalHoldRow.lifted_at.is_(None), wanted).order_by(LegalHoldRow.id)
        for row in reading.session.scalars(query):
            found.setdefault(Target(row.kind, row.target), []).append(_hold(row))
    return found


def _hold(row: LegalHoldRow) -> Hold:
    return Hold(
        id=row.id,
        name=row.name,
        kind=row.kind,
        target=row.target,
        reason=row.reason,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
    )
