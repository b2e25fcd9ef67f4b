"""The page on which a customer answers an offer: no log-in, a signed link, and only a form that is sent answers."""

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput, NotFound
from core.identity import SYSTEM
from core.records import dataclass
from crm.outbox.answer_pages import AnswerPage, NoteOfferRead, answer_page, by_link
from crm.outbox.errors import LinkInvalid
from crm.outbox.offers import AnswerOffer
from webapp.content import send_version
from webapp.errors import status_of
from webapp.outbox.limits import RateLimit
from webapp.refusals import note_address
from webapp.web import application, blobs, run_as, view

LOOKS, ANSWERS = RateLimit(60), RateLimit(12)  # a minute, from one address
PDF = "application/pdf"
answers = Blueprint("answers", __name__, url_prefix="/answer")


@dataclass(frozen=True, slots=True)
class _Sent:
    """The offer's paper, as content is sent."""

    digest: str
    size: int
    media_type: str
    file_name: str


def register(app: Flask) -> None:
    """Serve the page to whoever has a link."""
    app.register_blueprint(answers)


@answers.get("/<token>")
def offer(token: str) -> str | tuple[str, int]:
    """The offer and the choices; looking at it answers nothing."""
    _slow_down(LOOKS)
    try:
        return _page(token)
    except LinkInvalid as error:
        return _closed(error)


@answers.post("/<token>")
def answer(token: str) -> Response | tuple[str, int] | str:
    """Keep the answer, or say why it comes too late."""
    _slow_down(ANSWERS)
    try:
        with view(SYSTEM) as reading:
            found = answer_page(reading, token)
        command = AnswerOffer(
            token=token, answer=request.form.get("answer", ""), remark=request.form.get("remark", "").strip() or None
        )
        done = run_as(by_link(f"{found.offer.customer_name} by link"), command)
    except LinkInvalid as error:
        return _closed(error)
    except (InvalidInput, Conflict, NotFound) as error:
        return _page(token, fault=error.sentence), status_of(error)
    return redirect(url_for("answers.offer", token=token, done=done.answer))


@answers.get("/<token>/pdf")
def paper(token: str) -> Response | tuple[str, int]:
    """The offer's PDF at the version that was sent; the trail knows that it was fetched."""
    _slow_down(LOOKS)
    try:
        found = run_as(by_link("Customer by link"), NoteOfferRead(token=token))
    except LinkInvalid as error:
        return _closed(error)
    if found is None:
        return render_template("outbox/answer_closed.html", sentence="There is no paper with this offer."), 404
    size = blobs().size(found.digest)
    return send_version(_Sent(found.digest, size, PDF, found.file_name), blobs(), inline=True)


def _page(token: str, fault: str | None = None) -> str:
    with view(SYSTEM) as reading:
        found: AnswerPage = answer_page(reading, token)
    done = request.args.get("done") if request.args.get("done") in {"accept", "reject", "ask"} else None
    return render_template("outbox/answer.html", page_of=found, offer=found.offer, token=token, fault=fault, done=done)


def _closed(error: LinkInvalid) -> tuple[str, int]:
    """Nothing more than why; the trail hears that somebody came with it."""
    note_address(None, error.code)
    return render_template("outbox/answer_closed.html", sentence=error.sentence), status_of(error)


def _slow_down(limit: RateLimit) -> None:
    """Raises `TooManyRequests`."""
    limit.check(request.remote_addr or "", application().clock.now())
