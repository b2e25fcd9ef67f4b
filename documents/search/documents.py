"""What the index says of documents: title, number, tags, fields, the newest version's text, and who may see them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from documents.access import Target, links_of, target_of
from documents.filed import Filed
from documents.models import DocumentLinkRow, DocumentRow, DocumentVersionRow
from documents.search.ports import DOCUMENT, EVERY_DOCUMENT, OWN, Entry, SearchRights
from documents.search.texts import texts_of
from storage.unit_of_work import Reading

MOST_VALUES = 200  # values of a document's own fields that can be searched


class DocumentSource:
    """Documents; what they are linked to is asked of the composition root, twice for any number of them."""

    kind = DOCUMENT

    def entries(self, reading: Reading, ids: Collection[str]) -> list[Entry]:
        """One for each document that exists and was not destroyed."""
        wanted = select(DocumentRow).where(DocumentRow.id.in_(ids), DocumentRow.destroyed_at.is_(None))
        rows = list(reading.session.scalars(wanted.execution_options(populate_existing=True)))
        newest = _newest(reading, rows)
        links = links_of(reading, [row.id for row in rows])
        linked = _linked(reading, links)
        texts = texts_of(reading, {row.id: row.latest for row in rows})
        return [_entry(row, newest[row.id], texts.get(row.id, ""), linked[row.id]) for row in rows]

    def filed(self, reading: Reading, filed: Iterable[Filed]) -> list[Entry]:
        """The entries of documents that were just filed; their texts are not known yet."""
        known = list(filed)
        linked = _linked(reading, {each.document.id: each.links for each in known})
        return [_entry(each.document, each.version, "", linked[each.document.id]) for each in known]

    def following(self, reading: Reading, after: str, limit: int) -> Sequence[str]:
        """The next documents by id."""
        query = select(DocumentRow.id).where(DocumentRow.id > after).order_by(DocumentRow.id).limit(limit)
        return list(reading.session.scalars(query))


class _Linked:
    """What the links of one document bring it."""

    def __init__(
        self,
        links: Sequence[DocumentLinkRow],
        labels: Mapping[Target, frozenset[str]],
        customers: Mapping[Target, frozenset[str]],
    ) -> None:
        targets = [target_of(link) for link in links]
        self.labels = frozenset().union(*(labels.get(target, frozenset()) for target in targets))
        self.customers = sorted(frozenset().union(*(customers.get(target, frozenset()) for target in targets)))


def _linked(reading: Reading, links: Mapping[str, Sequence[DocumentLinkRow]]) -> dict[str, _Linked]:
    targets = {target_of(link) for each in links.values() for link in each}
    rights = reading.port(SearchRights)
    labels = rights.labels(reading, targets) if targets else {}
    customers = rights.customers(reading, targets) if targets else {}
    return {document_id: _Linked(each, labels, customers) for document_id, each in links.items()}


def _newest(reading: Reading, rows: Sequence[DocumentRow]) -> dict[str, DocumentVersionRow]:
    query = (
        select(DocumentVersionRow)
        .join(DocumentRow, DocumentRow.id == DocumentVersionRow.document_id)
        .where(DocumentRow.id.in_([row.id for row in rows]), DocumentVersionRow.n == DocumentRow.latest)
    )
    return {version.document_id: version for version in reading.session.scalars(query)}


def _entry(row: DocumentRow, version: DocumentVersionRow, text: str, linked: _Linked) -> Entry:
    facts: list[tuple[str, str]] = [("state", row.state), ("by", row.created_by)]
    facts += [("type", row.type)] if row.type else []
    facts += [("number", row.number)] if row.number else []
    facts += [("tag", tag) for tag in row.tags]
    facts += [("customer", customer) for customer in linked.customers]
    return Entry(
        kind=DOCUMENT,
        subject=row.id,
        title=row.title,
        about=" ".join([version.file_name, *_values(row.fields)]),
        names=tuple(each for each in (row.number, *row.tags) if each),
        text=text,
        facts=tuple(facts),
        rights=linked.labels | {EVERY_DOCUMENT, OWN + row.created_by},
        dated=row.created_at.date(),
    )


def _values(fields: Mapping[str, Any]) -> list[str]:
    """What a document's own fields say, without names; a field may hold a list or a group."""
    found: dict[str, None] = defaultdict(lambda: None)
    waiting: list[Any] = list(fields.values())
    while waiting and len(found) < MOST_VALUES:
        value = waiting.pop(0)
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found[str(value)] = None
    return list(found)
