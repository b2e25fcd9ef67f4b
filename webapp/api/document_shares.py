"""Sharing a document: with groups of the firm, and by a link with people outside."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from core.records import dataclass
from documents.sharing.groups import ShareWithGroup, UnshareWithGroup
from documents.sharing.links import RevokeShare, ShareByLink
from documents.sharing.queries import Sharing, sharing
from webapp.api.routing import Body, Routes
from webapp.pages.document_sharing import address_of
from webapp.web import run, view

routes = Routes("document shares")
SHARES = "/documents/<id:document_id>/shares"
GROUP = "/documents/<id:document_id>/groups/<group>"


class ShareBody(Body):
    """A link for somebody outside."""

    recipient: str = Field(min_length=1, max_length=200, description="whom it is for; it stands in the trail")
    version: int | None = Field(default=None, ge=1, description="the newest without it")
    expires_at: AwareDatetime | None = Field(default=None, description="at most 90 days from now; 14 without it")
    password: str | None = Field(default=None, max_length=256)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """A link that was made; its address is told this once."""

    id: str
    address: str
    expires_at: datetime


@routes.get(SHARES, "With whom it is shared", answer=Sharing, refusals=(404,))
def read_shares(document_id: str) -> Sharing:
    """Read with whom a document is shared."""
    return _sharing(document_id)


@routes.post(
    SHARES,
    "Make a link for somebody outside",
    body=ShareBody,
    answer=MadeLink,
    status=201,
    refusals=(403, 404, 409, 422),
)
def share_by_link(document_id: str, body: ShareBody) -> MadeLink:
    """Share with somebody outside."""
    order = ShareByLink(
        document_id=document_id,
        recipient=body.recipient,
        n=body.version,
        expires_at=body.expires_at,
        password=body.password,
    )
    made = run(order)
    return MadeLink(id=made.id, address=address_of(made.token), expires_at=made.expires_at)


@routes.delete(SHARES + "/<id:share_id>", "Close a link", answer=Sharing, refusals=(403, 404))
def revoke_share(document_id: str, share_id: str) -> Sharing:
    """Close a link."""
    run(RevokeShare(document_id=document_id, share_id=share_id))
    return _sharing(document_id)


@routes.post(GROUP, "Let a group see it", answer=Sharing, refusals=(403, 404, 422))
def share_with_group(document_id: str, group: str) -> Sharing:
    """Share with a group."""
    run(ShareWithGroup(document_id=document_id, group=group))
    return _sharing(document_id)


@routes.delete(GROUP, "Take it back from a group", answer=Sharing, refusals=(403, 404))
def unshare_with_group(document_id: str, group: str) -> Sharing:
    """Take it back from a group."""
    run(UnshareWithGroup(document_id=document_id, group=group))
    return _sharing(document_id)


def _sharing(document_id: str) -> Sharing:
    with view() as reading:
        return sharing(reading, document_id)
