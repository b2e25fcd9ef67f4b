"""Whoever owns the database can switch its triggers off and change the trail; the chains tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from audit.content import canonical, chain_hash
from audit.verify import Finding, check_chains
from core.clock import FixedClock
from storage.unit_of_work import UnitFactory
from tests.audit_samples import AUDITOR, check, noted, recording, write


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    return recording(engine, clock)


STREAMS = ("case:1", "case:2", "case:3")
LENGTH = 6


@pytest.fixture
def written(units: UnitFactory) -> UnitFactory:
    for number in range(LENGTH):
        write(units, *[noted(stream, note=number, case=f"case-{stream}") for stream in STREAMS])
    return units


def findings_after(units: UnitFactory, act: Callable[[Connection], None]) -> list[Finding]:
    """What the check says after `act`; the database is put back afterwards."""
    engine = units.engine
    with engine.begin() as connection:
        for table in ("audit_entry", "audit_stream"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            connection.execute(text(f"DROP TABLE IF EXISTS kept_{table}"))
            connection.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))
        act(connection)
    try:
        return check(units)
    finally:
        with engine.begin() as connection:
            for table in ("audit_entry", "audit_stream"):
                connection.execute(text(f"DELETE FROM {table}"))
                connection.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))


def rewrite(connection: Connection, stream: str, seq: int, content: bytes, previous: bytes) -> None:
    values = {"stream": stream, "seq": seq, "content": content, "previous": previous}
    values["hash"] = chain_hash(previous, content)
    connection.execute(
        text(
            "UPDATE audit_entry SET content = :content, previous_hash = :previous, hash = :hash "
            "WHERE stream = :stream AND stream_seq = :seq"
        ),
        values,
    )


def stored(connection: Connection, stream: str, seq: int) -> Any:
    query = text("SELECT * FROM audit_entry WHERE stream = :stream AND stream_seq = :seq")
    return connection.execute(query, {"stream": stream, "seq": seq}).one()


def column_changed(name: str, value: str) -> Callable[[Connection, str, int], None]:
    def act(connection: Connection, stream: str, seq: int) -> None:
        connection.execute(
            text(f"UPDATE audit_entry SET {name} = {value} WHERE stream = :stream AND stream_seq = :seq"),
            {"stream": stream, "seq": seq},
        )

    return act


def content_and_hash_changed(connection: Connection, stream: str, seq: int) -> None:
    row = stored(connection, stream, seq)
    said = json.loads(row.content)
    said["data"]["note"] = "forged"
    rewrite(connection, stream, seq, canonical(said), row.previous_hash)


def predecessor_and_hash_changed(connection: Connection, stream: str, seq: int) -> None:
    rewrite(connection, stream, seq, stored(connection, stream, seq).content, bytes([7]) * 32)


def entry_removed(connection: Connection, stream: str, seq: int) -> None:
    connection.execute(
        text("DELETE FROM audit_entry WHERE stream = :stream AND stream_seq = :seq"), {"stream": stream, "seq": seq}
    )


def entry_removed_and_the_rest_moved_up(connection: Connection, stream: str, seq: int) -> None:
    entry_removed(connection, stream, seq)
    for later in range(seq + 1, LENGTH + 1):
        column_changed("stream_seq", "stream_seq - 1")(connection, stream, later)


def entry_moved_away(connection: Connection, stream: str, seq: int) -> None:
    column_changed("stream_seq", "99")(connection, stream, seq)


def entry_swapped_with_another(connection: Connection, stream: str, seq: int) -> None:
    other = seq + 1 if seq < LENGTH else seq - 1
    column_changed("stream_seq", "-1")(connection, stream, seq)
    column_changed("stream_seq", str(seq))(connection, stream, other)
    column_changed("stream_seq", str(other))(connection, stream, -1)


def entry_inserted(connection: Connection, stream: str, seq: int) -> None:
    """A forged entry at `seq` that fits to its predecessor, the later ones moved down."""
    row = stored(connection, stream, seq)
    for later in range(LENGTH, seq - 1, -1):
        column_changed("stream_seq", "stream_seq + 1")(connection, stream, later)
    said = json.loads(row.content) | {"id": "0" * 26}
    content = canonical(said)
    connection.execute(
        text(
            "INSERT INTO audit_entry SELECT :id, stream, :seq, type, at, actor_id, case_id, :content, previous_hash, "
            ":hash FROM audit_entry WHERE stream = :stream AND stream_seq = :next"
        ),
        {
            "id": "0" * 26,
            "seq": seq,
            "content": content,
            "stream": stream,
            "next": seq + 1,
            "hash": chain_hash(row.previous_hash, content),
        },
    )


SINGLE = {
    "type": (column_changed("type", "'x'"), {"changed"}),
    "time": (column_changed("at", "at + interval '1 microsecond'"), {"changed"}),
    "actor": (column_changed("actor_id", "'eve'"), {"changed"}),
    "case": (column_changed("case_id", "'other'"), {"changed"}),
    "case removed": (column_changed("case_id", "NULL"), {"changed"}),
    "id": (column_changed("id", "'00000000000000000000000001'"), {"changed"}),
    "content": (column_changed("content", "content || ' '"), {"changed"}),
    "content emptied": (column_changed("content", "''"), {"changed"}),
    "hash": (column_changed("hash", "sha256('x')"), {"changed"}),
    "predecessor": (column_changed("previous_hash", "sha256('x')"), {"changed"}),
    "content and hash": (content_and_hash_changed, {"changed"}),
    "predecessor and hash": (predecessor_and_hash_changed, {"changed"}),
    "removed": (entry_removed, {"removed"}),
    "removed and closed up": (entry_removed_and_the_rest_moved_up, {"removed"}),
    "moved to the end": (entry_moved_away, {"reordered"}),
    "inserted": (entry_inserted, {"inserted"}),
}


@given(
    kind=st.sampled_from(sorted(SINGLE)),
    stream=st.sampled_from(STREAMS),
    seq=st.integers(min_value=1, max_value=LENGTH),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_single_tampering_is_found_and_named(written: UnitFactory, kind: str, stream: str, seq: int) -> None:
    act, problems = SINGLE[kind]

    findings = findings_after(written, lambda connection: act(connection, stream, seq))

    assert [(each.stream, each.seq) for each in findings] == [(stream, seq)]
    assert findings[0].problem in problems
    assert f"{stream}, entry {seq}" in findings[0].sentence


@pytest.mark.parametrize("seq", [1, 3, LENGTH])
def test_swapped_entries_are_found_at_the_first_of_them(written: UnitFactory, seq: int) -> None:
    findings = findings_after(written, lambda connection: entry_swapped_with_another(connection, "case:2", seq))

    assert [(each.stream, each.seq, each.problem) for each in findings] == [
        ("case:2", min(seq, LENGTH - 1), "reordered")
    ]


def test_an_entry_moved_to_another_stream_is_missed_in_its_own(written: UnitFactory) -> None:
    def act(connection: Connection) -> None:
        connection.execute(
            text("UPDATE audit_entry SET stream = 'case:3', stream_seq = 7 WHERE stream = 'case:1' AND stream_seq = 2")
        )

    findings = findings_after(written, act)

    assert [(each.stream, each.seq, each.problem) for each in findings] == [
        ("case:1", 2, "removed"),
        ("case:3", 7, "inserted"),
    ]


@pytest.mark.parametrize(
    ("statement", "seq", "problem"),
    [
        ("DELETE FROM audit_stream WHERE stream = 'case:2'", 1, "inserted"),
        ("UPDATE audit_stream SET seq = 5 WHERE stream = 'case:2'", 6, "inserted"),
        ("UPDATE audit_stream SET seq = 7 WHERE stream = 'case:2'", 7, "removed"),
        ("UPDATE audit_stream SET hash = sha256('x') WHERE stream = 'case:2'", 6, "changed"),
        ("UPDATE audit_stream SET last_id = 'x' WHERE stream = 'case:2'", None, "head"),
        ("DELETE FROM audit_entry WHERE stream = 'case:2'", 1, "removed"),
    ],
)
def test_a_wrong_end_of_a_chain_is_found(written: UnitFactory, statement: str, seq: int | None, problem: str) -> None:
    findings = findings_after(written, lambda connection: connection.execute(text(statement)))

    assert [(each.stream, each.seq, each.problem) for each in findings] == [("case:2", seq, problem)]


def test_a_personal_value_that_was_exchanged_is_found(written: UnitFactory, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_personal DISABLE TRIGGER USER"))
        connection.execute(
            text("""UPDATE audit_personal SET content = '"Eve"' WHERE commitment = (SELECT commitment FROM
                    audit_personal WHERE subject = 'person:Jan' LIMIT 1)""")
        )

    assert [(each.problem, each.stream) for each in check(written)] == [("personal", "person:Jan")]


def test_a_check_sees_one_moment_while_others_write(written: UnitFactory) -> None:
    def write_meanwhile(done: int, total: int) -> None:
        write(written, noted("case:1"))

    with written.reading(AUDITOR) as view:
        assert check_chains(view, write_meanwhile) == []
    assert check(written) == []
