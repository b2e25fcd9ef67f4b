"""What can go wrong on the way of an offer: people at the same time, steps that fail, rights that lack."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.errors import DomainError, Forbidden
from core.identity import SYSTEM
from crm.approvals import FreezeOffer, WithdrawOffer
from crm.blocking import BlockCustomer
from crm.errors import WrongOfferState
from crm.offers import UpdateOffer
from documents.queries import linked_documents
from engine.errors import StepRefused, TaskAlreadyCompleted
from engine.incidents import RetryIncident
from engine.instances import StartInstance
from engine.messages import PublishMessage
from processes.offer_approval.news import TELL, publish_news
from processes.package import Package
from processes.sales_cycle.news import TELL as SALES_NEWS
from processes.sales_cycle.news import publish_news as publish_sales_news
from tests.offer_case import AUDITOR, DIRECTOR, LEGAL, MANAGER, REP, OfferDesk, make_line, person
from tests.sales_desk import JOBS
from webapp.bootstrap import Application


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same time; what each gave, refusals included."""

    def attempt(action: Callable[[], Any]) -> Any:
        try:
            return action()
        except DomainError as error:
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(attempt, actions))


def test_of_eight_who_freeze_an_offer_one_wins(desk: OfferDesk) -> None:
    made = desk.make_offer()

    answers = at_once(*[lambda: desk.do(FreezeOffer(offer_id=made)) for _ in range(8)])

    assert sum(isinstance(each, str) for each in answers) == 1
    assert sum(isinstance(each, WrongOfferState) for each in answers) == 7


def test_an_edit_and_a_freeze_at_the_same_time_never_mix(desk: OfferDesk) -> None:
    for _ in range(5):
        made = desk.make_offer()

        digest, _edit = at_once(
            lambda made=made: desk.do(FreezeOffer(offer_id=made)),
            lambda made=made: desk.do(UpdateOffer(offer_id=made, terms={"payment_days": 99})),
        )

        found = desk.offer(made)
        assert found.digest == digest
        assert found.state == "in_approval"


def test_two_approvers_of_a_level_decide_at_the_same_time(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made), special_terms=True)

    at_once(lambda: desk.decide(prepared, MANAGER), lambda: desk.decide(prepared, LEGAL))

    assert desk.instance(prepared.instance_id).outcome == "approved"
    assert sorted(each.actor for each in desk.offer(made).decisions) == ["jan", "olga"]


def test_two_managers_who_approve_the_same_task_decide_once(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made))
    second = person("Iza", "sales_manager")

    answers = at_once(
        lambda: desk.complete(prepared.tasks[0].id, MANAGER, decision="approve"),
        lambda: desk.complete(prepared.tasks[0].id, second, decision="approve"),
    )

    assert sum(isinstance(each, TaskAlreadyCompleted) for each in answers) == 1
    assert len(desk.offer(made).decisions) == 1


def test_a_second_case_for_the_same_offer_is_refused_and_loses_nothing(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    first, second = desk.start(made), desk.start(made)
    desk.prepare(first)

    with pytest.raises(StepRefused, match="cannot be sent to approval now"):
        desk.prepare(second)

    assert desk.instance(second.id).state == "running"
    assert desk.instance(first.id).state == "running"
    assert desk.offer(made).state == "in_approval"


def test_an_empty_offer_is_refused_and_goes_on_once_it_has_lines(desk: OfferDesk) -> None:
    made = desk.make_offer("0")
    started = desk.start(made)
    desk.do(UpdateOffer(offer_id=made, lines=()))
    with pytest.raises(StepRefused, match="it has no lines"):
        desk.prepare(started)

    desk.do(UpdateOffer(offer_id=made, lines=(make_line("5"),)))
    desk.complete(started.tasks[0].id, REP, payment_days=14)

    assert desk.instance(started.id).outcome == "approved"


def test_an_offer_that_is_withdrawn_elsewhere_ends_its_approval(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made))
    desk.do(WithdrawOffer(offer_id=made, reason="too late"))

    with pytest.raises(StepRefused, match="cannot be approved now"):  # before the case has heard of it
        desk.decide(prepared, MANAGER)
    tell(desk)

    found = desk.instance(prepared.instance_id)
    assert (found.state, found.outcome, found.incidents) == ("completed", "withdrawn", ())
    assert found.variables["offer_result"] == "withdrawn"
    assert desk.offer(made).decisions == []


@pytest.mark.parametrize("step", ["prepare", "revise"])
def test_an_offer_is_withdrawn_elsewhere_while_its_author_has_it(desk: OfferDesk, step: str) -> None:
    made = desk.make_offer("15")
    started = desk.start(made)
    if step == "revise":
        desk.decide(desk.prepare(started), MANAGER, "return", comment="less")
    desk.do(WithdrawOffer(offer_id=made))

    tell(desk)

    found = desk.instance(started.id)
    assert (found.state, found.outcome) == ("completed", "withdrawn")


def test_an_approval_that_withdraws_its_offer_is_not_told_of_it(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    returned = desk.decide(desk.prepare(desk.start(made)), MANAGER, "return", comment="less")

    desk.complete(returned.tasks[0].id, REP, payment_days=14, next_step="withdraw", change_note="no")

    assert desk.instance(returned.instance_id).outcome == "withdrawn"
    assert tell(desk) == 0


def test_an_approval_holds_when_the_others_of_its_level_are_asked_anew(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made), special_terms=True)
    desk.decide(prepared, MANAGER)
    customer = desk.offer(made).customer_id

    desk.do(PublishMessage(name="customer.blocked", keys={"customer_id": customer}), SYSTEM)

    assert [each.instance_id for each in desk.inbox(LEGAL)] == [prepared.instance_id]
    assert desk.inbox(MANAGER) == []
    desk.decide(prepared, LEGAL)
    assert desk.instance(prepared.instance_id).outcome == "approved"
    assert sorted(each.actor for each in desk.offer(made).decisions) == ["jan", "olga"]


def test_an_approval_of_the_same_discount_holds_for_the_next_version(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made), special_terms=True)
    desk.decide(prepared, MANAGER)
    returned = desk.decide(prepared, LEGAL, "return", comment="clause 7")

    desk.complete(returned.tasks[0].id, REP, payment_days=14, next_step="resubmit", change_note="clause 7 is new")

    assert desk.inbox(MANAGER) == []
    desk.decide(prepared, LEGAL)
    assert desk.instance(prepared.instance_id).outcome == "approved"
    decisions = [(each.version, each.actor, each.decision) for each in desk.offer(made).decisions]
    assert decisions == [(1, "jan", "approve"), (1, "olga", "return"), (2, "olga", "approve")]


def test_an_offer_that_a_message_submits_belongs_to_its_owner(desk: OfferDesk) -> None:
    made = desk.make_offer("15")

    order = PublishMessage(name="offer.submitted", payload={"offer_id": made, "is_prepared": True})
    published = desk.do(order, SYSTEM)

    (case,) = published.started
    assert desk.instance(case).variables["author"] == REP.id
    assert [each.instance_id for each in desk.inbox(MANAGER)] == [case]


def test_approvals_of_all_offers_to_a_customer_hear_that_it_was_blocked(desk: OfferDesk) -> None:
    customer = desk.make_customer()
    cases = [desk.prepare(desk.start(desk.make_offer("15", customer_id=customer))).instance_id for _ in "ab"]
    before = {each.id for each in desk.inbox(MANAGER)}

    desk.do(BlockCustomer(customer_id=customer, reason="Nothing is paid."), MANAGER)
    run_jobs(desk, SALES_NEWS, publish_sales_news)

    asked_anew = desk.inbox(MANAGER)
    assert sorted(each.instance_id for each in asked_anew) == sorted(cases)
    assert before.isdisjoint({each.id for each in asked_anew})


def tell(desk: OfferDesk) -> int:
    """The jobs that tell approvals of withdrawals; how many there were."""
    return run_jobs(desk, TELL, publish_news)


def run_jobs(desk: OfferDesk, name: str, work: Callable[..., None]) -> int:
    told = 0
    while True:
        with desk.application.database.engine.begin() as connection:
            row = connection.execute(JOBS, {"name": name}).first()
        if row is None:
            return told
        work(desk.application, row.args["arguments"])
        told += 1


def test_nobody_approves_their_own_offer(desk: OfferDesk) -> None:
    made = desk.make_offer("15", actor=MANAGER)
    prepared = desk.prepare(desk.start(made))

    with pytest.raises(StepRefused, match="somebody else must decide on it"):
        desk.decide(prepared, MANAGER)

    assert desk.instance(prepared.instance_id).state == "running"
    assert desk.offer(made).decisions == []


def test_whoever_repairs_a_failed_decision_does_not_become_the_approver(
    desk: OfferDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made))
    with monkeypatch.context() as broken:
        broken.setattr("processes.offer_approval.handlers.record", _broken)
        assert desk.decide(prepared, MANAGER).state == "failed"
    (incident,) = desk.instance(prepared.instance_id).incidents

    desk.do(RetryIncident(incident_id=incident.id, reason="again"), SYSTEM)

    (decision,) = desk.offer(made).decisions
    assert decision.actor == "jan"


def _broken(*_arguments: Any) -> None:
    raise RuntimeError("the register is broken")


def test_an_unknown_offer_starts_no_case(desk: OfferDesk) -> None:
    with pytest.raises(StepRefused, match="There is no offer OF-1999-0001"):
        desk.do(StartInstance(definition_key="offer_approval", variables={"offer_id": "OF-1999-0001"}))


def test_an_offer_that_failed_to_be_filed_leaves_nothing_half_done(
    desk: OfferDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.make_offer("0")
    started = desk.start(made)
    monkeypatch.setattr(Package, "template", lambda _self, _name: b"#panic()")

    answer = desk.prepare(started)

    assert answer.state == "failed"
    assert desk.offer(made).state == "approved"  # locked in the step before; filing waits for its repair
    with desk.application.units.reading(AUDITOR) as view:
        assert [each.type for each in linked_documents(view, "case", started.id)] == ["customer_request"]


def test_a_stranger_to_sales_cannot_start(desk: OfferDesk) -> None:
    made = desk.make_offer()

    with pytest.raises(Forbidden):
        desk.start(made, LEGAL)


def test_a_revised_offer_goes_back_to_the_person_who_prepared_it(desk: OfferDesk) -> None:
    other = person("Ola", "sales_rep")
    made = desk.make_offer("25")
    returned = desk.decide(desk.prepare(desk.start(made)), DIRECTOR, "return", comment="?")

    assert [each.id for each in desk.inbox(REP)] == [returned.tasks[0].id]
    with pytest.raises(DomainError, match="is with ewa"):
        desk.complete(returned.tasks[0].id, other, payment_days=14, next_step="resubmit", change_note="x")
