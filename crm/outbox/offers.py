"""Sending an offer to the customer, and the customer's answer by a signed link that works without a log-in."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.activities.content import Content, Link, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.approvals import MarkOfferSent, mark_offer_sent
from crm.checks import Findings
from crm.company import company, today
from crm.errors import WrongFields, WrongOfferState
from crm.models import CustomerRow, OfferRow, OfferVersionRow, OrderRow
from crm.offers import lock_offer, newest_version
from crm.outbox import words as known
from crm.outbox.errors import LinkExpired, LinkInvalid, OfferNotOpen
from crm.outbox.events import OfferAnswered, OfferDeclined, OfferLinkMade, OfferLinkRevoked
from crm.outbox.models import AnswerLinkRow, MessageRow
from crm.outbox.places import LINK
from crm.outbox.ports import Paper, PaperRef, Papers, Tokens
from crm.outbox.queueing import About, Letterhead, QueueMessage, queue
from crm.sales.accepting import AcceptOffer, accept_offer
from storage.unit_of_work import Reading, UnitOfWork

SENDABLE = {"approved", "sent"}
ACCEPT, REJECT, ASK = "accept", "reject", "ask"
ANSWERS = (ACCEPT, REJECT, ASK)
USUAL_DAYS = 30  # that a link works for an offer without a last day
MOST_QUESTIONS = 10  # by one link
PLACE = f"{{{LINK}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOffer(Command):
    """Send an approved offer by e-mail: `pdf` is the offer itself, `papers` what goes with it.

    With a link the customer can answer; it works as long as the offer is valid, and for this version alone.
    """

    offer_id: str
    pdf: PaperRef
    papers: tuple[PaperRef, ...] = ()
    contact_id: str | None = None
    recipient: str | None = None
    cc: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    template: str | None = "offer"
    has_link: bool = True
    case_id: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOffer:
    """The message that carries the offer, and the link in it."""

    message_id: str
    link_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeLink(Command):
    """Take a link back: nobody answers by it any more."""

    link_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOffer(Command):
    """What the customer says by the link: accept, reject or ask; accepting twice is one order."""

    token: str
    answer: str
    remark: str | None = None

    def __repr__(self) -> str:
        """Without the token, which is a secret of the customer's."""
        return f"AnswerOffer(answer={self.answer!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of an answer."""

    answer: str
    number: str
    order_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineOffer(Command):
    """Note that the customer does not take an offer that was sent."""

    offer_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLink:
    """A link as employees see it; the token itself is known to the recipient alone."""

    id: str
    version: int
    recipient: str
    expires_at: datetime
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    answered_at: datetime | None
    answer: str | None
    remark: str | None
    questions: int


@handles(SendOffer, needs="offer.edit")
def send_offer(command: SendOffer, unit: UnitOfWork) -> SentOffer:
    """Queue the mail. Raises `WrongOfferState`, `NoWayToReach`, `WrongFields`, and what keeps links from working."""
    offer = lock_offer(unit, command.offer_id)
    if command.key is not None:
        twin = unit.session.scalars(select(MessageRow).where(MessageRow.key == command.key)).first()
        if twin is not None:
            return SentOffer(message_id=twin.id, link_id=twin.link_id)
    if offer.state not in SENDABLE:
        raise WrongOfferState(offer.number, state=offer.state, wanted="sent to the customer")
    version = newest_version(unit, offer)
    papers = tuple(unit.port(Papers).papers(unit, (command.pdf, *command.papers)))
    link = _link(unit, offer, version, papers[0]) if command.has_link else None
    order = QueueMessage(
        customer_id=offer.customer_id,
        contact_id=command.contact_id,
        channel=known.EMAIL,
        recipient=command.recipient,
        subject=command.subject,
        text=_text_with(command.text, link),
        template=command.template,
        about=About(entity="crm.offer", id=offer.id),
        case_id=command.case_id,
        letterhead=Letterhead(cc=command.cc, sender_name=unit.actor.name),
        not_after=link.expires_at if link else None,
        key=command.key,
    )
    message_id = queue(order, unit, papers=papers, link_id=link.id if link else None)
    row = unit.session.get_one(MessageRow, message_id)
    row.text = _text_with(row.text, link) or row.text
    if link is not None:
        link.recipient = row.recipient
        unit.session.add(link)
        unit.emit(
            OfferLinkMade(
                offer_id=offer.id,
                number=offer.number,
                version=version.n,
                link_id=link.id,
                recipient=row.recipient,
                expires_at=link.expires_at.isoformat(),
            )
        )
    if offer.state == "approved":
        mark_offer_sent(MarkOfferSent(offer_id=offer.id, case_id=command.case_id), unit)
    return SentOffer(message_id=message_id, link_id=link.id if link else None)


@handles(RevokeLink, needs="offer.edit")
def revoke_link(command: RevokeLink, unit: UnitOfWork) -> None:
    """Again changes nothing. Raises `LinkInvalid`."""
    row = unit.session.get(AnswerLinkRow, command.link_id, with_for_update=True)
    if row is None:
        raise LinkInvalid
    if row.revoked_at is None:
        row.revoked_at = unit.clock.now()
        number = unit.session.get_one(OfferRow, row.offer_id).number
        unit.emit(OfferLinkRevoked(offer_id=row.offer_id, number=number, link_id=row.id))


@handles(AnswerOffer, needs=None)
def answer_offer(command: AnswerOffer, unit: UnitOfWork) -> Answered:
    """The token is the right. Raises `LinkInvalid`, `LinkExpired`, `OfferNotOpen`, `WrongFields`."""
    found = link_of(unit, command.token)
    offer = lock_offer(unit, found.offer_id)
    row = unit.session.get_one(AnswerLinkRow, found.id, with_for_update=True, populate_existing=True)
    findings = Findings()
    findings.choice("/answer", command.answer, "The answer", ANSWERS)
    remark = findings.optional("/remark", command.remark, "The remark", longest=2000)
    if command.answer == ASK and remark is None:
        findings.add("/remark", "Write what you want to know.")
    findings.refuse()
    if row.answer == command.answer != ASK:
        return Answered(answer=row.answer, number=offer.number, order_number=_order_number(unit, offer))
    why = why_closed(unit, offer, row)
    if why is not None:
        raise why
    order_number = None
    match command.answer:
        case "accept":
            order_number = accept_offer(AcceptOffer(offer_id=offer.id), unit).number
        case "reject":
            decline_offer(DeclineOffer(offer_id=offer.id, reason=remark), unit)
        case _:
            _ask(unit, offer, row, remark or "")
    if command.answer != ASK:
        row.answer, row.answered_at, row.remark = command.answer, unit.clock.now(), remark
    unit.emit(
        OfferAnswered(
            offer_id=offer.id,
            number=offer.number,
            version=row.version,
            link_id=row.id,
            token_digest=row.token_digest,
            recipient=row.recipient,
            answer=command.answer,
            remark=remark,
        )
    )
    return Answered(answer=command.answer, number=offer.number, order_number=order_number)


@handles(DeclineOffer, needs="offer.edit")
def decline_offer(command: DeclineOffer, unit: UnitOfWork) -> None:
    """Close the offer; a new version can be made of it. Raises `WrongOfferState`."""
    offer = lock_offer(unit, command.offer_id)
    if offer.state not in SENDABLE:
        raise WrongOfferState(offer.number, state=offer.state, wanted="declined")
    version = newest_version(unit, offer)
    offer.state = version.state = "declined"
    offer.changed_at = unit.clock.now()
    unit.emit(OfferDeclined(offer_id=offer.id, number=offer.number, version=version.n, reason=command.reason))


def link_of(reading: Reading, token: str) -> AnswerLinkRow:
    """The row behind a token: signed by us, known by its digest, not taken back. Raises `LinkInvalid`."""
    link_id = reading.port(Tokens).link(token)
    row = reading.session.get(AnswerLinkRow, link_id) if link_id else None
    if row is None or row.token_digest != digest_of(token) or row.revoked_at is not None:
        raise LinkInvalid
    return row


def why_closed(reading: Reading, offer: OfferRow, row: AnswerLinkRow) -> LinkExpired | OfferNotOpen | None:
    """Why an offer cannot be answered by a link any more."""
    if row.answer is not None:
        return OfferNotOpen(offer.number, "it was accepted" if row.answer == ACCEPT else "it was declined")
    if offer.state in {"accepted", "declined"}:
        return OfferNotOpen(offer.number, f"it was {offer.state}")
    if offer.version != row.version:
        return OfferNotOpen(offer.number, "there is a newer version of it; look for a later message of ours")
    if offer.state not in SENDABLE:
        return OfferNotOpen(offer.number, "we have taken it back")
    if row.expires_at <= reading.clock.now():
        return LinkExpired(offer.number)
    return None


def links(reading: Reading, offer_id: str) -> Sequence[AnswerLink]:
    """The links of an offer, newest first."""
    rows = reading.session.scalars(
        select(AnswerLinkRow).where(AnswerLinkRow.offer_id == offer_id).order_by(AnswerLinkRow.id.desc()).limit(20)
    )
    return [
        AnswerLink(
            id=row.id,
            version=row.version,
            recipient=row.recipient,
            expires_at=row.expires_at,
            created_at=row.created_at,
            created_by=row.created_by,
            revoked_at=row.revoked_at,
            answered_at=row.answered_at,
            answer=row.answer,
            remark=row.remark,
            questions=row.questions,
        )
        for row in rows
    ]


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _link(unit: UnitOfWork, offer: OfferRow, version: OfferVersionRow, pdf: Paper) -> AnswerLinkRow:
    """A link that works until the offer's last day is over where the company is."""
    tokens, now, link_id = unit.port(Tokens), unit.clock.now(), new_id()
    token = tokens.token(link_id)
    tokens.address(token)  # refuses where nobody outside can reach us
    if version.valid_until is None:
        expires_at = now + timedelta(days=USUAL_DAYS)
    else:
        if version.valid_until < today(unit):
            raise WrongFields({"/offer_id": f"Offer {offer.number} was valid until {version.valid_until} only."})
        zone = ZoneInfo(company(unit).time_zone)
        expires_at = datetime.combine(version.valid_until + timedelta(days=1), time(), tzinfo=zone)
    return AnswerLinkRow(
        id=link_id,
        offer_id=offer.id,
        version=version.n,
        token_digest=digest_of(token),
        recipient="",
        document_id=pdf.document_id,
        document_version=pdf.version,
        document_digest=pdf.digest,
        file_name=pdf.file_name,
        expires_at=expires_at,
        created_at=now,
        created_by=unit.actor.id,
        questions=0,
    )


def _text_with(text: str, link: AnswerLinkRow | None) -> str:
    """The text has a place for the link when there is one, and no line that speaks of it when there is none."""
    if not text:
        return text
    if link is None:
        return "\n".join(line for line in text.splitlines() if PLACE not in line)
    return text if PLACE in text else f"{text.rstrip()}\n\n{PLACE}\n"


def _ask(unit: UnitOfWork, offer: OfferRow, row: AnswerLinkRow, question: str) -> None:
    """The owner of the offer has an answer to give."""
    if row.questions >= MOST_QUESTIONS:
        raise OfferNotOpen(offer.number, "you have asked often; call us instead")
    row.questions += 1
    customer = unit.session.get_one(CustomerRow, offer.customer_id)
    content = Content(
        employee=offer.owner,
        method="email",
        direction="outgoing",
        status="planned",
        priority="high",
        subject=f"Answer a question about offer {offer.number}",
        customer_id=offer.customer_id,
        participants=(Participant(side="customer", name=row.recipient or customer.name),),
        planned_from=unit.clock.now(),
        note=question,
        links=(Link(entity="crm.offer", record_id=offer.id),),
    )
    register_activity(RegisterActivity(content=content), unit)


def _order_number(reading: Reading, offer: OfferRow) -> str | None:
    return reading.session.scalar(select(OrderRow.number).where(OrderRow.offer_id == offer.id))
