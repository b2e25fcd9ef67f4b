"""States of documents: which follows which, who may change them, and what the trail says."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import SYSTEM, Actor
from documents.access import DocumentNotFound
from documents.states import FOLLOWING, STATES, ChangeState, StateMoved, StateRefused, change_state
from tests.documents_samples import ANNA, FILES, Office

CHIEF = Actor(id="chief", name="Chief", permissions=FILES | {"document.state", "document.read_all"})


@pytest.fixture
def office(engine: Engine, clock: FixedClock) -> Office:
    return Office(engine, clock)


def put(office: Office, document_id: str, *states: str) -> None:
    for state in states:
        office.run(ChangeState(document_id=document_id, state=state), CHIEF)


def test_a_document_begins_as_a_draft_and_is_approved_by_right(office: Office) -> None:
    filed = office.file()

    state = office.run(ChangeState(document_id=filed.id, state="approved", reason="as agreed"), CHIEF)

    assert state == "approved"
    changed = office.log()[-1]
    assert changed.type == "document.state_changed"
    said = {name: changed.data[name] for name in ("previous", "state", "reason", "version", "digest")}
    assert said == {
        "previous": "draft",
        "state": "approved",
        "reason": "as agreed",
        "version": 1,
        "digest": filed.digest,
    }


def test_without_the_right_nobody_changes_a_state(office: Office) -> None:
    filed = office.file()

    with pytest.raises(Forbidden, match=r"document\.state"):
        office.run(ChangeState(document_id=filed.id, state="approved"), ANNA)


def test_the_right_does_not_show_documents_that_are_hidden(office: Office) -> None:
    filed = office.file()
    stranger = Actor(id="stranger", name="Stranger", permissions=frozenset({"document.state"}))

    with pytest.raises(DocumentNotFound):
        office.run(ChangeState(document_id=filed.id, state="approved"), stranger)


@pytest.mark.parametrize("wanted", [state for state in STATES if state not in (*FOLLOWING["signed"], "signed")])
def test_what_is_signed_can_only_become_void(office: Office, wanted: str) -> None:
    filed = office.file()
    put(office, filed.id, "approved", "signed")

    with pytest.raises(StateRefused, match="it can become void") as refused:
        put(office, filed.id, wanted)

    assert refused.value.details["following"] == ["void"]


def test_nothing_follows_void(office: Office) -> None:
    filed = office.file()
    put(office, filed.id, "void")

    with pytest.raises(StateRefused, match="nothing can follow"):
        put(office, filed.id, "draft")


def test_a_state_that_moved_meanwhile_is_told(office: Office) -> None:
    filed = office.file()
    put(office, filed.id, "in_review")

    with pytest.raises(StateMoved, match="in review by now"):
        office.run(ChangeState(document_id=filed.id, state="approved", expected="draft"), CHIEF)


def test_an_unknown_state_is_refused_by_its_name(office: Office) -> None:
    filed = office.file()

    with pytest.raises(InvalidInput, match="one of draft, in_review"):
        put(office, filed.id, "lost")


def test_a_process_changes_states_without_asking_for_rights(office: Office) -> None:
    filed = office.file()

    with office.units.begin(SYSTEM) as unit:
        states = [change_state(unit, filed.id, state, reason="released") for state in ("approved", "approved")]
        unit.commit()

    assert states == ["approved", "approved"]
    assert [entry.type for entry in office.log()] == ["document.filed", "document.state_changed"]
