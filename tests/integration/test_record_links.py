"""Links between records: of any kinds, seen from both ends, by those alone who may see both."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.web import Program
from webapp.bootstrap import Application


@pytest.fixture
def seller(program: Callable[..., Program]) -> Program:
    return program("jan", "sales_rep")


@pytest.fixture
def chief(program: Callable[..., Program]) -> Program:
    return program("ewa", "sales_director")


def customer(seller: Program, name: str) -> dict[str, str]:
    made = seller.post("/customers", json={"name": name, "country": "PL"})
    assert made.status_code == 201, made.json
    return {"kind": "crm.customer", "id": made.json["id"]}


def document(seller: Program, title: str) -> dict[str, str]:
    made = seller.post("/documents", data={"file": (io.BytesIO(title.encode()), "a.txt"), "title": title})
    assert made.status_code == 201, made.json
    return {"kind": "document", "id": made.json["id"]}


def link(seller: Program, type_: str, record: dict[str, str], *others: dict[str, str], **more: Any) -> Any:
    return seller.post("/links", json={"type": type_, "record": record, "others": list(others), **more})


def seen(seller: Program, record: dict[str, str]) -> list[tuple[str, str]]:
    answer = seller.get("/links", query_string=record)
    assert answer.status_code == 200, answer.json
    return [(each["labels"]["en"], each["title"]) for each in answer.json["items"]]


def trail(application: Application) -> list[tuple[str, str]]:
    with application.database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT stream, type FROM audit_entry WHERE type LIKE 'record.%%'")
        return [(str(stream).partition(":")[0], str(type_)) for stream, type_ in found]


def test_sea_02_a_link_is_written_once_and_seen_from_both_ends(seller: Program, application: Application) -> None:
    mother, daughter = customer(seller, "Matka SA"), customer(seller, "Córka sp. z o.o.")
    contract = document(seller, "Umowa ramowa")

    made = link(seller, "parent_company", mother, daughter, note="od 2019")
    again = link(seller, "parent_company", mother, daughter)
    link(seller, "concerns", contract, mother, daughter)

    assert made.status_code == 201
    assert again.json["ids"] == made.json["ids"]
    assert set(seen(seller, mother)) == {("parent company of", "Córka sp. z o.o."), ("subject of", "Umowa ramowa")}
    assert set(seen(seller, daughter)) == {("subsidiary of", "Matka SA"), ("subject of", "Umowa ramowa")}
    assert set(seen(seller, contract)) == {("concerns", "Matka SA"), ("concerns", "Córka sp. z o.o.")}
    assert sorted(trail(application)) == sorted(
        [("customer", "record.linked")] * 4 + [("document", "record.linked")] * 2
    )


def test_sea_02_whoever_may_not_see_an_end_does_not_see_the_link(
    seller: Program, program: Callable[..., Program]
) -> None:
    other = program("ola", "sales_rep")
    firm, secret = customer(seller, "Firma"), document(seller, "Poufne")
    made = link(seller, "concerns", secret, firm).json["ids"][0]

    assert seen(other, firm) == []
    assert other.get("/links/graph", query_string=firm).json["edges"] == []
    assert other.get("/links", query_string=secret).status_code == 404
    assert link(other, "related", firm, secret).status_code == 404
    assert other.delete(f"/links/{made}").status_code == 404
    assert seen(seller, firm) == [("subject of", "Poufne")]


def test_sea_02_the_graph_goes_two_links_far_and_back_to_none_twice(seller: Program) -> None:
    firms = [customer(seller, f"Firma {n}") for n in range(5)]
    for first, second in itertools.pairwise(firms):
        link(seller, "recommended", first, second)
    link(seller, "related", firms[2], firms[0])

    near = seller.get("/links/graph", query_string={**firms[0], "depth": 1}).json
    far = seller.get("/links/graph", query_string={**firms[0], "depth": 2}).json

    assert [(each["title"], each["ring"]) for each in near["nodes"]] == [("Firma 0", 0), ("Firma 2", 1), ("Firma 1", 1)]
    assert {each["title"]: each["ring"] for each in far["nodes"]} == {
        "Firma 0": 0,
        "Firma 1": 1,
        "Firma 2": 1,
        "Firma 3": 2,
    }
    assert (len(far["edges"]), far["is_cut"]) == (4, False)


def test_a_graph_is_bounded_and_says_so(seller: Program) -> None:
    hub = customer(seller, "Hub")
    papers = [document(seller, f"Pismo {n}") for n in range(61)]
    link(seller, "concerns", hub, *papers[:50])
    link(seller, "concerns", hub, *papers[50:])

    graph = seller.get("/links/graph", query_string={**hub, "depth": 3}).json
    first = seller.get("/links", query_string={**hub, "limit": 50}).json
    rest = seller.get("/links", query_string={**hub, "limit": 50, "after": first["next"]}).json

    assert (len(graph["nodes"]), graph["is_cut"]) == (60, True)
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (50, 11, None)


def test_sea_02_types_are_the_firms_own(seller: Program, chief: Program) -> None:
    first, second = customer(seller, "A"), customer(seller, "B")
    wanted = {"code": "supplier", "labels": {"pl": "dostawca"}, "inverse_labels": {"pl": "odbiorca"}}

    assert seller.post("/link-types", json=wanted).status_code == 403
    assert chief.post("/link-types", json=wanted).status_code == 201
    assert link(seller, "supplier", first, second).status_code == 201
    retired = chief.post("/link-types", json={**wanted, "is_retired": True, "expected_version": 1})
    assert retired.status_code == 201
    assert link(seller, "supplier", second, first).status_code == 422
    assert [each["labels"] for each in seller.get("/links", query_string=second).json["items"]] == [{"pl": "odbiorca"}]
    one_way = chief.post("/link-types", json={**wanted, "inverse_labels": {}})
    assert one_way.status_code == 422


def test_what_cannot_be_linked_is_refused_by_name(seller: Program) -> None:
    firm = customer(seller, "Firma")
    nobody = {"kind": "crm.customer", "id": "01NOBODY000000000000000000"}

    refusals = [
        link(seller, "related", firm, firm),
        link(seller, "related", firm, nobody),
        link(seller, "no_such", firm, nobody),
        link(seller, "related", firm, {"kind": "moon", "id": "1"}),
    ]

    assert [each.json["code"] for each in refusals] == [
        "wrong_fields",
        "record_not_found",
        "link_type_not_found",
        "record_not_found",
    ]


def test_a_link_taken_away_is_gone_from_both_ends_and_stays_in_the_trail(
    seller: Program, application: Application
) -> None:
    first, second = customer(seller, "A"), customer(seller, "B")
    made = link(seller, "related", second, first).json["ids"][0]

    assert seen(seller, first) == [("related to", "B")]
    assert seller.delete(f"/links/{made}").status_code == 204

    assert seen(seller, first) == seen(seller, second) == []
    assert [type_ for _, type_ in trail(application)].count("record.unlinked") == 2


def test_links_of_a_customer_that_was_merged_are_those_of_the_kept_one(seller: Program, chief: Program) -> None:
    kept, absorbed, third = customer(seller, "Młyn"), customer(seller, "Mlyn 2"), customer(seller, "Trzecia")
    link(seller, "recommended", absorbed, third)

    merged = chief.post(f"/customers/{kept['id']}/merge", json={"absorbed_id": absorbed["id"]})

    assert merged.status_code in (200, 201), merged.json
    assert seen(seller, kept) == [("recommended", "Trzecia")]
    graph = seller.get("/links/graph", query_string=kept).json
    assert ([each["title"] for each in graph["nodes"]], len(graph["edges"])) == (["Młyn", "Trzecia"], 1)
