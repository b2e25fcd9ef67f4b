"""Many customers are changed at once: looked at before, each with its own entry in the trail, taken back as one."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import Actor
from crm.customer_search import Condition, Criteria
from crm.customers import UpdateCustomer
from crm.errors import WrongFields
from crm.mass_edits import changing
from crm.mass_edits.changing import RUN, ResumeMassEdit, StartMassEdit, StopMassEdit
from crm.mass_edits.errors import MassEditNotFound, WrongMassEditState
from crm.mass_edits.queries import edited, mass_edit, mass_edits
from crm.mass_edits.undoing import TOUCHED, UNDO, UndoMassEdit, run_undo
from crm.mass_edits.working import preview, run_mass_edit
from crm.merging import MergeCustomers
from crm.queries import customer
from tests.crm_desk import REP, Desk, open_desk
from tests.import_files import KeptJobs, open_import_desk

EVERYBODY = Criteria()
CLERK = Actor(id="ola", name="Ola Kos", permissions=frozenset({"customer.edit"}))


@dataclass
class Office:
    """A desk with a worker that works when the test says so."""

    desk: Desk
    clock: FixedClock
    jobs: KeptJobs = field(default_factory=KeptJobs)

    @property
    def units(self) -> Any:
        return self.desk.units

    @property
    def executor(self) -> Any:
        return self.desk.executor

    def work(self) -> None:
        while self.jobs.waiting:
            request = self.jobs.waiting.pop(0)
            {RUN: run_mass_edit, UNDO: run_undo}[request.name](self, request.arguments)

    def change(self, criteria: Criteria = EVERYBODY, actor: Actor = REP, **changes: Any) -> str:
        made: str = self.desk.do(StartMassEdit(criteria=criteria, changes=changes), actor)
        self.work()
        return made

    def profile(self, key: str) -> Any:
        return self.desk.ask(customer, key).profile


@pytest.fixture
def office(engine: Engine) -> Office:
    clock = FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC))
    office = Office(open_desk(engine, clock), clock)
    office.units.queue = office.jobs
    return office


def where(name: str, value: Any) -> Criteria:
    return Criteria(conditions=(Condition(field=name, value=value),))


def test_cus_39_a_thousand_are_changed_with_a_thousand_entries_and_taken_back_as_one(engine: Engine) -> None:
    files = open_import_desk(engine, FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))
    rows = "\n".join(f"A{n};{'abcdefghij'[n % 10] * 5}{n};ewa" for n in range(1000))
    files.bring("customers", f"Kod;Nazwa;Opiekun\n{rows}\n".encode(), skips_duplicates=False)
    office = Office(files.desk, files.clock, files.jobs)
    files.desk.events.clear()

    made = office.change(where("owner", "ewa"), owner="ola", reliability="C")

    found = files.desk.ask(mass_edit, made)
    assert (found.state, found.total, found.done, found.counts["changed"]) == ("finished", 1000, 1000, 1000)
    told = Counter(files.desk.told())
    assert told == {"mass_edit.started": 1, "customer.changed": 1000, "mass_edit.finished": 1}
    assert (office.profile("A999").owner, office.profile("A999").reliability) == ("ola", "C")

    files.desk.do(UndoMassEdit(edit_id=made, reason="wrong filter"))
    office.work()

    assert files.desk.ask(mass_edit, made).state == "undone"
    assert files.desk.ask(mass_edit, made).undone == 1000
    assert {office.profile(f"A{n}").owner for n in (0, 500, 999)} == {"ewa"}
    assert Counter(files.desk.told())["customer.changed"] == 2000


def test_cus_39_a_look_at_what_would_happen_changes_nothing(office: Office) -> None:
    office.desk.make_customer(name="Młyn", region="Śląsk")
    office.desk.make_customer(name="Tartak", region="Śląsk", least_order=Decimal(500))
    office.desk.make_customer(name="Huta", region="Mazowsze")

    found = preview(office.units, REP, where("region", "Śląsk"), {"largest_order": Decimal(100)})

    assert (found.total, [each.name for each in found.first]) == (2, ["Młyn", "Tartak"])
    assert found.first[0].differences == {"largest_order": [None, "100"]}
    assert found.first[1].sentence == "The largest order must not be smaller than the smallest one."
    assert office.profile("C-000001").largest_order is None
    assert office.desk.told() == ["customer.created"] * 3


def test_cus_39_what_is_refused_is_told_and_the_others_are_changed(office: Office) -> None:
    office.desk.make_customer(name="Młyn")
    office.desk.make_customer(name="Tartak", largest_order=Decimal(50))
    office.desk.make_customer(name="Huta", least_order=Decimal(100))

    made = office.change(least_order=Decimal(100))

    outcomes = {each.name: (each.outcome, each.sentence) for each in office.desk.ask(edited, made).items}
    assert outcomes == {
        "Młyn": ("changed", None),
        "Tartak": ("refused", "The largest order must not be smaller than the smallest one."),
        "Huta": ("unchanged", None),
    }
    assert [each.name for each in office.desk.ask(edited, made, outcome="refused").items] == ["Tartak"]


def test_cus_39_what_changed_after_a_mass_edit_stays_when_it_is_taken_back(office: Office) -> None:
    first, second = office.desk.make_customer(name="Młyn"), office.desk.make_customer(name="Tartak")
    made = office.change(owner="ola", key_account=True)
    office.desk.do(UpdateCustomer(customer_id=second, changes={"region": "Śląsk"}))

    office.desk.do(UndoMassEdit(edit_id=made, reason="wrong filter"))
    office.work()

    found = office.desk.ask(mass_edit, made)
    assert (found.undone, found.kept) == (1, 1)
    assert [each.sentence for each in office.desk.ask(edited, made).items] == [None, TOUCHED]
    assert (office.profile(first).owner, office.profile(second).owner) == (None, "ola")


def test_cus_39_a_mass_edit_is_stopped_and_goes_on_where_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "BATCH", 2)
    for name in ("Młyn", "Tartak", "Huta", "Browar", "Apteka"):
        office.desk.make_customer(name=name)
    made = office.desk.do(StartMassEdit(criteria=EVERYBODY, changes={"owner": "ola"}))
    office.executor.execute(changing.ChangeNext(edit_id=made), actor=REP)

    office.desk.do(StopMassEdit(edit_id=made, reason="lunch"))
    office.work()

    assert (office.desk.ask(mass_edit, made).state, office.desk.ask(mass_edit, made).done) == ("stopped", 2)
    assert [each.outcome for each in office.desk.ask(edited, made).items].count("waiting") == 3

    office.desk.do(ResumeMassEdit(edit_id=made, reason="back"))
    office.work()

    assert office.desk.ask(mass_edit, made).counts["changed"] == 5
    assert Counter(office.desk.told())["customer.changed"] == 5
    with pytest.raises(WrongMassEditState):
        office.desk.do(ResumeMassEdit(edit_id=made, reason="again"))


def test_cus_39_who_was_merged_meanwhile_is_refused(office: Office) -> None:
    first, second = office.desk.make_customer(name="Młyn"), office.desk.make_customer(name="Mlyn")
    made = office.desk.do(StartMassEdit(criteria=EVERYBODY, changes={"owner": "ola"}))
    office.desk.do(MergeCustomers(kept_id=first, absorbed_id=second))

    office.work()

    assert [each.outcome for each in office.desk.ask(edited, made).items] == ["changed", "refused"]


def test_cus_39_what_would_be_refused_for_everybody_is_not_started(office: Office) -> None:
    office.desk.make_customer(name="Młyn")

    for changes in ({"reliability": "Z"}, {"name": "Nowy"}, {"industry": "nobody knows"}, {}):
        with pytest.raises(WrongFields):
            office.desk.do(StartMassEdit(criteria=EVERYBODY, changes=changes))
    with pytest.raises(Forbidden):
        office.desk.do(StartMassEdit(criteria=EVERYBODY, changes={"credit_limit": Decimal(5)}), CLERK)
    with pytest.raises(InvalidInput):
        office.desk.do(StartMassEdit(criteria=where("owner", "nobody"), changes={"owner": "ola"}))

    assert office.jobs.waiting == []
    assert office.desk.ask(mass_edits).items == []


def test_cus_39_somebody_elses_mass_edit_is_not_shown(office: Office) -> None:
    office.desk.make_customer(name="Młyn")
    made = office.change(owner="ola")

    with pytest.raises(MassEditNotFound):
        office.desk.ask(mass_edit, made, actor=CLERK)
    with pytest.raises(MassEditNotFound):
        office.desk.do(UndoMassEdit(edit_id=made, reason="mine"), CLERK)
    assert office.desk.ask(mass_edits, actor=CLERK).items == []
