"""Documents that come by themselves, from a mailbox or a folder: filed once where they belong, or laid in the inbox."""

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.filing import FiledDocument, FileDocument, file
from documents.intake_models import ArrivalRow, TakenFileRow
from documents.links import DocumentLink, LinkDocument, link_document
from documents.mail.events import MailLeft
from documents.mail.models import MailFetchRow, MailRow
from documents.words import printable
from storage.blobs.store import BlobRef
from storage.unit_of_work import UnitOfWork

INBOX = "inbox"  # the kind of the link of what waits to be sorted; whoever sorts sees all of it
EVERYTHING = "scan"  # the id of the one inbox
FILED, DUPLICATE, FAILED = "filed", "duplicate", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFile:
    """A file of a folder: where it was, and what tells it from a later one of the same name."""

    source: str
    path: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A message of a mailbox; `fingerprint` is what it has in common with copies of itself."""

    mailbox: str
    validity: int
    uid: int
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeIn(Command):
    """File something that came by itself, once: with `links` where it belongs, without them into the inbox."""

    blob: BlobRef
    file_name: str
    title: str = ""
    type: str | None = None
    source: str
    origin: str
    links: tuple[DocumentLink, ...] = ()
    suggested: tuple[DocumentLink, ...] = ()
    finding: str | None = None
    file: FolderFile | None = None
    fetched: Fetched | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteUnread(Command):
    """A message stays in its mailbox because it cannot be read."""

    fetched: Fetched
    finding: str


@handles(TakeIn, needs="document.file")
def take_in(command: TakeIn, unit: UnitOfWork) -> FiledDocument | None:
    """What was filed; None when that was done before, or when it is a copy of a message that is here."""
    if _is_done(command, unit):
        return None
    copy = _copy_of(command, unit)
    if copy is not None:
        for link in command.links:
            link_document(LinkDocument(document_id=copy, link=link), unit)
        _note(command, unit, copy, DUPLICATE)
        return None
    links = command.links or (DocumentLink(kind=INBOX, id=EVERYTHING, role=INBOX),)
    filing = FileDocument(
        title=command.title,
        type=command.type if command.links else None,
        blob=command.blob,
        file_name=command.file_name,
        links=links,
        reason=f"came from {command.origin}"[:2000],
    )
    filed = file(unit, filing)
    if not command.links:
        unit.session.add(_arrival(command, filed, unit))
    _note(command, unit, filed.id, FILED)
    return filed


@handles(NoteUnread, needs="document.file")
def note_unread(command: NoteUnread, unit: UnitOfWork) -> None:
    """The finding stands on the page of the inbox until somebody looks after the message."""
    at, finding = command.fetched, printable(command.finding)[:1000]
    unit.session.merge(
        MailFetchRow(
            mailbox=at.mailbox,
            validity=at.validity,
            uid=at.uid,
            state=FAILED,
            fingerprint=None,
            document_id=None,
            finding=finding,
            at=unit.clock.now(),
        )
    )
    unit.emit(MailLeft(mailbox=at.mailbox, uid=at.uid, finding=finding))


def _is_done(command: TakeIn, unit: UnitOfWork) -> bool:
    if command.file is not None:
        key = (command.file.source, command.file.path, command.file.mark)
        return unit.session.get(TakenFileRow, key) is not None
    if command.fetched is not None:
        at = command.fetched
        row = unit.session.get(MailFetchRow, (at.mailbox, at.validity, at.uid))
        return row is not None and row.state != FAILED
    return False


def _copy_of(command: TakeIn, unit: UnitOfWork) -> str | None:
    """The document of the same message, which may have come to several addresses or to another mailbox."""
    if command.fetched is None or command.fetched.fingerprint is None:
        return None
    wanted = command.fetched.fingerprint
    fetched = select(MailFetchRow.document_id).where(MailFetchRow.fingerprint == wanted, MailFetchRow.state == FILED)
    known = select(MailRow.document_id).where(MailRow.fingerprint == wanted)
    return unit.session.scalar(fetched.limit(1)) or unit.session.scalar(known.limit(1))


def _note(command: TakeIn, unit: UnitOfWork, document_id: str, state: str) -> None:
    now = unit.clock.now()
    if command.file is not None:
        unit.session.add(
            TakenFileRow(
                source=command.file.source,
                path=command.file.path,
                mark=command.file.mark,
                digest=command.blob.digest,
                document_id=document_id,
                at=now,
            )
        )
    if command.fetched is not None:
        at = command.fetched
        unit.session.merge(
            MailFetchRow(
                mailbox=at.mailbox,
                validity=at.validity,
                uid=at.uid,
                state=state,
                fingerprint=at.fingerprint,
                document_id=document_id,
                finding=None,
                at=now,
            )
        )


def _arrival(command: TakeIn, filed: FiledDocument, unit: UnitOfWork) -> ArrivalRow:
    return ArrivalRow(
        document_id=filed.id,
        source=command.source,
        origin=printable(command.origin)[:500],
        type=command.type,
        suggested=[{"kind": each.kind, "id": each.id} for each in command.suggested],
        finding=command.finding,
        arrived_at=unit.clock.now(),
        outcome=None,
        closed_at=None,
        closed_by=None,
    )
