"""Reading what is filed: asked for with the commit, done by jobs, kept beside the original, tried again."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text as sql

from core.clock import FixedClock
from core.errors import NotFound, Unavailable
from core.identity import SYSTEM, Actor
from documents.content import queries, working
from documents.content.limits import Limits
from documents.content.previews import MakePreviews
from documents.content.queries import VersionContent
from documents.content.readers import Readers, Text
from documents.content.removal import forget_content
from documents.content.texts import BATCH, Read, ReadText
from documents.content.waiting import Order, ask_again, take
from documents.content.working import work_off
from documents.filing import AddVersion, FiledDocument, FileDocument
from documents.intake import receive
from storage.blobs.store import BlobRef
from storage.jobs.worker import Worker
from tests import content_files as files
from webapp.bootstrap import Application

ANNA = Actor(id="anna", name="Anna", permissions=frozenset({"document.file"}))
BOB = Actor(id="bob", name="Bob", permissions=frozenset({"document.file"}))


@pytest.fixture
def office(application: Application) -> Application:
    """An application whose readers are quick to give up."""
    application.units.ports[Readers].close()
    application.units.ports[Readers] = Readers(Limits(seconds=5, processor_seconds=4))
    return application


def upload(office: Application, content: bytes) -> BlobRef:
    announce = office.staging.announce
    return receive(io.BytesIO(content), announced=None, limit=1 << 30, store=office.blobs, announce=announce)


def file(office: Application, content: bytes, name: str = "offer.pdf") -> FiledDocument:
    command = FileDocument(title="Offer", blob=upload(office, content), file_name=name)
    filed: FiledDocument = office.executor.execute(command, actor=ANNA)
    return filed


def content(office: Application, filed: FiledDocument) -> VersionContent:
    with office.units.reading(ANNA) as view:
        return queries.content(view, filed.id, filed.version)


def waiting(office: Application, job: str) -> int:
    with office.database.engine.connect() as connection:
        return int(
            connection.execute(
                sql("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :job AND status = 'todo'"), {"job": job}
            ).scalar_one()
        )


def test_a_filed_version_is_read_and_drawn_by_jobs(office: Application) -> None:
    filed = file(office, files.pdf("Umowa ramowa"))
    assert content(office, filed).steps["text"].state == "waiting"

    Worker(office.database.engine, office).drain()

    found = content(office, filed)
    assert (found.text, found.finding, found.is_waiting) == ("Umowa ramowa", None, False)
    assert found.steps["text"].reader is not None
    assert found.steps["text"].reader.startswith("pypdfium2 ")
    small = found.rendition("thumbnail")
    assert small is not None
    assert (small.media_type, small.width) in {("image/jpeg", 226), ("image/jpeg", 227)}
    with office.blobs.open(small.digest) as stored:
        assert stored.read(3) == b"\xff\xd8\xff"


def test_a_text_that_was_read_is_in_the_index(office: Application) -> None:
    filed = file(office, files.pdf("Postanowienia koncowe"))
    Worker(office.database.engine, office).drain()

    with office.database.engine.connect() as connection:
        query = sql("SELECT terms::text FROM search_entry WHERE kind = 'document' AND subject = :id")
        assert "postanow" in connection.execute(query, {"id": filed.id}).scalar_one()


def test_what_was_read_goes_with_its_document(office: Application) -> None:
    filed, other = file(office, files.pdf("goes")), file(office, files.pdf("stays"))
    Worker(office.database.engine, office).drain()
    small = content(office, filed).rendition("thumbnail")
    assert small is not None

    with office.units.begin(SYSTEM) as unit:
        assert forget_content(unit, [filed.id]) == {small.digest}
        unit.commit()

    assert (content(office, filed).text, content(office, filed).renditions) == (None, ())
    assert content(office, other).text == "stays"


def test_no_commit_no_reading(office: Application) -> None:
    with office.units.begin(ANNA) as unit:
        unit.session.execute(sql("SELECT 1"))

    assert waiting(office, "documents.read_text") == 0


def test_many_filed_versions_are_asked_for_once(office: Application) -> None:
    for number in range(3):
        file(office, files.pdf(f"number {number}"))

    assert waiting(office, "documents.read_text") == 1


def test_each_version_has_its_own_text(office: Application) -> None:
    filed = file(office, b"one", "a.txt")
    second = office.executor.execute(
        AddVersion(document_id=filed.id, blob=upload(office, b"two"), file_name="a.txt"), actor=ANNA
    )
    work_off(office, ReadText())

    with office.units.reading(ANNA) as view:
        assert queries.text_of(view, filed.id, 1) == "one"
        assert queries.text_of(view, second.id, 2) == "two"
        assert queries.stored_texts(view, [(filed.id, 1), (filed.id, 2)]) == {
            (filed.id, 1): "one",
            (filed.id, 2): "two",
        }


def test_who_may_not_see_the_document_may_not_see_its_text(office: Application) -> None:
    filed = file(office, b"secret", "a.txt")
    work_off(office, ReadText())

    with office.units.reading(BOB) as view:
        for ask in (queries.text_of, queries.content, queries.progress):
            with pytest.raises(NotFound):
                ask(view, filed.id, 1)
        with pytest.raises(NotFound):
            queries.rendition(view, filed.id, 1, "thumbnail")


def test_a_file_that_cannot_be_read_says_so_and_stays(office: Application) -> None:
    broken = b"%PDF-1.7 and nothing else"
    filed = file(office, broken)
    work_off(office, ReadText())

    found = content(office, filed)

    assert found.text is None
    assert found.finding == "The text could not be read: the PDF is damaged."
    assert found.steps["text"].state == "failed"
    with office.blobs.open(filed.digest) as stored:
        assert stored.read() == broken


def test_what_nothing_reads_is_done_without_a_finding(office: Application) -> None:
    filed = file(office, b"\x7fELF\x02\x01\x01" + bytes(64), "program")
    work_off(office, ReadText())

    found = content(office, filed)

    assert (found.text, found.finding, found.steps["text"].state) == (None, None, "done")


def test_a_hostile_file_among_others_costs_only_itself(office: Application) -> None:
    before = file(office, files.pdf("before"))
    bomb = file(office, files.replaced(files.word("x"), {"word/bomb.bin": bytes(100 << 20)}), "bomb.docx")
    after = file(office, files.pdf("after"))

    work_off(office, ReadText())

    assert content(office, before).text == "before"
    assert content(office, after).text == "after"
    assert "zip bomb" in str(content(office, bomb).finding)


def test_a_file_larger_than_is_read_is_kept_and_said_to_be_too_large(office: Application) -> None:
    office.units.ports[Readers] = Readers(Limits(largest_file=1 << 20))
    filed = file(office, bytes(3 << 20), "zeros.bin.txt")
    drawn = file(office, files.pdf("x") + bytes(2 << 20))

    work_off(office, ReadText())
    work_off(office, MakePreviews())

    assert content(office, drawn).finding == "The text could not be read: it has 2 MB; files of up to 1 MB are read."
    assert content(office, drawn).steps["preview"].finding is not None
    assert content(office, filed).size == 3 << 20


class Away:
    """A blob store that can be taken away and given back."""

    def __init__(self, store: Any) -> None:
        self.store, self.is_away = store, False

    def __getattr__(self, name: str) -> Any:
        if self.is_away and name in {"open", "put"}:
            raise Unavailable("The blob store does not answer. Check OBIEG_S3_ENDPOINT.")
        return getattr(self.store, name)


def test_what_could_not_be_fetched_is_read_when_the_store_is_back(office: Application) -> None:
    from storage.blobs.store import BlobStore

    filed = [file(office, files.pdf(f"number {number}")) for number in range(3)]
    store = Away(office.blobs)
    office.units.ports[BlobStore] = store
    store.is_away = True

    assert work_off(office, ReadText()) == 0
    assert [content(office, each).steps["text"].state for each in filed] == ["waiting"] * 3
    store.is_away = False
    with office.units.begin(SYSTEM) as unit:
        assert ask_again(unit) == ["text"]
        unit.commit()
    Worker(office.database.engine, office).drain()

    assert [content(office, each).text for each in filed] == ["number 0", "number 1", "number 2"]
    assert all(content(office, each).rendition("thumbnail") for each in filed)


def test_content_that_is_gone_is_a_finding_and_not_tried_for_ever(office: Application) -> None:
    filed = file(office, files.pdf("x"))
    office.blobs.delete(filed.digest)

    work_off(office, ReadText())

    assert "come back from a backup" in str(content(office, filed).finding)


def test_what_a_dead_worker_had_taken_is_read_by_another(office: Application, clock: FixedClock) -> None:
    filed = file(office, b"words", "a.txt")
    with office.units.begin(SYSTEM) as unit:
        assert len(take(unit, "text", 10)) == 1
        unit.commit()
    assert work_off(office, ReadText()) == 0

    clock.advance(timedelta(hours=1))
    assert work_off(office, ReadText()) == 1

    assert content(office, filed).text == "words"


def test_what_stops_its_reader_each_time_is_given_up(office: Application, clock: FixedClock) -> None:
    filed = file(office, b"words", "a.txt")
    for _ in range(3):
        with office.units.begin(SYSTEM) as unit:
            take(unit, "text", 10)
            unit.commit()
        clock.advance(timedelta(hours=1))

    work_off(office, ReadText())

    assert content(office, filed).finding == "The text could not be read: whoever read it was stopped each time."


def test_two_workers_share_what_waits(office: Application) -> None:
    filed = [file(office, f"number {number}".encode(), "a.txt") for number in range(60)]
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(work_off(office, ReadText()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 60
    assert {content(office, each).text for each in filed} == {f"number {number}" for number in range(60)}


def test_a_long_queue_lets_other_jobs_go_between(office: Application) -> None:
    for number in range(BATCH + 5):
        file(office, f"number {number}".encode(), "a.txt")
    with office.database.engine.begin() as connection:
        connection.execute(sql("DELETE FROM procrastinate_jobs"))

    assert work_off(office, ReadText(), turn=0) == BATCH
    assert waiting(office, "documents.read_text") == 1


@pytest.mark.parametrize("name", ["../../etc/passwd.txt", "gpj.\u202etxt", "a\x00b.txt", "$(reboot).txt", "-rf.txt"])
def test_no_name_reaches_a_path_or_a_shell(office: Application, name: str) -> None:
    filed = file(office, b"words", name)
    work_off(office, ReadText())

    found = content(office, filed)

    assert found.text == "words"
    assert not set(found.file_name) & set("/\x00\u202e")


class Odd(ReadText):
    """Reads something out of one version that no database can store."""

    def __init__(self, odd: FiledDocument) -> None:
        self.odd = odd

    def do(self, host: Any, order: Order) -> Read:
        read = super().do(host, order)
        return read if order.document_id != self.odd.id else replace(read, text=Text(text="a\x00b"))


def test_what_the_database_refuses_of_one_version_does_not_take_its_neighbours_with_it(office: Application) -> None:
    filed = [file(office, files.pdf(f"number {number}")) for number in range(3)]

    assert work_off(office, Odd(filed[1])) == 3

    found = [content(office, each) for each in filed]
    assert [each.steps["text"].state for each in found] == ["done", "failed", "done"]
    assert [each.text for each in found] == ["number 0", None, "number 2"]
    assert "cannot store what was read" in (found[1].finding or "")


def test_a_batch_that_takes_too_long_is_written_down_as_far_as_it_came(
    office: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = [file(office, files.pdf(f"number {number}")) for number in range(3)]
    monkeypatch.setattr(working, "BATCH_TIME", 0)

    assert work_off(office, ReadText()) == 3

    assert [content(office, each).text for each in filed] == ["number 0", "number 1", "number 2"]
