"""What people and the outside do to messages: cancel, try again, note that they arrived or came back."""

from sqlalchemy import func, select, update

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.models import CustomerEmailRow
from crm.outbox import words as known
from crm.outbox.errors import MessageNotFound, WrongMessageState
from crm.outbox.events import (
    AddressBarred,
    AddressFreed,
    MessageDelivered,
    MessageRequeued,
    MessageReturned,
    TrackingNoted,
    WishChanged,
)
from crm.outbox.models import BarRow, MessageRow, WishRow
from crm.outbox.queueing import values_of, wake
from crm.outbox.reaching import BOUNCED, OPTED_OUT, reached
from crm.outbox.sending import cancel, fall_back
from storage.unit_of_work import UnitOfWork

HARD = "5"  # class of a permanent failure (RFC 3463)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelMessage(Command):
    """Take a message back before it leaves."""

    message_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryMessage(Command):
    """Have a message tried again that failed or was cancelled, or one that waits at once."""

    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBounce(Command):
    """Another server told that it could not deliver a mail; `outside_ids` are the Message-IDs that it names."""

    outside_ids: tuple[str, ...]
    recipient: str | None
    status: str | None  # RFC 3463, such as 5.1.1
    reason: str
    evidence_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReturned(Command):
    """A letter came back."""

    message_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDelivered(Command):
    """A message arrived, as the provider or the post says."""

    message_id: str
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTracking(Command):
    """The number by which the post knows a letter."""

    message_id: str
    tracking_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BarAddress(Command):
    """Somebody opted out: nothing but business goes to this address any more, and no SMS at all."""

    channel: str
    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeAddress(Command):
    """An address may be written to again."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWish(Command):
    """How a customer, or a person there, wants to be written to; without a channel any."""

    customer_id: str | None = None
    contact_id: str | None = None
    channel: str | None = None
    is_without_marketing: bool = False


@handles(CancelMessage, needs=known.SEND)
def cancel_message(command: CancelMessage, unit: UnitOfWork) -> None:
    """Only what still waits can be cancelled. Raises `WrongMessageState`, `MessageNotFound`."""
    row = _mine(unit, command.message_id)
    if row.state != known.QUEUED or row.batch_id is not None:
        raise WrongMessageState(state=_told(row), wanted="cancelled")
    findings = Findings()
    reason = findings.text("/reason", command.reason, "The reason", longest=400)
    findings.refuse()
    cancel(unit, row, reason)


@handles(RetryMessage, needs=known.SEND)
def retry_message(command: RetryMessage, unit: UnitOfWork) -> None:
    """Begin the tries anew. Raises `WrongMessageState`, `MessageNotFound`."""
    row = _mine(unit, command.message_id)
    if row.state not in {known.QUEUED, known.FAILED, known.CANCELLED} or row.batch_id is not None:
        raise WrongMessageState(state=_told(row), wanted="tried again")
    row.state, row.reason, row.settled_at = known.QUEUED, None, None
    row.attempts, row.due_at = 0, unit.clock.now()
    unit.emit(MessageRequeued(**values_of(row)))
    wake(unit, row)


@handles(NoteBounce, needs="document.file")
def note_bounce(command: NoteBounce, unit: UnitOfWork) -> str | None:
    """The message that came back, None when it is none of ours; a delay is no bounce."""
    wanted = select(MessageRow).where(MessageRow.message_id.in_(command.outside_ids), MessageRow.channel == known.EMAIL)
    row = unit.session.scalars(wanted.limit(1).with_for_update()).first()
    if row is None or not (command.status or HARD).startswith(HARD):
        return row.id if row is not None else None
    everybody = {each.lower() for each in (row.recipient, *row.envelope.get("to", ()), *row.envelope.get("cc", ()))}
    address = (command.recipient or row.recipient).lower()
    if address not in everybody or row.state == known.RETURNED:
        return row.id
    reason = " ".join(command.reason.split())[:400]
    row.state, row.reason, row.settled_at = known.RETURNED, reason, unit.clock.now()
    unit.emit(
        MessageReturned(
            **values_of(row),
            recipient=address,
            reason=reason,
            status=command.status,
            evidence_id=command.evidence_id,
        )
    )
    _bar(unit, known.EMAIL, address, kind=BOUNCED, reason=reason, owner_id=row.customer_id)
    mark = update(CustomerEmailRow).where(func.lower(CustomerEmailRow.address) == address)
    unit.session.execute(mark.values(bounced_at=unit.clock.now()))
    fall_back(unit, row)
    return row.id


@handles(NoteReturned, needs=known.SEND)
def note_returned(command: NoteReturned, unit: UnitOfWork) -> None:
    """Raises `WrongMessageState` for a letter that has not been posted."""
    row = _mine(unit, command.message_id)
    if row.channel != known.LETTER or row.state not in {known.SENT, known.DELIVERED}:
        raise WrongMessageState(state=_told(row), wanted="noted as returned")
    findings = Findings()
    reason = findings.text("/reason", command.reason, "The reason", longest=400)
    findings.refuse()
    row.state, row.reason, row.settled_at = known.RETURNED, reason, unit.clock.now()
    unit.emit(MessageReturned(**values_of(row), recipient=row.recipient, reason=reason))
    fall_back(unit, row)


@handles(NoteDelivered, needs=known.SEND)
def note_delivered(command: NoteDelivered, unit: UnitOfWork) -> None:
    """Raises `WrongMessageState` for what has not been sent."""
    row = _mine(unit, command.message_id)
    if row.state == known.DELIVERED:
        return
    if row.state != known.SENT:
        raise WrongMessageState(state=_told(row), wanted="noted as delivered")
    row.state, row.settled_at = known.DELIVERED, unit.clock.now()
    unit.emit(MessageDelivered(**values_of(row), answer=command.answer))


@handles(NoteTracking, needs=known.SEND)
def note_tracking(command: NoteTracking, unit: UnitOfWork) -> None:
    """Raises `WrongMessageState` for what is no letter."""
    row = _mine(unit, command.message_id)
    if row.channel != known.LETTER or row.state == known.CANCELLED:
        raise WrongMessageState(state=_told(row), wanted="given a tracking number")
    findings = Findings()
    number = findings.text("/tracking_number", command.tracking_number, "The tracking number", longest=64)
    findings.refuse()
    row.tracking_number = number
    unit.emit(TrackingNoted(**values_of(row), tracking_number=number))


@handles(BarAddress, needs=known.SEND)
def bar_address(command: BarAddress, unit: UnitOfWork) -> None:
    """Note an opt-out; again changes the reason."""
    findings = Findings()
    findings.choice("/channel", command.channel, "The channel", (known.EMAIL, known.SMS, known.FAX))
    address = findings.text("/address", command.address, "The address", longest=320)
    reason = findings.text("/reason", command.reason, "The reason", longest=400)
    findings.refuse()
    _bar(unit, command.channel, address.lower(), kind=OPTED_OUT, reason=reason)


@handles(FreeAddress, needs=known.ADMINISTER)
def free_address(command: FreeAddress, unit: UnitOfWork) -> None:
    """Forget that an address was barred, and that mail to it came back."""
    address = command.address.strip().lower()
    row = unit.session.get(BarRow, (command.channel, address))
    if row is None:
        return
    unit.session.delete(row)
    if command.channel == known.EMAIL:
        mark = update(CustomerEmailRow).where(func.lower(CustomerEmailRow.address) == address)
        unit.session.execute(mark.values(bounced_at=None))
    unit.emit(AddressFreed(channel=row.channel, address=address, kind=row.kind, reason=row.reason))


@handles(SetWish, needs="customer.edit")
def set_wish(command: SetWish, unit: UnitOfWork) -> None:
    """Keep the wish. Raises `CustomerNotFound`, `ContactNotFound`, `WrongFields`."""
    whom = reached(unit, command.customer_id, command.contact_id)
    owner = whom.contact or whom.customer
    findings = Findings()
    if owner is None:
        findings.add("/customer_id", "Say whose wish it is.")
    if command.channel is not None:
        findings.choice("/channel", command.channel, "The channel", known.CHANNELS)
    findings.refuse()
    assert owner is not None
    entity = "crm.contact" if whom.contact is not None else "crm.customer"
    unit.session.merge(
        WishRow(
            owner_id=owner.id,
            entity=entity,
            channel=command.channel,
            is_without_marketing=command.is_without_marketing,
            changed_at=unit.clock.now(),
            changed_by=unit.actor.id,
        )
    )
    unit.emit(
        WishChanged(
            entity=entity,
            owner_id=owner.id,
            channel=command.channel,
            is_without_marketing=command.is_without_marketing,
        )
    )


def _bar(unit: UnitOfWork, channel: str, address: str, *, kind: str, reason: str, owner_id: str | None = None) -> None:
    unit.session.merge(
        BarRow(channel=channel, address=address, kind=kind, reason=reason, since=unit.clock.now(), by=unit.actor.id)
    )
    unit.emit(AddressBarred(channel=channel, address=address, kind=kind, reason=reason, owner_id=owner_id))


def _mine(unit: UnitOfWork, message_id: str) -> MessageRow:
    """The message, locked; others' are for those who look after the outbox. Raises `MessageNotFound`."""
    wanted = select(MessageRow).where(MessageRow.id == message_id)
    row = unit.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).first()
    if row is None or not (unit.actor.may(known.ADMINISTER) or row.created_by == unit.actor.id):
        raise MessageNotFound(message_id)
    return row


def _told(row: MessageRow) -> str:
    return "in a print batch" if row.batch_id is not None and row.state == known.QUEUED else row.state
