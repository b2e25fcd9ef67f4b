"""Drafting and editing offers; what is being decided on, or was decided, cannot be edited."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.blocking import refuse_blocked
from crm.checks import Findings, checked_version, refuse_taken
from crm.company import exchange_rate, today
from crm.errors import CustomerNotFound, OfferFrozen, OfferNotFound, WrongFields, WrongOfferState
from crm.events import OfferChanged, OfferCreated, OfferRevised
from crm.models import CustomerRow, OfferRow, OfferVersionRow
from crm.money import plain
from crm.numbering import yearly_number
from crm.offer_content import (
    Buyer,
    Line,
    Terms,
    checked_terms,
    line_rows,
    lines_of,
    terms_of,
    write_lines,
    write_terms,
)
from crm.queries import kept
from storage.unit_of_work import UnitOfWork

REVISABLE = {"in_approval", "approved", "sent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOffer(Command):
    """Draft an offer to a customer; without a currency it is the customer's, without terms the usual ones."""

    customer_id: str
    lines: tuple[Line, ...] = ()
    currency: str | None = None
    terms: Terms | None = None
    external_reference: str | None = None
    enquired_at: datetime | None = None  # when the customer asked for it
    despite_block: bool = False  # a case where a block of the customer was decided on, or that goes on with one


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedOffer:
    """The offer that was drafted."""

    id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOffer(Command):
    """Edit a draft: `lines` replaces all lines, `terms` maps names of `Terms` to new values."""

    offer_id: str
    lines: tuple[Line, ...] | None = None
    terms: dict[str, Any] | None = None
    expected_version: int | None = None  # the row_version that the caller had read


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseOffer(Command):
    """Open a new version for editing, with the lines and terms of the one before, which stays as it was."""

    offer_id: str
    note: str | None = None
    case_id: str | None = None


@handles(CreateOffer, needs="offer.edit")
def create_offer(command: CreateOffer, unit: UnitOfWork) -> CreatedOffer:
    """Draft an offer, for the customer that a merged one became.

    Raises `CustomerNotFound`, `CustomerBlocked`, `WrongFields`, `RateMissing`.
    """
    customer = kept(unit, unit.session.get(CustomerRow, command.customer_id))
    if customer is None:
        raise CustomerNotFound(command.customer_id)
    if not command.despite_block:
        refuse_blocked(unit, customer)
    findings = Findings()
    currency = findings.code("/currency", command.currency or customer.currency, "The currency", 3)
    findings.refuse()
    refuse_taken(unit, OfferRow, command.external_reference, "an offer")
    terms = checked_terms(command.terms or _usual_terms(customer))
    rows = line_rows(unit, command.lines, currency, Buyer(customer_id=customer.id, day=today(unit)))
    rate = exchange_rate(unit, currency, today(unit))
    now = unit.clock.now()
    offer = OfferRow(
        id=new_id(),
        number=yearly_number(unit, "OF"),
        customer_id=customer.id,
        state="draft",
        version=1,
        owner=unit.actor.id,
        owner_name=unit.actor.name,
        external_reference=command.external_reference,
        enquired_at=command.enquired_at,
        created_at=now,
        changed_at=now,
    )
    version = _fresh_version(unit, offer, currency=currency, exchange_rate=rate)
    write_terms(version, terms)
    write_lines(version, rows)
    unit.session.add(offer)
    unit.session.flush()  # the version names the offer without a relationship
    unit.session.add(version)
    unit.emit(
        OfferCreated(
            offer_id=offer.id,
            number=offer.number,
            version=1,
            customer_id=customer.id,
            gross=plain(version.gross),
            currency=currency,
        )
    )
    return CreatedOffer(id=offer.id, number=offer.number)


@handles(UpdateOffer, needs="offer.edit")
def update_offer(command: UpdateOffer, unit: UnitOfWork) -> int:
    """Edit a draft and return its new row version. Raises `OfferFrozen`, `WrongFields`, `ChangedMeanwhile`."""
    offer = lock_offer(unit, command.offer_id)
    if offer.state != "draft":
        raise OfferFrozen(offer.number, offer.state)
    checked_version(f"Offer {offer.number}", expected=command.expected_version, current=offer.row_version)
    version = newest_version(unit, offer)
    changed = []
    if command.terms is not None:
        known = {each.name for each in fields(Terms)}
        unknown = command.terms.keys() - known
        if unknown:
            raise WrongFields({f"/{name}": f"An offer has no term {name}." for name in sorted(unknown)})
        before = terms_of(version)
        after = checked_terms(replace(before, **command.terms))
        changed += [name for name in sorted(known) if getattr(before, name) != getattr(after, name)]
        write_terms(version, after)
    if command.lines is not None:
        rows = line_rows(unit, command.lines, version.currency, Buyer(customer_id=offer.customer_id, day=today(unit)))
        before_lines = lines_of(version)
        write_lines(version, rows)
        if lines_of(version) != before_lines:
            changed.append("lines")
    if changed:
        offer.changed_at = unit.clock.now()
        unit.emit(
            OfferChanged(
                offer_id=offer.id,
                number=offer.number,
                version=version.n,
                fields=changed,
                gross=plain(version.gross),
                currency=version.currency,
            )
        )
        unit.session.flush()  # the new row version is the answer
    return offer.row_version


@handles(ReviseOffer, needs="offer.edit")
def revise_offer(command: ReviseOffer, unit: UnitOfWork) -> int:
    """Open the next version and return its number. Raises `WrongOfferState`."""
    offer = lock_offer(unit, command.offer_id)
    if offer.state not in REVISABLE:
        raise WrongOfferState(offer.number, state=offer.state, wanted="revised")
    before = newest_version(unit, offer)
    before.state = "returned" if offer.state == "in_approval" else "replaced"
    offer.version += 1
    offer.state = "draft"
    offer.changed_at = unit.clock.now()
    rate = exchange_rate(unit, before.currency, today(unit))
    version = _fresh_version(unit, offer, currency=before.currency, exchange_rate=rate)
    write_terms(version, terms_of(before))
    write_lines(
        version,
        line_rows(
            unit,
            lines_of(before),
            before.currency,
            Buyer(customer_id=offer.customer_id, day=today(unit)),
            limited=False,
        ),
    )
    unit.session.add(version)
    unit.emit(
        OfferRevised(
            offer_id=offer.id,
            number=offer.number,
            version=version.n,
            case_id=command.case_id,
            replaces=before.n,
            note=command.note,
        )
    )
    return version.n


def lock_offer(unit: UnitOfWork, key: str) -> OfferRow:
    """The offer by its id or number, locked until the unit ends: lock first, read after. Raises `OfferNotFound`."""
    wanted = select(OfferRow).where((OfferRow.id == key) | (OfferRow.number == key))
    offer = unit.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).first()
    if offer is None:
        raise OfferNotFound(key)
    return offer


def newest_version(unit: UnitOfWork, offer: OfferRow) -> OfferVersionRow:
    """The version of an offer that counts."""
    wanted = select(OfferVersionRow).where(OfferVersionRow.offer_id == offer.id, OfferVersionRow.n == offer.version)
    return unit.session.scalars(wanted).one()


def _fresh_version(unit: UnitOfWork, offer: OfferRow, **values: Any) -> OfferVersionRow:
    return OfferVersionRow(
        id=new_id(),
        offer_id=offer.id,
        n=offer.version,
        state="draft",
        author=unit.actor.id if offer.version == 1 else offer.owner,
        author_name=unit.actor.name if offer.version == 1 else offer.owner_name,
        created_at=unit.clock.now(),
        **values,
    )


def _usual_terms(customer: CustomerRow) -> Terms:
    days = Terms().payment_days
    return Terms(payment_days=days if customer.payment_days is None else min(days, customer.payment_days))
