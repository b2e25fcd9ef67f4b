"""The one place of HTTP statuses: domain errors become problem details for programs and a page for people."""

import logging
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request, url_for
from jinja2 import TemplateError
from markupsafe import escape
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from core.errors import (
    Conflict,
    DomainError,
    Forbidden,
    IncompleteUpload,
    InvalidInput,
    NotFound,
    StorageFull,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from core.ids import new_id
from documents.records.tombstones import DocumentDestroyed
from storage.blobs.parts import ChecksumMismatch
from storage.blobs.store import BlobDamaged
from storage.unit_of_work import CommitInDoubt
from webapp import refusals, resending
from webapp.accounts.logins import TooManyAttempts
from webapp.assets import FrontEndMissing
from webapp.outbox.limits import TooManyRequests

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"  # RFC 9457
RETRY_AFTER = 5  # seconds until a part that is away is worth another try


class BadRequest(InvalidInput):
    """The request itself is malformed, before its meaning was looked at."""

    code = "bad_request"


class FormExpired(BadRequest):
    """A form's token is too old, missing or not ours; nothing was changed."""

    code = "form_expired"


class UnsupportedMedia(InvalidInput):
    """The body is of a type that this address does not take."""

    code = "unsupported_media_type"


class PreconditionFailed(InvalidInput):
    """The request names no version of a protocol that is spoken here."""

    code = "precondition_failed"


class RangeNotSatisfiable(InvalidInput):
    """The asked-for bytes are beyond the end."""

    code = "range_not_satisfiable"


class SavedButUnread(DomainError):
    """The work is done and durable, but what came of it could not be read."""

    code = "saved_but_unread"


STATUS: dict[type[DomainError], int] = {  # the nearest class of an error's own line decides
    BadRequest: 400,
    IncompleteUpload: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    DocumentDestroyed: 410,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    TooLarge: 413,
    UnsupportedMedia: 415,
    RangeNotSatisfiable: 416,
    InvalidInput: 422,
    ChecksumMismatch: 460,  # tus 1.0.0
    TooManyAttempts: 429,
    TooManyRequests: 429,
    BlobDamaged: 500,
    SavedButUnread: 503,
    Unavailable: 503,
    StorageFull: 507,
    DomainError: 400,
}
SENTENCES = {  # what people read instead of werkzeug's descriptions
    400: "The request could not be understood.",
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    408: "The request took too long to arrive. Try again.",
    413: "What was sent is larger than this installation accepts.",
    414: "The address is too long.",
    415: "This address does not take that type of content.",
    416: "The asked-for bytes are beyond the end of the document.",
    429: "Too many requests. Wait a little, then try again.",
}
SURPRISE = "Something went wrong on our side. Nothing was changed. Tell your administrator the reference {reference}."
SAVED_SURPRISE = (
    "What you sent was saved, but something went wrong on our side afterwards. Look at it before you send it again, "
    "and tell your administrator the reference {reference}."
)
SAVED = (
    "What you sent was saved, but the database went away before the answer. Load the page again; do not send it again."
)


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def register(app: Flask) -> None:
    """Answer every error of the application."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(Exception, _surprise)


def problem(error: DomainError) -> dict[str, Any]:
    """An error as RFC 9457 problem details, as part of a larger answer."""
    refusals.note_forbidden(error)
    return _details(status_of(error), error.code, error.sentence, error.details)


def _domain(error: DomainError) -> BaseResponse:
    if isinstance(error, Unavailable) and _has_saved():
        error = SavedButUnread(SAVED)  # without Retry-After: a repetition would do the work twice
    refusals.note_forbidden(error)
    status = status_of(error)
    if not wants_problem() and isinstance(error, Unauthenticated | FormExpired) and resending.can_be_sent_again():
        needs_log_in = isinstance(error, Unauthenticated)
        return make_response(resending.page(error.sentence, needs_log_in=needs_log_in), status)
    if isinstance(error, Unauthenticated) and not wants_problem():
        return _to_log_in()
    response = _answer(status, error.code, error.sentence, error.details)
    if isinstance(error, Unavailable) and not isinstance(error, CommitInDoubt):
        response.headers["Retry-After"] = str(RETRY_AFTER)
    if isinstance(error, TooManyAttempts | TooManyRequests):
        response.headers["Retry-After"] = str(error.details["retry_after"])
    if isinstance(error, RangeNotSatisfiable):
        response.headers["Content-Range"] = f"bytes */{error.details['size']}"
    if status == STATUS[Unauthenticated]:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Obieg"'
    return response


def _http(error: HTTPException) -> BaseResponse:
    status = error.code or 500
    if status < 400 or error.response is not None:  # redirects of the router, complete answers of abort()
        return BaseResponse.force_type(error.get_response(request.environ))
    code = error.name.lower().replace(" ", "_")
    response = _answer(status, code, SENTENCES.get(status, error.description or error.name), {})
    for name, value in error.get_headers(request.environ):
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _unstorable(error: DataError) -> BaseResponse:
    """What slipped through the checks of a route: a NUL character, a number that is too large for its column."""
    extra = {"action": request.endpoint, "state": getattr(error.orig, "sqlstate", None)}
    logger.warning("the database cannot hold a value of this request", extra=extra)
    return _domain(InvalidInput("A value of this request cannot be stored: it has a NUL character or is too large."))


def _surprise(error: Exception) -> BaseResponse:
    reference = new_id()
    data = {"action": request.endpoint, "path": request.path, "reference": reference}
    logger.error("request failed", extra=data, exc_info=error)
    sentence = (SAVED_SURPRISE if _has_saved() else SURPRISE).format(reference=reference)
    return _answer(500, "internal_error", sentence, {"reference": reference})


def _has_saved() -> bool:
    """Whether this request has changed something; that a download was noted in the trail changes nothing for people."""
    return request.method not in {"GET", "HEAD"} and bool(g.get("has_saved"))


def wants_problem() -> bool:
    """Whether the caller is a program: below /api, a monitor, or one that asks for JSON."""
    if request.path.startswith("/api/") or request.blueprint == "health":
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", PROBLEM], default="text/html")
    return best != "text/html"


def _details(status: int, code: str, sentence: str, details: dict[str, Any]) -> dict[str, Any]:
    body = {
        "type": f"urn:obieg:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": sentence,
        "code": code,
        "details": details,
    }
    if "findings" in details:  # interfaces.md promises them at the top
        body["findings"] = details["findings"]
    return body


def _answer(status: int, code: str, sentence: str, details: dict[str, Any]) -> Response:
    if wants_problem():
        response = jsonify(_details(status, code, sentence, details))
        response.mimetype = PROBLEM
    else:
        response = make_response(_page(status, code, sentence, details))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(status: int, code: str, sentence: str, details: dict[str, Any]) -> str:
    """The template `error.html` is given status, code, sentence and details."""
    try:
        return render_template("error.html", status=status, code=code, sentence=sentence, details=details)
    except (TemplateError, DomainError, FrontEndMissing):  # the page itself may need what is away
        logger.warning("plain error page", exc_info=True)
        return f"<!doctype html><title>{status}</title><h1>{status}</h1><p>{escape(sentence)}</p>"


def _to_log_in() -> BaseResponse:
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    target = url_for("auth.log_in", next=None if here == "/" else here)
    if request.headers.get("HX-Request"):  # htmx would put the log-in page into a corner of this one
        return Response(status=204, headers={"HX-Redirect": url_for("auth.log_in")})
    return redirect(target)
