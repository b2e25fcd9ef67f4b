"""A designer changes the approval while many cases run: none is lost, on their version or on the new one."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from benchmarks.change import changed
from core.identity import SYSTEM, Actor
from crm.offers import UpdateOffer
from engine.definitions import DeployDefinitions
from engine.instances import StartInstance
from engine.migration.batches import MIGRATE, StartMigration, run_migration
from engine.models import DefinitionRow, IncidentRow, InstanceRow, WorkItemRow
from tests.offer_case import LEGAL, MANAGER, REP, OfferDesk
from tests.sales_desk import JOBS
from webapp.bootstrap import Application

EACH = 12  # cases that wait for an approver, that are half decided, and that are back with their author
DISCOUNT = "15"
NEWEST = (
    select(DefinitionRow.id)
    .where(DefinitionRow.kind == "process", DefinitionRow.key == "offer_approval")
    .order_by(DefinitionRow.version.desc())
    .limit(1)
)


class Busy:
    """An installation in which approvals stand at all places where they can."""

    def __init__(self, application: Application) -> None:
        self.desk = OfferDesk(application)
        self.customer = self.desk.make_customer()
        self.before = self.version()
        self.waiting = [self.begin() for _ in range(EACH)]
        self.halved = [self.begin() for _ in range(EACH)]
        self.returned = [self.begin() for _ in range(EACH)]
        for case in self.halved:
            self.decide(case, LEGAL, decision="approve")
        for case in self.returned:
            self.decide(case, MANAGER, decision="return", comment="less")
        self.halved_at_first, self.returned_at_first = set(self.halved), set(self.returned)

    def begin(self, discount: str = DISCOUNT) -> str:
        offer_id = self.desk.make_offer(discount, customer_id=self.customer)
        if discount == DISCOUNT:  # legal is asked, too
            self.desk.do(UpdateOffer(offer_id=offer_id, terms={"has_special_terms": True}))
        variables = {"offer_id": offer_id, "is_prepared": True, "is_sent_elsewhere": True}
        order = StartInstance(definition_key="offer_approval", variables=variables)
        started: str = self.desk.do(order).id
        return started

    def decide(self, case: str, actor: Actor, **data: str) -> None:
        with self.desk.application.units.reading(SYSTEM) as view:
            rows = view.session.scalars(select(WorkItemRow).where(WorkItemRow.instance_id == case)).all()
        names = {f"group:{role}" for role in actor.roles}
        (own,) = [each.id for each in rows if names & set(each.candidates)]
        self.desk.complete(own, actor, **data)

    def version(self) -> str:
        with self.desk.application.units.reading(SYSTEM) as view:
            found = view.session.execute(NEWEST).scalar_one()
        return str(found)

    def states(self) -> Counter[tuple[str, str]]:
        """How many cases of which version are in which state; incidents are none of them."""
        with self.desk.application.units.reading(SYSTEM) as view:
            query = select(InstanceRow.definition_id, InstanceRow.state, func.count())
            rows = view.session.execute(query.group_by(InstanceRow.definition_id, InstanceRow.state)).all()
            assert view.session.scalars(select(IncidentRow.message)).all() == []
        return Counter({(definition, state): count for definition, state, count in rows})

    def work(self) -> None:
        """The jobs of migrations until none is left."""
        while True:
            with self.desk.application.database.engine.begin() as connection:
                row = connection.execute(JOBS, {"name": MIGRATE}).first()
            if row is None:
                return
            run_migration(self.desk.application, row.args["arguments"])

    def finish(self, *, looks_again: bool) -> None:
        """Bring one case of each kind to its end."""
        for case in (self.waiting.pop(), self.halved.pop(), self.returned.pop()):
            if case in self.returned_at_first:
                with self.desk.application.units.reading(SYSTEM) as view:
                    task = view.session.scalars(select(WorkItemRow.id).where(WorkItemRow.instance_id == case)).one()
                answer = {
                    "payment_days": 14,
                    "next_step": "resubmit",
                    "change_note": "as it was",
                    "special_terms": True,
                }
                self.desk.complete(task, REP, **answer)
            self.decide(case, MANAGER, decision="approve")
            if case not in self.halved_at_first:
                self.decide(case, LEGAL, decision="approve")
            if looks_again:
                self.decide(case, MANAGER)
            assert self.desk.instance(case).outcome == "approved"


@pytest.fixture
def busy(application: Application) -> Busy:
    return Busy(application)


def test_no_case_is_lost_when_a_threshold_and_a_step_change(busy: Busy) -> None:
    busy.desk.do(DeployDefinitions(files=changed()), SYSTEM)
    after = busy.version()

    busy.finish(looks_again=False)  # on the version that they began with
    assert busy.states() == {(busy.before, "running"): 3 * EACH - 3, (busy.before, "completed"): 3}

    busy.desk.do(StartMigration(before_id=busy.before, after_id=after, reason="a second look"), SYSTEM)
    busy.work()
    assert busy.states() == {(after, "running"): 3 * EACH - 3, (busy.before, "completed"): 3}

    busy.finish(looks_again=True)
    fresh = busy.begin("11")  # of which the old threshold would have asked
    assert [each.element_id for each in busy.desk.inbox(MANAGER) if each.instance_id == fresh] == ["second_look"]
    assert busy.states() == {
        (after, "running"): 3 * EACH - 6 + 1,
        (after, "completed"): 3,
        (busy.before, "completed"): 3,
    }
