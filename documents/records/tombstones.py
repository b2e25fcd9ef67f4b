"""What is left of destroyed documents: which, when, under which certificate, and the digests of what they were."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from core.errors import NotFound
from core.records import dataclass
from documents.models import DocumentLinkRow, DocumentRow
from documents.records.models import DisposalItemRow, DisposalRow, TombstoneRow
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A destroyed document; `certificate_id` is None until the disposal has settled everything on its list.

    `versions` lists number, digest and size. `title_commitment` is SHA-256 over a secret salt and the title: the list
    of the disposal holds both, so that it alone can tell which title it was.
    """

    document_id: str
    type: str | None
    number: str | None
    disposal_id: str
    certificate: str
    certificate_id: str | None
    case_id: str
    rule_key: str
    rule_revision: int
    due_at: datetime
    title_commitment: str
    versions: tuple[dict[str, Any], ...]
    destroyed_at: datetime


class DocumentDestroyed(NotFound):
    """The document's time was over; what is left is its tombstone."""

    code = "document_destroyed"

    def __init__(self, stone: Tombstone) -> None:
        super().__init__(
            f"The document {stone.document_id} was destroyed under certificate {stone.certificate} on "
            f"{stone.destroyed_at:%Y-%m-%d}: its retention (rule {stone.rule_key}) was over.",
            document_id=stone.document_id,
            certificate=stone.certificate,
            certificate_id=stone.certificate_id,
            destroyed_at=stone.destroyed_at.isoformat(),
            versions=list(stone.versions),
        )
        self.tombstone = stone


def refuse_destroyed(reading: Reading, row: DocumentRow) -> None:
    """Raises `DocumentDestroyed` when only its tombstone is left."""
    if row.destroyed_at is not None:
        raise DocumentDestroyed(tombstones(reading, [row.id])[row.id])


def tombstones(reading: Reading, document_ids: Collection[str]) -> dict[str, Tombstone]:
    """The tombstones of those of the documents that were destroyed; without asking for rights."""
    if not document_ids:
        return {}
    rows = reading.session.execute(_tombstones().where(TombstoneRow.document_id.in_(document_ids)))
    return {row.TombstoneRow.document_id: _tombstone(row) for row in rows}


def tombstones_of(reading: Reading, kind: str, id: str) -> list[Tombstone]:  # noqa: A002 -- the id of a kind
    """The destroyed documents of a target; without asking for rights."""
    link = DocumentLinkRow
    linked = select(link.document_id).where(link.kind == kind, link.target == id)
    rows = reading.session.execute(
        _tombstones().where(TombstoneRow.document_id.in_(linked)).order_by(TombstoneRow.document_id)
    )
    return [_tombstone(row) for row in rows]


def _tombstones() -> Select[TombstoneRow, DisposalRow, DisposalItemRow, str | None]:
    item = DisposalItemRow
    return (
        select(TombstoneRow, DisposalRow, item, DocumentRow.number)
        .join(DisposalRow, DisposalRow.id == TombstoneRow.disposal_id)
        .join(
            item,
            (item.disposal_id == TombstoneRow.disposal_id)
            & (item.document_id == TombstoneRow.document_id)
            & (item.state == "destroyed"),
        )
        .join(DocumentRow, DocumentRow.id == TombstoneRow.document_id)
    )


def _tombstone(row: Any) -> Tombstone:
    stone, disposal, item = row.TombstoneRow, row.DisposalRow, row.DisposalItemRow
    return Tombstone(
        document_id=stone.document_id,
        type=item.type,
        number=row.number,
        disposal_id=disposal.id,
        certificate=disposal.number,
        certificate_id=disposal.certificate_id,
        case_id=disposal.case_id,
        rule_key=item.rule_key,
        rule_revision=item.rule_revision,
        due_at=item.due_at,
        title_commitment=stone.title_commitment,
        versions=tuple(stone.versions),
        destroyed_at=stone.destroyed_at,
    )
