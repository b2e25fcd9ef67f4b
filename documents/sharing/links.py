"""Links for people outside: one version, until a day, with a password where asked; who fetched it is told."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.executor import handles
from core.identity import Actor
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.access import DocumentNotFound, links_of, lock_visible, require_visible
from documents.links import NO_CASE, cases_of
from documents.models import DocumentRow, DocumentVersionRow
from documents.orders.making import Customers
from documents.reading import Content
from documents.records.tombstones import DocumentDestroyed
from documents.sharing.events import LinkRefused, LinkRevoked, LinkShared, ReadByLink
from documents.sharing.groups import newest
from documents.sharing.models import DocumentShareRow
from documents.states import VOID
from documents.words import words
from storage.unit_of_work import Reading, UnitOfWork

SHARE = "document.share"
BY_LINK = "recipient"  # the id of whoever acts by a link
USUAL, LONGEST = timedelta(days=14), timedelta(days=90)
LONGEST_RECIPIENT = 200  # characters
MOST_FAILURES = 10  # wrong passwords, after which the link is closed
TOKEN = 32  # bytes
LONGEST_TOKEN = 64  # characters


class Passwords(Protocol):
    """How passwords are kept; the composition root fills it."""

    def hashed(self, password: str, *, name: str) -> str:
        """What to keep. Raises `InvalidInput` for a weak one."""

    def is_right(self, password: str, stored: str | None) -> bool:
        """Whether it is the one; without a hash it takes as long and is wrong."""


class ShareNotFound(NotFound):
    """No such link."""

    code = "share_not_found"

    def __init__(self, share_id: str) -> None:
        super().__init__(f"There is no link {share_id} of this document.", share=share_id)


class ShareClosed(NotFound):
    """The link opens nothing, or nothing any more; the sentence tells a stranger no more than that."""

    code = "share_closed"

    def __init__(self) -> None:
        super().__init__("This link does not open anything, or not any more. Ask whoever sent it for a new one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareByLink(Command):
    """Make a link for somebody outside to version `n`, the newest without one; `expires_at` at most 90 days away."""

    document_id: str
    recipient: str
    n: int | None = None
    expires_at: datetime | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"ShareByLink(document_id={self.document_id!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeShare(Command):
    """Close a link."""

    document_id: str
    share_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShare(Command):
    """Fetch what a link leads to."""

    token: str
    password: str = ""

    def __repr__(self) -> str:
        """Without the secrets."""
        return "OpenShare()"


@dataclass(frozen=True, slots=True)
class Shared:
    """A link that was made; the token is told this once."""

    id: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """What somebody with a link may know before they fetch: nothing about the content where a password is asked."""

    needs_password: bool
    title: str | None
    file_name: str | None
    size: int | None  # bytes
    expires_at: datetime


@handles(ShareByLink, needs=SHARE)
def share_by_link(command: ShareByLink, unit: UnitOfWork) -> Shared:
    """Raises `DocumentNotFound`, `VersionNotFound`, `InvalidInput`, `Conflict` for what is void."""
    document = lock_visible(unit, command.document_id)
    version = newest(unit, document, command.n)
    if document.state == VOID:
        raise Conflict("The document is void, so it is not given to anybody outside.")
    now = unit.clock.now()
    recipient = words("recipient", command.recipient, LONGEST_RECIPIENT)
    expires_at = command.expires_at or now + USUAL
    wrong = {}
    if recipient is None:
        wrong["/recipient"] = "Say whom the link is for: it stands in the trail."
    if not now < expires_at <= now + LONGEST:
        wrong["/expires_at"] = f"A link ends in the future, {LONGEST.days} days from now at the latest."
    if wrong or recipient is None:
        raise InvalidInput(" ".join(wrong.values()), fields=wrong)
    hashed = unit.port(Passwords).hashed(command.password, name=recipient) if command.password else None
    token = secrets.token_urlsafe(TOKEN)
    row = DocumentShareRow(
        id=new_id(),
        document_id=document.id,
        n=version.n,
        token_digest=_digest(token),
        recipient=recipient,
        password_hash=hashed,
        expires_at=expires_at,
        created_at=now,
        created_by=unit.actor.id,
        revoked_at=None,
        opened=0,
        opened_at=None,
        failures=0,
    )
    unit.session.add(row)
    _tell(unit, LinkShared, document, version, row, expires_at=expires_at, has_password=hashed is not None)
    return Shared(row.id, token, expires_at)


@handles(RevokeShare, needs=SHARE)
def revoke_share(command: RevokeShare, unit: UnitOfWork) -> None:
    """Again changes nothing. Raises `DocumentNotFound`, `ShareNotFound`."""
    document = lock_visible(unit, command.document_id)
    row = unit.session.get(DocumentShareRow, command.share_id, with_for_update=True)
    if row is None or row.document_id != document.id:
        raise ShareNotFound(command.share_id)
    if row.revoked_at is None:
        row.revoked_at = unit.clock.now()
        _tell(unit, LinkRevoked, document, newest(unit, document, row.n), row)


@handles(OpenShare, needs=None)
def open_share(command: OpenShare, unit: UnitOfWork) -> Content | None:
    """What to send, None for a wrong password; both are in the trail. Raises `ShareClosed`. The token is the right."""
    row, document, version = _open(unit, command.token)
    unit.session.refresh(row, with_for_update=True)
    if row.failures >= MOST_FAILURES or row.revoked_at is not None:  # somebody else was faster
        raise ShareClosed
    if row.password_hash and not unit.port(Passwords).is_right(command.password, row.password_hash):
        row.failures += 1
        _tell(unit, LinkRefused, document, version, row, failures=row.failures)
        return None
    row.failures, row.opened, row.opened_at = 0, row.opened + 1, unit.clock.now()
    _tell(unit, ReadByLink, document, version, row)
    return Content(version.digest, version.size, version.media_type, version.file_name)


def opening(view: Reading, token: str) -> Opening:
    """For a view with the rights of the system. Raises `ShareClosed`."""
    row, document, version = _open(view, token)
    hidden = row.password_hash is not None
    return Opening(
        needs_password=hidden,
        title=None if hidden else document.title,
        file_name=None if hidden else version.file_name,
        size=None if hidden else version.size,
        expires_at=row.expires_at,
    )


def by_link(address: str | None) -> Actor:
    """Who acts by a link: nobody that we know, with no rights."""
    return Actor(id=BY_LINK, name="Recipient of a link", address=address)


class SeenBy:
    """The view of somebody else."""

    def __init__(self, view: Reading, actor: Actor) -> None:
        self.actor, self.clock, self.port = actor, view.clock, view.port
        self._view = view

    @property
    def session(self) -> Session:
        """The same one."""
        return self._view.session


def _open(view: Reading, token: str) -> tuple[DocumentShareRow, DocumentRow, DocumentVersionRow]:
    """A link opens as long as whoever made it may see the document and share it."""
    known = len(token) <= LONGEST_TOKEN
    query = select(DocumentShareRow).where(DocumentShareRow.token_digest == _digest(token))
    row = view.session.scalars(query).first() if known else None
    if row is None or row.revoked_at is not None or row.expires_at <= view.clock.now():
        raise ShareClosed
    if row.failures >= MOST_FAILURES:
        raise ShareClosed
    maker = view.port(Customers).actor(view, row.created_by, None)
    if maker is None or not maker.may(SHARE):
        raise ShareClosed
    try:
        document = require_visible(SeenBy(view, maker), row.document_id)
    except (DocumentNotFound, DocumentDestroyed) as error:
        raise ShareClosed from error
    version = view.session.get(DocumentVersionRow, (document.id, row.n))
    if version is None or document.state == VOID:
        raise ShareClosed
    return row, document, version


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _tell(
    unit: UnitOfWork, event: Any, document: DocumentRow, version: DocumentVersionRow, row: DocumentShareRow, **more: Any
) -> None:
    for case_id in cases_of(unit, links_of(unit, [document.id])[document.id]) or NO_CASE:
        unit.emit(
            event(
                document_id=document.id,
                version=version.n,
                digest=version.digest,
                title=document.title,
                document_type=document.type,
                case_id=case_id,
                share_id=row.id,
                recipient=row.recipient,
                **more,
            )
        )
