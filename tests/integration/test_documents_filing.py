"""Documents on a real database: filing, versions, links, rights, and what the trail keeps of it."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.clock import FixedClock
from core.errors import DomainError, IncompleteUpload, NotFound
from core.identity import SYSTEM
from documents.access import Target, VersionNotFound
from documents.filing import AddVersion, DocumentLink, FileDocument, LinkDocument, VersionConflict
from documents.intake import receive
from documents.papers import file_paper
from documents.queries import (
    attached,
    document,
    linked_documents,
    version,
    versions,
)
from documents.reading import ReadDocument
from engine.events import TaskCompleted
from storage.blobs.staging import UploadExpired
from storage.blobs.store import BlobRef
from tests.documents_samples import ANNA, BOB, Office
from webapp.policies import pin_documents

CASE, TASK = Target("case", "case-1"), Target("task", "task-1")
CUSTOMER = Target("crm.customer", "c-1")


@pytest.fixture
def office(engine: Engine, clock: FixedClock) -> Office:
    opened = Office(engine, clock)
    opened.rights.task_cases = {"task-1": "case-1"}
    for actor in (ANNA, BOB):
        opened.rights.grant(actor, CASE, TASK, CUSTOMER)
    return opened


def to(target: Target, **more: Any) -> DocumentLink:
    return DocumentLink(kind=target.kind, id=target.id, **more)


def add(office: Office, document_id: str, content: bytes, **more: Any) -> AddVersion:
    return AddVersion(document_id=document_id, blob=office.upload(content), file_name="offer.txt", **more)


def test_a_filed_document_is_there_with_its_first_version(office: Office, clock: FixedClock) -> None:
    filed = office.file("  Offer 17 ", content=b"%PDF-1.7 x", type="offer", reason="signed")

    with office.units.reading(ANNA) as view:
        found = document(view, filed.id)
    assert (found.title, found.type, found.created_by) == ("Offer 17", "offer", "anna")
    latest = found.latest
    assert (latest.n, latest.digest, latest.size) == (1, hashlib.sha256(b"%PDF-1.7 x").hexdigest(), 10)
    assert (latest.media_type, latest.file_name, latest.reason) == ("application/pdf", "offer.txt", "signed")
    assert latest.created_at == clock.now()


def test_a_document_without_a_title_is_called_after_its_file(office: Office) -> None:
    command = FileDocument(title=" ", blob=office.upload(), file_name="../Umowa ramowa.pdf")
    filed = office.run(command)

    with office.units.reading(ANNA) as view:
        assert document(view, filed.id).title == "Umowa ramowa"
        assert version(view, filed.id, 1).file_name == "Umowa ramowa.pdf"


def test_the_type_is_told_from_the_store_for_content_that_came_another_way(office: Office) -> None:
    received = office.upload(b"\x89PNG\r\n\x1a\n123")
    filed = office.run(FileDocument(title="x", blob=BlobRef(received.digest, received.size), file_name="x.txt"))

    with office.units.reading(ANNA) as view:
        assert version(view, filed.id, 1).media_type == "image/png"


def test_versions_are_added_on_top_and_the_old_ones_stay(office: Office) -> None:
    filed = office.file(content=b"one")

    second = office.run(add(office, filed.id, b"two", reason="typo", expected_version=1))

    assert (second.version, second.digest) == (2, hashlib.sha256(b"two").hexdigest())
    with office.units.reading(ANNA) as view:
        assert [(each.n, each.reason) for each in versions(view, filed.id)] == [(2, "typo"), (1, None)]
        assert version(view, filed.id, 1).digest == filed.digest
        with pytest.raises(VersionNotFound, match="no version 3"):
            version(view, filed.id, 3)


def test_of_two_uploads_on_the_same_version_one_wins(office: Office) -> None:
    filed = office.file(content=b"one")
    commands = [add(office, filed.id, content, expected_version=1) for content in (b"a", b"b")]

    def attempt(command: AddVersion) -> object:
        try:
            return office.run(command)
        except DomainError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, commands))

    refused = [each for each in outcomes if isinstance(each, VersionConflict)]
    assert len(refused) == 1
    assert "is at version 2 by now, you worked on version 1" in str(refused[0])
    assert refused[0].details["created_by"] == "anna"
    with office.units.reading(ANNA) as view:
        assert document(view, filed.id).latest.n == 2


def test_eight_uploads_that_expect_nothing_are_eight_versions(office: Office) -> None:
    filed = office.file(content=b"0")
    commands = [add(office, filed.id, bytes([number])) for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(each.version for each in pool.map(office.run, commands))

    assert numbers == list(range(2, 10))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document_version SET digest = digest",
        "DELETE FROM document_version",
        "TRUNCATE document_version CASCADE",
    ],
)
def test_the_database_refuses_to_change_a_version(office: Office, engine: Engine, statement: str) -> None:
    office.file()

    with pytest.raises(DBAPIError, match="immutable"), engine.begin() as connection:
        connection.execute(text(statement))


def test_content_that_was_never_stored_cannot_be_filed(office: Office) -> None:
    with pytest.raises(DomainError):
        office.run(FileDocument(title="x", blob=BlobRef("0" * 64, 1), file_name="x"))


def test_content_that_was_swept_cannot_be_filed(office: Office, clock: FixedClock) -> None:
    received = office.upload()
    clock.advance(timedelta(days=3))
    office.staging.sweep(office.store)

    with pytest.raises(UploadExpired):
        office.run(FileDocument(title="x", blob=received, file_name="x.txt"))


def test_filed_content_is_never_swept(office: Office, clock: FixedClock) -> None:
    filed = office.file(content=b"keep")
    clock.advance(timedelta(days=3))

    office.staging.sweep(office.store)

    assert office.store.size(filed.digest) == 4


def test_an_upload_that_breaks_off_leaves_nothing(office: Office, engine: Engine) -> None:
    with pytest.raises(IncompleteUpload):
        receive(io.BytesIO(b"abc"), announced=5, limit=10, store=office.store, announce=office.staging.announce)

    assert list(office.store.listing()) == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM blob_upload")).scalar_one() == 0


# ---- links ------------------------------------------------------------------------------------------------------


def test_a_link_follows_the_newest_version_unless_it_names_one(office: Office) -> None:
    filed = office.file(content=b"one", links=[to(CUSTOMER, version=1), to(CASE)])
    office.run(add(office, filed.id, b"two"))

    with office.units.reading(ANNA) as view:
        pinned = linked_documents(view, CUSTOMER.kind, CUSTOMER.id)[0]
        following = linked_documents(view, CASE.kind, CASE.id)[0]
    assert (pinned.n, pinned.newest, pinned.is_pinned, pinned.is_outdated) == (1, 2, True, True)
    assert (following.n, following.is_pinned, following.is_outdated) == (2, False, False)


def test_a_completed_task_keeps_the_version_that_it_was_decided_on(office: Office) -> None:
    office.units.recorders.insert(0, pin_documents)
    filed = office.file(content=b"one", links=[to(TASK)])
    used = {"document_id": filed.id, "version": 1, "type": None, "digest": filed.digest}

    with office.units.begin(ANNA) as unit:
        unit.emit(
            TaskCompleted(
                instance_id="case-1", task_id="task-1", element_id="e", form_id=None, data={}, documents=[used]
            )
        )
        unit.commit()
    office.run(add(office, filed.id, b"two"))

    with office.units.reading(ANNA) as view:
        found = attached(view, [TASK, CASE])
    assert [(each.n, each.is_pinned, each.is_outdated) for each in found[TASK]] == [(1, True, True)]
    assert [each.n for each in found[CASE]] == [2]


def test_what_is_filed_with_a_task_belongs_to_its_case(office: Office) -> None:
    filed = office.file(links=[to(TASK, role="attached")])
    other = office.file()
    office.run(LinkDocument(document_id=other.id, link=to(TASK)))

    with office.units.reading(ANNA) as view:
        found = linked_documents(view, "case", "case-1")
    assert [(each.document_id, each.role) for each in found] == [(filed.id, "attached"), (other.id, "reference")]


def test_linking_twice_changes_nothing(office: Office) -> None:
    filed = office.file(links=[to(CASE), to(CASE)])

    for _ in range(2):
        office.run(LinkDocument(document_id=filed.id, link=to(CASE)))

    with office.units.reading(ANNA) as view:
        assert len(document(view, filed.id).links) == 1
    assert [entry.type for entry in office.log(stream=f"document:{filed.id}")] == ["document.filed"]


def test_a_link_to_a_version_that_is_not_there_is_refused(office: Office) -> None:
    filed = office.file()

    with pytest.raises(VersionNotFound):
        office.run(LinkDocument(document_id=filed.id, link=to(CASE, version=2)))
    with pytest.raises(VersionNotFound):
        office.file(links=[to(CASE, version=2)])


# ---- the trail --------------------------------------------------------------------------------------------------


def test_the_trail_of_the_case_shows_document_version_and_digest(office: Office) -> None:
    filed = office.file("Offer", content=b"one", links=[to(TASK)])
    second = office.run(add(office, filed.id, b"two"), BOB)
    office.run(ReadDocument(document_id=filed.id, n=1), BOB)

    found = office.log(case="case-1")

    assert [(entry.type, entry.actor_id) for entry in found] == [
        ("document.filed", "anna"),
        ("document.version_added", "bob"),
        ("document.read", "bob"),
    ]
    assert [entry.data["version"] for entry in found] == [1, 2, 1]
    assert [entry.data["digest"] for entry in found] == [filed.digest, second.digest, filed.digest]
    assert found[1].data["previous"] == filed.digest
    assert {entry.data["title"] for entry in found} == {"Offer"}


def test_the_trail_of_each_case_shows_a_document_of_both(office: Office) -> None:
    other = Target("case", "case-2")
    office.rights.grant(ANNA, other)
    filed = office.file(links=[to(CASE)])

    office.run(LinkDocument(document_id=filed.id, link=to(other)))
    office.run(add(office, filed.id, b"two"))

    assert [entry.type for entry in office.log(case="case-1")] == ["document.filed", "document.version_added"]
    assert [entry.type for entry in office.log(case="case-2")] == ["document.linked", "document.version_added"]


def test_a_pinned_link_hears_nothing_of_later_versions(office: Office) -> None:
    filed = office.file(links=[to(CASE, version=1)])

    office.run(add(office, filed.id, b"two"))

    assert [entry.type for entry in office.log(case="case-1")] == ["document.filed"]


def test_a_read_belongs_to_the_case_that_the_reader_came_from(office: Office) -> None:
    other = Target("case", "case-2")
    office.rights.grant(ANNA, other)
    filed = office.file(links=[to(CASE), to(other)])

    content = office.run(ReadDocument(document_id=filed.id, n=1, case_id="case-2"))
    office.run(ReadDocument(document_id=filed.id, n=1, case_id="case-of-somebody-else"))

    assert (content.digest, content.size, content.media_type) == (filed.digest, 5, "text/plain")
    reads = [entry.case for entry in office.log(stream=f"document:{filed.id}") if entry.type == "document.read"]
    assert reads == ["case-2", "case-1"]
    with pytest.raises(NotFound):
        office.run(ReadDocument(document_id=filed.id, n=2))


def test_a_process_files_what_it_made_in_its_own_unit(office: Office) -> None:
    with office.units.begin(SYSTEM) as unit:
        filed = file_paper(
            unit,
            title="Approval sheet",
            type="approval_sheet",
            content=b"%PDF-1.7",
            file_name="a.pdf",
            links=(to(CASE),),
        )
        unit.commit()

    with office.units.reading(ANNA) as view:
        found = linked_documents(view, "case", "case-1")[0]
    assert (found.document_id, found.media_type, found.created_by) == (filed.id, "application/pdf", "system")


def test_a_process_that_fails_leaves_neither_document_nor_claim(
    office: Office, engine: Engine, clock: FixedClock
) -> None:
    with office.units.begin(SYSTEM) as unit:
        filed = file_paper(unit, title="x", type=None, content=b"lost", file_name="x.txt", links=(to(CASE),))

    clock.advance(timedelta(days=3))
    office.staging.sweep(office.store)

    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM document")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM blob")).scalar_one() == 0
    assert filed.digest not in {blob.digest for blob, _ in office.store.listing()}
