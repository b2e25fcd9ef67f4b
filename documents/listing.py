"""Lists of documents: filtered, newest first, a page at a time; only what the actor may see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from itertools import chain, islice
from typing import Any, Self

from sqlalchemy import Select, func, select

from core.records import dataclass
from documents.access import readable, visible_documents, visible_of
from documents.models import DocumentLinkRow, DocumentRow, DocumentVersionRow
from documents.queries import DocumentVersion, version_view
from documents.search.holdings import visible_ids_of_few
from storage.orm import among
from storage.unit_of_work import Reading

SPARSE = 25  # visible ones of a batch; who sees fewer is asked what they see instead
BATCH = 500  # documents whose rights are asked for together
LOOKED_AT = 20  # batches for one page: who may see few of very many documents goes on from there
COUNTED = 2000  # documents of which a total of the visible ones is still worth its price
MOST_COUNTED = 10_000  # documents of which a total is worth its price where all are visible


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """Which documents; an empty value asks for nothing."""

    q: str = ""  # part of the title
    type: str = ""
    state: str = ""
    tag: str = ""
    number: str = ""  # its beginning
    kind: str = ""  # what it is linked to, with `target`
    target: str = ""
    mine: bool = False
    checked_out: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The filter that these values describe; names that it does not know are left out."""
        given: dict[str, Any] = {name: str(values[name]).strip() for name in TEXTS if values.get(name)}
        given |= {name: True for name in MARKS if str(values.get(name) or "").lower() in ("1", "true", "on", "yes")}
        return cls(**given)

    def values(self) -> dict[str, Any]:
        """What it asks for, by name, without what it does not ask for."""
        return {name: value for name, value in asdict(self).items() if value}


TEXTS = ("q", "type", "state", "tag", "number", "kind", "target")
MARKS = ("mine", "checked_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDocument(DocumentVersion):
    """The newest version of a document in a list."""

    tags: tuple[str, ...]
    checked_out_by: str | None
    filed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """Documents, newest first; `next` asks for those that follow; `total` is None when it is not worth its price.

    A page can have fewer than were asked for, or none, and a `next` all the same: so far it was worth looking.
    """

    items: tuple[ListedDocument, ...]
    next: str | None
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCount:
    """A tag, and on how many documents it is."""

    tag: str
    count: int


def documents(
    view: Reading, wanted: DocumentFilter | None = None, *, after: str | None = None, limit: int = 50
) -> DocumentPage:
    """The newest version of every document that the actor may see, newest document first.

    Rights are asked for in batches, `LOOKED_AT` at most, so a page costs a few questions, however many documents there
    are. Who sees few of the newest ones is looked up from the other side: only what they may see is asked about.
    """
    query = _narrowed(view, wanted or DocumentFilter()).order_by(DocumentRow.id.desc())
    batch = BATCH
    walk = _walk(view, query, after, batch)
    first = next(walk)
    few = _few(view, *first)
    if few is None:
        walk = chain([first], walk)
    else:
        query = query.where(among(DocumentRow.id, few))
        batch = COUNTED  # they are known: more at once are fewer questions
        walk = _walk(view, query, after, batch)
    ids: list[str] = []
    following = None
    for seen, beyond in islice(walk, LOOKED_AT):
        ids += seen
        following = beyond
        if len(ids) > limit:
            following = ids[limit - 1]
            break
    is_worth = few is not None and len(few) <= COUNTED
    whole = chain([(ids, None)], walk) if after is None else _walk(view, query, None, batch)
    total = _total(view, query, whole, is_worth=is_worth)
    return DocumentPage(items=_newest(view, ids[:limit]), next=following, total=total)


def listed(view: Reading, ids: Sequence[str]) -> tuple[ListedDocument, ...]:
    """The newest versions of these documents in this order; those that the actor may not see are left out."""
    rows = list(view.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids), readable(view.actor))))
    place = {document_id: n for n, document_id in enumerate(ids)}
    seen = [row.id for row in visible_documents(view, rows)]
    return tuple(sorted(_newest(view, seen), key=lambda each: place[each.document_id]))


def tags_in_use(view: Reading, *, limit: int = 100) -> list[TagCount]:
    """The tags of the newest documents that the actor may see, the most used first: to choose from."""
    newest = select(DocumentRow).where(func.cardinality(DocumentRow.tags) > 0).order_by(DocumentRow.id.desc())
    counts: dict[str, int] = {}
    for row in visible_documents(view, list(view.session.scalars(newest.limit(BATCH)))):
        for tag in row.tags:
            counts[tag] = counts.get(tag, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [TagCount(tag=tag, count=count) for tag, count in ranked[:limit]]


def _narrowed(view: Reading, wanted: DocumentFilter) -> Select[DocumentRow]:
    query = select(DocumentRow).where(readable(view.actor), DocumentRow.destroyed_at.is_(None))
    if wanted.mine:
        query = query.where(DocumentRow.created_by == view.actor.id)
    if wanted.checked_out:
        query = query.where(DocumentRow.checked_out_by.is_not(None))
    if wanted.q:
        query = query.where(DocumentRow.title.icontains(wanted.q, autoescape=True))
    if wanted.type:
        query = query.where(DocumentRow.type == wanted.type)
    if wanted.state:
        query = query.where(DocumentRow.state == wanted.state)
    if wanted.tag:
        query = query.where(DocumentRow.tags.contains([wanted.tag.casefold()]))
    if wanted.number:
        query = query.where(DocumentRow.number.istartswith(wanted.number, autoescape=True))
    if wanted.kind and wanted.target:
        linked = select(DocumentLinkRow.document_id).where(
            DocumentLinkRow.kind == wanted.kind, DocumentLinkRow.target == wanted.target
        )
        query = query.where(DocumentRow.id.in_(linked))
    return query


def _few(view: Reading, seen: Sequence[str], beyond: str | None) -> frozenset[str] | None:
    """The only documents that the actor may see, when the first batch shows that these are few among many."""
    if view.actor.may("document.read_all") or beyond is None or len(seen) >= SPARSE:
        return None
    return visible_ids_of_few(view)


def _walk(
    view: Reading, query: Select[DocumentRow], after: str | None, size: int
) -> Iterator[tuple[list[str], str | None]]:
    """The ids of the visible ones of each batch, and where the next batch begins, None after the last."""
    light = query.with_only_columns(DocumentRow.id, DocumentRow.created_by).limit(size)
    while True:
        part = light if after is None else light.where(DocumentRow.id < after)
        batch = dict(view.session.execute(part).all())
        after = next(reversed(batch)) if len(batch) == size else None
        seen = visible_of(view, batch, are_readable=True)
        yield [each for each in batch if each in seen], after
        if after is None:
            return


def _total(
    view: Reading, query: Select[DocumentRow], walk: Iterator[tuple[list[str], str | None]], *, is_worth: bool
) -> int | None:
    """How many there are; `walk` goes over all that are visible, `is_worth`: they are known to be few."""
    is_all = view.actor.may("document.read_all")
    most = MOST_COUNTED if is_all else COUNTED
    count = 0
    if is_all or not is_worth:
        # in the list's own order: without one the server would read the table from the disk, past what it has in memory
        some = query.with_only_columns(DocumentRow.id).limit(most + 1).subquery()
        count = view.session.scalar(select(func.count()).select_from(some)) or 0
    if count > most:
        return None
    return count if is_all else sum(len(seen) for seen, _ in walk)


def _newest(view: Reading, ids: Sequence[str]) -> tuple[ListedDocument, ...]:
    query = (
        select(DocumentRow, DocumentVersionRow)
        .join(DocumentVersionRow, DocumentRow.id == DocumentVersionRow.document_id)
        .where(among(DocumentRow.id, ids), DocumentVersionRow.n == DocumentRow.latest)
        .order_by(DocumentRow.id.desc())
    )
    return tuple(_listed(row, each) for row, each in view.session.execute(query))


def _listed(row: DocumentRow, each: DocumentVersionRow) -> ListedDocument:
    version = version_view(row, each)
    return ListedDocument(
        **{field.name: getattr(version, field.name) for field in fields(version)},
        tags=tuple(row.tags),
        checked_out_by=row.checked_out_by,
        filed_at=row.created_at,
    )
