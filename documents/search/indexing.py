"""Keeping the index: every change of something that can be found writes its entry in the same transaction.

Whoever writes entries first takes a lock for each subject, then reads what there is to say of it: two that change the
same subject at the same time both leave the entry as it must be, whichever commits last.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from documents.filed import Filed
from documents.search.documents import DocumentSource
from documents.search.ports import DOCUMENT, Entry, SearchSource, SearchSources
from documents.search.spelling import learn
from documents.search.vectors import ABOUT, NAMES, TEXT, TITLE, vector
from storage.unit_of_work import UnitOfWork
from storage.writes import to_array

LOCKS = 0x5EA0  # the first half of the keys of our advisory locks
AT_ONCE = 200  # entries of one statement
LONGEST_TITLE, LONGEST_ABOUT = 500, 1000  # characters
LOCK = """
SELECT pg_advisory_xact_lock(%s, hashtext(kind_and_id)) FROM unnest(%s::text[]) AS kind_and_id
"""
WRITE = """
INSERT INTO search_entry AS entry (kind, subject, seq, title, about, facts, rights, terms, dated, indexed_at)
SELECT made.kind, made.subject, coalesce(known.seq, nextval('search_entry_seq')), made.title, made.about, made.facts,
    made.rights, made.terms, made.dated, %s
FROM jsonb_to_recordset(%s) AS made (kind text, subject text, title text, about text, facts text[], rights text[],
    terms tsvector, dated date)
LEFT JOIN search_entry AS known ON known.kind = made.kind COLLATE "C" AND known.subject = made.subject COLLATE "C"
ORDER BY made.subject COLLATE "C"
ON CONFLICT (kind, subject) DO UPDATE SET title = excluded.title, about = excluded.about, facts = excluded.facts,
    rights = excluded.rights, terms = excluded.terms, dated = excluded.dated, indexed_at = excluded.indexed_at
WHERE (entry.title, entry.about, entry.facts, entry.rights, entry.dated, entry.terms)
    IS DISTINCT FROM (excluded.title, excluded.about, excluded.facts, excluded.rights, excluded.dated, excluded.terms)
"""
# of a document that nobody else can know of yet: no lock, nothing to compare with
ADD = """
INSERT INTO search_entry (kind, subject, seq, title, about, facts, rights, terms, dated, indexed_at)
VALUES (%({n}kind)s, %({n}subject)s, nextval('search_entry_seq'), %({n}title)s, %({n}about)s, %({n}facts)s::text[],
    %({n}rights)s::text[], %({n}terms)s::tsvector, %({n}dated)s::date, %({n}at)s)
"""
REMOVE = "DELETE FROM search_entry WHERE kind = %s AND subject = ANY(%s)"


def index_documents(unit: UnitOfWork, document_ids: Collection[str]) -> None:
    """Write the entries of some documents as they are now in this unit; those that are gone lose theirs."""
    index(unit, DOCUMENT, document_ids)


def index_filed(unit: UnitOfWork, filed: Iterable[Filed]) -> None:
    """Have the entries of documents written that this unit filed and has not changed since: nothing is read back."""
    for entry in DocumentSource().filed(unit, filed):
        row = row_of(entry)
        arrays = {name: to_array(row.pop(name)) for name in ("facts", "rights")}
        unit.posted.ride(ADD, **row, **arrays, at=unit.clock.now())


def index_new(unit: UnitOfWork, entries: Sequence[Entry]) -> None:
    """Write the entries of what this unit made and nobody else can know of yet: nothing is locked or read."""
    for start in range(0, len(entries), AT_ONCE):
        write(unit.driver, entries[start : start + AT_ONCE], unit.clock.now())
    learn(unit.driver, entries)


def index(unit: UnitOfWork, kind: str, ids: Collection[str]) -> None:
    """Write the entries of some subjects of a kind; four statements or so for up to 200 of them."""
    source: SearchSource = DocumentSource() if kind == DOCUMENT else unit.port(SearchSources).by_kind[kind]
    known = sorted(set(ids))
    for start in range(0, len(known), AT_ONCE):
        _index(unit, source, known[start : start + AT_ONCE])


def _index(unit: UnitOfWork, source: SearchSource, ids: list[str]) -> None:
    unit.session.flush()  # what the unit has changed counts too
    unit.driver.execute(LOCK, (LOCKS, [f"{source.kind}:{each}" for each in ids]))
    entries = source.entries(unit, ids)
    write(unit.driver, entries, unit.clock.now())
    learn(unit.driver, entries)
    gone = sorted(set(ids) - {each.subject for each in entries})
    if gone:
        unit.driver.execute(REMOVE, (source.kind, gone))


def write(driver: Any, entries: Iterable[Entry], at: datetime) -> None:
    """Put entries into the index, on a psycopg connection; an entry that says the same as before is not touched."""
    made = [row_of(each) for each in entries]
    if made:
        driver.execute(WRITE, (at, json.dumps(made)))


def row_of(entry: Entry) -> dict[str, Any]:
    """An entry as the statement takes it."""
    parts = [(entry.title, TITLE), *((name, NAMES) for name in entry.names), (entry.about, ABOUT), (entry.text, TEXT)]
    facts = [("kind", entry.kind), ("year", str(entry.dated.year)), *entry.facts]
    days = [("month", entry.dated.strftime("%Y-%m")), ("day", entry.dated.isoformat())]
    return {
        "kind": entry.kind,
        "subject": entry.subject,
        "title": entry.title[:LONGEST_TITLE],
        "about": entry.about[:LONGEST_ABOUT],
        "facts": sorted({f"{name}:{value}" for name, value in facts}),
        "rights": sorted(entry.rights),
        "terms": vector(parts, [*facts, *days]),
        "dated": entry.dated.isoformat(),
    }
