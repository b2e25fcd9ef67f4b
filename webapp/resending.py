"""What was typed into a form is not lost when the form is too old or the log-in has ended: it can be sent again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import render_template, request, url_for

FORMS = "application/x-www-form-urlencoded"
SECRET = frozenset({"csrf_token", "password"})
LARGEST = 256 << 10  # bytes of a form that is shown again


def can_be_sent_again() -> bool:
    """Whether the request is a form of one of our own pages; a form of another site is never offered again."""
    if request.method != "POST" or request.mimetype != FORMS or request.headers.get("HX-Request"):
        return False
    if (request.content_length or 0) > LARGEST:
        return False
    site = request.headers.get("Sec-Fetch-Site")  # set by browsers, out of reach of any page
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("Origin", "")).netloc == request.host


def page(sentence: str, *, needs_log_in: bool) -> str:
    """The template `expired.html` is given sentence, action, fields (pairs) and log_in (an address or None)."""
    fields: list[tuple[str, Any]] = [
        (name, value) for name, value in request.form.items(multi=True) if name not in SECRET
    ]
    log_in = url_for("auth.log_in") if needs_log_in else None
    action = request.full_path.rstrip("?")
    return render_template("expired.html", sentence=sentence, action=action, fields=fields, log_in=log_in)
