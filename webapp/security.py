"""What every answer and every form carries: security headers, safe cookies, and tokens against forged requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect

from core.settings import Settings
from webapp.auth import has_token
from webapp.errors import FormExpired

FORM_LIFETIME = timedelta(hours=12)  # a form that was open over lunch must not be lost
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    # diagram and form viewers position through element.style, which this allows; the hash is that of nothing: an empty
    # style element, which the calendar fills through the style sheet's object
    "style-src": "'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "frame-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
POLICY = "; ".join(f"{name} {sources}" for name, sources in DIRECTIVES.items())
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_LOWERED = tuple((name.lower(), name, value) for name, value in HEADERS.items())


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, without the work of a signature where no cookie came: programs send none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)


class HeaderFirst(CSRFProtect):  # type: ignore[misc]  # Flask-WTF has no types
    """Looks for the token in the header first, so that a streamed upload is not read to find a form field."""

    def _get_csrf_token(self) -> Any:
        for name in ("X-CSRFToken", "X-CSRF-Token"):
            if name in request.headers:
                return request.headers[name]
        if request.path.startswith("/api/"):  # bodies of the API are never forms with a token in them
            return None
        return super()._get_csrf_token()


def register(app: Flask, settings: Settings) -> None:
    """Set cookies, headers and the check of forms."""
    app.config.update(
        SESSION_COOKIE_NAME="obieg",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=int(FORM_LIFETIME.total_seconds()),
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below, for browsers only
    )
    app.session_interface = Sessions()
    protection = HeaderFirst(app)

    def check_form() -> None:
        if request.endpoint is None or has_token():
            return
        try:
            protection.protect()
        except CSRFError as error:
            raise FormExpired(
                "This page was open for too long, or the form did not come from here. Nothing was changed. "
                "Load the page again and send it once more.",
                reason=error.description,
            ) from error

    app.before_request(check_form)
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    there = {name.lower() for name, _ in response.headers}
    for key, name, value in _LOWERED:
        if key not in there:
            response.headers.add(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "cache-control" not in there and request.endpoint not in {"static", "assets.static"}:
        response.headers["Cache-Control"] = "no-store"  # pages hold personal data
    return response
