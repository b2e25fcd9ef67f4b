"""The schedule of documents follows rules and events; holds freeze it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput, NotFound
from core.identity import SYSTEM
from documents.links import DocumentLink, LinkDocument
from documents.records.changes import WorkOffChanges
from documents.records.holds import HoldStands, LiftHold, PlaceHold, ReleaseDocument, UnderHold, holds
from documents.records.queries import due, overview
from documents.records.recomputing import Recompute, RecomputeNextBatch, run, runs
from documents.records.rules import RetireRule, RuleMoved, SaveRule, history, rules
from documents.states import ChangeState
from tests.records_office import ADMIN, AUDITOR, EWA, KEEPER, LEGAL, RecordsOffice
from webapp.background import make_worker
from webapp.bootstrap import Application

YEAR = timedelta(days=366)
RULE: dict[str, Any] = {
    "key": "contracts",
    "name": "Contracts",
    "trigger": "filed",
    "period": "P5Y",
    "document_types": ("contract",),
    "authority": "KC art. 118",
    "reason": "the schedule begins",
}


@pytest.fixture
def office(application: Application) -> RecordsOffice:
    return RecordsOffice(application)


def in_case(case_id: str) -> DocumentLink:
    return DocumentLink(kind="case", id=case_id)


def stored(office: RecordsOffice, document_id: str) -> tuple[Any, ...]:
    (row,) = office.rows("SELECT state, due_at::date::text, holds FROM retention WHERE document_id = %s", document_id)
    return row


def test_a_document_is_scheduled_soon_after_it_was_filed(office: RecordsOffice) -> None:
    office.rule()

    document = office.file()
    assert office.rows("SELECT kind, target FROM retention_change") == [("document", document)]
    office.compute()

    assert stored(office, document) == ("dated", "2031-01-05", 0)  # midnight in Warsaw is 23:00 UTC
    assert office.rows("SELECT 1 FROM retention_change") == []


def test_the_end_of_the_case_starts_the_period(office: RecordsOffice, clock: FixedClock) -> None:
    office.rule(trigger="case_closed", period="P7Y")
    case_id, task = office.case()
    document = office.file("Umowa", in_case(case_id))
    office.compute()
    assert office.retention(document).because == "a case that it belongs to still runs"

    clock.advance(YEAR)
    office.complete(task)
    office.compute()

    assert stored(office, document)[:2] == ("dated", "2034-01-06")
    assert office.rows("SELECT case_id FROM case_closure") == [(case_id,)]


def test_a_document_in_two_cases_keeps_the_later_date(office: RecordsOffice, clock: FixedClock) -> None:
    office.rule(trigger="case_closed", period="P7Y")
    (first, task), (second, other) = office.case(), office.case()
    document = office.file("Umowa", in_case(first), in_case(second))
    office.complete(task)
    clock.advance(YEAR)
    office.complete(other)

    office.compute()

    assert stored(office, document)[1] == "2034-01-06"


def test_a_case_that_is_linked_later_counts_too(office: RecordsOffice, clock: FixedClock) -> None:
    office.rule()
    document = office.file()
    clock.advance(6 * YEAR)
    office.compute()
    case_id, _ = office.case()

    office.do(LinkDocument(document_id=document, link=in_case(case_id)), SYSTEM)
    office.compute()

    assert stored(office, document)[0] == "waiting"


def test_a_rule_keeps_its_history_and_a_change_is_computed_in_batches(office: RecordsOffice) -> None:
    documents = [office.file(f"Umowa {number}") for number in range(5)]
    office.rule()

    office.do(
        SaveRule(
            key="contracts",
            name="Contracts",
            trigger="filed",
            period="P10Y",
            document_types=("contract",),
            authority="KC art. 118",
            reason="the law changed",
            expected=1,
        )
    )
    with office.application.units.reading(KEEPER) as view:
        newest = runs(view)[0]
    assert (newest.found, newest.done, newest.state) == (5, 0, "running")
    assert office.do(RecomputeNextBatch(run_id=newest.id, limit=2), SYSTEM) is True
    with office.application.units.reading(KEEPER) as view:
        assert run(view, newest.id).done == 2
    office.compute()

    assert {stored(office, each)[1] for each in documents} == {"2036-01-05"}
    with office.application.units.reading(AUDITOR) as view:
        told = [(each.revision, each.content["period"], each.reason) for each in history(view, "contracts")]
        assert run(view, newest.id).state == "finished"
    assert told == [(2, "P10Y", "the law changed"), (1, "P5Y", "the schedule begins")]


def test_a_worker_computes_what_a_rule_concerns(office: RecordsOffice) -> None:
    document = office.file()
    office.do(SaveRule(**RULE))

    make_worker(office.application).drain()

    assert stored(office, document)[0] == "dated"
    with office.application.units.reading(KEEPER) as view:
        assert [(each.state, each.found, each.done) for each in runs(view)] == [("finished", 1, 1)]


def test_looking_for_what_is_due_walks_an_index(office: RecordsOffice) -> None:
    with office.application.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO document (id, title, latest, state, tags, fields, revision, created_at, created_by) SELECT"
            " lpad(n::text, 26, '0'), 't', 1, 'draft', '{}', '{}', 1, now(), 'x' FROM generate_series(1, 20000) n"
        )
        connection.exec_driver_sql(
            "INSERT INTO retention (document_id, state, due_at, basis, holds, computed_at) SELECT id, 'dated',"
            " '2030-01-01'::timestamptz + id::int * interval '1 hour', '{}', 0, now() FROM document"
        )
        connection.exec_driver_sql("ANALYZE retention")
        plan = connection.exec_driver_sql(
            "EXPLAIN SELECT * FROM retention WHERE due_at IS NOT NULL AND holds = 0 AND due_at <= '2030-02-01'"
            " ORDER BY due_at, document_id LIMIT 51"
        )

        assert "Index Scan using ix_retention_due_at_document_id" in str(plan.all())


def test_a_retired_rule_counts_no_longer(office: RecordsOffice) -> None:
    document = office.file()
    office.rule()

    office.do(RetireRule(key="contracts", reason="replaced"))
    office.compute()

    assert stored(office, document)[0] == "unscheduled"
    with office.application.units.reading(KEEPER) as view:
        assert [each.is_active for each in rules(view)] == [False]


def test_two_people_do_not_overwrite_each_others_rule(office: RecordsOffice) -> None:
    office.rule()

    with pytest.raises(RuleMoved, match="revision 1"):
        office.rule(period="P1Y", expected=None)


@pytest.mark.parametrize(
    "values",
    [
        {"trigger": "someday"},
        {"trigger": "forever", "period": "P1Y"},
        {"period": None},
        {"period": "7 years"},
        {"trigger": "field"},
        {"field": "ends"},
        {"is_default": True},
        {"key": "A b"},
        {"reason": " "},
        {"authority": ""},
    ],
)
def test_a_rule_that_says_nothing_clear_is_refused(office: RecordsOffice, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        office.rule(**values)


def test_rules_and_holds_need_their_rights(office: RecordsOffice) -> None:
    document = office.file()

    with pytest.raises(Forbidden):
        office.do(Recompute(reason="x"), LEGAL)
    with pytest.raises(Forbidden):
        office.hold("document", document, actor=EWA)
    with office.application.units.reading(EWA) as view, pytest.raises(Forbidden):
        holds(view)
    with office.application.units.reading(EWA) as view, pytest.raises(Forbidden):
        due(view)


def test_what_is_due_is_listed_page_by_page_and_what_is_held_is_not(office: RecordsOffice, clock: FixedClock) -> None:
    documents = []
    for number in range(5):
        documents.append(office.file(f"Umowa {number}"))
        clock.advance(timedelta(days=1))
    office.rule()
    office.hold("document", documents[1])
    office.compute()
    clock.advance(6 * YEAR)

    with office.application.units.reading(KEEPER) as view:
        first = due(view, limit=2)
        rest = due(view, after=first.next, limit=2)
        seen = overview(view)

    assert [each.document_id for each in (*first.items, *rest.items)] == [documents[0], *documents[2:]]
    assert rest.next is None
    assert (seen.due, seen.held, seen.holds, seen.counts["dated"]) == (4, 1, 1, 5)


def test_the_picture_shows_months(office: RecordsOffice, clock: FixedClock) -> None:
    office.rule(period="P6M")
    office.file()
    office.compute()

    with office.application.units.reading(KEEPER) as view:
        months = overview(view).months

    assert [f"{each.first:%Y-%m}" for each in months if each.count] == ["2026-07"]
    assert (len(months), months[0].is_past) == (25, True)


def test_holds_on_case_and_customer_cover_what_is_filed_later(office: RecordsOffice) -> None:
    customer = office.customer()
    case_id, _ = office.case(("crm.customer", customer))

    office.hold("crm.customer", customer, "Żuraw v. us")
    office.hold("case", case_id, "Audit 2026")
    later = office.file("Umowa", in_case(case_id))
    direct = office.file("List", DocumentLink(kind="crm.customer", id=customer))
    office.compute()

    assert [hold.name for hold in office.retention(later).holds] == ["Audit 2026", "Żuraw v. us"]
    assert [hold.name for hold in office.retention(direct).holds] == ["Żuraw v. us"]
    assert stored(office, later) == ("unscheduled", None, 2)


def test_a_hold_needs_a_reason_and_something_to_hold_and_stands_once(office: RecordsOffice) -> None:
    document = office.file()
    office.hold("document", document)

    with pytest.raises(HoldStands):
        office.hold("document", document)
    with pytest.raises(InvalidInput):
        office.do(PlaceHold(name="x", kind="document", target=document, reason=" "), LEGAL)
    for kind in ("document", "case", "crm.customer", "nonsense"):
        with pytest.raises(NotFound):
            office.hold(kind, "01HZZZZZZZZZZZZZZZZZZZZZZZ")


def test_every_hold_must_be_lifted_and_lifting_needs_a_reason(office: RecordsOffice) -> None:
    document = office.file()
    one, two = office.hold("document", document, "One"), office.hold("document", document, "Two")

    with pytest.raises(InvalidInput):
        office.do(LiftHold(hold_id=one, reason=""), LEGAL)
    office.do(LiftHold(hold_id=one, reason="settled"), LEGAL)
    assert [hold.name for hold in office.retention(document).holds] == ["Two"]
    office.do(ReleaseDocument(document_id=document, name="Two", reason="settled"), LEGAL)

    assert office.retention(document).holds == ()
    with pytest.raises(NotFound):
        office.do(LiftHold(hold_id=two, reason="again"), LEGAL)


def test_nobody_voids_what_is_held_not_even_administrators(office: RecordsOffice) -> None:
    document = office.file()
    office.hold("document", document)

    with pytest.raises(UnderHold, match="Sąd 7/26"):
        office.do(ChangeState(document_id=document, state="void", reason="x"), ADMIN)


def test_changes_are_worked_off_once(office: RecordsOffice) -> None:
    office.rule()
    office.file()

    assert [office.do(WorkOffChanges(), SYSTEM) for _ in range(2)] == [1, 0]
