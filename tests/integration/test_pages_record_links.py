"""Links on the pages of records, and the graph around one."""

from __future__ import annotations

from flask.testing import FlaskClient

from core.identity import Actor
from crm.customers import CreateCustomer
from crm.links.ends import End
from crm.links.linking import LinkRecords
from crm.links.queries import Edge, Graph, Node
from crm.profiles import Profile
from tests.web import log_in, post
from webapp.accounts.roles import permissions_of
from webapp.bootstrap import Application
from webapp.pages.link_graph import HEIGHT, drawn

EWA = Actor(id="ewa", name="Ewa", permissions=permissions_of(["sales_rep"]))


def customer(application: Application, name: str) -> str:
    created: str = application.executor.execute(CreateCustomer(profile=Profile(name=name, country="PL")), actor=EWA).id
    return created


def test_sea_02_both_pages_show_the_link_and_the_graph_says_it_in_words(
    application: Application, anna: FlaskClient
) -> None:
    log_in(anna)
    mother, daughter = customer(application, "Matka <SA>"), customer(application, "Córka")

    page = anna.get(f"/customers/{mother}").text
    made = post(
        anna,
        "/links",
        kind="crm.customer",
        id=mother,
        type="parent_company:inverse",
        other=f"crm.customer/{daughter}",
        note="od 2019",
    )
    theirs = anna.get("/links/panel", query_string={"kind": "crm.customer", "id": daughter}).text
    graph = anna.get("/links/graph", query_string={"kind": "crm.customer", "id": mother}).text

    assert "/links/panel?kind=crm.customer" in page
    assert made.status_code == 200, made.text
    assert "subsidiary of" in made.text
    assert "od 2019" in made.text
    assert "parent company of" in theirs
    assert "Matka &lt;SA&gt;" in theirs
    assert 'aria-label="Customer Córka, parent company of Matka &lt;SA&gt;"' in graph
    assert "<style" not in graph.partition("<main")[2]


def test_a_search_offers_records_and_a_link_can_be_taken_away(application: Application, anna: FlaskClient) -> None:
    log_in(anna)
    first, second = customer(application, "Pierwsza"), customer(application, "Druga")
    order = LinkRecords(type="related", first=End("crm.customer", first), others=(End("crm.customer", second),))
    made = application.executor.execute(order, actor=EWA)

    found = anna.get("/links/choices", query_string={"what": "crm.customer", "target": "drug"}).text
    gone = post(anna, f"/links/{made[0]}/remove", kind="crm.customer", id=first)

    assert f"crm.customer/{second}" in found
    assert "Nothing is linked to it" in gone.text


def test_boxes_of_a_graph_do_not_lie_on_one_another() -> None:
    nodes = [Node(kind="case", record=str(n), title=f"Case {n}", ring=(n + 2) // 4) for n in range(14)]
    edges = [
        Edge(id=str(n), type="related", labels={"en": "related to"}, inverse_labels={}, first=n // 4, second=n)
        for n in range(1, 14)
    ]

    drawing = drawn(Graph(nodes=nodes, edges=edges, is_cut=False))

    places = [(box.x, box.y) for box in drawing.boxes]
    assert len(set(places)) == 14
    for x, y in places:
        assert not [other for other in places if other[0] == x and 0 < abs(other[1] - y) < HEIGHT]
        assert 0 <= y <= drawing.height - HEIGHT
    assert len(drawing.lines) == 13
