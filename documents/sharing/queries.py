"""With whom a document is shared."""

from datetime import datetime

from sqlalchemy import and_, select

from core.records import dataclass
from documents.access import require_visible
from documents.sharing.groups import groups_of
from documents.sharing.links import MOST_FAILURES
from documents.sharing.models import DocumentShareRow
from storage.unit_of_work import Reading

ENDED = 20  # links that do not work any more and are still shown, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A link for somebody outside; `state` is open, ended, revoked or locked (too many wrong passwords)."""

    id: str
    n: int
    recipient: str
    has_password: bool
    state: str
    expires_at: datetime
    created_at: datetime
    created_by: str
    opened: int
    opened_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """The groups that see a document by being given it, and its links, those that work first."""

    groups: list[str]
    links: list[Share]


def sharing(view: Reading, document_id: str) -> Sharing:
    """For whoever may see the document. Raises `DocumentNotFound`."""
    row = require_visible(view, document_id)
    share = DocumentShareRow
    is_open = and_(
        share.revoked_at.is_(None), share.expires_at > view.clock.now(), share.failures < MOST_FAILURES
    )  # first: what is not shown cannot be closed
    query = select(share).where(share.document_id == row.id).order_by(is_open.desc(), share.id.desc())
    links = [_share(each, view.clock.now()) for each in view.session.scalars(query.limit(200))]
    working = [each for each in links if each.state == "open"]
    return Sharing(
        groups=groups_of(view, row.id), links=working + [each for each in links if each not in working][:ENDED]
    )


def _share(row: DocumentShareRow, now: datetime) -> Share:
    state = "revoked" if row.revoked_at else "locked" if row.failures >= MOST_FAILURES else "open"
    return Share(
        id=row.id,
        n=row.n,
        recipient=row.recipient,
        has_password=row.password_hash is not None,
        state="ended" if state == "open" and row.expires_at <= now else state,
        expires_at=row.expires_at,
        created_at=row.created_at,
        created_by=row.created_by,
        opened=row.opened,
        opened_at=row.opened_at,
    )
