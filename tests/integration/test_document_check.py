"""Any single change of a document's rows or bytes is found by the check of everything, and named."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from audit.erasing import ErasePersonalData
from core.clock import FixedClock
from core.identity import SYSTEM
from documents.filing import AddVersion, DocumentLink, FileDocument
from documents.intake import receive
from documents.metadata import EditDocument
from documents.states import change_state
from webapp.bootstrap import Application
from webapp.cli.audit import check_records
from webapp.document_check import check_blobs, check_content

OPTIONS = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
TABLES = ("document_version", "document_link", "document", "blob")
ROW = "document_id = :document AND n = :n"
CHANGES = {
    "digest": ("UPDATE document_version SET digest = :other WHERE " + ROW, "changed"),
    "size": ("UPDATE document_version SET size = size + 1 WHERE " + ROW, "changed"),
    "type": ("UPDATE document_version SET media_type = 'text/html' WHERE " + ROW, "changed"),
    "author": ("UPDATE document_version SET created_by = 'eve' WHERE " + ROW, "changed"),
    "file name": ("UPDATE document_version SET file_name = 'b.txt' WHERE " + ROW, "changed"),
    "reason": ("UPDATE document_version SET reason = 'as agreed' WHERE " + ROW, "changed"),
    "date": (
        "UPDATE document_version SET created_at = created_at - interval '1 microsecond' WHERE " + ROW,
        "changed",
    ),
    "removed": ("DELETE FROM document_version WHERE " + ROW, "removed"),
    "moved": ("UPDATE document_version SET n = 9 WHERE " + ROW, "removed"),
    "inserted": (
        "INSERT INTO document_version (document_id, n, digest, size, media_type, file_name, created_at, created_by) "
        "SELECT document_id, 7, digest, size, media_type, file_name, created_at, created_by FROM document_version "
        "WHERE " + ROW,
        "changed",
    ),
}


DOCUMENT = {
    "state": ("UPDATE document SET state = 'signed' WHERE id = :document", "changed"),
    "newest hidden": ("UPDATE document SET latest = 1 WHERE id = :document", "changed"),
    "said to be destroyed": ("UPDATE document SET destroyed_at = now() WHERE id = :document", "changed"),
    "title": ("UPDATE document SET title = 'Aneks 2' WHERE id = :document", "changed"),
    "type": ("UPDATE document SET type = 'offer' WHERE id = :document", "changed"),
    "number": ("UPDATE document SET number = '7/2026' WHERE id = :document", "changed"),
    "tags": ("UPDATE document SET tags = '{}' WHERE id = :document", "changed"),
    "fields": ("""UPDATE document SET fields = '{"amount": 13}' WHERE id = :document""", "changed"),
    "link removed": ("DELETE FROM document_link WHERE document_id = :document", "removed"),
    "link moved": ("UPDATE document_link SET target = 'case-2' WHERE document_id = :document", "removed"),
    "personal value": (
        (
            "INSERT INTO audit_personal (commitment, subject, salt, content) "
            "SELECT sha256('ab'), 'document:' || :document, 'a', 'b'"
        ),
        "inserted",
    ),
    "role of a link": ("UPDATE document_link SET role = 'offer' WHERE document_id = :document", "removed"),
    "link inserted": (
        (
            "INSERT INTO document_link (id, document_id, kind, target, role, created_at, created_by) SELECT "
            "'L' || substr(id, 2), document_id, kind, 'case-2', role, created_at, created_by FROM document_link "
            "WHERE document_id = :document"
        ),
        "inserted",
    ),
}


@dataclass
class Archive:
    """Two documents with two versions each."""

    application: Application
    versions: list[tuple[str, int, str]]  # document, number, digest

    def findings(self) -> list[tuple[str, str, str]]:
        with self.application.units.reading(SYSTEM) as view:
            blobs = self.application.blobs
            content = check_content(view, blobs, lambda _done, _total: None)
            found = [*check_records(view), *content, *check_blobs(view, blobs)]
        return [(each.stream, each.problem, each.sentence) for each in found]

    def file(self, digest: str) -> Path:
        root = self.application.settings.data
        (path,) = [each for each in root.rglob(f"*{digest}") if each.is_file()]
        return path


class MovingClock(FixedClock):
    """No two moments are the same."""

    def now(self) -> datetime:
        return self.advance(timedelta(milliseconds=1))


@pytest.fixture
def clock() -> FixedClock:
    return MovingClock(datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.fixture
def archive(application: Application) -> Archive:
    run, versions = application.executor.execute, []
    for name in ("Umowa", "Aneks"):
        document = None
        for n in (1, 2):
            content = f"{name} {n}".encode()
            blob = receive(
                io.BytesIO(content),
                announced=None,
                limit=1000,
                store=application.blobs,
                announce=application.staging.announce,
            )
            if document is None:
                link = DocumentLink(kind="crm.customer", id="customer-1")
                said: Any = {"tags": ("stal",), "fields": {"amount": 12}, "number": f"{name} 1"}
                command = FileDocument(title=name, blob=blob, file_name="a.txt", links=(link,), **said)
                document = run(command, actor=SYSTEM).id
            else:
                run(AddVersion(document_id=document, blob=blob, file_name="a.txt"), actor=SYSTEM)
            versions.append((document, n, blob.digest))
    return Archive(application, versions)


def findings_after(archive: Archive, *statements: tuple[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What the check says after an owner of the database has changed something; it is put back afterwards."""
    engine = archive.application.database.engine
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in TABLES:
            connection.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))
        for statement, values in statements:
            connection.execute(text(statement), values)
    try:
        return archive.findings()
    finally:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in TABLES:
                connection.execute(text(f"DELETE FROM {table}"))
                connection.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))
                connection.execute(text(f"DROP TABLE kept_{table}"))


def test_what_nobody_touched_has_no_findings(archive: Archive) -> None:
    assert archive.findings() == []


@given(kind=st.sampled_from(sorted(CHANGES)), place=st.integers(min_value=0, max_value=3))
@settings(max_examples=25, **OPTIONS)  # type: ignore[arg-type]
def test_any_single_change_of_a_version_is_found_and_named(archive: Archive, kind: str, place: int) -> None:
    statement, problem = CHANGES[kind]
    document, n, _ = archive.versions[place]
    other = archive.versions[(place + 1) % 4][2]

    found = findings_after(archive, (statement, {"document": document, "n": n, "other": other}))

    named = [sentence for stream, what, sentence in found if (stream, what) == (f"document:{document}", problem)]
    assert any(document in sentence for sentence in named), (kind, found)
    assert {stream for stream, _, _ in found if not stream.startswith("blob:")} == {f"document:{document}"}


@pytest.mark.parametrize("kind", sorted(DOCUMENT))
def test_any_single_change_of_a_document_or_its_links_is_found_and_named(archive: Archive, kind: str) -> None:
    statement, problem = DOCUMENT[kind]
    document = archive.versions[0][0]

    found = findings_after(archive, (statement, {"document": document}))

    assert {stream for stream, _, _ in found} == {f"document:{document}"}
    assert any(document in sentence for _, what, sentence in found if what == problem), found


def test_a_document_that_went_from_state_to_state_has_no_findings(archive: Archive) -> None:
    with archive.application.units.begin(SYSTEM) as unit:
        for state in ("in_review", "approved"):
            change_state(unit, archive.versions[0][0], state)
        unit.commit()

    assert archive.findings() == []


def test_a_file_name_that_was_erased_from_the_trail_is_no_finding(archive: Archive) -> None:
    command = ErasePersonalData(subject=f"document:{archive.versions[0][0]}", reason="asked on Monday")

    archive.application.executor.execute(command, actor=SYSTEM)

    assert archive.findings() == []


def test_a_document_that_was_described_anew_has_no_findings_and_the_old_description_is_one(archive: Archive) -> None:
    document = archive.versions[0][0]
    archive.application.executor.execute(
        EditDocument(document_id=document, title="Umowa 2", tags=("miedź",), fields={"amount": 14}), actor=SYSTEM
    )
    assert archive.findings() == []

    before = "UPDATE document SET title = 'Umowa', tags = '{stal}' WHERE id = :document"
    found = findings_after(archive, (before, {"document": document}))

    assert [(stream, problem, " ".join(sentence.split()[:2])) for stream, problem, sentence in found] == [
        (f"document:{document}", "changed", "The title"),
        (f"document:{document}", "changed", "The tags"),
    ]


@pytest.mark.parametrize("name", ["title", "file_name", "description"])
def test_a_personal_value_that_is_gone_without_an_erasure_is_found_and_named(archive: Archive, name: str) -> None:
    gone = """DELETE FROM audit_personal WHERE commitment = (SELECT
        decode(convert_from(content, 'UTF8')::jsonb -> 'personal' ->> :name, 'hex') FROM audit_entry
        WHERE stream = :stream AND type = 'document.filed')"""
    stream = f"document:{archive.versions[0][0]}"

    with archive.application.database.engine.begin() as connection:
        connection.execute(text(gone), {"stream": stream, "name": name})

    ((found, problem, sentence),) = archive.findings()
    assert (found, problem) == (stream, "removed")
    assert f"“{name}”" in sentence


def test_what_was_told_after_an_erasure_is_still_looked_for(archive: Archive) -> None:
    document = archive.versions[0][0]
    run = archive.application.executor.execute
    run(ErasePersonalData(subject=f"document:{document}", reason="asked on Monday"), actor=SYSTEM)
    run(EditDocument(document_id=document, tags=("miedź",)), actor=SYSTEM)
    assert archive.findings() == []

    with archive.application.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_personal WHERE subject = :s"), {"s": f"document:{document}"})

    assert {problem for _, problem, _ in archive.findings()} == {"removed"}


def test_content_that_nobody_filed_is_found_in_the_store_and_in_the_database(archive: Archive) -> None:
    stored = archive.application.blobs.put(io.BytesIO(b"slipped in"))
    sentence = f"Blob {stored.digest} was inserted"
    (found,) = archive.findings()
    assert found[0] == f"blob:{stored.digest}"
    assert found[2].startswith(sentence)

    row = "INSERT INTO blob (digest, size, claimed_at) VALUES (:digest, :size, now())"
    (found,) = findings_after(archive, (row, {"digest": stored.digest, "size": stored.size}))

    assert found == (f"blob:{stored.digest}", "inserted", f"{sentence}: nothing in the database names it.")


def test_content_that_is_on_its_way_is_no_finding(archive: Archive) -> None:
    receive(
        io.BytesIO(b"not filed yet"),
        announced=None,
        limit=1000,
        store=archive.application.blobs,
        announce=archive.application.staging.announce,
    )

    assert archive.findings() == []


def test_an_entry_that_cannot_be_read_is_a_finding_and_stops_nothing(archive: Archive) -> None:
    document = archive.versions[0][0]
    with archive.application.database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        statement = "UPDATE audit_entry SET content = 'x' WHERE stream = :stream AND type = 'document.filed'"
        connection.execute(text(statement), {"stream": f"document:{document}"})

    found = archive.findings()

    assert {(stream, problem) for stream, problem, _ in found} == {("audit:log", "changed")}
    assert all("cannot be read" in sentence for _, _, sentence in found)


@pytest.mark.parametrize("other", [1, 2])
def test_swapped_versions_are_both_found(archive: Archive, other: int) -> None:
    (document, n, digest), (second, m, theirs) = archive.versions[0], archive.versions[other]
    swap = "UPDATE document_version SET digest = :digest WHERE " + ROW

    found = findings_after(
        archive,
        (swap, {"document": document, "n": n, "digest": theirs}),
        (swap, {"document": second, "n": m, "digest": digest}),
    )

    changed = [sentence for _, problem, sentence in found if problem == "changed"]
    for key, number in ((document, n), (second, m)):
        assert any(f"Version {number} of the document {key}," in sentence for sentence in changed)
    assert len(changed) == 2


@given(data=st.data())
@settings(max_examples=25, **OPTIONS)  # type: ignore[arg-type]
def test_any_single_change_of_a_blob_is_found_and_named(archive: Archive, data: st.DataObject) -> None:
    _, _, digest = data.draw(st.sampled_from(archive.versions))
    _, _, other = data.draw(st.sampled_from([each for each in archive.versions if each[2] != digest]))
    act = data.draw(st.sampled_from(["flip", "cut", "grow", "remove", "swap"]))
    place, second = archive.file(digest), archive.file(other)
    content, theirs = place.read_bytes(), second.read_bytes()
    for each in (place, second):
        each.chmod(0o600)
    if act == "flip":
        at = data.draw(st.integers(min_value=0, max_value=len(content) - 1))
        place.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    elif act == "cut":
        place.write_bytes(content[:-1])
    elif act == "grow":
        place.write_bytes(content + b"x")
    elif act == "remove":
        place.unlink()
    else:
        place.write_bytes(theirs)
        second.write_bytes(content)

    try:
        found = archive.findings()
    finally:
        place.write_bytes(content)
        second.write_bytes(theirs)

    expected = {f"blob:{digest}", f"blob:{other}"} if act == "swap" else {f"blob:{digest}"}
    assert {stream for stream, problem, _ in found if problem == "content"} == expected
    assert len(found) == len(expected)
    assert all(stream.removeprefix("blob:") in sentence for stream, _, sentence in found)
