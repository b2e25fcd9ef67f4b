"""Writing to somebody: a message about a customer or a document, and an offer to its customer."""

from __future__ import annotations

from email.utils import formataddr, getaddresses
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import DomainError
from core.ids import new_id
from crm import offer_queries
from crm.outbox import texts, words
from crm.outbox.offers import DeclineOffer, RevokeLink, SendOffer, links
from crm.outbox.ports import PaperRef
from crm.outbox.queries import MessageFilter, messages
from crm.outbox.queueing import Letterhead, QueueMessage
from crm.outbox.reaching import reached
from crm.outbox.recipients import Recipient, recipients, recipients_at
from crm.outbox.segments import count
from crm.sales.accepting import AcceptOffer
from documents import queries as document_queries
from documents.mail.correlation import MailDirectory
from documents.queries import linked_documents
from storage.unit_of_work import Reading
from webapp.outbox.offer_paper import offer_paper
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.outbox import MARKS, NAMES
from webapp.web import application, current_actor, run, view

MOST_CHOICES = 12
NO_TEXT = ("", "")


@blueprint.get("/messages/new")
def new_message() -> str:
    """An empty message to a customer, with a document where the address names one."""
    customer_id, document_id = asked("customer"), asked("document")
    with view() as reading:
        document = document_queries.document(reading, document_id) if document_id else None
        if document is not None and not customer_id:
            customer_id = next((link.id for link in document.links if link.kind == "crm.customer"), "")
        people = recipients_at(reading, customer_id) if customer_id else []
        known = texts.choices(reading)
    values = {"customer_id": customer_id, "document": document, "people": people, "texts": known, "key": new_id()}
    return render_template("outbox/new.html", channels=NAMES, words=NO_TEXT, given={}, fault=None, **values)


@blueprint.post("/messages")
def send_message() -> Response | tuple[str, int]:
    """Queue it, or tell what is wrong and keep what was typed."""
    form = request.form
    document_id, channel = form.get("document", ""), form.get("channel", words.EMAIL)
    to = form.get("recipient", "").strip()
    try:
        with view() as reading:
            customer_id = form.get("customer") or _customer_of(reading, to)
        papers = (PaperRef(document_id=document_id, version=form.get("version", type=int)),) if document_id else ()
        sent = run(
            QueueMessage(
                customer_id=customer_id,
                channel=channel,
                recipient=to or None,
                subject=form.get("subject", ""),
                text=form.get("text", "").replace("\r\n", "\n"),
                papers=papers if channel != words.SMS else (),
                letterhead=Letterhead(cc=_several(form.get("cc", "")), sender_name=current_actor().name),
                key=form.get("key") or None,
            )
        )
    except DomainError as error:
        return _again(error), 422
    flash("The message is in the outbox.")
    return redirect(url_for("pages.message", message_id=sent))


@blueprint.get("/messages/recipients")
def recipient_choices() -> str:
    """Addresses that fit what was typed so far, as options of a list."""
    with view() as reading:
        found = recipients(reading, asked("recipient") or asked("q"), limit=MOST_CHOICES)
    return render_template("outbox/recipient_choices.html", recipients=found, address=_address)


@blueprint.get("/messages/words")
def message_words() -> str:
    """Subject and text of a template, filled for a customer or an offer: what will be sent, still to be changed."""
    with view() as reading:
        found, fault = _words(reading, asked("template"), asked("customer"), asked("offer"))
    return render_template("outbox/_words.html", words=found, fault=fault)


@blueprint.post("/messages/count")
def count_segments() -> str:
    """How many SMS a text takes."""
    return render_template("outbox/_count.html", counted=count(request.form.get("text", "").replace("\r\n", "\n")))


@blueprint.get("/offers/<id:offer_id>/send")
def offer_to_send(offer_id: str) -> str:
    """Whom an approved offer goes to, and what is written."""
    return _offer_page(offer_id, {}, None)


@blueprint.post("/offers/<id:offer_id>/send")
def send_offer(offer_id: str) -> Response | tuple[str, int]:
    """Make the paper, queue the mail with it, or say why not."""
    form = request.form
    try:
        pdf = offer_paper(application(), offer_id, actor=current_actor())
        run(
            SendOffer(
                offer_id=offer_id,
                pdf=pdf,
                papers=tuple(PaperRef(document_id=each) for each in form.getlist("paper")),
                recipient=form.get("recipient", "").strip() or None,
                cc=_several(form.get("cc", "")),
                subject=form.get("subject", ""),
                text=form.get("text", "").replace("\r\n", "\n"),
                has_link="has_link" in form,
                key=form.get("key") or None,
            )
        )
    except DomainError as error:
        return _offer_page(offer_id, dict(form), error.sentence), 422
    flash("The offer is in the outbox.")
    return redirect(url_for("pages.offer", offer_id=offer_id))


@blueprint.post("/offers/<id:offer_id>/<any(accept, decline):answered>")
def note_answer(offer_id: str, answered: str) -> Response:
    """The customer said yes or no, by telephone or on paper."""
    if answered == "accept":
        order = run(AcceptOffer(offer_id=offer_id))
        flash(f"The offer is accepted; the order has the number {order.number}.")
    else:
        run(DeclineOffer(offer_id=offer_id, reason=request.form.get("reason", "").strip() or None))
        flash("The offer is noted as declined.")
    target = url_for("pages.offer", offer_id=offer_id)
    if "HX-Request" in request.headers:
        return FlaskResponse(status=204, headers={"HX-Redirect": target})
    return redirect(target)


@blueprint.post("/offers/<id:offer_id>/links/<id:link_id>")
def revoke_link(offer_id: str, link_id: str) -> Response:
    """Nobody answers by this link any more."""
    run(RevokeLink(link_id=link_id))
    return redirect(url_for("pages.offer", offer_id=offer_id))


@blueprint.get("/offers/<id:offer_id>/answers")
def offer_answers(offer_id: str) -> str:
    """What was sent of an offer and what was answered, as a part of its page."""
    with view() as reading:
        found = offer_queries.offer(reading, offer_id)
        sent = messages(reading, MessageFilter(about=f"crm.offer:{found.id}"), limit=10)
        values: dict[str, Any] = {"links": links(reading, found.id), "now": reading.clock.now()}
    return render_template("outbox/_offer.html", offer=found, messages=sent, marks=MARKS, channels=NAMES, **values)


def _offer_page(offer_id: str, given: dict[str, str], fault: str | None) -> str:
    with view() as reading:
        found = offer_queries.offer(reading, offer_id)
        people = [each for each in recipients_at(reading, found.customer_id) if each.channel == words.EMAIL]
        written, _ = _words(reading, given.get("template") or "offer", "", offer_id)
        papers = linked_documents(reading, "crm.offer", found.id)
        known = texts.choices(reading)
    if given:
        written = given.get("subject", ""), given.get("text", "")
    return render_template(
        "outbox/send_offer.html",
        offer=found,
        people=people,
        address=_address,
        words=written,
        papers=[each for each in papers if each.role not in {"offer", "sent"}],
        texts=known,
        given=given,
        fault=fault,
        has_links=bool(application().settings.public_url),
        key=given.get("key") or new_id(),
    )


def _words(reading: Reading, template: str, customer_id: str, offer_id: str) -> tuple[tuple[str, str], str | None]:
    """Subject and text, and why they are empty."""
    if not template:
        return NO_TEXT, None
    try:
        texts.text_named(reading, template)
        about = None
        if offer_id:
            offer = offer_queries.offer(reading, offer_id)
            about, customer_id = ("crm.offer", offer.id), offer.customer_id
        found = texts.preview(reading, template, reached(reading, customer_id or None, None), about)
    except DomainError as error:
        return NO_TEXT, error.sentence
    return (found.subject, found.text), None


def _again(error: DomainError) -> str:
    form = request.form
    with view() as reading:
        document = document_queries.document(reading, form["document"]) if form.get("document") else None
        known = texts.choices(reading)
    return render_template(
        "outbox/new.html",
        channels=NAMES,
        words=(form.get("subject", ""), form.get("text", "")),
        given=form,
        fault=error.sentence,
        customer_id=form.get("customer", ""),
        document=document,
        people=[],
        texts=known,
        key=form.get("key", ""),
    )


def _customer_of(reading: Reading, recipient: str) -> str | None:
    """The only customer that a written address belongs to."""
    addresses = [address.lower() for _, address in getaddresses([recipient]) if "@" in address]
    owners = {each for found in reading.port(MailDirectory).known(reading, addresses).values() for each in found}
    return next(iter(owners)).id if len(owners) == 1 else None


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace(";", ",").split(",") if part.strip())


def _address(recipient: Recipient) -> str:
    return (
        formataddr((recipient.name, recipient.address), charset="utf-8")
        if recipient.name.isascii()
        else (f'"{recipient.name}" <{recipient.address}>')
    )
