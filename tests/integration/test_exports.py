"""Records go out as files: with the rights of whoever orders them, told in the trail, and back in again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.activities.content import Content
from crm.activities.registering import RegisterActivity
from crm.contacts import CreateContact
from crm.imports.arranging import lines
from crm.imports.exporting import (
    ExportNotFound,
    OrderExport,
    export_content,
    exports,
    forget_exports,
    make_export,
)
from crm.profiles import Address, Phone
from storage.blobs.staging import Staging
from tests.crm_desk import MANAGER, REP, STRANGER
from tests.import_files import ImportDesk, open_import_desk


@pytest.fixture
def desk(engine: Engine) -> ImportDesk:
    opened = open_import_desk(engine, FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))
    opened.units.ports[Staging] = opened.staging
    return opened


def taken_out(desk: ImportDesk, kind: str, form: str = "csv", actor: Actor = REP) -> bytes:
    made = desk.desk.do(OrderExport(kind=kind, format=form), actor)
    make_export(desk, desk.jobs.waiting.pop().arguments)
    _, digest = desk.desk.ask(export_content, made, actor=actor)
    with desk.blobs.open(digest) as source:
        return source.read()


def make_firm(desk: ImportDesk, **values: object) -> str:
    address = Address(street="Prosta 1", postal_code="00-001", city="Łódź", country="PL")
    usual = {"name": "Młyn", "addresses": (address,), "phones": (Phone(number="22 123 45 67"),), "payment_days": 30}
    return desk.desk.make_customer(**usual | values)


def test_a_file_is_not_handed_out_to_who_lost_the_rights_that_it_was_made_with(desk: ImportDesk) -> None:
    made = desk.desk.do(OrderExport(kind="customers"), REP)
    make_export(desk, desk.jobs.waiting.pop().arguments)
    without = replace(REP, permissions=REP.permissions - {"customer.finance"})

    with pytest.raises(Forbidden, match="no longer have"):
        desk.desk.ask(export_content, made, actor=without)

    assert desk.desk.ask(export_content, made, actor=REP)


def test_imp_02_what_goes_out_comes_in_again_unchanged(desk: ImportDesk) -> None:
    make_firm(desk)

    content = taken_out(desk, "customers")
    again = desk.bring("customers", content)

    assert [each.outcome for each in desk.desk.ask(lines, again).items] == ["unchanged"]
    assert "export.made" in desk.desk.told()


def test_imp_01_two_hundred_people_go_out_as_cards_and_come_back(desk: ImportDesk) -> None:
    firm = make_firm(desk)
    for number in range(200):
        desk.desk.do(CreateContact(customer_id=firm, name=f"Łucja, {number}", email=f"l{number}@mlyn.pl"))

    cards = taken_out(desk, "contacts", "vcard")
    again = desk.bring("contacts", cards)

    assert cards.count(b"BEGIN:VCARD") == 200
    assert {each.outcome for each in desk.desk.ask(lines, again, limit=200).items} == {"unchanged"}


def test_cells_are_no_formulas_and_finance_needs_its_right(desk: ImportDesk) -> None:
    make_firm(desk, name="=1+1")
    reader = Actor(id="ola", name="Ola", permissions=frozenset({"customer.read"}))

    text = taken_out(desk, "customers", actor=reader).decode("utf-8-sig")

    assert "'=1+1" in text
    assert "payment_days" not in text
    assert "payment_days" in taken_out(desk, "customers").decode("utf-8-sig")


def test_what_is_private_goes_out_to_whom_it_concerns(desk: ImportDesk) -> None:
    now = desk.clock.now()
    values = {"employee": REP.id, "method": "phone", "direction": "outgoing", "status": "held", "state": "done"}
    private = Content(**values, subject="U lekarza", held_from=now, is_private=True)
    desk.desk.do(RegisterActivity(content=private), REP)

    assert "U lekarza" in taken_out(desk, "activities").decode()
    assert "U lekarza" not in taken_out(desk, "activities", actor=MANAGER).decode()


def test_an_export_is_its_owners_and_expires(desk: ImportDesk) -> None:
    make_firm(desk)
    taken_out(desk, "customers")
    (mine,) = desk.desk.ask(exports)

    with pytest.raises(ExportNotFound):
        desk.desk.ask(export_content, mine.id, actor=MANAGER)
    with pytest.raises(Forbidden):
        desk.desk.do(OrderExport(kind="customers"), STRANGER)
    desk.clock.advance(timedelta(days=8))
    with pytest.raises(ExportNotFound):
        desk.desk.ask(export_content, mine.id)
    assert forget_exports(desk) == 1
    assert [each.state for each in desk.desk.ask(exports)] == ["expired"]
