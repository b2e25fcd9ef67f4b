"""Templates, letters to one and to many, and labels, on a real installation."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest

from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Address, Profile
from documents.queries import linked_documents
from documents.templates.mailing import write_batch
from engine.definitions import DeployDefinitions, DeploymentFile
from tests.engine_world import bpmn
from tests.engine_world import line as flow
from tests.template_samples import letter
from tests.web import Program
from webapp.background import make_worker
from webapp.bootstrap import Application

Make = Callable[..., Program]
LETTER = letter(
    "Szanowni Państwo, {{ customer.legal_name }}", "Kraków, {{ today|date('long') }}", footer="{{ author }}"
)
PROCESS = bpmn(flow('<userTask id="work" camunda:candidateGroups="sales_manager"/>', names=("work",)), key="job")


@pytest.fixture
def manager(program: Make) -> Program:
    return program("manager", "sales_manager")


def adopt(program: Program, content: bytes = LETTER, path: str = "/templates", **fields: str) -> Any:
    fields = {"title": "Wezwanie", "kind": "crm.customer"} | fields
    return program.post(path, data={**fields, "file": (io.BytesIO(content), "wezwanie.docx")})


def add_customers(application: Application, *names: str) -> list[str]:
    made = []
    for number, name in enumerate(names):
        address = Address(street=f"ul. Łąkowa {number + 1}", postal_code="30-102", city="Kraków", country="PL")
        profile = Profile(name=name, country="PL", credit_limit=Decimal(1000), addresses=(address,))
        made.append(application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id)
    return made


def text_of(content: bytes) -> list[str]:
    pages = pypdfium2.PdfDocument(content)
    try:
        return [page.get_textpage().get_text_bounded() for page in pages]
    finally:
        pages.close()


def work(application: Application) -> None:
    make_worker(application).drain()


def content_of(program: Program, document: str, n: int = 1) -> bytes:
    return bytes(program.get(f"/documents/{document}/versions/{n}/content").data)


def test_a_secretary_sees_the_fields_that_a_template_may_have(manager: Program) -> None:
    found = {each["name"]: each for each in manager.get("/templates/fields?kind=crm.offer").json["items"]}

    assert found["offer.number"]["title"] == "Number"
    assert {"line.description", "customer.address.city", "company.name", "today"} <= found.keys()


def test_a_template_is_checked_before_it_is_in_force(manager: Program) -> None:
    refused = adopt(manager, letter("Dear {{ custmer.name }},"))

    assert (refused.status_code, refused.json["code"]) == (422, "template_has_errors")
    assert refused.json["findings"] == [
        {
            "place": "in the text, near “Dear {{ custmer.name }},”",
            "field": "custmer",
            "sentence": "There is no field custmer; did you mean customer?",
        }
    ]
    assert manager.get("/templates").json["items"] == []


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ customer|attr('__class__') }}", "unsafe"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% for each in range(1000000000) %}x{% endfor %}", "Range too big"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_never_in_force(manager: Program, expression: str, told: str) -> None:
    refused = adopt(manager, letter(expression))

    assert refused.status_code == 422
    assert told in refused.json["detail"]
    assert manager.get("/templates").json["items"] == []


def test_templates_have_versions_and_the_last_right_one_counts(manager: Program) -> None:
    first = adopt(manager).json
    path = f"/templates/{first['id']}/versions"

    second = adopt(manager, letter("{{ customer.name }}"), path)
    third = adopt(manager, letter("{{ nothing }}"), path)

    assert (second.json["version"], third.status_code) == (2, 422)
    (found,) = manager.get("/templates").json["items"]
    assert (found["n"], found["fields"]) == (2, ["customer", "customer.name"])


def test_a_letter_is_filed_with_its_customer_and_names_its_template(application: Application, manager: Program) -> None:
    (customer,) = add_customers(application, "Żuraw sp. z o.o.")
    template = adopt(manager).json

    made = manager.post(f"/templates/{template['id']}/documents", json={"record": customer})

    assert made.status_code == 201, made.text
    assert "Żuraw sp. z o.o." in text_of(content_of(manager, made.json["id"]))[0]
    links = manager.get(f"/documents/{made.json['id']}").json["links"]
    assert [(each["kind"], each["id"], each["role"]) for each in links] == [("crm.customer", customer, "letter")]


def test_a_letter_is_written_for_a_customer_who_is_named_by_number(application: Application, manager: Program) -> None:
    (customer,) = add_customers(application, "Żuraw sp. z o.o.")
    number = manager.get(f"/customers/{customer}").json["number"]
    template = adopt(manager).json

    made = manager.post(f"/templates/{template['id']}/documents", json={"record": number})

    assert made.status_code == 201, made.text
    links = manager.get(f"/documents/{made.json['id']}").json["links"]
    assert [(each["kind"], each["id"]) for each in links] == [("crm.customer", customer)]


def test_a_preview_files_nothing(manager: Program) -> None:
    template = adopt(manager).json
    before = len(manager.get("/documents").json["items"])

    shown = manager.get(f"/templates/{template['id']}/preview")

    assert shown.content_type == "application/pdf"
    assert "Żuraw" in text_of(shown.data)[0]
    assert len(manager.get("/documents").json["items"]) == before


def test_only_who_may_edit_templates_puts_them_into_force(program: Make) -> None:
    assert adopt(program("rep", "sales_rep")).status_code == 403


def test_colleagues_may_use_a_template_that_somebody_else_has_made(
    application: Application, manager: Program, program: Make
) -> None:
    (customer,) = add_customers(application, "Żuraw")
    template = adopt(manager).json

    made = program("rep", "sales_rep").post(f"/templates/{template['id']}/documents", json={"record": customer})

    assert made.status_code == 201


def start(program: Program, template: str, **recipients: Any) -> Any:
    body = {"title": "Wezwanie do zapłaty", "template": template, "recipients": recipients}
    return program.post("/merges", json=body)


def test_a_merge_files_a_letter_for_everybody_and_one_with_all(application: Application, manager: Program) -> None:
    names = [f"Firma {letter_} Łódź" for letter_ in "ABCDE"]
    customers = add_customers(application, *names)
    template = adopt(manager).json

    started = start(manager, template["id"], q="Firma")
    work(application)

    assert started.status_code == 202, started.text
    merge = manager.get(f"/merges/{started.json['id']}").json
    assert (merge["state"], merge["total"], merge["done"], merge["refused"]) == ("finished", 5, 5, 0)
    letters = manager.get(f"/merges/{started.json['id']}/letters").json["items"]
    assert [each["target"] for each in letters] == customers
    assert names[2] in text_of(content_of(manager, letters[2]["document_id"]))[0]
    combined = text_of(content_of(manager, merge["combined_id"]))
    assert [name in page for name, page in zip(names, combined, strict=True)] == [True] * 5


def test_sms_04_a_campaign_of_letters_is_in_time_for_a_thousand_and_each_letter_is_filed(
    application: Application, manager: Program
) -> None:
    letters = 60
    customers = add_customers(application, *(f"Firma {number:02}" for number in range(letters)))
    template = adopt(manager).json
    started = start(manager, template["id"], q="Firma").json["id"]
    began = time.perf_counter()

    work(application)

    took = time.perf_counter() - began
    merge = manager.get(f"/merges/{started}").json
    assert (merge["state"], merge["done"], merge["refused"]) == ("finished", letters, 0)
    assert took * 1000 / letters < 5 * 60  # seconds that a thousand would take
    for each, name in ((customers[0], "Firma 00"), (customers[-1], "Firma 59")):
        with application.units.reading(SYSTEM) as view:
            assert [filed.title for filed in linked_documents(view, "crm.customer", each)] == [
                f"Wezwanie do zapłaty: {name}"
            ]


def test_a_merge_that_was_stopped_goes_on_where_it_was(
    application: Application, manager: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("documents.templates.mailing.BATCH", 2)
    add_customers(application, *(f"Firma {number}" for number in range(5)))
    started = start(manager, adopt(manager).json["id"], q="Firma").json["id"]

    write_batch(application, started)
    assert manager.post(f"/merges/{started}/stop", json={"reason": "Zła data"}).status_code == 200
    assert write_batch(application, started) is False
    stopped = manager.get(f"/merges/{started}").json
    manager.post(f"/merges/{started}/resume", json={"reason": "Jednak dobra"})
    work(application)

    assert (stopped["state"], stopped["done"], stopped["reason"]) == ("stopped", 2, "Zła data")
    finished = manager.get(f"/merges/{started}").json
    assert (finished["state"], finished["done"]) == ("finished", 5)
    documents = [each["document_id"] for each in manager.get(f"/merges/{started}/letters").json["items"]]
    assert len(set(documents)) == 5


def test_a_worker_that_comes_twice_writes_nobody_twice(application: Application, manager: Program) -> None:
    add_customers(application, "Firma")
    started = start(manager, adopt(manager).json["id"]).json["id"]

    work(application)
    write_batch(application, started)

    assert manager.get(f"/merges/{started}").json["done"] == 1
    assert len(manager.get("/documents").json["items"]) == 3  # template, letter, all letters


def test_nobody_else_sees_a_merge(application: Application, manager: Program, program: Make) -> None:
    add_customers(application, "Firma")
    started = start(manager, adopt(manager).json["id"]).json["id"]

    assert program("rep", "sales_rep").get(f"/merges/{started}").status_code == 404


def test_a_search_that_finds_nobody_is_refused(manager: Program) -> None:
    refused = start(manager, adopt(manager).json["id"], q="Nikt")

    assert (refused.status_code, refused.json["code"]) == (422, "no_recipients")


def test_a_named_search_is_used_again(application: Application, manager: Program) -> None:
    customers = add_customers(application, "Żuraw", "Bocian")
    saved = manager.post("/recipient-lists", json={"name": "Ptaki", "recipients": {"ids": customers}})
    assert saved.status_code == 201, saved.text

    made = manager.post("/labels", json={"sheet": "3x8-70x37", "recipients": {"list_id": saved.json["id"]}, "start": 5})

    assert made.status_code == 201, made.text
    assert (made.json["labels"], made.json["sheets"], made.json["remarks"]) == (2, 1, [])
    (page,) = text_of(content_of(manager, made.json["document"]["id"]))
    assert "Żuraw" in page
    assert "ul. Łąkowa 1" in page


def test_a_letter_tells_of_an_offer_and_of_a_case(application: Application, manager: Program) -> None:
    (customer,) = add_customers(application, "Żuraw")
    line = {"description": "Pompa", "quantity": 2, "unit_price": 1000, "vat_rate": 23}
    offer = manager.post("/offers", json={"customer_id": customer, "lines": [line]}).json
    files = (DeploymentFile(name="job.bpmn", content=PROCESS),)
    application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
    start = {"definition_key": "job", "business_key": "SP/7", "variables": {"place": "Hala 3"}}
    case = manager.post("/instances", json=start).json
    told = {
        "crm.offer": (offer["id"], "{{ offer.number }} {{ customer.name }}", f"{offer['number']} Żuraw"),
        "case": (case["id"], "{{ case.key }} {{ case.data.place }}", "SP/7 Hala 3"),
    }

    for kind, (record, words, wanted) in told.items():
        template = adopt(manager, letter(words), kind=kind)
        assert template.status_code == 201, template.text
        made = manager.post(f"/templates/{template.json['id']}/documents", json={"record": record})

        assert made.status_code == 201, made.text
        assert wanted in text_of(content_of(manager, made.json["id"]))[0]


def test_a_letter_tells_nothing_of_a_case_that_its_writer_may_not_see(
    application: Application, manager: Program, program: Make
) -> None:
    files = (DeploymentFile(name="job.bpmn", content=PROCESS),)
    application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
    case = manager.post("/instances", json={"definition_key": "job", "variables": {"place": "Hala 3"}}).json
    template = adopt(manager, letter("{{ case.data.place }}"), kind="case").json

    refused = program("tomek", "technician").post(f"/templates/{template['id']}/documents", json={"record": case["id"]})

    assert refused.status_code == 404, refused.text
