"""What a customer sees behind the link of an offer, and that they looked at its paper."""

from datetime import datetime

from sqlalchemy import select

from core.executor import handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from crm.company import company
from crm.models import OfferRow, OrderRow
from crm.offer_queries import Offer, offer
from crm.outbox.events import OfferRead
from crm.outbox.models import AnswerLinkRow
from crm.outbox.offers import link_of, why_closed
from storage.unit_of_work import Reading, UnitOfWork

BY_LINK = "customer"  # the id of whoever acts by a link


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPaper:
    """The offer's PDF at the version that was sent."""

    document_id: str
    version: int
    digest: str
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage:
    """The offer as the version of the link says it; `closed` is a sentence when it cannot be answered."""

    offer: Offer
    company: str
    recipient: str
    expires_at: datetime
    closed: str | None
    answer: str | None
    answered_at: datetime | None
    order_number: str | None
    paper: OfferPaper | None
    may_ask: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOfferRead(Command):
    """A customer opened the paper of an offer by the link."""

    token: str

    def __repr__(self) -> str:
        """Without the token."""
        return "NoteOfferRead()"


def answer_page(view: Reading, token: str) -> AnswerPage:
    """For a view with the rights of the system: the token is the right. Raises `LinkInvalid`."""
    row = link_of(view, token)
    head = view.session.get_one(OfferRow, row.offer_id)
    why = why_closed(view, head, row)
    return AnswerPage(
        offer=offer(view, row.offer_id, version=row.version),
        company=company(view).name,
        recipient=row.recipient,
        expires_at=row.expires_at,
        closed=None if why is None else why.sentence,
        answer=row.answer,
        answered_at=row.answered_at,
        order_number=view.session.scalar(select(OrderRow.number).where(OrderRow.offer_id == row.offer_id)),
        paper=_paper(row),
        may_ask=why is None,
    )


@handles(NoteOfferRead, needs=None)
def note_offer_read(command: NoteOfferRead, unit: UnitOfWork) -> OfferPaper | None:
    """The paper, and the trail knows that it was fetched. Raises `LinkInvalid`."""
    row = link_of(unit, command.token)
    paper = _paper(row)
    if paper is None:
        return None
    number = unit.session.get_one(OfferRow, row.offer_id).number
    unit.emit(
        OfferRead(
            offer_id=row.offer_id,
            number=number,
            link_id=row.id,
            document_id=paper.document_id,
            version=paper.version,
            digest=paper.digest,
        )
    )
    return paper


def by_link(name: str) -> Actor:
    """Who acts by a link: nobody that we know, with no rights; where the request came from is not kept."""
    return Actor(id=BY_LINK, name=name)


def _paper(row: AnswerLinkRow) -> OfferPaper | None:
    if row.document_id is None:
        return None
    return OfferPaper(
        document_id=row.document_id,
        version=row.document_version or 1,
        digest=row.document_digest or "",
        file_name=row.file_name or "offer.pdf",
    )
