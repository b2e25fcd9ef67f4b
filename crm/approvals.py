"""What an approval does to an offer: freeze, record decisions, lock, reject, withdraw, send."""

from datetime import datetime

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.company import exchange_rate, today
from crm.errors import ContentChanged, OfferIncomplete, SelfApproval, WrongOfferState
from crm.events import (
    OfferDecided,
    OfferFrozenForApproval,
    OfferLocked,
    OfferRejected,
    OfferSent,
    OfferWithdrawn,
)
from crm.models import OfferDecisionRow, OfferRow, OfferVersionRow
from crm.money import plain, totals
from crm.offer_content import digest
from crm.offers import lock_offer, newest_version
from storage.unit_of_work import UnitOfWork

DECISIONS = {"approve": "approved", "return": "returned", "reject": "rejected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeOffer(Command):
    """Send the newest version of an offer (by id or number) to approval: from now on it cannot be edited."""

    offer_id: str
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecision(Command):
    """Keep what somebody decided on the frozen version; the same key twice is one decision."""

    offer_id: str
    case_id: str
    key: str  # of the step that decided
    level: int
    group: str
    decision: str  # approve, return, reject
    comment: str | None
    actor: str
    actor_name: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOffer(Command):
    """Mark the frozen version as approved; it stays as it is for ever."""

    offer_id: str
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectOffer(Command):
    """Mark an offer as rejected."""

    offer_id: str
    reason: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawOffer(Command):
    """Take an offer back before it is approved."""

    offer_id: str
    reason: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkOfferSent(Command):
    """Note that an approved offer went to the customer."""

    offer_id: str
    case_id: str | None = None


@handles(FreezeOffer, needs="offer.edit")
def freeze_offer(command: FreezeOffer, unit: UnitOfWork) -> str:
    """Freeze the offer and return the digest of what it says. Raises `WrongOfferState`, `OfferIncomplete`."""
    offer, version = _in_state(unit, command.offer_id, {"draft"}, wanted="sent to approval")
    if not version.lines:
        raise OfferIncomplete(offer.number, "it has no lines")
    if version.valid_until is not None and version.valid_until < today(unit):
        raise OfferIncomplete(offer.number, f"it was valid until {version.valid_until} only")
    sums = totals(version.lines)
    version.net, version.vat, version.gross = sums.net, sums.vat, sums.gross
    version.exchange_rate = exchange_rate(unit, version.currency, today(unit))
    version.digest = digest(version)
    version.frozen_at, version.frozen_by = unit.clock.now(), unit.actor.id
    _move(unit, offer, version, "in_approval")
    unit.emit(
        OfferFrozenForApproval(
            offer_id=offer.id,
            number=offer.number,
            version=version.n,
            case_id=command.case_id,
            digest=version.digest,
            net=plain(version.net),
            gross=plain(version.gross),
            currency=version.currency,
        )
    )
    return version.digest


@handles(RecordDecision, needs="offer.edit")
def record_decision(command: RecordDecision, unit: UnitOfWork) -> None:
    """Bind a decision to the digest of what was decided on. Raises `SelfApproval`, `WrongOfferState`."""
    offer, version = _in_state(unit, command.offer_id, {"in_approval"}, wanted=DECISIONS[command.decision])
    if command.actor in {offer.owner, version.author, version.frozen_by}:
        raise SelfApproval(offer.number)
    known = select(OfferDecisionRow.id).where(OfferDecisionRow.key == command.key)
    if unit.session.scalars(known).first() is not None:
        return
    assert version.digest is not None
    unit.session.add(
        OfferDecisionRow(
            id=new_id(),
            offer_id=offer.id,
            version=version.n,
            digest=version.digest,
            case_id=command.case_id,
            key=command.key,
            level=command.level,
            group=command.group,
            decision=command.decision,
            comment=command.comment,
            actor=command.actor,
            actor_name=command.actor_name,
            decided_at=command.decided_at,
        )
    )
    unit.emit(
        OfferDecided(
            offer_id=offer.id,
            number=offer.number,
            version=version.n,
            case_id=command.case_id,
            decision=command.decision,
            level=command.level,
            group=command.group,
            decided_by=command.actor,
            digest=version.digest,
            comment=command.comment,
        )
    )


@handles(LockOffer, needs="offer.edit")
def lock_approved_offer(command: LockOffer, unit: UnitOfWork) -> str:
    """Approve the frozen version and return its digest. Raises `WrongOfferState`, `ContentChanged`."""
    offer, version = _in_state(unit, command.offer_id, {"in_approval"}, wanted="approved")
    found = digest(version)
    if found != version.digest:
        raise ContentChanged(offer.number)
    version.decided_at = unit.clock.now()
    _move(unit, offer, version, "approved")
    unit.emit(
        OfferLocked(offer_id=offer.id, number=offer.number, version=version.n, case_id=command.case_id, digest=found)
    )
    return found


@handles(RejectOffer, needs="offer.edit")
def reject_offer(command: RejectOffer, unit: UnitOfWork) -> None:
    """Reject an offer that is in approval. Raises `WrongOfferState`."""
    offer, version = _in_state(unit, command.offer_id, {"in_approval"}, wanted="rejected")
    version.decided_at = unit.clock.now()
    _move(unit, offer, version, "rejected")
    unit.emit(
        OfferRejected(
            offer_id=offer.id,
            number=offer.number,
            version=version.n,
            case_id=command.case_id,
            reason=command.reason,
        )
    )


@handles(WithdrawOffer, needs="offer.edit")
def withdraw_offer(command: WithdrawOffer, unit: UnitOfWork) -> None:
    """Withdraw an offer that is a draft or in approval. Raises `WrongOfferState`."""
    offer, version = _in_state(unit, command.offer_id, {"draft", "in_approval"}, wanted="withdrawn")
    version.decided_at = unit.clock.now()
    _move(unit, offer, version, "withdrawn")
    unit.emit(
        OfferWithdrawn(
            offer_id=offer.id,
            number=offer.number,
            version=version.n,
            case_id=command.case_id,
            reason=command.reason,
        )
    )


@handles(MarkOfferSent, needs="offer.edit")
def mark_offer_sent(command: MarkOfferSent, unit: UnitOfWork) -> None:
    """Note that the customer has the approved version. Raises `WrongOfferState`."""
    offer, version = _in_state(unit, command.offer_id, {"approved"}, wanted="sent")
    _move(unit, offer, version, "sent")
    offer.sent_at = offer.sent_at or unit.clock.now()
    unit.emit(OfferSent(offer_id=offer.id, number=offer.number, version=version.n, case_id=command.case_id))


def _in_state(unit: UnitOfWork, key: str, states: set[str], *, wanted: str) -> tuple[OfferRow, OfferVersionRow]:
    offer = lock_offer(unit, key)
    if offer.state not in states:
        raise WrongOfferState(offer.number, state=offer.state, wanted=wanted)
    return offer, newest_version(unit, offer)


def _move(unit: UnitOfWork, offer: OfferRow, version: OfferVersionRow, state: str) -> None:
    offer.state = version.state = state
    offer.changed_at = unit.clock.now()
