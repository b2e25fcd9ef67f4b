"""Contracts, presentations, photographs and scans: types that come with the product, and days of which one is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.clock import FixedClock
from core.identity import SYSTEM
from documents.states import ChangeState
from tests.web import Program
from webapp.accounts.people import CloseAccount
from webapp.bootstrap import Application
from webapp.document_reminders import deliver

Make = Callable[..., Program]


class Contracts:
    """Contracts that Ewa files, and what the clock tells people of them."""

    def __init__(self, application: Application, clock: FixedClock, program: Make) -> None:
        self.application, self.clock, self.program = application, clock, program
        self.designer, self.ewa = program("dana", "process_designer"), program("ewa", "sales_rep")
        assert self.designer.post("/document-types/shipped").status_code == 200

    def day(self, days: int) -> str:
        return (self.clock.now() + timedelta(days=days)).date().isoformat()

    def file(self, **fields: Any) -> str:
        given = {"parties": "Wisła SA, Żuraw sp. z o.o.", "begins_on": self.day(0)} | fields
        made = self.ewa.post("/documents", data={"type": "contract", "file": (io.BytesIO(b"umowa"), "umowa.txt")})
        assert made.status_code == 201, made.text
        self.describe(made.json["id"], given)
        return str(made.json["id"])

    def describe(self, document: str, fields: dict[str, Any]) -> None:
        answer = self.ewa.patch(f"/documents/{document}", json={"fields": fields})
        assert answer.status_code == 200, answer.text

    def told(self, who: Program | None = None) -> list[str]:
        deliver(self.application)
        return [each["title"] for each in (who or self.ewa).get("/notifications").json["items"]]

    def change_type(self, days: str) -> Any:
        form = self.designer.get("/document-types/contract").json["form"]
        for each in form["components"]:
            if each["key"] == "notice_on":
                each["properties"] = {"remind_days": days}
        return self.designer.patch("/document-types/contract", json={"form": form})


@pytest.fixture
def contracts(application: Application, clock: FixedClock, program: Make) -> Contracts:
    return Contracts(application, clock, program)


def test_dms_13_types_of_contracts_presentations_photographs_and_scans_come_with_the_product(
    contracts: Contracts,
) -> None:
    found = {each["key"]: each for each in contracts.designer.get("/document-types").json["items"]}
    asked = [each["key"] for each in found["contract"]["form"]["components"]]

    assert set(found) == {"contract", "presentation", "photo", "scan"}
    assert {"parties", "begins_on", "ends_on", "notice_on"} <= set(asked)
    assert contracts.designer.post("/document-types/shipped").status_code == 200
    assert {each["revision"] for each in contracts.designer.get("/document-types").json["items"]} == {1}
    assert contracts.ewa.post("/document-types/shipped").status_code == 403


def test_dms_13_a_contract_without_its_parties_is_not_approved(contracts: Contracts) -> None:
    made = contracts.ewa.post("/documents", data={"type": "contract", "file": (io.BytesIO(b"umowa"), "umowa.txt")})
    manager = contracts.program("maria", "records_manager", "sales_manager")

    refused = manager.post(f"/documents/{made.json['id']}/state", json={"state": "approved"})

    assert refused.status_code == 422, refused.text
    assert {"/fields/parties", "/fields/begins_on"} <= set(refused.json["details"]["fields"])


def test_dms_13_whoever_filed_a_contract_is_reminded_of_its_notice_once(contracts: Contracts) -> None:
    document = contracts.file(notice_on=contracts.day(40))

    early = contracts.told()
    contracts.clock.advance(timedelta(days=10))
    first, second = contracts.told(), contracts.told()

    day = contracts.clock.now().date() + timedelta(days=30)
    assert (early, first) == ([], [f"Last day to give notice: {day:%d.%m.%Y} – umowa"])
    assert second == first
    (notice,) = contracts.ewa.get("/notifications").json["items"]
    assert notice["address"] == f"/documents/{document}"
    with contracts.application.database.engine.connect() as connection:
        statement = text("SELECT count(*) FROM audit_entry WHERE type = 'document.reminded' AND stream = :stream")
        assert connection.scalar(statement, {"stream": f"document:{document}"}) == 1


def test_dms_13_another_day_is_told_again_and_one_that_is_taken_away_is_not(contracts: Contracts) -> None:
    moved, emptied = contracts.file(notice_on=contracts.day(20)), contracts.file(notice_on=contracts.day(40))
    needed = {"parties": "Wisła SA", "begins_on": contracts.day(0)}
    contracts.told()

    contracts.describe(moved, needed | {"notice_on": contracts.day(25)})
    contracts.describe(emptied, needed)
    contracts.clock.advance(timedelta(days=20))

    assert len(contracts.told()) == 2


def test_dms_13_the_responsible_one_is_told_and_somebody_else_when_they_are_gone(contracts: Contracts) -> None:
    keeper = contracts.program("kazik", "records_manager")
    jan = contracts.program("jan", "records_manager")
    contracts.file(notice_on=contracts.day(10), responsible="jan")

    assert [len(contracts.told(who)) for who in (jan, keeper, contracts.ewa)] == [1, 0, 0]

    contracts.file(notice_on=contracts.day(11))
    contracts.application.executor.execute(CloseAccount(name="ewa"), actor=SYSTEM)

    assert [len(contracts.told(who)) for who in (jan, keeper)] == [2, 1]


def test_dms_13_nobody_is_reminded_of_what_is_void_or_who_may_not_see_it(contracts: Contracts) -> None:
    olga = contracts.program("olga", "sales_rep")
    document = contracts.file(notice_on=contracts.day(10))
    contracts.application.executor.execute(
        ChangeState(document_id=document, state="void", reason="wrong"), actor=SYSTEM
    )
    contracts.file(notice_on=contracts.day(12), responsible="olga")

    assert [len(contracts.told(who)) for who in (contracts.ewa, olga)] == [1, 0]


def test_dms_13_a_type_that_reminds_earlier_counts_for_the_contracts_that_are_there(contracts: Contracts) -> None:
    contracts.file(notice_on=contracts.day(80))
    assert contracts.told() == []

    assert contracts.change_type("90").status_code == 200

    assert len(contracts.told()) == 1


def test_dms_13_a_day_before_all_calendars_stops_nobody_elses_reminder(contracts: Contracts) -> None:
    contracts.file(notice_on="0001-01-05")
    contracts.file(notice_on=contracts.day(80))

    assert contracts.change_type("90").status_code == 200
    assert len(contracts.told()) == 1


def test_dms_13_a_reminder_that_is_no_number_of_days_is_refused(contracts: Contracts) -> None:
    refused = contracts.change_type("soon")

    assert refused.status_code == 422
    assert "notice_on" in refused.json["details"]["fields"]["/form"]
