"""Orders, invoices and payments over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.web import Program

LINE = {"quantity": 2, "description": "Pompa", "unit_price": 100, "vat_rate": 23}


def make_customer(seller: Program, **values: Any) -> str:
    made: str = seller.post("/customers", json={"name": "Młyn", "country": "PL"} | values).json["id"]
    return made


def test_dun_02_a_purchase_becomes_a_receivable_with_a_due_date(program: Callable[..., Program]) -> None:
    clerk = program("jan", "sales_manager")
    customer = make_customer(clerk, payment_days=14)
    body = {"customer_id": customer, "lines": [LINE], "ordered_on": "2026-01-02"}
    order = clerk.post("/orders", json=body).json

    answer = clerk.post(f"/orders/{order['number']}/invoices", json={})

    assert answer.status_code == 201
    assert {key: answer.json[key] for key in ("number", "gross", "balance", "due_on", "state")} == {
        "number": "INV-2026-0001",
        "gross": 246,
        "balance": 246,
        "due_on": "2026-01-19",
        "state": "open",
    }
    listed = clerk.get("/invoices", query_string={"customer_id": customer, "q": "INV-2026-0001"}).json
    assert ([each["number"] for each in listed["items"]], listed["total"]) == (["INV-2026-0001"], 1)
    assert clerk.get(f"/customers/{customer}").json["standing"]["receivable"] == 246
    assert clerk.post(f"/orders/{order['id']}/invoices", json={}).status_code == 409


def test_an_invoice_is_corrected_by_a_credit_note_and_by_nothing_else(program: Callable[..., Program]) -> None:
    clerk = program("jan", "sales_manager")
    made = clerk.post("/invoices", json={"customer_id": make_customer(clerk), "lines": [LINE]}).json

    note = clerk.post(f"/invoices/{made['id']}/credit", json={"reason": "zwrot"})

    assert (note.status_code, note.json["gross"], note.json["corrects"]["number"]) == (201, -246, made["number"])
    assert clerk.patch(f"/invoices/{made['id']}", json={"gross": 1}).status_code == 405
    again = clerk.post(f"/invoices/{made['id']}/credit", json={"reason": "zwrot"})
    assert (again.status_code, again.json["code"]) == (409, "wrong_invoice_state")


def test_settling_asks_for_the_right_and_names_what_is_wrong(program: Callable[..., Program]) -> None:
    clerk, controller = program("jan", "sales_manager"), program("piotr", "credit_controller")
    made = clerk.post("/invoices", json={"customer_id": make_customer(clerk), "lines": [LINE]}).json["id"]

    assert clerk.post(f"/invoices/{made}/write-off", json={"reason": "drobne"}).status_code == 403
    refused = controller.post(f"/invoices/{made}/write-off", json={"reason": "drobne", "amount": 300})
    assert (refused.status_code, refused.json["code"]) == (422, "settles_too_much")
    assert controller.post(f"/invoices/{made}/dispute", json={"reason": ""}).status_code == 422
    disputed = controller.post(f"/invoices/{made}/dispute", json={"reason": "brak dostawy"}).json
    assert controller.post(f"/invoices/{made}/resolve", json={"reason": "jest"}).json["state"] == "open"
    assert disputed["state"] == "disputed"
    written = controller.post(f"/invoices/{made}/write-off", json={"reason": "nieściągalne"}).json
    undone = controller.post(
        f"/invoices/{made}/settlements/{written['settlements'][0]['id']}/undo", json={"reason": "zapłaci"}
    )
    assert (written["state"], undone.json["state"], undone.json["balance"]) == ("written_off", "open", 246)
    assert controller.get("/invoices", query_string={"after": "wczoraj"}).status_code == 422
