"""Giving a document to a group of the firm, and taking it back: who has the role sees it then."""

import re
from typing import Protocol

from sqlalchemy import select

from core.errors import InvalidInput, NotFound
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import VersionNotFound, links_of, lock_visible
from documents.events import DocumentLinked
from documents.links import NO_CASE, DocumentLink, cases_of, link_row
from documents.models import DocumentLinkRow, DocumentRow, DocumentVersionRow
from documents.sharing.events import DocumentUnshared
from storage.unit_of_work import Reading, UnitOfWork

GROUP = "group"  # the kind of the link
ROLE = "shared"
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
FILE = "document.file"


class Groups(Protocol):
    """Which groups the firm has; the composition root fills it."""

    def groups(self, reading: Reading) -> list[str]:
        """Their names, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareWithGroup(Command):
    """Let a group see a document and all its versions; again changes nothing."""

    document_id: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnshareWithGroup(Command):
    """Take it back. Whoever sees the document for another reason still does."""

    document_id: str
    group: str


class NotShared(NotFound):
    """The group was not given the document."""

    code = "document_not_shared"

    def __init__(self, group: str) -> None:
        super().__init__(f"The document is not shared with {group}.", group=group)


@handles(ShareWithGroup, needs=FILE)
def share_with_group(command: ShareWithGroup, unit: UnitOfWork) -> None:
    """Raises `DocumentNotFound`, `InvalidInput` for a group that there is not."""
    document = lock_visible(unit, command.document_id)
    if command.group not in unit.port(Groups).groups(unit):
        sentence = f"There is no group {command.group[:64]!r}. Choose one of those that are offered."
        raise InvalidInput(sentence, fields={"/group": sentence})
    if command.group in groups_of(unit, document.id):
        return
    version = newest(unit, document)
    row = link_row(unit, document, DocumentLink(kind=GROUP, id=command.group, role=ROLE))
    for case_id in cases_of(unit, links_of(unit, [document.id])[document.id]) or NO_CASE:
        unit.emit(
            DocumentLinked(
                document_id=document.id,
                version=version.n,
                digest=version.digest,
                title=document.title,
                document_type=document.type,
                case_id=case_id,
                kind=row.kind,
                target=row.target,
                role=row.role,
                pinned=False,
            )
        )
    unit.session.add(row)


@handles(UnshareWithGroup, needs=FILE)
def unshare_with_group(command: UnshareWithGroup, unit: UnitOfWork) -> None:
    """Raises `DocumentNotFound`, `NotShared`."""
    document = lock_visible(unit, command.document_id)
    links = links_of(unit, [document.id])[document.id]
    rows = [each for each in links if (each.kind, each.target) == (GROUP, command.group)]
    if not rows:
        raise NotShared(command.group)
    version = newest(unit, document)
    for row in rows:
        unit.session.delete(row)
    for case_id in cases_of(unit, links) or NO_CASE:
        unit.emit(
            DocumentUnshared(
                document_id=document.id,
                version=version.n,
                digest=version.digest,
                title=document.title,
                document_type=document.type,
                case_id=case_id,
                group=command.group,
            )
        )


def groups_of(view: Reading, document_id: str) -> list[str]:
    """The groups that were given the document."""
    row = DocumentLinkRow
    query = select(row.target).where(row.document_id == document_id, row.kind == GROUP).order_by(row.target)
    return list(view.session.scalars(query))


def newest(unit: UnitOfWork, document: DocumentRow, n: int | None = None) -> DocumentVersionRow:
    """A version, the newest when none is asked for. Raises `VersionNotFound`."""
    version = unit.session.get(DocumentVersionRow, (document.id, n or document.latest))
    if version is None:
        raise VersionNotFound(document.id, n or document.latest)
    return version
