"""Links on the pages of records, and the graph around one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask.testing import FlaskClient

from core.identity import Actor
from crm.customers import CreateCustomer
from crm.devices.contracts import SaveContract
from crm.devices.registering import DeviceData, RegisterDevice
from crm.links.ends import End
from crm.links.linking import LinkRecords
from crm.links.queries import Edge, Graph, Node
from crm.products import Article, CreateProduct
from crm.profiles import Profile
from tests.integration.test_pages_documents import Archive
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


def test_sea_02_products_devices_and_contracts_have_pages_with_their_links_and_documents(
    application: Application, anna: FlaskClient
) -> None:
    log_in(anna)
    run, mill = application.executor.execute, customer(application, "Młyn")
    article = Article(sku="P-1", name="Pompa", unit="pc", price=Decimal(10), currency="PLN", vat_rate=Decimal(23))
    pump = run(CreateProduct(article=article), actor=EWA)
    data = DeviceData(product_id=pump, customer_id=mill, serial_number="SN-7", purchased_on=date(2025, 1, 31))
    device = run(RegisterDevice(device=data), actor=EWA)
    terms = SaveContract(
        customer_id=mill, name="Opieka", starts_on=date(2026, 1, 1), response_hours=Decimal(8), devices=(device,)
    )
    contract = run(terms, actor=EWA)
    places = {
        "crm.product": f"/products/{pump}",
        "crm.device": f"/devices/{device}",
        "crm.service_contract": f"/service-contracts/{contract}",
    }
    for kind, address in places.items():
        made = post(anna, "/links", kind="crm.customer", id=mill, type="related", other=f"{kind}/{address[-26:]}")
        assert f'href="{address}"' in made.text

    archive = Archive(application, anna, "anna")
    card = archive.file("Karta gwarancyjna")
    for kind, address in places.items():
        key = address[-26:]
        archive.post(f"/documents/{card}/links", kind=kind, id=key)
        page = archive.page(address)
        panel = archive.page("/links/panel", kind=kind, id=key)

        assert f"/links/panel?kind={kind}" in page
        assert "Karta gwarancyjna" in page
        assert f'href="/customers/{mill}"' in panel
        assert f'href="{address}"' in archive.page(f"/documents/{card}")
    assert "SN-7" in anna.get(places["crm.service_contract"]).text
    choices = {"what": "crm.service_contract", "target": "młyn"}
    assert f"crm.service_contract/{contract}" in anna.get("/links/choices", query_string=choices).text


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
