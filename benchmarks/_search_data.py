"""A million documents for the search benchmark, written by COPY and kept for the next run.

Chunks are made by several processes and noted when they are done, so that a run that was stopped goes on where it was;
what was made for tables that have other columns now is of no use any more and is made anew.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, inspect, text

from benchmarks._search_texts import BEGIN, CASE_COUNT, CUSTOMER_COUNT, Sample, customer, sample, vocabulary
from crm.models import CustomerRow
from documents.content.models import DocumentTextRow
from documents.models import DocumentLinkRow, DocumentRow, DocumentTypeRow, DocumentVersionRow
from documents.search.indexing import row_of
from documents.search.models import BUCKETS, SearchEntryRow, SearchWordRow
from documents.search.normalising import folded
from documents.search.spelling import is_kept, near
from engine.models import DefinitionRow, InstanceRow, TaskHistoryRow, WorkItemRow

CHUNK = 5000  # documents of one transaction
DISTINCT = 50_000  # texts; beyond that the database repeats them under new ids, which keeps their frequencies
REPEATED = 50_000  # documents that are repeated by one transaction
MANY_CASES = 10  # one case of so many belongs to the person who is involved in many
FEW_CASES = 5000  # one of so many to the person who is involved in few
GROUPS = 50  # that open tasks are offered to
DIGEST = "0" * 64
SIZES = {
    "digest": DIGEST,
    "few": FEW_CASES,
    "many": MANY_CASES,
    "cases": CASE_COUNT,
    "customers": CUSTOMER_COUNT,
    "groups": GROUPS,
}
EMPTY = {str: "''", bool: "false", int: "1", Decimal: "0", datetime: "now()", date: "current_date"}
FINISHED, CUSTOMERS, TASKS = 0, -1, -2  # what is noted beside the chunks
TABLES = (
    *(
        DocumentRow,
        DocumentVersionRow,
        DocumentLinkRow,
        DocumentTextRow,
        DocumentTypeRow,
        SearchEntryRow,
        SearchWordRow,
    ),
    *(InstanceRow, WorkItemRow, TaskHistoryRow),
)
HASTE = {  # of the server while it is filled: what a crash would lose is made anew
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "6GB",
    "checkpoint_timeout": "30min",
}
COPIES = {
    "document": ("id", "title", "type", "latest", "number", "state", "tags", "created_at", "created_by"),
    "document_version": (
        *("document_id", "n", "digest", "size", "media_type", "file_name", "created_at", "created_by"),
    ),
    "document_link": ("id", "document_id", "kind", "target", "role", "created_at", "created_by"),
    "document_text": ("document_id", "n", "text"),
    "search_word": ("word", "near"),
    "search_entry": (*("kind", "subject", "seq", "title", "about", "facts", "rights", "terms", "dated", "indexed_at"),),
}
NOTED = "CREATE TABLE IF NOT EXISTS bench_search_chunk (first bigint PRIMARY KEY)"
BLOB = "INSERT INTO blob (digest, size, claimed_at) VALUES (:digest, 10240, now()) ON CONFLICT DO NOTHING"
EMPTIED = "TRUNCATE instance, work_item, task_history"
NOTE_TASKS = f"INSERT INTO bench_search_chunk VALUES ({TASKS}) ON CONFLICT DO NOTHING"  # noqa: S608 -- a constant
DEFINITION = "'01JA0000000000000000000001'"
STARTER = """CASE WHEN n % :few = 0 THEN 'few' WHEN n % (2 * :many) = 1 THEN 'many' ELSE 'person' || n % 300 END"""
DOER = "CASE WHEN n % (2 * :many) = 1 + :many THEN 'many' ELSE 'person' || n % 299 END"  # half of a person's cases
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


def fits(engine: Engine) -> bool:
    """Whether the tables that are kept have the columns that this release reads."""
    found = inspect(engine)
    for row in TABLES:
        table: Any = row.__table__
        if not found.has_table(table.name):
            return False
        if {each["name"] for each in found.get_columns(table.name)} != {each.name for each in table.columns}:
            return False
    return True


def size_of(folder: Path) -> int:
    """Bytes below a folder."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def fill(engine: Engine, number: int, progress: Callable[[int, int], None]) -> bool:
    """Generate what is missing of so many documents, then the index; safe to be stopped and run again.

    Whether anything was missing.
    """
    with engine.begin() as connection:
        connection.execute(text(NOTED))
        done = set(connection.execute(text("SELECT first FROM bench_search_chunk")).scalars())
        is_indexed = connection.execute(text("SELECT to_regclass('ix_search_entry_bucket_rights_terms')")).scalar()
    missing = [first for first in range(1, min(number, DISTINCT) + 1, CHUNK) if first not in done]
    repeated = [first for first in range(DISTINCT + 1, number + 1, REPEATED) if first not in done]
    if not missing and not repeated and {FINISHED, TASKS} <= done and is_indexed:
        return False
    steps = len(missing) + len(repeated) + 2
    with _hasty(engine):
        _begin(engine, has_tasks=TASKS in done)
        if missing or repeated:  # the large index is made when all are there
            _execute(engine, "DROP INDEX IF EXISTS ix_search_entry_bucket_rights_terms")
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
            waiting = [pool.submit(_chunk, url, first, min(first + CHUNK - 1, number)) for first in missing]
            for count, each in enumerate(as_completed(waiting), start=1):
                each.result()
                progress(count, steps)
        for count, first in enumerate(repeated, start=len(missing) + 1):
            _repeat(engine, first, min(first + REPEATED - 1, number))
            progress(count, steps)
        if CUSTOMERS not in done:
            _customers(url, number)
        progress(steps - 1, steps)
        _finish(engine, number)
        progress(steps, steps)
    return True


@contextmanager
def _hasty(engine: Engine) -> Iterator[None]:
    """The server writes as fast as it can, and then as safely as it is meant to."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            for name, value in HASTE.items():
                connection.execute(text(f"ALTER SYSTEM SET {name} = '{value}'"))
            connection.execute(text("SELECT pg_reload_conf()"))
            yield
        finally:
            for name in HASTE:
                connection.execute(text(f"ALTER SYSTEM RESET {name}"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text("CHECKPOINT"))


def _execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def _begin(engine: Engine, *, has_tasks: bool) -> None:
    """What documents refer to."""
    case = {"id": "'01JC' || lpad(n::text, 22, '0')", "definition_id": DEFINITION, "started_by": STARTER}
    case |= {"definition_key": "'bench'", "state": "'running'", "revision": "1", "business_key": "'Case ' || n"}
    # one case in five has an open task, each has a finished one
    task = {"instance_id": "'01JC' || lpad((n * 5)::text, 22, '0')", "id": "'01JE' || lpad(n::text, 22, '0')"}
    task |= {"definition_id": DEFINITION, "candidates": "ARRAY['group:group' || n % :groups]"}
    past = {"instance_id": case["id"], "id": "'01JF' || lpad(n::text, 22, '0')", "definition_id": DEFINITION}
    past |= {"state": "'completed'", "actor": DOER, "assignee": DOER}
    owner = {"id": "'01JB' || lpad(n::text, 22, '0')", "number": "'K-' || n", "name": "'Customer ' || n"}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM bench_search_chunk WHERE first = :first"), {"first": FINISHED})
        for statement in (
            BLOB,
            _insert(DefinitionRow.__table__, {"id": DEFINITION, "kind": "'process'", "key": "'bench'"}, "1"),
            *(() if has_tasks else (EMPTIED,)),
            _insert(InstanceRow.__table__, case, ":cases"),
            _insert(WorkItemRow.__table__, task, ":cases / 5"),
            _insert(TaskHistoryRow.__table__, past, ":cases"),
            _insert(CustomerRow.__table__, owner, ":customers"),
            NOTE_TASKS,
        ):
            values = {name: value for name, value in SIZES.items() if f":{name}" in statement}
            connection.execute(text(statement), values)


def _insert(table: Any, given: dict[str, str], number: str) -> str:
    """A statement that makes so many rows; columns that must have a value and are not given get an empty one."""
    values = dict(given)
    for column in table.columns:
        needed = not column.nullable and column.server_default is None and column.computed is None
        if needed and column.name not in given:
            values[column.name] = EMPTY.get(column.type.python_type, "'{}'")
    columns, made = ", ".join(values), ", ".join(values.values())
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {made} FROM generate_series(1, {number}) AS n"  # noqa: S608 -- names of our own tables
        " ON CONFLICT DO NOTHING"
    )


def _customers(url: str, number: int) -> None:
    """The entries of the customers, above those of all documents; and all words, for who mistypes one."""
    with psycopg.connect(url) as connection:
        rows = ((row_of(customer(n)), number + n) for n in range(1, CUSTOMER_COUNT + 1))
        _copy(connection, "search_entry", (_written(row, seq, BEGIN) for row, seq in rows))
        words = sorted({each for each in map(folded, vocabulary()[0]) if is_kept(each)})
        _copy(connection, "search_word", ((each, near(each)) for each in words))
        connection.execute("INSERT INTO bench_search_chunk VALUES (%s)", (CUSTOMERS,))


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
        connection.execute(text("SET maintenance_work_mem = '1GB'"))
        connection.execute(
            text(
                "DROP INDEX IF EXISTS ix_search_entry_terms_rights_bucket;"  # of data that was made before
                " CREATE INDEX IF NOT EXISTS ix_search_entry_bucket_rights_terms ON search_entry"
                f" USING gin ({BUCKETS}, rights, terms) WITH (gin_pending_list_limit = 1024)"
            )
        )
        connection.execute(text(f"SELECT setval('search_entry_seq', {number + CUSTOMER_COUNT})"))
        for table in (*COPIES, "instance", "work_item", "task_history", "customer"):
            connection.execute(text(f"VACUUM ANALYZE {table}"))
        connection.execute(text("INSERT INTO bench_search_chunk VALUES (:first)"), {"first": FINISHED})


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


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[tuple[Any, ...]]) -> None:
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
    return _written(row_of(row.entry), int(row.id[4:]), row.created_at)


def _written(made: dict[str, Any], seq: int, at: datetime) -> tuple[Any, ...]:
    names = ("kind", "subject", "title", "about", "facts", "rights", "terms", "dated")
    kind, subject, *others = (made[name] for name in names)
    return (kind, subject, seq, *others, at)
