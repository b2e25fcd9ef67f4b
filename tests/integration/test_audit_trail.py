"""The trail on a real database: what is recorded, who reads it, what is refused, and that tampering is found."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from audit import recorder
from audit.content import GENESIS, canonical, chain_hash
from audit.erasing import ErasePersonalData, erase_personal_data
from audit.heads import RecentHeads
from audit.queries import entries, entry, trail
from audit.recorder import AT_ONCE, record
from audit.verify import check_chains
from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput, NotFound, StaleState
from core.identity import SYSTEM
from core.messages import Event
from storage.unit_of_work import UnitFactory
from tests.audit_samples import ANNA, AUDITOR, check, noted, recording, write
from tests.protocol import listening


@pytest.fixture
def units(engine: Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> UnitFactory:
    monkeypatch.setattr(recorder, "RECENT", RecentHeads())  # of another test's database
    return recording(engine, clock)


def test_each_entry_carries_the_hash_of_the_one_before(units: UnitFactory, engine: Engine) -> None:
    write(units, noted(), noted("case:2"), noted())
    write(units, noted())

    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT stream_seq, content, previous_hash, hash FROM audit_entry WHERE stream = 'case:1' ORDER BY 1")
        ).all()
    assert [row.stream_seq for row in rows] == [1, 2, 3]
    assert rows[0].previous_hash == GENESIS
    for before, row in zip([GENESIS, *(row.hash for row in rows)], rows, strict=False):
        assert row.previous_hash == before
        assert row.hash == chain_hash(before, row.content)


def test_the_hashed_bytes_are_the_canonical_form_of_the_event(units: UnitFactory, engine: Engine) -> None:
    write(units, noted(note={"b": Decimal("10.50"), "a": date(2026, 1, 5), "n": 2**60}, case="case-1"))

    with engine.connect() as connection:
        content = connection.execute(text("SELECT content FROM audit_entry")).scalar_one()
    said = json.loads(content)
    assert canonical(said) == content
    assert said["data"] == {"note": {"a": "2026-01-05", "b": "10.50", "n": str(2**60)}, "where": "case:1"} | {
        "case_id": "case-1"
    }
    assert (said["type"], said["at"], said["case"]) == ("test.noted", "2026-01-05T07:00:00.000000Z", "case-1")
    assert said["actor"] == "anna"


def counted(units: UnitFactory, *events: Event, revision: int = 1) -> int:
    """How many statements record these events in a unit that holds their subject at this revision."""
    with units.begin(ANNA) as unit:
        assert unit.driver  # a new connection asks its server a few things
    with listening(units.engine) as sent, units.begin(ANNA) as unit:
        unit.revisions = {event.stream: (revision, revision) for event in events}
        for event in events:
            unit.emit(event)
        unit.commit()
    return sent.statements


def test_a_unit_costs_two_statements_whatever_the_number_of_events(units: UnitFactory) -> None:
    assert counted(units, *[noted(f"case:{number % 3}") for number in range(20)]) == 2


def test_a_unit_that_goes_on_with_a_chain_costs_one_statement(units: UnitFactory) -> None:
    counted(units, noted())

    assert counted(units, noted(), noted(person="Jan")) == 1
    assert check(units) == []
    with units.reading(AUDITOR) as view:
        assert [each.seq for each in entries(view).items] == [1, 2, 3]


def test_a_chain_whose_subject_another_process_changed_goes_on_from_its_true_end(
    units: UnitFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(units, noted())
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(recorder, "RECENT", RecentHeads())
        counted(units, noted(person="Ola"), revision=2)

    counted(units, noted(person="Jan"), revision=3)

    assert check(units) == []
    with units.reading(AUDITOR) as view:
        assert [each.data["person"] for each in entries(view, stream="case:1").items[1:]] == ["Ola", "Jan"]


def test_a_chain_that_moved_while_its_subject_stayed_refuses_the_unit_once_as_stale(
    units: UnitFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(units, noted())
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(recorder, "RECENT", RecentHeads())
        counted(units, noted(person="Ola"))

    with pytest.raises(StaleState):
        counted(units, noted(person="Jan"))
    counted(units, noted(person="Jan"))

    assert check(units) == []
    with units.reading(AUDITOR) as view:
        assert [each.data["person"] for each in entries(view, stream="case:1").items[1:]] == ["Ola", "Jan"]


def test_a_unit_that_was_undone_is_not_remembered(units: UnitFactory) -> None:
    write(units, noted())
    with units.begin(ANNA) as unit:
        record(unit, [noted()])

    write(units, noted())

    assert check(units) == []
    with units.reading(AUDITOR) as view:
        assert [each.seq for each in entries(view).items] == [1, 2]


def test_a_unit_that_does_not_commit_leaves_no_entry_and_no_gap(units: UnitFactory) -> None:
    with units.begin(ANNA) as unit:
        record(unit, [noted()])
    write(units, noted())

    with units.reading(AUDITOR) as view:
        assert [each.seq for each in entries(view).items] == [1]
    assert check(units) == []


def test_more_events_than_one_statement_takes_are_one_chain(units: UnitFactory) -> None:
    write(units, noted("case:2"), *[noted() for _ in range(AT_ONCE + 5)], noted("case:3"))

    assert check(units) == []
    with units.reading(AUDITOR) as view:
        page = entries(view, stream="case:1", newest_first=True, limit=1)
    assert page.items[0].seq == AT_ONCE + 5


def test_eight_writers_on_one_new_stream_leave_no_gap(units: UnitFactory) -> None:
    each_writes = 15

    def work(number: int) -> int:
        retried = 0
        for step in range(each_writes):
            while True:
                try:
                    write(units, noted(note=[number, step]), *[noted("case:other")][: step % 2])  # both ways to append
                except StaleState:
                    retried += 1
                else:
                    break
        return retried

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    with units.reading(AUDITOR) as view:
        found = entries(view, stream="case:1", limit=1000).items
    assert [each.seq for each in found] == list(range(1, 8 * each_writes + 1))
    assert check(units) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET type = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_stream",
        "TRUNCATE audit_stream",
        "UPDATE audit_stream SET seq = seq - 1",
        "UPDATE audit_stream SET hash = '\\x00'",
    ],
)
def test_the_database_refuses_to_change_the_trail(units: UnitFactory, engine: Engine, statement: str) -> None:
    write(units, noted())

    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))

    assert check(units) == []


def test_the_whole_log_is_for_auditors(units: UnitFactory) -> None:
    write(units, noted())

    with units.reading(ANNA) as view:
        with pytest.raises(Forbidden):
            entries(view)
        with pytest.raises(Forbidden):
            check_chains(view)


def test_the_trail_of_a_case_is_for_those_who_may_see_it(units: UnitFactory) -> None:
    write(units, noted(case="case-1"), noted("document:7", case="case-1"), noted("case:2", case="case-2"))

    with units.reading(ANNA) as view:
        found = trail(view, "case-1").items
        with pytest.raises(NotFound):
            trail(view, "case-2")
    assert [each.stream for each in found] == ["case:1", "document:7"]
    assert found[0].actor_name == "Anna Kowalska"
    assert found[0].actor_address == "10.0.0.7"
    assert found[0].data["person"] == "Jan"


def test_the_system_needs_no_secret_name(units: UnitFactory) -> None:
    write(units, noted(), actor=SYSTEM)

    with units.reading(AUDITOR) as view:
        found = entries(view).items[0]
    assert (found.actor_id, found.actor_name, found.actor_address) == ("system", "Obieg", None)
    assert not found.erased


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_follow_one_another_without_loss(units: UnitFactory, newest_first: bool) -> None:
    write(units, *[noted(note=number) for number in range(25)])
    seen: list[int] = []
    after = None

    with units.reading(AUDITOR) as view:
        while True:
            page = entries(view, after=after, limit=10, newest_first=newest_first)
            seen += [each.seq for each in page.items]
            if (after := page.next) is None:
                break

    assert seen == sorted(range(1, 26), reverse=newest_first)


def test_an_entry_can_be_asked_for_by_its_id(units: UnitFactory) -> None:
    write(units, noted())

    with units.reading(AUDITOR) as view:
        known = entries(view).items[0]
        assert entry(view, known.id) == known
        with pytest.raises(NotFound):
            entry(view, "0" * 26)


def test_entries_keep_their_order_when_a_clock_was_ahead(units: UnitFactory, engine: Engine) -> None:
    write(units, noted())
    ahead = "7ZZZZZZZZZZZZZZZZZZZZZZZZ0"
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_stream DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit_stream SET last_id = :ahead"), {"ahead": ahead})

    write(units, noted(), noted())

    with units.reading(AUDITOR) as view:
        found = entries(view).items
    assert [each.seq for each in found] == [1, 2, 3]
    assert found[1].id == "7ZZZZZZZZZZZZZZZZZZZZZZZZ1"


def test_erased_data_are_gone_and_the_chains_still_verify(units: UnitFactory) -> None:
    write(units, noted(person="Jan"), noted("case:2", person="Ola"))

    with units.begin(ANNA) as unit:
        erased = erase_personal_data(ErasePersonalData(subject="person:Jan", reason="asked on 2026-01-04"), unit)
        unit.commit()

    assert erased == 1
    with units.reading(AUDITOR) as view:
        first, second, proof = entries(view).items
    assert (first.data["person"], first.erased) == (None, {"person"})
    assert (second.data["person"], second.erased) == ("Ola", frozenset())
    assert (proof.type, proof.data["values"]) == ("audit.personal_data_erased", 1)
    assert check(units) == []


def test_a_person_who_acted_can_be_erased(units: UnitFactory, engine: Engine) -> None:
    write(units, noted())

    with units.begin(SYSTEM) as unit:
        erase_personal_data(ErasePersonalData(subject="account:anna", reason="left the firm"), unit)
        unit.commit()

    with units.reading(AUDITOR) as view:
        found = entries(view, stream="case:1").items[0]
    assert (found.actor, found.actor_name, found.erased) == ("anna", None, {"actor.name", "actor.address"})
    with engine.connect() as connection:
        contents = connection.execute(text("SELECT string_agg(encode(content, 'escape'), ' ') FROM audit_entry"))
        assert "Kowalska" not in contents.scalar_one()


def test_erasing_asks_for_a_reason(units: UnitFactory) -> None:
    with units.begin(SYSTEM) as unit, pytest.raises(InvalidInput):
        erase_personal_data(ErasePersonalData(subject="account:anna", reason=" "), unit)


def test_progress_is_told(units: UnitFactory) -> None:
    write(units, *[noted() for _ in range(2500)])
    told: list[tuple[int, int]] = []

    with units.reading(AUDITOR) as view:
        check_chains(view, lambda done, total: told.append((done, total)))

    assert told == [(2000, 2500), (2500, 2500)]
