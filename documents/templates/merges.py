"""How mail merges get on."""

from datetime import datetime

from sqlalchemy import select

from core.records import dataclass
from documents.models import DocumentRow
from documents.templates.merging import MergeNotFound
from documents.templates.models import MailMergeLetterRow, MailMergeRow
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One recipient's letter; `state` is waiting, filed or refused."""

    position: int
    kind: str
    target: str
    name: str
    state: str
    document_id: str | None
    sentence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeView:
    """A mail merge; `state` is running, stopped or finished."""

    id: str
    title: str
    template_id: str
    template_n: int
    template_title: str
    output: str
    purpose: str
    state: str
    total: int
    done: int
    refused: int
    combined_id: str | None
    reason: str | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None

    @property
    def waiting(self) -> int:
        """Letters that are not written yet."""
        return self.total - self.done - self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPage:
    """Some letters; `next` continues after them."""

    items: tuple[Letter, ...]
    next: int | None


def merges(view: Reading, *, limit: int = 50) -> list[MergeView]:
    """The newest, of whoever asks; all of them for who may see all documents."""
    query = select(MailMergeRow, DocumentRow.title).outerjoin(DocumentRow, DocumentRow.id == MailMergeRow.template_id)
    if not view.actor.may("document.read_all"):
        query = query.where(MailMergeRow.started_by == view.actor.id)
    found = view.session.execute(query.order_by(MailMergeRow.id.desc()).limit(limit))
    return [_view(row, title) for row, title in found]


def merge(view: Reading, merge_id: str) -> MergeView:
    """One. Raises `MergeNotFound`."""
    row = view.session.get(MailMergeRow, merge_id)
    if row is None or not (row.started_by == view.actor.id or view.actor.may("document.read_all")):
        raise MergeNotFound(f"There is no mail merge {merge_id}, or it is somebody else's.", merge=merge_id)
    return _view(row, view.session.scalar(select(DocumentRow.title).where(DocumentRow.id == row.template_id)))


def letters(view: Reading, merge_id: str, *, state: str | None = None, after: int = 0, limit: int = 50) -> LetterPage:
    """Its letters in their order. Raises `MergeNotFound`."""
    found = merge(view, merge_id)
    query = select(MailMergeLetterRow).where(
        MailMergeLetterRow.merge_id == found.id, MailMergeLetterRow.position > after
    )
    if state is not None:
        query = query.where(MailMergeLetterRow.state == state)
    rows = list(view.session.scalars(query.order_by(MailMergeLetterRow.position).limit(limit + 1)))
    items = tuple(
        Letter(
            position=each.position,
            kind=each.kind,
            target=each.target,
            name=each.name,
            state=each.state,
            document_id=each.document_id,
            sentence=each.sentence,
        )
        for each in rows[:limit]
    )
    return LetterPage(items=items, next=items[-1].position if len(rows) > limit else None)


def _view(row: MailMergeRow, title: str | None) -> MergeView:
    return MergeView(
        id=row.id,
        title=row.title,
        template_id=row.template_id,
        template_n=row.template_n,
        template_title=title or "(gone)",
        output=row.output,
        purpose=row.purpose,
        state=row.state,
        total=row.total,
        done=row.done,
        refused=row.refused,
        combined_id=row.combined_id,
        reason=row.reason,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
