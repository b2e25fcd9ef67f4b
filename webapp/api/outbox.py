"""Messages that leave the firm, texts for them, and offers that are sent to customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Response
from pydantic import Field

from crm import offer_queries
from crm.offer_queries import Offer
from crm.outbox import queries
from crm.outbox import texts as message_texts
from crm.outbox.handling import (
    BarAddress,
    CancelMessage,
    FreeAddress,
    NoteDelivered,
    NoteReturned,
    NoteTracking,
    RetryMessage,
    SetWish,
)
from crm.outbox.offers import AnswerLink, DeclineOffer, RevokeLink, SendOffer, SentOffer, links
from crm.outbox.ports import PaperRef
from crm.outbox.queries import Bar, Message, MessageFilter, MessageSummary, Wish
from crm.outbox.queueing import About, Letterhead, QueueMessage
from crm.outbox.reaching import reached
from crm.outbox.segments import Counted, count
from crm.outbox.texts import FilledText, MessageText, TextVersion, WriteText
from crm.paging import Part
from webapp.api.routing import Body, Routes
from webapp.outbox.offer_paper import offer_paper
from webapp.outbox.paper_set import set_response
from webapp.web import application, current_actor, run, view

routes = Routes("outbox")
REFUSALS = (403, 404, 409, 422)
ChannelName = Literal["email", "sms", "letter", "fax"]


class PaperBody(Body):
    """A document that goes with a message; without a version the newest of now."""

    document_id: str
    version: int | None = None


class MessageBody(Body):
    """A message; without a channel it goes the preferred way, and if that fails the next one.

    The same `key` twice is one message. `fields` are values for places of the template.
    """

    customer_id: str | None = None
    contact_id: str | None = None
    channel: ChannelName | None = None
    recipient: str | None = Field(default=None, max_length=320)
    subject: str = Field(default="", max_length=400)
    text: str = Field(default="", max_length=100_000)
    template: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    papers: list[PaperBody] = Field(default_factory=list, max_length=50)
    about_entity: str | None = Field(default=None, max_length=64)
    about_id: str | None = Field(default=None, max_length=26)
    case_id: str | None = None
    purpose: Literal["business", "marketing", "greeting"] = "business"
    cc: list[str] = Field(default_factory=list, max_length=100)
    not_before: datetime | None = None
    not_after: datetime | None = None
    key: str | None = Field(default=None, max_length=150)


class MessageQuery(Body):
    """Which messages; `about` is `entity:id`."""

    state: str | None = None
    channel: ChannelName | None = None
    customer_id: str | None = None
    about: str | None = Field(default=None, max_length=100)
    case_id: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class WhyBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=400)


class TrackingBody(Body):
    """The number by which the post knows a letter."""

    tracking_number: str = Field(min_length=1, max_length=64)


class TextBody(Body):
    """A text for messages, with places such as {customer.name}."""

    title: str
    subject: str
    text: str
    is_active: bool = True
    expected_version: int | None = None
    language: str = Field(default="", description="en, pl, ro or ru; empty for customers without a variant of theirs")


class TextPreviewQuery(Body):
    """With which record."""

    customer: str | None = Field(default=None, max_length=26)
    about: str = Field(default="", max_length=60, description="such as crm.offer:ID, crm.order:ID or crm.invoice:ID")


class VersionsQuery(Body):
    """Which ones."""

    language: str = Field(default="", max_length=2, description="empty: the words for everybody")
    before: int | None = Field(default=None, ge=1, description="only those before this version")
    limit: int = Field(default=50, ge=1, le=200)


class CountBody(Body):
    """A text."""

    text: str = Field(max_length=10_000)


class AddressBody(Body):
    """An address or number."""

    channel: Literal["email", "sms", "fax"]
    address: str = Field(max_length=320)
    reason: str = Field(default="opted out", max_length=400)


class OptedOut(Body):
    """An address, and whether it is barred now."""

    channel: str
    address: str
    is_barred: bool


class WishBody(Body):
    """How a customer, or a person there, wants to be written to; without a channel any."""

    customer_id: str | None = None
    contact_id: str | None = None
    channel: ChannelName | None = None
    is_without_marketing: bool = False


class SendOfferBody(Body):
    """Whom an offer goes to; the offer's PDF goes with it by itself, `papers` are further documents."""

    contact_id: str | None = None
    recipient: str | None = Field(default=None, max_length=320)
    cc: list[str] = Field(default_factory=list, max_length=100)
    subject: str = Field(default="", max_length=400)
    text: str = Field(default="", max_length=100_000)
    template: str | None = "offer"
    papers: list[PaperBody] = Field(default_factory=list, max_length=49)
    has_link: bool = True
    key: str | None = Field(default=None, max_length=150)


class DeclineBody(Body):
    """Why the customer does not take it."""

    reason: str | None = Field(default=None, max_length=2000)


@routes.get(
    "/outbox/messages", "Messages, newest first", query=MessageQuery, answer=Part[MessageSummary], refusals=(403, 422)
)
def messages(query: MessageQuery) -> Any:
    """List messages: all of them for who looks after the outbox, else one's own, or those of a customer."""
    wanted = MessageFilter(**query.model_dump(exclude={"after", "limit"}))
    with view() as reading:
        return queries.messages(reading, wanted, after=query.after, limit=query.limit)


@routes.post("/outbox/messages", "Send a message", body=MessageBody, answer=Message, status=201, refusals=REFUSALS)
def queue_message(body: MessageBody) -> Message:
    """Put a message into the outbox; it leaves by itself."""
    about = About(entity=body.about_entity, id=body.about_id) if body.about_entity and body.about_id else None
    given = body.model_dump(exclude={"papers", "about_entity", "about_id", "cc"})
    command = QueueMessage(**given, papers=_papers(body.papers), about=about, letterhead=Letterhead(cc=tuple(body.cc)))
    return _read(run(command))


@routes.get("/outbox/messages/<id:message_id>", "One message with its proof", answer=Message, refusals=(403, 404))
def message(message_id: str) -> Message:
    """Read one message."""
    return _read(message_id)


@routes.get(
    "/outbox/messages/<id:message_id>/papers",
    "All documents of a message as one ZIP, at the versions that went",
    media="application/zip",
    refusals=(403, 404),
)
def papers(message_id: str) -> Response:
    """Fetch the set."""
    return set_response(message_id)


@routes.post("/outbox/messages/<id:message_id>/retry", "Try a message again", answer=Message, refusals=REFUSALS)
def retry_message(message_id: str) -> Message:
    """Begin the tries anew."""
    run(RetryMessage(message_id=message_id))
    return _read(message_id)


@routes.post(
    "/outbox/messages/<id:message_id>/cancel", "Take a message back", body=WhyBody, answer=Message, refusals=REFUSALS
)
def cancel_message(message_id: str, body: WhyBody) -> Message:
    """Take back what waits."""
    run(CancelMessage(message_id=message_id, reason=body.reason))
    return _read(message_id)


@routes.post(
    "/outbox/messages/<id:message_id>/returned",
    "Note that a letter came back",
    body=WhyBody,
    answer=Message,
    refusals=REFUSALS,
)
def note_returned(message_id: str, body: WhyBody) -> Message:
    """Note a letter that could not be delivered."""
    run(NoteReturned(message_id=message_id, reason=body.reason))
    return _read(message_id)


@routes.post(
    "/outbox/messages/<id:message_id>/delivered", "Note that a message arrived", answer=Message, refusals=REFUSALS
)
def note_delivered(message_id: str) -> Message:
    """Note what the provider or the post says."""
    run(NoteDelivered(message_id=message_id))
    return _read(message_id)


@routes.post(
    "/outbox/messages/<id:message_id>/tracking",
    "Note the post's number of a letter",
    body=TrackingBody,
    answer=Message,
    refusals=REFUSALS,
)
def note_tracking(message_id: str, body: TrackingBody) -> Message:
    """Note a tracking number."""
    run(NoteTracking(message_id=message_id, tracking_number=body.tracking_number))
    return _read(message_id)


@routes.get("/outbox/texts", "Texts for messages", answer=list[MessageText], refusals=(403,))
def texts() -> list[MessageText]:
    """List texts by title."""
    with view() as reading:
        return message_texts.texts(reading)


@routes.post("/outbox/texts/<key>", "Write a text for messages", body=TextBody, answer=MessageText, refusals=REFUSALS)
def write_text(key: str, body: TextBody) -> MessageText:
    """Write or change a text."""
    run(WriteText(key=key, **body.model_dump()))
    with view() as reading:
        return next(each for each in message_texts.texts(reading) if (each.key, each.language) == (key, body.language))


@routes.get(
    "/outbox/texts/<key>/versions",
    "What a text said in a language",
    query=VersionsQuery,
    answer=list[TextVersion],
    refusals=(403, 404),
)
def text_versions(key: str, query: VersionsQuery) -> list[TextVersion]:
    """List versions, the newest first."""
    with view() as reading:
        return message_texts.versions(reading, key, query.language, before=query.before, limit=query.limit)


@routes.get(
    "/outbox/texts/<key>/preview",
    "A text as a customer would get it, in their language; nothing is sent",
    query=TextPreviewQuery,
    answer=FilledText,
    refusals=(403, 404, 422),
)
def preview_text(key: str, query: TextPreviewQuery) -> FilledText:
    """Fill it in for a record."""
    kind, _, about = query.about.partition(":")
    with view() as reading:
        message_texts.text_named(reading, key)
        whom = reached(reading, query.customer, None)
        return message_texts.preview(reading, key, whom, (kind, about) if about else None)


@routes.post("/outbox/segments", "How many SMS a text takes", body=CountBody, answer=Counted)
def segments(body: CountBody) -> Counted:
    """Count places and segments."""
    return count(body.text)


@routes.get("/outbox/addresses", "Addresses that are not written to", answer=list[Bar], refusals=(403,))
def barred() -> list[Bar]:
    """List bounced addresses and opt-outs."""
    with view() as reading:
        return queries.bars(reading)


@routes.post("/outbox/addresses", "Note an opt-out", body=AddressBody, answer=OptedOut, refusals=(403, 422))
def bar(body: AddressBody) -> OptedOut:
    """Write to an address no more, but for business."""
    run(BarAddress(**body.model_dump()))
    return OptedOut(channel=body.channel, address=body.address.lower(), is_barred=True)


@routes.post("/outbox/addresses/free", "Write to an address again", body=AddressBody, answer=OptedOut, refusals=(403,))
def free(body: AddressBody) -> OptedOut:
    """Forget that an address was barred."""
    run(FreeAddress(channel=body.channel, address=body.address))
    return OptedOut(channel=body.channel, address=body.address.lower(), is_barred=False)


@routes.post("/outbox/wishes", "How somebody wants to be written to", body=WishBody, answer=Wish, refusals=REFUSALS)
def wish(body: WishBody) -> Wish:
    """Keep the preferred channel, and whether marketing is welcome."""
    run(SetWish(**body.model_dump()))
    return Wish(channel=body.channel, is_without_marketing=body.is_without_marketing)


@routes.post(
    "/offers/<id:offer_id>/send",
    "Send an approved offer to the customer",
    body=SendOfferBody,
    answer=SentOffer,
    status=201,
    refusals=REFUSALS,
)
def send_offer(offer_id: str, body: SendOfferBody) -> SentOffer:
    """Make the paper and queue the mail with it."""
    pdf = offer_paper(application(), offer_id, actor=current_actor())
    given = body.model_dump(exclude={"papers", "cc"})
    sent: SentOffer = run(
        SendOffer(offer_id=offer_id, pdf=pdf, papers=_papers(body.papers), cc=tuple(body.cc), **given)
    )
    return sent


@routes.get("/offers/<id:offer_id>/links", "Links by which a customer can answer", answer=list[AnswerLink])
def answer_links(offer_id: str) -> Any:
    """List links; the tokens are known to their recipients alone."""
    with view() as reading:
        offer_queries.offer(reading, offer_id)
        return links(reading, offer_id)


@routes.post(
    "/offers/<id:offer_id>/links/<id:link_id>/revoke",
    "Take a link back",
    answer=list[AnswerLink],
    refusals=(403, 404),
)
def revoke_link(offer_id: str, link_id: str) -> Any:
    """Nobody answers by it any more."""
    run(RevokeLink(link_id=link_id))
    with view() as reading:
        return links(reading, offer_id)


@routes.post(
    "/offers/<id:offer_id>/decline",
    "Note that the customer does not take an offer",
    body=DeclineBody,
    answer=Offer,
    refusals=REFUSALS,
)
def decline_offer(offer_id: str, body: DeclineBody) -> Offer:
    """Close the offer."""
    run(DeclineOffer(offer_id=offer_id, reason=body.reason))
    with view() as reading:
        return offer_queries.offer(reading, offer_id)


def _papers(bodies: list[PaperBody]) -> tuple[PaperRef, ...]:
    return tuple(PaperRef(document_id=each.document_id, version=each.version) for each in bodies)


def _read(message_id: str) -> Message:
    with view() as reading:
        return queries.message(reading, message_id)
