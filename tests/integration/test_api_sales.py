"""Orders, invoices and payments over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from tests.bank_files import Line, camt, mt940
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

    assert clerk.get(f"/orders/{order['id']}").json["gross"] == 246
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


def upload(program: Program, content: bytes) -> Any:
    return program.post("/bank-statements", data={"file": (io.BytesIO(content), "wyciag.sta")})


def test_dun_04_a_statement_is_taken_in_matched_and_corrected_by_rest(program: Callable[..., Program]) -> None:
    controller = program("piotr", "credit_controller")
    customer = make_customer(controller)
    for _ in range(2):
        controller.post("/invoices", json={"customer_id": customer, "lines": [LINE]})

    done = upload(controller, mt940(Line("246.00", "INV-2026-0001"), Line("100.00", "przelew", bank_reference="BR2")))

    assert (done.status_code, done.json["items"][0]["posted"], done.json["items"][0]["matched"]) == (200, 2, 1)
    assert upload(controller, camt(Line("1.00", "x"))).json["items"][0]["posted"] == 1
    waiting = controller.get("/payments", query_string={"state": "unmatched"}).json["items"]
    assert [each["amount"] for each in waiting] == [100, 1]
    found = controller.get(f"/payments/{waiting[0]['id']}").json
    proposed = found["proposals"][0]["invoice"]
    assert (proposed["number"], found["proposals"][0]["because"]) == ("INV-2026-0002", ["iban", "name"])
    body = {"portions": [{"invoice_id": proposed["id"]}], "reason": "ustalono telefonicznie"}
    matched = controller.post(f"/payments/{waiting[0]['id']}/match", json=body).json
    assert (matched["state"], matched["uses"][0]["amount"]) == ("matched", 100)
    taken = controller.post(f"/payments/{waiting[0]['id']}/unmatch", json={"reason": "pomyłka"}).json
    assert taken["state"] == "unmatched"
    aside = controller.post(f"/payments/{waiting[1]['id']}/aside", json={"reason": "odsetki"}).json
    assert aside["state"] == "put_aside"
    assert controller.get("/payments", query_string={"customer_id": customer}).json["total"] == 2


def test_a_file_that_is_no_statement_is_refused_with_what_to_do(program: Callable[..., Program]) -> None:
    answer = upload(program("piotr", "credit_controller"), b"%PDF-1.7")

    assert (answer.status_code, answer.json["code"]) == (422, "statement_refused")
    assert "MT940 or CAMT.053" in answer.json["detail"]
    assert upload(program("ewa", "sales_rep"), mt940()).status_code == 403


def test_dun_10_debts_limits_and_claims_are_read_by_rest(program: Callable[..., Program]) -> None:
    controller = program("piotr", "credit_controller")
    customer = make_customer(controller, credit_limit=1000)
    made = controller.post("/invoices", json={"customer_id": customer, "lines": [LINE], "payment_days": 0}).json
    rate = {"valid_from": "2026-01-01", "percent": 36.5, "source": "M.P."}
    assert controller.post("/interest-rates", json=rate).status_code == 201

    stands = controller.get(f"/customers/{customer}/receivables").json
    claim = controller.get(f"/invoices/{made['id']}/claim")

    assert (stands["available"], stands["ageing"]["not_due"], stands["ageing"]["total"]) == (754, 246, 246)
    assert (claim.status_code, claim.json["interest"]["total"], claim.json["compensation_eur"]) == (200, 0, 0)
    later = controller.get(f"/invoices/{made['id']}/claim", query_string={"as_of": "2026-01-15"})
    assert (later.status_code, later.json["code"]) == (422, "rate_missing")  # of EUR, for the compensation
    assert controller.get("/receivables").json["total"] == 246
    assert controller.get("/interest-rates").json["items"][0]["percent"] == 36.5


def test_dun_02_invoices_of_another_system_come_in_once_and_wrong_rows_are_told(
    program: Callable[..., Program],
) -> None:
    clerk = program("jan", "sales_manager")
    made = make_customer(clerk, external_reference="K/7")
    rows = (
        "number;customer;issued_on;due_on;net;vat",
        "FV/1/2026;K/7;2026-01-02;2026-01-16;1 000,00;230,00",
        "FV/2/2026;NOBODY;2026-01-02;2026-01-16;1,00;0,23",
        "FV/3/2026;K/7;wczoraj;2026-01-16;1,00;0,23",
        "FV/4/2026;K/7;2026-01-02;2026-01-16;-100,00;-23,00",
        "FV/5/2026;K/7;2026-01-02;2026-01-16;1,001;0",
    )

    def send(text: str) -> Any:
        return clerk.post("/invoices/import", data={"file": (io.BytesIO(text.encode("cp1250")), "fv.csv")})

    first = send("\r\n".join(rows))
    again = send("\r\n".join(rows))
    other = send("\r\n".join([rows[0], rows[1].replace("230,00", "80,00")]))

    assert (first.status_code, first.json["imported"], again.json["imported"], again.json["known"]) == (200, 2, 0, 2)
    assert [each["line"] for each in first.json["rejected"]] == [3, 4, 6]
    assert "There is no customer NOBODY" in first.json["rejected"][0]["reason"]
    assert "FV/1/2026 already" in other.json["rejected"][0]["reason"]
    found = clerk.get("/invoices/FV/1/2026").json
    assert (found["gross"], found["shares"][0]["rate"], found["due_on"]) == (1230, 23, "2026-01-16")
    assert clerk.get(f"/customers/{made}/receivables").json["receivable"] == 1107
    assert send("a;b\r\n1;2").json["code"] == "import_refused"
