"""Versions compared and restored, and folders that keep a search."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import Actor
from documents.access import DocumentNotFound, VersionNotFound
from documents.comparing import CompareVersions
from documents.filing import AddVersion, FiledDocument, VersionConflict
from documents.folders import (
    MOST,
    FolderNotFound,
    FolderNotYours,
    RemoveFolder,
    SaveFolder,
    folder,
    folders,
)
from documents.locks import DocumentLocked, LockDocument
from documents.queries import version
from documents.restoring import RestoreVersion
from tests.documents_samples import ANNA, BOB, Office

GUEST = Actor(id="guest", name="Guest")
ADMIN = Actor(id="admin", name="Admin", permissions=frozenset({"document.administer"}))


@pytest.fixture
def office(engine: Engine, clock: FixedClock) -> Office:
    return Office(engine, clock)


@pytest.fixture
def contract(office: Office) -> FiledDocument:
    filed = office.file(content=b"Payment in 14 days.\nPrices are net.")
    office.run(version_of(office, filed.id, b"Payment in 30 days.\nPrices are net."))
    return filed


def version_of(office: Office, document_id: str, content: bytes) -> AddVersion:
    return AddVersion(document_id=document_id, blob=office.upload(content), file_name="offer.txt")


def names(office: Office, actor: Actor) -> list[str]:
    with office.units.reading(actor) as view:
        return [each.name for each in folders(view)]


def test_two_versions_are_compared_and_both_readings_are_in_the_trail(office: Office, contract: FiledDocument) -> None:
    compared = office.run(CompareVersions(document_id=contract.id, before=1, after=2))

    found = compared.difference()
    assert [row.kind for row in found.rows] == ["changed", "same"]
    assert [(entry.type, entry.data["version"]) for entry in office.log()[-2:]] == [
        ("document.read", 1),
        ("document.read", 2),
    ]


def test_what_has_no_text_is_compared_by_its_bytes(office: Office) -> None:
    filed = office.file(content=b"\x89PNG\r\n\x1a\n1")
    office.run(version_of(office, filed.id, b"\x89PNG\r\n\x1a\n2"))

    compared = office.run(CompareVersions(document_id=filed.id, before=1, after=2))

    assert (compared.difference(), compared.is_same_content) == (None, False)


def test_only_readers_compare_and_only_what_is_there(office: Office, contract: FiledDocument) -> None:
    with pytest.raises(DocumentNotFound):
        office.run(CompareVersions(document_id=contract.id, before=1, after=2), BOB)
    with pytest.raises(VersionNotFound):
        office.run(CompareVersions(document_id=contract.id, before=1, after=3))
    with pytest.raises(InvalidInput, match="two different"):
        office.run(CompareVersions(document_id=contract.id, before=2, after=2))


def test_an_earlier_version_becomes_the_newest(office: Office, contract: FiledDocument) -> None:
    restored = office.run(RestoreVersion(document_id=contract.id, n=1, expected_version=2))

    with office.units.reading(ANNA) as view:
        newest, first = (version(view, contract.id, n) for n in (3, 1))
    assert (restored.version, newest.digest, newest.reason) == (3, first.digest, "version 1 again")


def test_restoring_keeps_the_rules_of_adding_a_version(office: Office, contract: FiledDocument) -> None:
    with pytest.raises(InvalidInput, match="newest already"):
        office.run(RestoreVersion(document_id=contract.id, n=2))
    with pytest.raises(VersionConflict):
        office.run(RestoreVersion(document_id=contract.id, n=1, expected_version=1))
    office.rights.grant(BOB)
    shared = office.file(actor=BOB)
    office.run(LockDocument(document_id=shared.id), BOB)
    with pytest.raises(DocumentNotFound):
        office.run(RestoreVersion(document_id=shared.id, n=1))


def test_what_somebody_has_checked_out_is_not_restored_by_others(office: Office, contract: FiledDocument) -> None:
    chief = Actor(id="chief", name="Chief", permissions=frozenset({"document.file", "document.read_all"}))
    office.run(LockDocument(document_id=contract.id))

    with pytest.raises(DocumentLocked):
        office.run(RestoreVersion(document_id=contract.id, n=1), chief)


def test_folders_are_kept_for_oneself_or_for_all(office: Office) -> None:
    office.run(SaveFolder(name="My drafts", filters={"state": "draft", "mine": True, "colour": "red"}))
    office.run(
        SaveFolder(name="Contracts 2026", query="after:2026-01-01", filters={"type": "contract"}, is_shared=True)
    )

    assert (names(office, ANNA), names(office, BOB)) == (["Contracts 2026", "My drafts"], ["Contracts 2026"])
    with office.units.reading(BOB) as view:
        shared = folders(view)[0]
    assert (shared.query, shared.filters, shared.owner) == ("after:2026-01-01", {"type": "contract"}, "anna")


def test_a_folder_of_ones_own_does_not_exist_for_others(office: Office) -> None:
    kept = office.run(SaveFolder(name="Mine"))

    with office.units.reading(BOB) as view, pytest.raises(FolderNotFound):
        folder(view, kept)
    with pytest.raises(FolderNotFound):
        office.run(RemoveFolder(id=kept), BOB)


def test_a_shared_folder_is_changed_by_its_owner_or_an_administrator(office: Office) -> None:
    kept = office.run(SaveFolder(name="All", is_shared=True))

    with pytest.raises(FolderNotYours, match="belongs to anna"):
        office.run(SaveFolder(id=kept, name="Bob's"), BOB)
    office.run(SaveFolder(id=kept, name="Ours", is_shared=True))
    office.run(RemoveFolder(id=kept), ADMIN)

    assert names(office, ANNA) == []
    assert [entry.type for entry in office.log()] == [
        "document_folder.saved",
        "document_folder.saved",
        "document_folder.removed",
    ]


@pytest.mark.parametrize("values", [{"name": " "}, {"name": "x" * 81}, {"name": "x", "query": "y" * 1001}])
def test_a_folder_that_cannot_be_kept_is_refused(office: Office, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        office.run(SaveFolder(**values))


def test_sharing_needs_the_right_to_file(office: Office) -> None:
    office.run(SaveFolder(name="Mine"), GUEST)

    with pytest.raises(Forbidden, match="not share"):
        office.run(SaveFolder(name="Ours", is_shared=True), GUEST)


def test_nobody_keeps_folders_without_end(office: Office) -> None:
    for n in range(MOST):
        office.run(SaveFolder(name=str(n)))

    with pytest.raises(InvalidInput, match="remove one"):
        office.run(SaveFolder(name="one more"))
