"""What the outbox tells of letters: they left, came back, failed, or somebody cancelled them."""

from collections.abc import Sequence

from sqlalchemy import select

from core.messages import Event
from crm.company import today
from crm.outbox import words as outbox
from crm.outbox.events import MessageCancelled, MessageEvent, MessageFailed, MessageReturned, MessageSent
from processes.dunning import letters
from processes.dunning.events import ClaimNoted, LetterSent, LetterWithdrawn
from processes.dunning.models import DunningDispatchRow, DunningItemRow, DunningLetterRow, DunningRow
from processes.dunning.telling import tell
from processes.process_view import ProcessView
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork

WORTH_HEARING = (MessageSent, MessageFailed, MessageReturned, MessageCancelled)
RETURNED, CANCELLED, UNREACHABLE = "returned", "cancelled", "unreachable"
BEFORE = {1: 0, 2: 1, 4: 3, 5: 4}  # the level before a letter's


def note_messages(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of messages inside the transaction: one statement where none of them is of dunning."""
    told = {event.message_id: event for event in events if isinstance(event, WORTH_HEARING)}
    if not told:
        return
    wanted = select(DunningDispatchRow).where(DunningDispatchRow.message_id.in_(told))
    for dispatch in unit.session.scalars(wanted.order_by(DunningDispatchRow.message_id)).all():
        (letter,) = letters.locked(unit, dispatch.letter_id)
        event = told[dispatch.message_id]
        if isinstance(event, MessageSent):
            if dispatch.is_leading:
                _left(unit, letter)
        else:
            _stayed(unit, letter, event, is_leading=dispatch.is_leading)


def _left(unit: UnitOfWork, letter: DunningLetterRow) -> None:
    """The cases go on; whoever was interrupted between the sending and its answer does not."""
    items = letters.items_of(unit, letter, letters.MADE)
    letter.state, letter.sent_at = letters.SENT, unit.clock.now()
    on = today(ProcessView(unit)).isoformat()
    for item in items:
        item.state = letters.SENT
        unit.emit(
            LetterSent(
                invoice_id=item.invoice_id,
                instance_id=item.instance_id,
                letter_id=letter.id,
                template=letter.template,
                channel=letter.channel,
                document_id=str(letter.document_id),
                digest=str(letter.digest),
            )
        )
        if letter.template == letters.INTEREST or item.reason:
            continue  # nobody waits for it
        facts = {
            "letter_id": letter.id,
            "template": letter.template,
            "channel": letter.channel,
            "document_id": letter.document_id,
            "on": on,
        }
        tell(unit, "letter.sent", item.invoice_id, key=f"{letter.id}:{item.id}", letter=facts)
    if letter.channel in letters.COPIED:
        unit.enqueue(JobRequest(name=letters.COPIES, arguments={"letter_id": letter.id}))


def _stayed(unit: UnitOfWork, letter: DunningLetterRow, event: MessageEvent, *, is_leading: bool) -> None:
    reason = str(getattr(event, "reason", None) or "no reason was given")
    if not is_leading:
        if isinstance(event, MessageFailed | MessageReturned):
            for item in letters.items_of(unit, letter, letters.MADE, letters.SENT):
                mark(_row(unit, item), event.channel)
        return
    what = CANCELLED if isinstance(event, MessageCancelled) else RETURNED
    if letter.state == letters.MADE:
        letter.state = letters.WITHDRAWN
        items = letters.items_of(unit, letter, letters.MADE)
        not_sent(unit, items, channel=event.channel, reason=reason, what=what)
        letters.recall(unit, letter)
    elif letter.state == letters.SENT and isinstance(event, MessageReturned):
        for item in letters.items_of(unit, letter, letters.SENT):
            came_back(unit, item, channel=event.channel, reason=reason)


def not_sent(
    unit: UnitOfWork, items: Sequence[DunningItemRow], *, channel: str, reason: str, what: str = RETURNED
) -> None:
    """A letter does not leave this way: its cases look for another one, or ask a person."""
    for item in items:
        item.state, item.reason = letters.WITHDRAWN, reason
        unit.emit(LetterWithdrawn(invoice_id=item.invoice_id, instance_id=item.instance_id, reason=reason))
        _tell(unit, item, channel=channel, reason=reason, what=what)


def came_back(unit: UnitOfWork, item: DunningItemRow, *, channel: str, reason: str) -> None:
    """A letter that left did not arrive: the step counts as not done."""
    step_back(unit, _row(unit, item))
    _tell(unit, item, channel=channel, reason=reason, what=RETURNED)


def _tell(unit: UnitOfWork, item: DunningItemRow, *, channel: str, reason: str, what: str) -> None:
    row = _row(unit, item)
    if what == CANCELLED:
        row.stuck = CANCELLED  # whoever took it back knows why; the way itself is good
    else:
        mark(row, channel)
    unit.emit(
        ClaimNoted(
            invoice_id=item.invoice_id,
            instance_id=item.instance_id,
            what=what,
            note=reason,
            facts={"channel": channel},
        )
    )
    if row.is_running and row.instance_id == item.instance_id:
        tell(unit, "letter.returned", item.invoice_id, news=what)


def _row(unit: UnitOfWork, item: DunningItemRow) -> DunningRow:
    return unit.session.get_one(DunningRow, item.invoice_id, with_for_update=True)


def mark(row: DunningRow, channel: str) -> None:
    """What does not arrive is not tried again by itself."""
    if channel == outbox.EMAIL:
        row.mail_fails = True
    elif channel == outbox.SMS:
        row.mobile_fails = True
    else:
        row.stuck = UNREACHABLE


def step_back(unit: UnitOfWork, row: DunningRow) -> None:
    """What the last letter had reached was not reached."""
    wanted = (
        select(DunningItemRow.reached)
        .join(DunningLetterRow, DunningLetterRow.id == DunningItemRow.letter_id)
        .where(DunningItemRow.invoice_id == row.invoice_id, DunningItemRow.state == letters.SENT)
        .order_by(DunningLetterRow.sent_at.desc())
        .limit(1)
    )
    reached = unit.session.scalars(wanted).first()
    if reached is not None and reached == row.level:
        row.level = BEFORE.get(reached, row.level)
        row.reminded_on = None
