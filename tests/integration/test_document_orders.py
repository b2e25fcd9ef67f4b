"""Work that takes long is ordered from a worker: made once, as whoever ordered it, and looked for."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from audit.queries import entries
from core.clock import FixedClock
from core.identity import SYSTEM
from documents.orders.kinds import FEW
from documents.orders.making import KEPT_FOR, forget_orders, make_order
from documents.orders.placing import EndOrder, OrderEnded, RefuseOrder
from storage.jobs.worker import Worker
from tests.signing_people import paper
from tests.web import Program, form_token, log_in, post
from webapp.accounts.people import CloseAccount
from webapp.accounts.queries import account_named
from webapp.bootstrap import Application

Make = Callable[..., Program]
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def rep(program: Make) -> Program:
    return program("rep", "sales_rep")


def file(program: Program, content: bytes | None = None, title: str = "Umowa") -> str:
    answer = program.post(
        "/documents", data={"title": title, "file": (io.BytesIO(content or paper(title)), f"{title}.pdf")}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def order(program: Program, *ids: str) -> Any:
    body = {"title": "Komplet", "documents": [{"id": each} for each in ids]}
    answer = program.post("/packages", json=body, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return answer


def work(application: Application) -> None:
    Worker(application.database.engine, application).drain()


def packages(application: Application) -> int:
    with application.units.reading(SYSTEM) as view:
        return sum(each.type == "package.assembled" for each in entries(view, limit=500).items)


def test_who_prefers_not_to_wait_gets_an_order_and_finds_the_result_there(
    application: Application, rep: Program
) -> None:
    answer = order(rep, file(rep))

    assert answer.headers["Location"] == f"/api/v1/document-orders/{answer.json['id']}"
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert (answer.json["state"], answer.json["title"], packages(application)) == ("waiting", "Komplet", 0)
    work(application)

    done = rep.get(answer.headers["Location"]).json
    assert (done["state"], done["kind"], done["version"]) == ("done", "package", 1)
    assert rep.get(f"/documents/{done['document_id']}").json["title"] == "Komplet"
    with application.units.reading(SYSTEM) as view:
        (told,) = [each for each in entries(view, limit=500).items if each.type == "package.assembled"]
    assert (told.actor_id, told.actor_address) == ("rep", "127.0.0.1")


def test_small_work_is_answered_at_once_and_much_work_is_ordered(application: Application, rep: Program) -> None:
    some = [file(rep, title=f"Umowa {number}") for number in range(FEW + 1)]

    few = rep.post("/packages", json={"title": "A", "documents": [{"id": each} for each in some[:2]]})
    many = rep.post("/packages", json={"title": "B", "documents": [{"id": each} for each in some]})

    assert (few.status_code, many.status_code) == (201, 202)
    assert "Preference-Applied" not in many.headers
    work(application)
    assert rep.get(many.headers["Location"]).json["state"] == "done"


def test_a_page_of_approvals_is_ordered_alike(application: Application, rep: Program) -> None:
    answer = rep.post(f"/documents/{file(rep)}/approvals", json={}, headers=ASYNC)
    work(application)

    found = rep.get(answer.headers["Location"]).json
    assert (found["kind"], found["title"], found["state"]) == ("approvals", "Page of approvals of Umowa", "done")


def test_a_worker_that_comes_twice_makes_it_once(application: Application, rep: Program) -> None:
    order_id = order(rep, file(rep)).json["id"]

    for _ in range(2):
        make_order(application, {"order_id": order_id})

    assert packages(application) == 1


def test_two_workers_at_once_file_one_result(application: Application, rep: Program) -> None:
    order_id = order(rep, file(rep)).json["id"]
    make_order(application, {"order_id": order_id})
    with application.units.reading(SYSTEM) as view:
        actor = account_named(view, "rep").actor()

    late = EndOrder(order_id=order_id, filing=RefuseOrder(order_id=order_id, code="x", sentence="x"))
    with pytest.raises(OrderEnded):
        application.executor.execute(late, actor=actor)

    assert rep.get(f"/document-orders/{order_id}").json["state"] == "done"


def test_what_cannot_be_made_says_why(application: Application, rep: Program) -> None:
    answer = order(rep, file(rep, b"%PDF-1.7 broken", "Aneks"))
    work(application)

    found = rep.get(answer.headers["Location"]).json
    assert (found["state"], found["code"], found["document_id"]) == ("refused", "package_refused", None)
    assert "“Aneks”" in found["sentence"]


def test_what_cannot_begin_is_refused_at_once(rep: Program, program: Make) -> None:
    document_id = file(rep)
    body = {"title": "x", "documents": [{"id": document_id}]}

    assert program("legal", "legal").post("/packages", json=body, headers=ASYNC).status_code == 404
    assert program("ann", "auditor").post("/packages", json=body, headers=ASYNC).status_code == 403


def test_nothing_is_made_for_an_account_that_was_closed(application: Application, rep: Program) -> None:
    order_id = order(rep, file(rep)).json["id"]
    application.executor.execute(CloseAccount(name="rep"), actor=SYSTEM)

    work(application)

    with application.database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT state, code, address FROM document_order").one()
    assert (order_id, *found) == (order_id, "refused", "forbidden", None)


def test_nobody_sees_somebody_elses_order(rep: Program, program: Make) -> None:
    where = order(rep, file(rep)).headers["Location"]

    assert program("other", "sales_rep").get(where).status_code == 404
    assert rep.get(where).status_code == 200


def test_old_orders_are_forgotten_and_hopeless_ones_given_up(
    application: Application, rep: Program, clock: FixedClock
) -> None:
    first = order(rep, file(rep)).headers["Location"]
    clock.advance(timedelta(days=2))

    assert forget_orders(application) == 0
    assert rep.get(first).json["state"] == "refused"
    clock.advance(KEPT_FOR + timedelta(days=1))
    assert forget_orders(application) == 1
    assert rep.get(first).status_code == 404


def test_a_page_waits_for_the_worker_and_goes_on_to_the_result(application: Application, anna: FlaskClient) -> None:
    log_in(anna)
    headers = {"X-CSRFToken": form_token(anna)}
    ids = [
        anna.post("/api/v1/documents", data={"file": (io.BytesIO(paper()), "a.pdf")}, headers=headers).json["id"]
        for _ in range(FEW + 1)
    ]
    positions = {f"position.{each}": str(number) for number, each in enumerate(ids, 1)}

    ordered = post(anna, "/packages", title="Komplet", ids=ids, **positions)
    address = ordered.headers["HX-Redirect"]

    assert address.startswith("/document-orders/")
    assert "It is being made" in anna.get(address).text
    assert "<html" not in anna.get(address, headers={"HX-Request": "true"}).text
    work(application)
    arrived = anna.get(address, headers={"HX-Request": "true"}).headers["HX-Redirect"]
    assert arrived == anna.get(address).headers["Location"]
    assert "Komplet" in anna.get(arrived).text
