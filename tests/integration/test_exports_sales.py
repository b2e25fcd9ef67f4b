"""Offers, orders, invoices and payments go out as files, and every kind as a workbook."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import Actor
from crm.imports import sheets
from crm.imports.exporting import OrderExport, export_content, make_export
from crm.orders import EnterOrder
from crm.payments.importing import PostPayment
from crm.sales.issuing import InvoiceOrder
from storage.blobs.staging import Staging
from tests.crm_desk import REP, make_line
from tests.import_files import ImportDesk, open_import_desk

READER = Actor(id="ola", name="Ola", permissions=frozenset({"customer.read"}))


@pytest.fixture
def desk(engine: Engine) -> ImportDesk:
    opened = open_import_desk(engine, FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))
    opened.units.ports[Staging] = opened.staging
    return opened


def sold(desk: ImportDesk, name: str = "=Młyn()", day: date = date(2025, 11, 3)) -> str:
    """A customer with an offer, an order, an invoice and a payment of a part."""
    customer_id = desk.desk.make_customer(name=name)
    desk.desk.make_offer(customer_id=customer_id)
    order = desk.desk.do(EnterOrder(customer_id=customer_id, lines=(make_line(),), ordered_on=day, payment_days=14))
    desk.desk.do(InvoiceOrder(order_id=order))
    paid = {"amount": Decimal("46.50"), "currency": "PLN", "booked_on": date(2026, 1, 2)}
    desk.desk.do(PostPayment(**paid, reference="+48 zaliczka", customer_id=customer_id, payer_name="@Lis"))
    return customer_id


def taken_out(desk: ImportDesk, kind: str, form: str, actor: Actor = REP, **wanted: Any) -> bytes:
    made = desk.desk.do(OrderExport(kind=kind, format=form, wanted=wanted), actor)
    make_export(desk, desk.jobs.waiting.pop().arguments)
    _, digest = desk.desk.ask(export_content, made, actor=actor)
    with desk.blobs.open(digest) as source:
        return source.read()


def table(desk: ImportDesk, kind: str, form: str, **options: Any) -> list[dict[str, Any]]:
    content = taken_out(desk, kind, form, **options)
    if form == "csv":
        head, *rows = [line.split(";") for line in content.decode("utf-8-sig").splitlines()]
    else:
        head, *rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_imp_02_documents_of_sales_go_out_with_their_customer_and_amounts(desk: ImportDesk) -> None:
    sold(desk)

    (offer,) = table(desk, "offers", "csv")
    (order,) = table(desk, "orders", "csv")
    (invoice,) = table(desk, "invoices", "csv")
    (payment,) = table(desk, "payments", "csv")

    assert (offer["customer.number"], offer["state"], offer["gross"]) == ("C-000001", "draft", "246.00")
    assert (order["company"], order["ordered_on"], order["net"]) == ("'=Młyn()", "2025-11-03", "200.00")
    assert (invoice["order"], invoice["currency"], invoice["gross"]) == (order["number"], "PLN", "246.00")
    assert (payment["payer_name"], payment["reference"], payment["amount"]) == ("'@Lis", "'+48 zaliczka", "46.50")


def test_imp_02_a_workbook_has_numbers_dates_and_texts_that_are_no_formulas(desk: ImportDesk) -> None:
    sold(desk)

    (order,) = table(desk, "orders", "xlsx")
    (payment,) = table(desk, "payments", "xlsx")
    (firm,) = table(desk, "customers", "xlsx")

    assert (order["Company"], order["Ordered on"], order["Net"]) == ("=Młyn()", date(2025, 11, 3), 200.0)
    assert (payment["Payer name"], payment["Amount"], payment["Is reversal"]) == ("@Lis", 46.5, False)
    assert (firm["Name"], firm["Key account"]) == ("=Młyn()", False)


def test_imp_02_a_file_has_what_the_list_showed(desk: ImportDesk) -> None:
    first = sold(desk, "Młyn")
    sold(desk, "Tartak", day=date(2026, 1, 2))
    criteria = {"conditions": [{"field": "name", "value": "tart"}]}

    assert [each["Company"] for each in table(desk, "invoices", "xlsx", overdue=True)] == []
    desk.clock.set(datetime(2026, 1, 30, 7, 0, tzinfo=UTC))
    assert {each["Company"] for each in table(desk, "invoices", "xlsx", overdue=True)} == {"Młyn", "Tartak"}
    assert [each["Company"] for each in table(desk, "orders", "xlsx", customer=first)] == ["Młyn"]
    assert table(desk, "offers", "csv", state="sent") == []
    assert [each["Name"] for each in table(desk, "customers", "xlsx", criteria=criteria)] == ["Tartak"]


def test_imp_02_a_file_of_many_pieces_has_every_row_once(desk: ImportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "PIECE", 2)
    customer_id = desk.desk.make_customer()
    for _ in range(5):
        desk.desk.make_offer(customer_id=customer_id)

    numbers = [each["number"] for each in table(desk, "offers", "csv")]

    assert len(numbers) == len(set(numbers)) == 5


def test_imp_02_invoices_and_payments_go_out_to_who_may_see_them(desk: ImportDesk) -> None:
    sold(desk)

    for kind in ("invoices", "payments"):
        with pytest.raises(Forbidden):
            desk.desk.do(OrderExport(kind=kind, format="xlsx"), READER)
    with pytest.raises(InvalidInput):
        desk.desk.do(OrderExport(kind="orders", wanted={"margin": "1"}))
    assert len(table(desk, "orders", "csv", actor=READER)) == 1
