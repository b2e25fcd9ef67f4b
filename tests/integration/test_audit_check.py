"""`obieg audit check` finds what was done to the log, its checkpoints and its keys, and names it."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from audit.checking import check_everything
from audit.erasing import ErasePersonalData, erase_personal_data
from audit.keys import make_key, read_signer
from audit.proofs import NotYetSigned, proof
from audit.sequencer import sequence
from audit.tree_check import check_log
from audit.verifier import is_included, leaf_hash, read_checkpoint, read_key, read_note, signer
from audit.verify import Finding
from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from storage.unit_of_work import UnitFactory
from tests.audit_samples import ANNA, AUDITOR, check, noted, recording, write
from tests.integration.test_audit_checkpoints import Office

NUMBER = 600  # more than two tiles
TABLES = ("audit_entry", "audit_leaf", "audit_tile", "audit_log", "audit_checkpoint", "audit_key")


@pytest.fixture
def office(engine: Engine, clock: FixedClock, tmp_path: Path) -> Office:
    units: UnitFactory = recording(engine, clock)
    office = Office(engine, clock, tmp_path, units)
    write(units, *[noted(f"case:{number}") for number in range(NUMBER // 2)])
    office.sign()
    write(units, *[noted(f"case:{number}") for number in range(NUMBER // 2)])
    office.sign()
    return office


def findings(office: Office) -> list[Finding]:
    with office.units.reading(AUDITOR) as view:
        return check_log(view, office.published.all())


def tamper(office: Office, *statements: str) -> None:
    with office.engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for each in statements:
            connection.execute(text(each))


def entry_at(office: Office, position: int) -> str:
    with office.engine.connect() as connection:
        query = text("SELECT entry_id FROM audit_leaf WHERE position = :position")
        return str(connection.scalar(query, {"position": position}))


def test_a_log_that_nobody_touched_has_no_findings(office: Office) -> None:
    seen: list[tuple[int, int]] = []
    with office.units.reading(AUDITOR) as view:
        assert check_log(view, office.published.all(), lambda done, total: seen.append((done, total))) == []

    assert seen[-1] == (NUMBER, NUMBER)


def test_a_log_that_was_never_signed_has_no_findings(engine: Engine, clock: FixedClock, tmp_path: Path) -> None:
    units: UnitFactory = recording(engine, clock)
    write(units, noted())
    sequence(engine)

    assert findings(Office(engine, clock, tmp_path, units)) == []


@pytest.mark.parametrize("alone", [0, 10_000])
def test_everything_is_checked_beside_another_process_or_alone(office: Office, alone: int) -> None:
    seen: list[tuple[int, int]] = []
    with office.units.reading(AUDITOR) as view:
        told = check_everything(view, office.published.all(), lambda *both: seen.append(both), alone=alone)
    assert told == []
    assert seen[-1] == (2 * NUMBER, 2 * NUMBER)

    entry = entry_at(office, 7)
    tamper(office, f"UPDATE audit_entry SET content = content || ' ' WHERE id = '{entry}'")
    with office.units.reading(AUDITOR) as view:
        found = check_everything(view, alone=alone)

    assert {each.entry_id for each in found if each.entry_id} == {entry}
    assert {each.stream.partition(":")[0] for each in found} == {"case", "audit"}


def test_what_an_entry_is_searched_by_cannot_be_changed_unseen(office: Office) -> None:
    entry = entry_at(office, 3)
    tamper(office, f"UPDATE audit_leaf SET actor_id = 'eve' WHERE entry_id = '{entry}'")

    (found,) = findings(office)

    assert (found.entry_id, found.problem) == (entry, "changed")


def test_entries_of_the_last_moments_are_no_finding(office: Office) -> None:
    office.write(3)
    assert findings(office) == []
    sequence(office.engine)
    assert findings(office) == []


@pytest.mark.parametrize("position", [0, 255, 256, 511, NUMBER - 1])
@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE audit_entry SET content = content || ' ' WHERE id = '{entry}'", "changed"),
        ("DELETE FROM audit_entry WHERE id = '{entry}'", "removed"),
        ("UPDATE audit_leaf SET entry_id = 'X' WHERE position = {position}", "removed"),
        (
            (
                "UPDATE audit_tile SET hashes = overlay(hashes placing sha256('x') from "
                "{position} % 256 * 32 + 1 for 32) WHERE row = 0 AND number = {position} / 256"
            ),
            "changed",
        ),
    ],
)
def test_a_single_change_is_named_with_its_place(office: Office, position: int, statement: str, problem: str) -> None:
    tamper(office, statement.format(entry=entry_at(office, position), position=position))

    found = findings(office)

    assert (found[0].problem, found[0].seq) == (problem, position)
    assert f"place {position} of the log" in found[0].sentence


def test_a_removed_place_and_the_entry_without_one_are_named(office: Office) -> None:
    entry = entry_at(office, 300)
    tamper(
        office,
        "DELETE FROM audit_leaf WHERE position = 300",
        "UPDATE audit_log SET mark = (SELECT max(entry_id) FROM audit_leaf)",
    )

    found = {(each.problem, each.seq, each.entry_id) for each in findings(office)}
    assert {("removed", 300, None), ("inserted", None, entry)} <= found


def test_swapped_places_are_both_named(office: Office) -> None:
    tamper(
        office,
        "UPDATE audit_leaf SET position = -1 WHERE position = 10",
        "UPDATE audit_leaf SET position = 10 WHERE position = 20",
        "UPDATE audit_leaf SET position = 20 WHERE position = -1",
    )

    assert [(each.problem, each.seq) for each in findings(office)][:2] == [("changed", 10), ("changed", 20)]


def cut(connection: Connection) -> None:
    """The last entry of a chain goes with its head: the chain is whole."""
    for table in (*TABLES, "audit_stream"):
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    connection.execute(text("DELETE FROM audit_entry WHERE stream = 'case:7' AND stream_seq = 2"))
    connection.execute(
        text(
            "UPDATE audit_stream SET seq = 1, hash = e.hash, last_id = e.id FROM audit_entry e"
            " WHERE e.stream = 'case:7' AND audit_stream.stream = 'case:7'"
        )
    )


def test_a_chain_that_was_cut_with_its_head_is_told_by_the_log(office: Office) -> None:
    with office.engine.begin() as connection:
        cut(connection)

    assert check(office.units) == []
    assert [each.problem for each in findings(office)][:1] == ["removed"]


def test_a_log_rewritten_and_signed_by_another_key_is_told_by_what_was_published(office: Office) -> None:
    eve = read_signer(make_key("obieg.example/log"))
    root = base64.b64encode(bytes(32)).decode()
    note = eve.note(f"obieg.example/log\n{NUMBER}\n{root}\n")
    tamper(
        office,
        f"UPDATE audit_checkpoint SET note = '{note}', root = '\\x{'00' * 32}' WHERE size = {NUMBER}",
        f"UPDATE audit_key SET id = '{eve.key.id.hex()}', verifier = '{eve.key}'",
    )

    assert {each.problem for each in findings(office)} >= {"signature", "changed"}


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (f"UPDATE audit_checkpoint SET size = size - 1 WHERE size = {NUMBER}", "changed"),
        (f"UPDATE audit_checkpoint SET root = sha256('x') WHERE size = {NUMBER}", "changed"),
        (f"UPDATE audit_checkpoint SET note = replace(note, '{NUMBER}', '599') WHERE size = {NUMBER}", "signature"),
        ("UPDATE audit_key SET verifier = verifier || 'x'", "changed"),
        ("UPDATE audit_log SET size = size + 1", "removed"),
        ("UPDATE audit_tile SET hashes = sha256('x') WHERE row = 1", "changed"),
        ("DELETE FROM audit_tile WHERE row = 0 AND number = 2", "changed"),
        ("INSERT INTO audit_tile (row, number, hashes) VALUES (0, 3, sha256('x'))", "inserted"),
        ("INSERT INTO audit_tile (row, number, hashes) VALUES (2, 0, sha256('x'))", "inserted"),
        (f"DELETE FROM audit_checkpoint WHERE size = {NUMBER // 2}", "removed"),
        (f"DELETE FROM audit_checkpoint WHERE size = {NUMBER}", "removed"),
        (f"UPDATE audit_checkpoint SET at = at - interval '1 year' WHERE size = {NUMBER}", "changed"),
        ("UPDATE audit_key SET until = since", "changed"),
    ],
)
def test_a_change_beside_the_entries_is_named(office: Office, statement: str, problem: str) -> None:
    tamper(office, statement)

    assert problem in {each.problem for each in findings(office)}


def test_times_of_keys_are_those_of_their_predecessor_s_word(office: Office) -> None:
    office.clock.advance(timedelta(hours=1))
    office.rotate()  # nothing is signed with it yet, so its time stands in that word alone
    assert findings(office) == []

    tamper(
        office,
        "UPDATE audit_key SET since = since + interval '1 minute' WHERE until IS NULL",
        "UPDATE audit_key SET until = until + interval '1 minute' WHERE until IS NOT NULL",
    )

    assert {each.problem for each in findings(office)} == {"changed"}


def test_since_when_the_first_key_signs_stands_in_what_it_has_signed(office: Office) -> None:
    tamper(office, "UPDATE audit_key SET since = since - interval '1 minute'")

    assert {each.problem for each in findings(office)} == {"changed"}
    assert all("time in which the key" in each.sentence for each in findings(office))


def test_erasing_a_person_leaves_everything_green(office: Office) -> None:
    with office.units.begin(SYSTEM) as unit:
        erased = erase_personal_data(ErasePersonalData(subject="person:Jan", reason="asked on Monday"), unit)
        unit.commit()
    office.sign()

    assert erased == NUMBER
    assert check(office.units) == []
    assert findings(office) == []


def test_a_proof_leads_from_an_entry_to_the_signed_root(office: Office) -> None:
    with office.units.reading(AUDITOR) as view:
        found = proof(view, entry_at(office, 300))

    note = read_note(found.checkpoint.note)
    assert signer(note, [read_key(each) for each in found.checkpoint.keys]) is not None
    _, size, root = read_checkpoint(note)
    path = [bytes.fromhex(step) for step in found.path]
    assert is_included(leaf_hash(found.content.encode()), found.leaf, size=size, root=root, path=path)


def test_an_entry_of_this_moment_is_proved_later_and_to_auditors_alone(office: Office) -> None:
    office.write()
    sequence(office.engine)
    newest = entry_at(office, NUMBER)

    with office.units.reading(AUDITOR) as view, pytest.raises(NotYetSigned):
        proof(view, newest)
    with office.units.reading(ANNA) as view, pytest.raises(Forbidden):
        proof(view, newest)
