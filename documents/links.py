"""Linking documents to tasks, cases and entities: the command with its function, and fixing the version of a link."""

from collections.abc import Collection, Mapping

from core.errors import Forbidden
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.access import (
    LinkRights,
    Target,
    VersionNotFound,
    links_of,
    lock_visible,
    target_of,
    visible_targets,
)
from documents.events import DocumentLinked
from documents.models import DocumentLinkRow, DocumentRow, DocumentVersionRow
from documents.words import words
from storage.unit_of_work import Reading, UnitOfWork

NO_CASE: list[str | None] = [None]
TASK, CASE = "task", "case"
PIN = """
UPDATE document_link AS link SET version = chosen.n FROM unnest(%s::text[], %s::int[]) AS chosen (document_id, n)
WHERE link.kind = %s AND link.target = %s AND link.version IS NULL
    AND link.document_id = chosen.document_id COLLATE "C"
"""
LONGEST = 100  # characters of a kind, an id or a role


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLink:
    """What a document belongs to: a `task`, a `case` or an entity; `version` None follows the newest version."""

    kind: str
    id: str
    role: str = "reference"
    version: int | None = None

    @property
    def target(self) -> Target:
        """What the link points to."""
        return Target(self.kind, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDocument(Command):
    """Link a document to one more thing; linking it again in the same role changes nothing."""

    document_id: str
    link: DocumentLink


class TargetNotVisible(Forbidden):
    """A document may be linked only to what the actor may see."""

    code = "link_not_allowed"

    def __init__(self, target: Target) -> None:
        super().__init__(
            f"You cannot link a document to {target.kind} {target.id}: there is none, or you may not see it.",
            kind=target.kind,
            id=target.id,
        )


@handles(LinkDocument, needs="document.file")
def link_document(command: LinkDocument, unit: UnitOfWork) -> None:
    """Raises `DocumentNotFound`, `VersionNotFound`, `TargetNotVisible`."""
    document = lock_visible(unit, command.document_id)
    require_targets(unit, [command.link.target])
    n = command.link.version or document.latest
    version = unit.session.get(DocumentVersionRow, (document.id, n))
    if version is None:
        raise VersionNotFound(document.id, n)
    row = link_row(unit, document, command.link)
    known = links_of(unit, [document.id])[document.id]
    if any((target_of(link), link.role) == (target_of(row), row.role) for link in known):
        return
    targets = {target_of(link) for link in known}
    implied = with_cases(unit, [command.link])[1:]
    unit.session.add_all([row, *(link_row(unit, document, link) for link in implied if link.target not in targets)])
    for case_id in cases_of(unit, [row]) or NO_CASE:
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
                pinned=row.version is not None,
            )
        )


def pin(unit: UnitOfWork, target: Target, versions: Mapping[str, int]) -> None:
    """Fix the links of a target that followed the newest version to those (by document id) that it was done with.

    For the completion of a task: afterwards it shows for ever what was decided on, whatever is filed later.
    """
    unit.session.flush()  # links that the same unit made are fixed too
    unit.driver.execute(PIN, (list(versions), list(versions.values()), target.kind, target.id))


def with_cases(reading: Reading, links: Collection[DocumentLink]) -> list[DocumentLink]:
    """The links, each once, and for every task also its case: what is filed with a task belongs to the whole case."""
    tasks = [link for link in links if link.kind == TASK]
    cases = reading.port(LinkRights).cases(reading, [link.target for link in tasks]) if tasks else {}
    named = {link.target for link in links}
    implied = [
        DocumentLink(kind=CASE, id=cases[link.target], role=link.role)
        for link in tasks
        if link.target in cases and Target(CASE, cases[link.target]) not in named
    ]
    return list(dict.fromkeys([*links, *implied]))


def require_targets(reading: Reading, targets: Collection[Target]) -> None:
    """Raise `TargetNotVisible` for the first target that the actor cannot see."""
    seen = visible_targets(reading, targets)
    for target in targets:
        if target not in seen:
            raise TargetNotVisible(target)


def link_row(unit: UnitOfWork, document: DocumentRow, link: DocumentLink) -> DocumentLinkRow:
    """The row of a link, not yet saved."""
    return DocumentLinkRow(
        id=new_id(),
        document_id=document.id,
        version=link.version,
        kind=words("kind", link.kind, LONGEST),
        target=words("id", link.id, LONGEST),
        role=words("role", link.role, LONGEST) or "reference",
        created_at=unit.clock.now(),
        created_by=unit.actor.id,
    )


def cases_of(reading: Reading, links: Collection[DocumentLinkRow]) -> list[str | None]:
    """The cases that the links lead to, each once; one question, however many links."""
    targets = [target_of(link) for link in links]
    known = {target: target.id for target in targets if target.kind == CASE}
    others = [target for target in targets if target.kind != CASE]
    if others:
        known |= reading.port(LinkRights).cases(reading, others)
    return list(dict.fromkeys(known[target] for target in targets if target in known))
