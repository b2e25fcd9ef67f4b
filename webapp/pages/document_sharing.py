"""With whom a document is shared, on its page: groups of the firm, and people outside by a link."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for

from core.errors import InvalidInput
from core.settings import Settings
from documents import queries
from documents.sharing.groups import ShareWithGroup, UnshareWithGroup
from documents.sharing.links import RevokeShare, ShareByLink, Shared
from webapp.pages.blueprint import blueprint
from webapp.pages.document_parts import sharing
from webapp.pages.shell import names
from webapp.web import application, run, view

SHARES = "/documents/<document_id>/shares"


@blueprint.post(SHARES)
def share_document(document_id: str) -> str:
    """Make a link for somebody outside; its address is shown this once."""
    given = request.form
    n = given.get("n", "")
    order = ShareByLink(
        document_id=document_id,
        recipient=given.get("recipient", ""),
        n=int(n[:10]) if n.isascii() and n.isdigit() else None,
        expires_at=_end_of(given.get("until", "")),
        password=given.get("password") or None,
    )
    return _panel(document_id, run(order))


@blueprint.post(SHARES + "/<share_id>/revoke")
def revoke_document_share(document_id: str, share_id: str) -> str:
    """Close a link."""
    run(RevokeShare(document_id=document_id, share_id=share_id))
    return _panel(document_id)


@blueprint.post("/documents/<document_id>/groups")
def share_with_group(document_id: str) -> str:
    """Give it to a group, or take it back."""
    group = request.form.get("group", "")
    verb = UnshareWithGroup if request.form.get("verb") == "remove" else ShareWithGroup
    run(verb(document_id=document_id, group=group))
    return _panel(document_id)


def address_of(token: str) -> str:
    """Where somebody outside opens the link."""
    path: str = url_for("shared.opened", token=token)
    base = application().settings.public_url or request.host_url
    return base.rstrip("/") + path


def _panel(document_id: str, made: Shared | None = None) -> str:
    with view() as reading:
        found = queries.document(reading, document_id)
        context = sharing(reading, found)
    address = address_of(made.token) if made else None
    return render_template("documents/_sharing.html", document=found, names=names(), address=address, **context)


def _end_of(day: str) -> datetime | None:
    """The end of a day where the firm is."""
    if not day:
        return None
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("The last day is no day.", fields={"/expires_at": "a day, such as 2026-12-31"}) from error
    with view() as reading:
        zone = ZoneInfo(reading.port(Settings).time_zone)
    return datetime.combine(after, time(), zone) - timedelta(seconds=1)
