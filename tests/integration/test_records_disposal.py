"""Destroying what two people approved: once, whole, and never what a hold covers."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from core.clock import FixedClock
from core.errors import NotFound
from core.identity import SYSTEM
from documents import queries
from documents.filing import AddVersion
from documents.links import DocumentLink, LinkDocument
from documents.listing import documents
from documents.records.destroying import DestroyNextBatch
from documents.records.disposals import (
    DisposalSettled,
    ExcludeItem,
    SameSigner,
    abandon,
    commitment,
    sign,
)
from documents.records.holds import LiftHold
from documents.records.tombstones import DocumentDestroyed, tombstones, tombstones_of
from engine.retention import RemoveHistory
from storage.blobs.staging import Staging
from tests.records_office import BOARD, KEEPER, RecordsOffice
from webapp.bootstrap import Application

YEARS = timedelta(days=6 * 366)


@pytest.fixture
def office(application: Application) -> RecordsOffice:
    office = RecordsOffice(application)
    office.rule()
    return office


def due(office: RecordsOffice, clock: FixedClock, count: int = 3, *links: DocumentLink) -> list[str]:
    """Documents whose time is over."""
    found = [office.file(f"Umowa {number}", *links) for number in range(count)]
    clock.advance(YEARS)
    office.compute()
    return found


def test_what_is_due_is_destroyed_and_leaves_a_tombstone(office: RecordsOffice, clock: FixedClock) -> None:
    (document,) = due(office, clock, 1)
    ((digest,),) = office.rows("SELECT digest FROM document_version")
    disposal = office.disposal()
    ((salt,),) = office.rows("SELECT salt FROM disposal_item")

    office.destroy(disposal)

    assert office.rows("SELECT 1 FROM document_version") == office.rows("SELECT 1 FROM blob") == []
    with office.application.units.reading(KEEPER) as view:
        stone = tombstones(view, [document])[document]
        with pytest.raises(DocumentDestroyed, match="destroyed under certificate 2032-00001 on 2032-01-10"):
            queries.document(view, document)
        assert documents(view).items == ()
    assert stone.versions == ({"n": 1, "digest": digest, "size": len("content of Umowa 0")},)
    assert stone.title_commitment == commitment(salt, "Umowa 0")
    assert office.rows("SELECT 1 FROM audit_personal WHERE subject = %s", f"document:{document}") == []
    assert office.rows("SELECT title FROM document") == [("Destroyed document",)]
    assert office.rows("SELECT title, salt FROM disposal_item") == [(None, None)]
    ((told,),) = office.rows(
        "SELECT convert_from(content, 'UTF8')::jsonb -> 'data' FROM audit_entry WHERE type = 'document.destroyed'"
    )
    assert (told["digest"], told["certificate"], told["rule"]) == (digest, "2032-00001", "contracts")
    assert told["signers"] == [KEEPER.id, BOARD.id]


def test_the_sweeper_removes_the_bytes(office: RecordsOffice, clock: FixedClock) -> None:
    due(office, clock, 1)
    office.destroy(office.disposal())

    clock.advance(timedelta(days=2))
    swept = Staging(office.application.database.engine, clock=clock).sweep(office.application.blobs)

    assert swept.blobs == 1


def test_bytes_that_something_else_uses_stay(office: RecordsOffice, clock: FixedClock) -> None:
    office.file("Kopia", kind="memo", content=b"content of Umowa 0")
    due(office, clock, 1)

    office.destroy(office.disposal())

    assert office.rows("SELECT count(*) FROM blob") == [(1,)]


def test_nothing_is_destroyed_that_two_people_did_not_approve(office: RecordsOffice, clock: FixedClock) -> None:
    (document,) = due(office, clock, 1)
    disposal = office.disposal(approved=False)

    assert office.do(DestroyNextBatch(disposal_id=disposal), SYSTEM) == 0
    for _ in range(2):
        with office.application.units.begin(KEEPER) as unit:
            if office.rows("SELECT 1 FROM disposal WHERE signatures = '[]'"):
                sign(unit, disposal, role="review", signer=KEEPER.id, name="K", comment=None)
                unit.commit()
            else:
                with pytest.raises(SameSigner):
                    sign(unit, disposal, role="approve", signer=KEEPER.id, name="K", comment=None)
    assert office.do(DestroyNextBatch(disposal_id=disposal), SYSTEM) == 0
    with pytest.raises(DBAPIError, match="on no approved list"), office.application.units.begin(SYSTEM) as unit:
        unit.connection.exec_driver_sql("SELECT document_destroy(%s, %s, now())", (document, disposal))


def test_the_database_itself_refuses_to_lose_a_version_a_hold_or_a_tombstone(
    office: RecordsOffice, clock: FixedClock
) -> None:
    documents = due(office, clock, 2)
    disposal = office.disposal()
    office.do(DestroyNextBatch(disposal_id=disposal, limit=1), SYSTEM)
    office.hold("document", documents[1])
    refused = (
        "DELETE FROM document_version",
        "UPDATE document_version SET n = 9",
        "TRUNCATE document_version CASCADE",
        f"SELECT set_config('obieg.destroying', '{documents[1]}', true); DELETE FROM document_version",
        f"SELECT document_destroy('{documents[1]}', '{disposal}', now())",
        "DELETE FROM legal_hold",
        "TRUNCATE legal_hold",
        "DELETE FROM tombstone",
        "UPDATE tombstone SET title_commitment = ''",
        "UPDATE retention_rule_revision SET reason = ''",
    )

    for statement in refused:
        with (
            pytest.raises(DBAPIError, match=r"refused|under a legal hold"),
            office.application.units.begin(SYSTEM) as unit,
        ):
            unit.connection.exec_driver_sql(statement)


def test_a_hold_that_comes_before_its_turn_keeps_a_document(office: RecordsOffice, clock: FixedClock) -> None:
    first, second, third = due(office, clock)
    disposal = office.disposal()
    office.do(DestroyNextBatch(disposal_id=disposal, limit=1), SYSTEM)

    office.hold("document", second)
    with pytest.raises(DocumentDestroyed):
        office.hold("document", first)
    office.destroy(disposal)

    assert office.items(disposal) == {
        first: ("destroyed", None),
        second: ("kept", "under legal hold: Sąd 7/26"),
        third: ("destroyed", None),
    }
    assert office.rows("SELECT document_id FROM document_version") == [(second,)]


def test_a_hold_on_the_case_or_its_customer_keeps_all_its_documents(office: RecordsOffice, clock: FixedClock) -> None:
    customer = office.customer()
    case_id, task = office.case(("crm.customer", customer))
    office.complete(task)
    due(office, clock, 2, DocumentLink(kind="case", id=case_id))
    disposal = office.disposal()

    office.hold("crm.customer", customer)
    office.destroy(disposal)

    assert {state for state, _ in office.items(disposal).values()} == {"kept"}


def test_what_changed_since_it_was_listed_stays(office: RecordsOffice, clock: FixedClock) -> None:
    first, second, third = due(office, clock)
    disposal = office.disposal()
    case_id, _ = office.case()
    office.do(LinkDocument(document_id=first, link=DocumentLink(kind="case", id=case_id)), SYSTEM)
    other = office.application
    blob = other.blobs.put(io.BytesIO(b"new"), announce=other.staging.announce)
    office.do(AddVersion(document_id=second, blob=blob, file_name="b.txt"), SYSTEM)

    office.destroy(disposal)

    assert office.items(disposal) == {
        first: ("kept", "its retention is not over any more"),
        second: ("kept", "its retention is not over any more"),
        third: ("destroyed", None),
    }


def test_single_documents_are_excluded_with_a_reason_until_somebody_signs(
    office: RecordsOffice, clock: FixedClock
) -> None:
    first, second = due(office, clock, 2)
    disposal = office.disposal(approved=False)

    office.do(ExcludeItem(disposal_id=disposal, document_id=first, reason="of historic value"))
    with pytest.raises(NotFound):
        office.do(ExcludeItem(disposal_id=disposal, document_id=first, reason="again"))
    with office.application.units.begin(KEEPER) as unit:
        sign(unit, disposal, role="review", signer=KEEPER.id, name="K", comment=None)
        unit.commit()
    with pytest.raises(DisposalSettled):
        office.do(ExcludeItem(disposal_id=disposal, document_id=second, reason="late"))

    assert office.items(disposal) == {first: ("excluded", "of historic value"), second: ("listed", None)}


def test_what_is_on_a_list_is_on_no_other_until_it_is_given_up(office: RecordsOffice, clock: FixedClock) -> None:
    documents = due(office, clock)
    disposal = office.disposal(approved=False)
    assert office.items(office.disposal(approved=False)) == {}

    with office.application.units.begin(KEEPER) as unit:
        abandon(unit, disposal, "too early")
        unit.commit()

    assert set(office.items(office.disposal(approved=False))) == set(documents)


def test_links_lead_to_the_tombstone_and_nothing_can_be_added_to_it(office: RecordsOffice, clock: FixedClock) -> None:
    case_id, task = office.case()
    office.complete(task)
    (document,) = due(office, clock, 1, DocumentLink(kind="case", id=case_id))

    office.destroy(office.disposal())

    with office.application.units.reading(KEEPER) as view:
        assert [each.document_id for each in tombstones_of(view, "case", case_id)] == [document]
        assert queries.linked_documents(view, "case", case_id) == []
    with pytest.raises(DocumentDestroyed):
        office.do(LinkDocument(document_id=document, link=DocumentLink(kind="case", id=case_id)), SYSTEM)


def test_history_stays_while_a_document_of_the_case_is_kept(office: RecordsOffice, clock: FixedClock) -> None:
    from engine.definitions import DeployDefinitions, DeploymentFile
    from engine.instances import StartInstance
    from tests.engine_world import bpmn, line

    model = bpmn(
        line('<userTask id="work"/>', names=("work",)), key="short", attributes='camunda:historyTimeToLive="P1D"'
    )
    office.do(DeployDefinitions(files=(DeploymentFile(name="short.bpmn", content=model),)), SYSTEM)
    free, kept = (office.do(StartInstance(definition_key="short"), SYSTEM) for _ in range(2))
    office.file("Umowa", DocumentLink(kind="case", id=kept.id))
    for each in (free, kept):
        office.complete(each.tasks[0].id)

    clock.advance(timedelta(days=10))
    assert office.do(RemoveHistory(), SYSTEM) == 1
    clock.advance(YEARS)
    hold = office.hold("case", kept.id)
    assert office.do(RemoveHistory(), SYSTEM) == 0
    office.do(LiftHold(hold_id=hold, reason="settled"), KEEPER)
    assert office.do(RemoveHistory(), SYSTEM) == 1

    assert office.rows("SELECT count(*) FROM case_closure") == [(2,)]
