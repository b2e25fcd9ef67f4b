"""A million documents for the search benchmark: texts whose words are as frequent as in natural language.

A word's frequency falls with its rank as Zipf and Mandelbrot found it. The vocabulary is half Polish, half English:
real stems of business letters with the endings that the languages give them, then rarer made-up names. Chunks are
written by several processes and noted when they are done, so that a run that was stopped goes on where it was.
"""

import itertools
import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from documents.search.indexing import row_of
from documents.search.ports import EVERY_DOCUMENT, OWN, Entry
from webapp.searching.labels import CASES, RECORDS

CHUNK = 5000  # documents of one transaction
DISTINCT = 200_000  # texts; beyond that the database repeats them under new ids, which keeps their frequencies
REPEATED = 50_000  # documents that are repeated by one transaction
CASE_COUNT, CUSTOMER_COUNT, PEOPLE_COUNT = 200_000, 5000, 400
MANY_CASES = 10  # one case of so many belongs to the person who is involved in many
FEW_CASES = 5000  # one of so many to the person who is involved in few
DIGEST = "0" * 64
SIZES = {"digest": DIGEST, "few": FEW_CASES, "many": MANY_CASES, "cases": CASE_COUNT, "customers": CUSTOMER_COUNT}
VOCABULARY = 60_000
ZIPF, OFFSET = 1.07, 2.7  # exponent and shift of the distribution
WORDS = 110  # of a text, at the median
BEGIN = datetime(2016, 1, 4, tzinfo=UTC)
STATES = ("draft", "draft", "draft", "in_review", "approved", "approved", "signed", "void")
TYPES = ("invoice", "contract", "letter", "offer", "protocol", "report", "complaint", "order", "memo", "certificate")
TAGS = ("urgent", "archive", "media", "export", "vat", "leasing", "hr", "legal", "it", "transport")
POLISH = """
umow faktur najm płatnośc dostaw towar usług klient sprzedaż zamówien ofert termin zapłat rachunk podatk firm
spółk zarząd pracownik produkcj magazyn transport kontrol jakośc reklamacj gwarancj serwis naprawa urządzen
maszyn budow projekt kosztorys protokół odbior załącznik wypowiedzen aneks pełnomocnictw decyzj wniosek skarg
odwołan sąd wyrok kar odsetk kredyt bank gotówk przelew waluta kurs cen rabat prowizj budżet plan raport analiz
wynik zysk kapitał
"""
ENGLISH = """
contract invoice payment delivery service customer order offer price term account tax company board employee
product store transport control quality complaint warranty repair machine building project estimate protocol
accept annex notice power decision request appeal court verdict fine interest credit bank cash transfer currency
rate discount commission budget plan report analysis result loss profit capital agree supply purchase manage
develop inspect approve
"""
SMALL = "i w z na do się nie jest oraz dla przez jako the of and to in is for that with by on at from"
POLISH_ENDS = ("", "a", "y", "ę", "ą", "ie", "om", "ami", "ach", "ów", "owy", "owa", "owe", "owego", "owanie", "owania")
ENGLISH_ENDS = ("", "s", "ed", "ing", "er", "ers", "able", "ion")
SYLLABLES = "ka ro mi ta ne lo wa si du pe zo ry bą cie żu gra sto len"
COPIES = {
    "document": ("id", "title", "type", "latest", "number", "state", "tags", "created_at", "created_by"),
    "document_version": (
        *("document_id", "n", "digest", "size", "media_type", "file_name", "created_at", "created_by"),
    ),
    "document_link": ("id", "document_id", "kind", "target", "role", "created_at", "created_by"),
    "document_text": ("document_id", "n", "text"),
    "search_entry": (*("kind", "subject", "seq", "title", "about", "facts", "rights", "terms", "dated", "indexed_at"),),
}
BASES = (
    "CREATE TABLE IF NOT EXISTS bench_search_chunk (first bigint PRIMARY KEY)",
    "INSERT INTO blob (digest, size, claimed_at) VALUES (:digest, 10240, now()) ON CONFLICT DO NOTHING",
    """INSERT INTO definition (id, kind, key, version, name, digest, file_name, source, info, deployed_at, deployed_by)
    VALUES ('01JA0000000000000000000001', 'process', 'bench', 1, 'Bench', 'x', 'x', '', '{}', now(), 'bench')
    ON CONFLICT DO NOTHING""",
    """INSERT INTO instance (id, definition_id, definition_key, state, revision, business_key, snapshot, started_by,
        started_at)
    SELECT '01JC' || lpad(n::text, 22, '0'), '01JA0000000000000000000001', 'bench', 'running', 1, 'Case ' || n, '{}',
        CASE WHEN n % :few = 0 THEN 'few' WHEN n % :many = 1 THEN 'many' ELSE 'person' || n % 300 END, now()
    FROM generate_series(1, :cases) AS n ON CONFLICT DO NOTHING""",
    """INSERT INTO customer (id, number, name, country, currency, reliability, key_account, search_text, created_at,
        created_by, changed_at, row_version)
    SELECT '01JB' || lpad(n::text, 22, '0'), 'K-' || n, 'Customer ' || n, 'PL', 'PLN', 'B', false, '', now(), 'bench',
        now(), 1 FROM generate_series(1, :customers) AS n ON CONFLICT DO NOTHING""",
)


SOME = "BETWEEN '01JD' || lpad(CAST(:first AS text), 22, '0') AND '01JD' || lpad(CAST(:last AS text), 22, '0')"
MOVED = "'01JD' || lpad((substr({id}, 5)::bigint + :back)::text, 22, '0')"
REPEAT = (
    f"""INSERT INTO document (id, title, type, latest, number, state, tags, created_at, created_by)
    SELECT {MOVED.format(id="id")}, title, type, latest, number, state, tags, created_at, created_by
    FROM document WHERE id COLLATE "C" {SOME}""",  # noqa: S608 -- constants of this module
    f"""INSERT INTO document_version (document_id, n, digest, size, media_type, file_name, created_at, created_by)
    SELECT {MOVED.format(id="document_id")}, n, digest, size, media_type, file_name, created_at, created_by
    FROM document_version WHERE document_id COLLATE "C" {SOME}""",  # noqa: S608 -- constants of this module
    f"""INSERT INTO document_link (id, document_id, kind, target, role, created_at, created_by)
    SELECT substr(id, 1, 4) || lpad((substr(id, 5)::bigint + :back)::text, 22, '0'), {MOVED.format(id="document_id")},
        kind, target, role, created_at, created_by FROM document_link WHERE document_id COLLATE "C" {SOME}""",  # noqa: S608 -- constants of this module
    f"""INSERT INTO document_text (document_id, n, text) SELECT {MOVED.format(id="document_id")}, n, text
    FROM document_text WHERE document_id COLLATE "C" {SOME}""",  # noqa: S608 -- constants of this module
    f"""INSERT INTO search_entry (kind, subject, seq, title, about, facts, rights, terms, dated, indexed_at)
    SELECT kind, {MOVED.format(id="subject")}, seq + :back, title, about, facts, rights, terms, dated, indexed_at
    FROM search_entry WHERE kind = 'document' AND subject COLLATE "C" {SOME}""",  # noqa: S608 -- constants of this module
    "INSERT INTO bench_search_chunk VALUES (:chunk)",
)


@lru_cache(maxsize=1)
def vocabulary() -> tuple[list[str], list[float]]:
    """All words, the most frequent first, and how much of a text the words up to each take."""
    draw = random.Random(7)  # noqa: S311 -- no secret
    formed = [stem + end for stem in POLISH.split() for end in POLISH_ENDS]
    formed += [stem + end for stem in ENGLISH.split() for end in ENGLISH_ENDS]
    draw.shuffle(formed)
    words = list(dict.fromkeys([*SMALL.split(), *formed]))
    known, syllables = set(words), SYLLABLES.split()
    while len(words) < VOCABULARY:
        made = "".join(draw.choices(syllables, k=draw.choice((2, 3, 3, 4))))
        if made not in known:
            known.add(made)
            words.append(made)
    weights = [1 / (rank + OFFSET) ** ZIPF for rank in range(1, len(words) + 1)]
    return words, list(itertools.accumulate(weights))


def customer_id(number: int) -> str:
    """The id of a customer."""
    return f"01JB{number:022}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated document: the entry that the index gets, and what its own rows say."""

    id: str
    entry: Entry
    state: str
    tags: list[str]
    number: str
    created_at: datetime
    created_by: str
    links: list[tuple[str, str]]


def sample(n: int) -> Sample:
    """The document of a number, always the same."""
    draw = random.Random(n)  # noqa: S311 -- no secret
    words, sums = vocabulary()
    length = max(20, min(2000, int(draw.lognormvariate(0, 0.5) * WORDS)))
    drawn = draw.choices(words, cum_weights=sums, k=length + 5)
    at = BEGIN + timedelta(minutes=5 * n)
    kind, state = TYPES[min(int(draw.expovariate(0.5)), 9)], draw.choice(STATES)
    tags = sorted({draw.choice(TAGS) for _ in range(draw.choice((0, 0, 1, 2)))})
    by = "few" if draw.random() < 0.001 else f"person{draw.randrange(PEOPLE_COUNT)}"
    links: list[tuple[str, str]] = []
    if draw.random() < 0.6:
        links.append(("case", f"01JC{1 + n % CASE_COUNT:022}"))
    if draw.random() < 0.5:
        links.append(("crm.customer", customer_id(1 + int(draw.random() ** 2 * (CUSTOMER_COUNT - 1)))))
    number = f"{kind[:2].upper()}/{at.year}/{n:07}"
    labels = {EVERY_DOCUMENT, OWN + by}
    labels |= {label for each, key in links for label in ([CASES, key] if each == "case" else [RECORDS])}
    facts = [("state", state), ("by", by), ("type", kind), ("number", number), *(("tag", tag) for tag in tags)]
    entry = Entry(
        kind="document",
        subject=f"01JD{n:022}",
        title=" ".join(drawn[:5]),
        about=f"{kind}-{n}.pdf",
        names=(number, *tags),
        text=" ".join(drawn[5:]),
        facts=(*facts, *(("customer", key) for each, key in links if each == "crm.customer")),
        rights=frozenset(labels),
        dated=at.date(),
    )
    return Sample(entry.subject, entry, state, tags, number, at, by, links)


def fill(engine: Engine, number: int, progress: Callable[[int, int], None]) -> None:
    """Generate what is missing of so many documents, then the index; safe to be stopped and run again."""
    with engine.begin() as connection:
        for statement in BASES:
            made = text(statement)
            values = {name: value for name, value in SIZES.items() if f":{name}" in statement}
            connection.execute(made, values)
        done = set(connection.execute(text("SELECT first FROM bench_search_chunk")).scalars())
        missing = [first for first in range(1, min(number, DISTINCT) + 1, CHUNK) if first not in done]
        repeated = [first for first in range(DISTINCT + 1, number + 1, REPEATED) if first not in done]
        if missing or repeated:
            connection.execute(text("DROP INDEX IF EXISTS ix_search_entry_terms_rights_bucket"))
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        waiting = [pool.submit(_chunk, url, first, min(first + CHUNK - 1, number)) for first in missing]
        for count, each in enumerate(as_completed(waiting), start=1):
            each.result()
            progress(count, len(missing) + len(repeated) + 1)
    for count, first in enumerate(repeated, start=len(missing) + 1):
        _repeat(engine, first, min(first + REPEATED - 1, number))
        progress(count, len(missing) + len(repeated) + 1)
    _finish(engine, number)


def _repeat(engine: Engine, first: int, last: int) -> None:
    """Documents with the texts of earlier ones."""
    back = (first - 1) // DISTINCT * DISTINCT
    values = {"back": back, "first": first - back, "last": last - back, "chunk": first}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in REPEAT:
            connection.execute(
                text(statement), {name: value for name, value in values.items() if f":{name}" in statement}
            )


def _finish(engine: Engine, number: int) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET maintenance_work_mem = '768MB'"))
        connection.execute(
            text(
                "CREATE INDEX IF NOT EXISTS ix_search_entry_terms_rights_bucket ON search_entry"
                " USING gin (terms, rights, bucket) WITH (gin_pending_list_limit = 1024)"
            )
        )
        connection.execute(text(f"SELECT setval('search_entry_seq', {number})"))
        for table in (*COPIES, "instance", "customer"):
            connection.execute(text(f"VACUUM ANALYZE {table}"))


def _chunk(url: str, first: int, last: int) -> None:
    rows = [sample(n) for n in range(first, last + 1)]
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # what is written here refers to what is there
        for table, made in (
            ("document", map(_document, rows)),
            ("document_version", map(_version, rows)),
            ("document_link", itertools.chain.from_iterable(map(_links, rows))),
            ("document_text", ((row.id, 1, row.entry.text) for row in rows)),
            ("search_entry", map(_entry, rows)),
        ):
            _copy(connection, table, made)
        connection.execute("INSERT INTO bench_search_chunk VALUES (%s)", (first,))


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterator[tuple[Any, ...]]) -> None:
    columns = ", ".join(COPIES[table])
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _document(row: Sample) -> tuple[Any, ...]:
    kind = dict(row.entry.facts)["type"]
    return (row.id, row.entry.title, kind, 1, row.number, row.state, row.tags, row.created_at, row.created_by)


def _version(row: Sample) -> tuple[Any, ...]:
    file_name = row.entry.about
    return (row.id, 1, DIGEST, 10_240, "application/pdf", file_name, row.created_at, row.created_by)


def _links(row: Sample) -> Iterator[tuple[Any, ...]]:
    for at, (kind, target) in enumerate(row.links):
        yield (f"01J{at}{row.id[4:]}", row.id, kind, target, "reference", row.created_at, row.created_by)


def _entry(row: Sample) -> tuple[Any, ...]:
    made = row_of(row.entry)
    names = ("kind", "subject", "title", "about", "facts", "rights", "terms", "dated")
    kind, subject, *others = (made[name] for name in names)
    return (kind, subject, int(row.id[4:]), *others, row.created_at)
