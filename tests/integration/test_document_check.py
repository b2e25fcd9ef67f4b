"""Any single change of a document's versions or bytes is found by the check of everything, and named."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.identity import SYSTEM
from documents.filing import AddVersion, FileDocument
from documents.intake import receive
from webapp.bootstrap import Application
from webapp.document_check import check_content, check_versions

OPTIONS = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
ROW = "document_id = :document AND n = :n"
CHANGES = {
    "digest": ("UPDATE document_version SET digest = :other WHERE " + ROW, "changed"),
    "size": ("UPDATE document_version SET size = size + 1 WHERE " + ROW, "changed"),
    "type": ("UPDATE document_version SET media_type = 'text/html' WHERE " + ROW, "changed"),
    "author": ("UPDATE document_version SET created_by = 'eve' WHERE " + ROW, "changed"),
    "removed": ("DELETE FROM document_version WHERE " + ROW, "removed"),
    "moved": ("UPDATE document_version SET n = 9 WHERE " + ROW, "removed"),
    "inserted": (
        "INSERT INTO document_version (document_id, n, digest, size, media_type, file_name, created_at, created_by) "
        "SELECT document_id, 7, digest, size, media_type, file_name, created_at, created_by FROM document_version "
        "WHERE " + ROW,
        "changed",
    ),
}


@dataclass
class Archive:
    """Two documents with two versions each."""

    application: Application
    versions: list[tuple[str, int, str]]  # document, number, digest

    def findings(self) -> list[tuple[str, str, str]]:
        with self.application.units.reading(SYSTEM) as view:
            found = [*check_versions(view), *check_content(view, self.application.blobs, lambda _done, _total: None)]
        return [(each.stream, each.problem, each.sentence) for each in found]

    def file(self, digest: str) -> Path:
        root = self.application.settings.data
        (path,) = [each for each in root.rglob(f"*{digest}") if each.is_file()]
        return path


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
                document = run(FileDocument(title=name, blob=blob, file_name="a.txt"), actor=SYSTEM).id
            else:
                run(AddVersion(document_id=document, blob=blob, file_name="a.txt"), actor=SYSTEM)
            versions.append((document, n, blob.digest))
    return Archive(application, versions)


def findings_after(archive: Archive, *statements: tuple[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What the check says after an owner of the database has changed something; it is put back afterwards."""
    engine = archive.application.database.engine
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("CREATE TABLE kept_version AS TABLE document_version"))
        for statement, values in statements:
            connection.execute(text(statement), values)
    try:
        return archive.findings()
    finally:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text("DELETE FROM document_version"))
            connection.execute(text("INSERT INTO document_version SELECT * FROM kept_version"))
            connection.execute(text("DROP TABLE kept_version"))


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
    assert {stream for stream, _, _ in found} == {f"document:{document}"}


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
