"""Holds against destruction, at the same moment and through a kill: one of them wins, whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from documents.records.destroying import DestroyNextBatch
from documents.records.tombstones import DocumentDestroyed
from tests.records_office import RecordsOffice
from webapp.bootstrap import Application

YEARS = timedelta(days=6 * 366)
CLIENTS = 8
MANY = 32
VICTIM = """
import sys
from datetime import datetime
from pathlib import Path
from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from documents.records.destroying import DestroyNextBatch
from webapp.bootstrap import build
url, data, now, disposal = sys.argv[1:]
application = build(Settings(database_url=url, data=Path(data)), clock=FixedClock(datetime.fromisoformat(now)))
print("ready", flush=True)
while application.executor.execute(DestroyNextBatch(disposal_id=disposal, limit=2), actor=SYSTEM):
    print("batch", flush=True)
print("done", flush=True)
"""


@pytest.fixture
def office(application: Application) -> RecordsOffice:
    office = RecordsOffice(application)
    office.rule()
    return office


def due(office: RecordsOffice, clock: FixedClock) -> list[str]:
    found = [office.file(f"Umowa {number}") for number in range(MANY)]
    clock.advance(YEARS)
    office.compute()
    return found


def whole(office: RecordsOffice, documents: list[str], disposal: str) -> tuple[set[str], set[str]]:
    """The documents that are gone and those that are there; each is one or the other in every table."""
    gone = {each for (each,) in office.rows("SELECT document_id FROM tombstone")}
    there = {each for (each,) in office.rows("SELECT document_id FROM document_version")} & set(documents)
    told = office.rows(
        "SELECT convert_from(content, 'UTF8')::jsonb -> 'data' ->> 'document_id' FROM audit_entry"
        " WHERE type = 'document.destroyed'"
    )
    assert gone | there == set(documents)
    assert not gone & there
    assert sorted(each for (each,) in told) == sorted(gone)  # each exactly once
    items = office.items(disposal)
    assert {each for each, (state, _) in items.items() if state == "destroyed"} == gone
    assert {each for (each,) in office.rows("SELECT id FROM document WHERE destroyed_at IS NOT NULL")} == gone
    return gone, there


def test_eight_clients_place_holds_while_four_destroy(office: RecordsOffice, clock: FixedClock) -> None:
    documents = due(office, clock)
    disposal = office.disposal()
    start = threading.Barrier(CLIENTS + 4)
    held, late = set[str](), set[str]()

    def hold(number: int) -> None:
        start.wait()
        for document in documents[::-1][number::CLIENTS]:
            try:
                office.hold("document", document)
                held.add(document)
            except DocumentDestroyed:
                late.add(document)

    def destroy() -> None:
        start.wait()
        while office.do(DestroyNextBatch(disposal_id=disposal, limit=2), SYSTEM):
            pass

    with ThreadPoolExecutor(CLIENTS + 4) as pool:
        work = [pool.submit(hold, number) for number in range(CLIENTS)] + [pool.submit(destroy) for _ in range(4)]
        for each in work:
            each.result()
    gone, there = whole(office, documents, disposal)

    assert (gone, there) == (late, held)
    print(f"{len(late)} destroyed before their hold, {len(held)} held before their turn")  # noqa: T201 -- a figure
    assert {reason for _, reason in office.items(disposal).values() if reason} <= {"under legal hold: Sąd 7/26"}


def test_a_hold_on_the_case_of_all_of_them_splits_the_list_at_one_moment(
    office: RecordsOffice, clock: FixedClock
) -> None:
    from documents.links import DocumentLink

    case_id, task = office.case()
    office.complete(task)
    documents = [office.file(f"Umowa {number}", DocumentLink(kind="case", id=case_id)) for number in range(MANY)]
    clock.advance(YEARS)
    office.compute()
    disposal = office.disposal()
    office.do(DestroyNextBatch(disposal_id=disposal, limit=4), SYSTEM)

    with ThreadPoolExecutor(2) as pool:
        destroying = pool.submit(office.destroy, disposal)
        pool.submit(office.hold, "case", case_id).result()
        after = {each for (each,) in office.rows("SELECT document_id FROM tombstone")}
        destroying.result()
    gone, there = whole(office, documents, disposal)

    assert gone == after  # nothing went after the hold was told to stand
    positions = dict(office.rows("SELECT document_id, position FROM disposal_item"))
    assert not there or max(positions[each] for each in gone) < min(positions[each] for each in there)


def test_a_worker_that_is_killed_again_and_again_destroys_each_once(
    office: RecordsOffice, clock: FixedClock, database_url: str, tmp_path: Path
) -> None:
    documents = due(office, clock)
    disposal = office.disposal()
    order = [sys.executable, "-c", VICTIM, database_url, str(tmp_path / "data"), clock.now().isoformat(), disposal]
    held = set[str]()

    for turn, batches in enumerate((0, 1, 4, 2), start=1):
        with subprocess.Popen(order, stdout=subprocess.PIPE, text=True) as victim:
            assert victim.stdout is not None
            told = [victim.stdout.readline() for _ in range(batches + 1)]
            os.kill(victim.pid, signal.SIGKILL)
            assert told == ["ready\n", *["batch\n"] * batches]
        office.hold("document", documents[-turn])  # waits for what the database was about to finish
        held.add(documents[-turn])
        _, there = whole(office, documents, disposal)
        assert len(there) >= turn
    office.destroy(disposal)
    _, there = whole(office, documents, disposal)

    assert there == held
    assert {state for state, _ in office.items(disposal).values()} <= {"destroyed", "kept"}
    assert office.rows("SELECT state FROM disposal") == [("destroyed",)]
