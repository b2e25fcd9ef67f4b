"""Disposals: listing what is due, taking documents off the list, agreeing to it, giving it up.

Nothing here destroys; `documents.records.destroying` does, and only what two different people have signed.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from core.errors import Conflict, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.filing import FiledDocument
from documents.models import DocumentRow, DocumentVersionRow
from documents.records.computing import compute
from documents.records.events import (
    DisposalAbandoned,
    DisposalCertified,
    DisposalItemExcluded,
    DisposalListed,
    DisposalSigned,
)
from documents.records.holds import holds_on
from documents.records.models import DisposalItemRow, DisposalRow, RetentionRow
from documents.templates.combined import combined_with
from documents.words import words
from storage.unit_of_work import UnitOfWork

DISPOSE = "records.dispose"
LISTED, APPROVED, DESTROYED, CERTIFIED, ABANDONED = STATES = (
    "listed",
    "approved",
    "destroyed",
    "certified",
    "abandoned",
)
SIGNERS = 2  # different people who must agree
MOST = 5000  # documents on one list
LONGEST = 2000  # characters of a reason
NUMBERS = 0x6F626965675F6469  # advisory lock: numbers have no gaps
SALT = 32  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludeItem(Command):
    """Take a document off a list that is not approved yet."""

    disposal_id: str
    document_id: str
    reason: str


class DisposalNotFound(NotFound):
    """There is no such disposal, or the document is not on its list."""

    code = "disposal_not_found"


class DisposalSettled(Conflict):
    """The list cannot be changed any more."""

    code = "disposal_settled"


class SameSigner(Conflict):
    """The second person must be another one."""

    code = "same_signer"


def list_due(unit: UnitOfWork, *, case_id: str, until: datetime, limit: int = MOST) -> DisposalRow:
    """A list of what is due at `until`, each document at its versions and under no hold; of a case one list only.

    Computes each anew before it is listed: what was noted and not worked off yet counts.
    """
    known = unit.session.scalar(select(DisposalRow).where(DisposalRow.case_id == case_id))
    if known is not None:
        return known
    now = unit.clock.now()
    row = DisposalRow(
        id=new_id(),
        number=_number(unit, now),
        case_id=case_id,
        until=min(until, now),  # what is not due yet cannot be listed
        state=LISTED,
        signatures=[],
        created_at=now,
        created_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.session.flush()  # its items refer to it
    chosen = _due(unit, row.until, limit)
    unit.session.add_all(_items(unit, row, chosen))
    unit.session.flush()  # whoever called reads the list
    return row


def items_of(unit: UnitOfWork, disposal: DisposalRow) -> list[DisposalItemRow]:
    """All documents of the list in their order, whatever became of them."""
    query = select(DisposalItemRow).where(DisposalItemRow.disposal_id == disposal.id)
    return list(unit.session.scalars(query.order_by(DisposalItemRow.position)))


def keep_list(unit: UnitOfWork, disposal: DisposalRow, paper: FiledDocument, *, items: int) -> None:
    """Bind the disposal to the list that was filed: what people agree to."""
    disposal.list_id = paper.id
    unit.emit(
        DisposalListed(
            **_about(disposal),
            until=disposal.until.isoformat(),
            items=items,
            list_id=paper.id,
            list_digest=paper.digest,
        )
    )


def certify(unit: UnitOfWork, disposal: DisposalRow, paper: FiledDocument, *, destroyed: int, kept: int) -> None:
    """Bind the disposal to its certificate. Raises `DisposalSettled` while something is left to destroy."""
    if disposal.state != DESTROYED:
        raise DisposalSettled(f"The list {disposal.number} is {disposal.state}: there is nothing to certify.")
    disposal.state, disposal.certificate_id, disposal.ended_at = CERTIFIED, paper.id, unit.clock.now()
    unit.emit(
        DisposalCertified(
            **_about(disposal),
            certificate=paper.id,
            certificate_digest=paper.digest,
            destroyed=destroyed,
            kept=kept,
        )
    )


def _number(unit: UnitOfWork, now: datetime) -> str:
    unit.session.execute(select(func.pg_advisory_xact_lock(NUMBERS)))
    year = f"{now.astimezone(UTC):%Y}-"
    last = unit.session.scalar(select(func.max(DisposalRow.number)).where(DisposalRow.number.startswith(year)))
    return f"{year}{int(last.removeprefix(year)) + 1 if last else 1:05d}"


def _due(unit: UnitOfWork, until: datetime, limit: int) -> list[RetentionRow]:
    """Rows that are due when they are computed now, and on no other list."""
    on_list = select(DisposalItemRow.document_id).where(DisposalItemRow.state == LISTED)
    query = (
        select(RetentionRow.document_id)
        .where(
            RetentionRow.due_at <= until,
            RetentionRow.due_at.is_not(None),
            RetentionRow.holds == 0,
            RetentionRow.document_id.not_in(on_list),
        )
        .order_by(RetentionRow.due_at, RetentionRow.document_id)
        .limit(limit)
    )
    ids = list(unit.session.scalars(query))
    copies = select(DocumentRow.id).where(DocumentRow.id.in_(combined_with(unit, ids)), DocumentRow.id.not_in(on_list))
    ids += unit.session.scalars(copies)  # letters leave no copy behind
    compute(unit, ids)
    held = holds_on(unit, ids)
    rows = unit.session.scalars(
        select(RetentionRow)
        .where(RetentionRow.document_id.in_(ids), RetentionRow.due_at <= until)
        .order_by(RetentionRow.due_at, RetentionRow.document_id)
        .execution_options(populate_existing=True)
    )
    return [row for row in rows if not held[row.document_id]]


def _items(unit: UnitOfWork, disposal: DisposalRow, due: Sequence[RetentionRow]) -> list[DisposalItemRow]:
    ids = [row.document_id for row in due]
    documents = {each.id: each for each in unit.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids)))}
    versions = versions_of(unit, ids)
    items = []
    for position, row in enumerate(due, start=1):
        document, salt = documents[row.document_id], os.urandom(SALT).hex()
        items.append(
            DisposalItemRow(
                disposal_id=disposal.id,
                position=position,
                document_id=document.id,
                type=document.type,
                title=document.title,
                salt=salt,
                commitment=commitment(salt, document.title),
                versions=versions[document.id],
                rule_key=row.rule_key or "",
                rule_revision=row.rule_revision or 0,
                due_at=row.due_at,
                basis=row.basis,
                state=LISTED,
            )
        )
    return items


def commitment(salt: str, title: str) -> str:
    """SHA-256 over the salt's bytes and the title's: tells nothing without the salt, and proves the title with it."""
    return hashlib.sha256(bytes.fromhex(salt) + title.encode()).hexdigest()


def versions_of(unit: UnitOfWork, document_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Number, digest and size of each version, by document, oldest first."""
    found: dict[str, list[dict[str, Any]]] = {each: [] for each in document_ids}
    row = DocumentVersionRow
    query = select(row.document_id, row.n, row.digest, row.size).where(row.document_id.in_(found))
    for document_id, n, digest, size in unit.session.execute(query.order_by(row.document_id, row.n)):
        found[document_id].append({"n": n, "digest": digest, "size": size})
    return found


@handles(ExcludeItem, needs=DISPOSE)
def exclude_item(command: ExcludeItem, unit: UnitOfWork) -> None:
    """Raises `DisposalNotFound`, `DisposalSettled`, `InvalidInput` without a reason."""
    exclude(unit, command.disposal_id, {command.document_id: command.reason})


def exclude(unit: UnitOfWork, disposal_id: str, reasons: Mapping[str, str]) -> None:
    """Take documents off the list, each with its reason; for who agrees to the rest."""
    disposal = lock(unit, disposal_id)
    if disposal.state != LISTED:
        raise DisposalSettled(f"The list {disposal.number} is {disposal.state}: nothing can be taken off it any more.")
    if disposal.signatures:
        raise DisposalSettled(f"Somebody has signed the list {disposal.number} as it is; have it returned first.")
    for document_id, reason in reasons.items():
        item = unit.session.scalar(
            select(DisposalItemRow).where(
                DisposalItemRow.disposal_id == disposal.id,
                DisposalItemRow.document_id == document_id,
                DisposalItemRow.state == LISTED,
            )
        )
        if item is None:
            raise DisposalNotFound(f"The document {document_id} is not on the list {disposal.number}.")
        item.state, item.reason = "excluded", _given(reason)
        item.settled_at, item.settled_by = unit.clock.now(), unit.actor.id
        item.salt = None
        unit.emit(DisposalItemExcluded(**_about(disposal), document=document_id, reason=item.reason))


def sign(unit: UnitOfWork, disposal_id: str, *, role: str, signer: str, name: str, comment: str | None) -> int:
    """Keep that a person agreed; with the second one the list is approved. Returns how many have signed.

    Raises `SameSigner`, `DisposalSettled`. The caller says who it was: a process knows who completed its task.
    """
    disposal = lock(unit, disposal_id)
    if disposal.state != LISTED:
        raise DisposalSettled(f"The list {disposal.number} is {disposal.state}: it cannot be signed any more.")
    if any(each["actor"] == signer for each in disposal.signatures):
        raise SameSigner("You have agreed to this list already; somebody else must be the second.", signer=signer)
    at = unit.clock.now()
    signature = {"role": role, "actor": signer, "name": name, "at": at.isoformat(), "comment": comment or None}
    disposal.signatures = [*disposal.signatures, signature]
    if len(disposal.signatures) >= SIGNERS:
        disposal.state = APPROVED
    unit.emit(DisposalSigned(**_about(disposal), role=role, signer=signer, reason=comment or None))
    return len(disposal.signatures)


def withdraw_signatures(unit: UnitOfWork, disposal_id: str) -> None:
    """Have a list that is not approved looked at again from the beginning."""
    disposal = lock(unit, disposal_id)
    if disposal.state != LISTED:
        raise DisposalSettled(f"The list {disposal.number} is {disposal.state} already.")
    disposal.signatures = []


def abandon(unit: UnitOfWork, disposal_id: str, reason: str) -> None:
    """Give the list up: its documents stay, and can be listed again. Raises `DisposalSettled`."""
    disposal = lock(unit, disposal_id)
    if disposal.state not in (LISTED, ABANDONED):
        raise DisposalSettled(f"The list {disposal.number} is {disposal.state}: it cannot be given up any more.")
    if disposal.state == ABANDONED:
        return
    disposal.state, disposal.reason, disposal.ended_at = ABANDONED, _given(reason), unit.clock.now()
    query = select(DisposalItemRow).where(DisposalItemRow.disposal_id == disposal.id, DisposalItemRow.state == LISTED)
    for item in unit.session.scalars(query):
        item.state, item.salt, item.settled_at, item.settled_by = "released", None, unit.clock.now(), unit.actor.id
    unit.emit(DisposalAbandoned(**_about(disposal), reason=disposal.reason))


def lock(unit: UnitOfWork, disposal_id: str) -> DisposalRow:
    """The disposal, locked until the unit ends. Raises `DisposalNotFound`."""
    row = unit.session.get(DisposalRow, disposal_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise DisposalNotFound(f"There is no disposal {disposal_id}.")
    return row


def _about(disposal: DisposalRow) -> dict[str, str]:
    return {"disposal_id": disposal.id, "number": disposal.number, "case_id": disposal.case_id}


def _given(reason: str) -> str:
    found = words("reason", reason, LONGEST)
    if found is None:
        sentence = "Say why: it stands in the trail and on the certificate."
        raise InvalidInput(sentence, fields={"/reason": sentence})
    return found
