"""Operations on records and documents, with the real CRM and the real filing."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from docx import Document

from core.identity import SYSTEM, Actor
from crm.customers import CreateCustomer
from crm.profiles import Profile
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.errors import DeploymentRefused
from engine.instances import StartInstance
from tests.engine_world import bpmn, line
from tests.operation_tasks import calls
from webapp.bootstrap import Application

CUSTOMER = {"entity": "crm.customer"}
CLERK = Actor(id="anna", name="Anna", permissions=frozenset({"case.start", "task.work"}))
Files = tuple[DeploymentFile, ...]
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(application: Application) -> Run:
    """Deploys a process with one task that calls an operation, starts it, and answers with variables and incidents."""

    def go(
        operation: str,
        files: tuple[DeploymentFile, ...] = (),
        *,
        catching: str = "",
        variables: Any = None,
        **inputs: Any,
    ) -> dict[str, Any]:
        nodes, roots = line(calls(operation, **inputs), names=("call",)), ""
        if catching:
            nodes += '<boundaryEvent id="bad" attachedToRef="call"><errorEventDefinition errorRef="e"/></boundaryEvent>'
            nodes += '<userTask id="repair"/><sequenceFlow id="f" sourceRef="bad" targetRef="repair"/>'
            roots = f'<error id="e" errorCode="{catching}"/>'
        diagram = DeploymentFile(name="p.bpmn", content=bpmn(nodes, roots=roots))
        application.executor.execute(DeployDefinitions(files=(*files, diagram)), actor=SYSTEM)
        started = application.executor.execute(
            StartInstance(definition_key="process", variables=variables or {}), actor=CLERK
        )
        return {
            "id": started.id,
            "state": started.state,
            "tasks": [task.element_id for task in started.tasks],
            "variables": rows(application, "SELECT snapshot->'variables' FROM instance ORDER BY id DESC LIMIT 1")[0][0],
            "incidents": rows(application, "SELECT code, message FROM incident"),
        }

    return go


def rows(application: Application, statement: str) -> list[Any]:
    with application.database.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement))


def test_a_customer_is_made_and_linked_by_the_technical_actor(application: Application, run: Run) -> None:
    done = run(
        "record.create",
        entity="crm.customer",
        data='= {name: company, country: "PL", addresses: [{street: "Polna 1", city: "Łódź", country: "PL"}]}',
        outputs={"customer": "= id", "customer_number": "= record_number"},
        variables={"company": "Młyn"},
    )

    ((id_, number, name, author),) = rows(application, "SELECT id, number, name, created_by FROM customer")
    assert done["state"] == "completed"
    assert (done["variables"]["customer"], done["variables"]["customer_number"]) == (id_, number)
    assert (name, author) == ("Młyn", "process")
    links = rows(application, "SELECT entity, entity_id, role FROM instance_entity")
    assert links == [("crm.customer", id_, "subject")]
    told = rows(application, "SELECT type, actor_id FROM audit_entry WHERE type LIKE '%%customer%%'")
    assert [kind for kind, _ in told] == ["customer.created"]


def test_an_offer_is_drafted_with_lines(application: Application, run: Run) -> None:
    customer = application.executor.execute(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM)

    done = run(
        "record.create",
        entity="crm.offer",
        data='= {customer_id: customer, lines: [{quantity: 2, description: "Pompa", unit_price: 99.5, vat_rate: 23}], '
        'terms: {payment_days: 30, valid_until: date("2026-03-01")}}',
        outputs={"offer": "= id"},
        variables={"customer": customer.id},
    )

    assert done["incidents"] == []
    assert rows(
        application, "SELECT o.id, v.net, v.payment_days FROM offer o JOIN offer_version v ON v.offer_id = o.id"
    ) == [(done["variables"]["offer"], 199, 30)]


def test_a_customer_is_changed_by_its_number(application: Application, run: Run) -> None:
    made = application.executor.execute(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM)

    done = run(
        "record.update", entity="crm.customer", id=made.number, changes='= {reliability: "A", credit_limit: 500.5}'
    )

    assert done["state"] == "completed"
    assert rows(application, "SELECT reliability, credit_limit::text FROM customer") == [("A", "500.50")]


def test_a_call_is_planned_for_a_customer_and_linked_to_the_case(application: Application, run: Run) -> None:
    made = application.executor.execute(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM)

    done = run(
        "activity.create",
        employee="ewa",
        subject='= "Call " + name',
        method="phone",
        customer=made.number,
        planned_from='= date and time("2027-03-01T10:00:00")',
        outputs={"activity": "= id"},
        variables={"name": "Młyn"},
    )

    assert done["incidents"] == []
    assert rows(
        application,
        "SELECT id, subject, status, customer_id, planned_from, created_by FROM activity",
    ) == [
        (done["variables"]["activity"], "Call Młyn", "planned", made.id, datetime(2027, 3, 1, 9, tzinfo=UTC), "process")
    ]
    assert rows(application, "SELECT entity FROM instance_entity") == [("crm.activity",)]


def test_a_letter_that_left_is_noted_as_held_with_the_firm(application: Application, run: Run) -> None:
    made = application.executor.execute(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM)

    done = run("activity.create", employee="ewa", subject="Letter", method="post", customer=made.id)

    assert (done["state"], done["incidents"]) == ("completed", [])
    assert rows(application, "SELECT status, state FROM activity") == [("held", "done")]
    assert rows(application, "SELECT side, name FROM activity_participant") == [("customer", "Młyn")]


@pytest.mark.parametrize(
    ("operation", "inputs", "code", "told"),
    [
        ("record.create", {"entity": "crm.customer", "data": '= {title: "x"}'}, "RECORD_REFUSED", "title"),
        ("record.create", {"entity": "crm.customer", "data": '= {name: 5, country: "PL"}'}, "RECORD_REFUSED", "/name"),
        (
            "record.create",
            {"entity": "crm.customer", "data": '= {name: "x", country: "Poland"}'},
            "RECORD_REFUSED",
            "country",
        ),
        (
            "record.update",
            {"entity": "crm.customer", "id": "C-9", "changes": "= {}"},
            "RECORD_MISSING",
            "no record C-9",
        ),
        ("record.link", {"entity": "crm.order", "id": "none"}, "RECORD_MISSING", "no record none"),
        (
            "activity.create",
            {"employee": "ewa", "subject": "x", "method": "telepathy"},
            "RECORD_REFUSED",
            "no value telepathy",
        ),
        (
            "activity.create",
            {"employee": "ewa", "subject": "x", "method": "phone", "customer": "C-9"},
            "RECORD_MISSING",
            "no record C-9",
        ),
    ],
)
def test_what_the_crm_refuses_is_an_error_of_the_process(
    application: Application, run: Run, operation: str, inputs: dict[str, str], code: str, told: str
) -> None:
    caught = run(operation, catching=code, **inputs)
    uncaught = run(operation, **inputs)

    assert (caught["tasks"], told in caught["variables"]["reason"]) == (["repair"], True)
    assert uncaught["incidents"][0][0] == "uncaught_error"
    assert told in uncaught["incidents"][0][1]
    assert rows(application, "SELECT 1 FROM customer") == []


def test_what_is_refused_leaves_nothing_half_done(application: Application, run: Run) -> None:
    profile = Profile(name="Młyn", country="PL", external_reference="R1")
    application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM)

    done = run(
        "record.create",
        catching="RECORD_CONFLICT",
        entity="crm.customer",
        data='= {name: "Drugi", country: "PL", external_reference: "R1"}',
    )

    assert done["tasks"] == ["repair"]
    assert rows(application, "SELECT name FROM customer") == [("Młyn",)]
    assert rows(application, "SELECT 1 FROM instance_entity") == []


def case_documents(application: Application, case_id: str) -> list[Any]:
    return rows(
        application,
        "SELECT d.title, d.type, v.file_name, v.media_type, v.digest FROM document d JOIN document_version v"
        f" ON v.document_id = d.id JOIN document_link l ON l.document_id = d.id WHERE l.target = '{case_id}'",
    )


def test_a_text_and_bytes_are_filed_with_the_case(application: Application, run: Run) -> None:
    pdf = base64.b64encode(b"%PDF-1.7 x").decode()

    first = run("document.file", title="Notes", file_name="notes.txt", text="= notes", variables={"notes": "Zażółć"})
    second = run(
        "document.file", title="Scan", type="scan", file_name="scan.pdf", base64="= pdf", variables={"pdf": pdf}
    )

    assert [each[:4] for each in case_documents(application, first["id"])] == [
        ("Notes", None, "notes.txt", "text/plain")
    ]
    ((*_, digest),) = case_documents(application, second["id"])
    with application.blobs.open(digest) as content:
        assert content.read() == b"%PDF-1.7 x"
    assert "not both" in run("document.file", title="x", file_name="x")["incidents"][0][1]


def word(text: str) -> bytes:
    document, made = Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(made)
    return made.getvalue()


def test_a_document_is_made_from_a_deployed_word_template(application: Application, run: Run) -> None:
    letter = DeploymentFile(name="folder/letter.docx", content=word("Dear {{ name }}, until {{ until }}"))

    done = run(
        "document.generate",
        (letter,),
        template="letter.docx",
        title="Letter",
        type="letter",
        fields='= {name: name, until: date("2026-03-01")}',
        outputs={"letter": "= document"},
        variables={"name": "A & B <x>"},
    )

    assert done["incidents"] == []
    ((title, kind, file_name, _, digest),) = case_documents(application, done["id"])
    assert (title, kind, file_name) == ("Letter", "letter", "letter.docx")
    with application.blobs.open(digest) as content:
        (paragraph,) = Document(io.BytesIO(content.read())).paragraphs
    assert paragraph.text == "Dear A & B <x>, until 2026-03-01"


def test_a_document_is_typeset_from_a_deployed_typst_template(application: Application, run: Run) -> None:
    source = '#import "/paper.typ": *\n#set document(title: "Hello")\nHello #data.name'

    done = run(
        "document.generate",
        (DeploymentFile(name="hello.typ", content=source.encode()),),
        template="hello.typ",
        title="Hello",
        file_name="= name",
        fields="= {name: name}",
        variables={"name": "Łucja"},
    )

    assert done["incidents"] == []
    assert case_documents(application, done["id"])[0][2:4] == ("Łucja.pdf", "application/pdf")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{{ missing }}", "missing"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}", "time"),
    ],
)
def test_a_template_that_is_broken_or_means_harm_is_an_incident(
    application: Application, run: Run, monkeypatch: pytest.MonkeyPatch, content: str, told: str
) -> None:
    if told == "time":
        monkeypatch.setattr("documents.papers.TIME", 4)
    bad = DeploymentFile(name="bad.docx", content=word(content))

    done = run("document.generate", (bad,), template="bad.docx", title="Bad", fields="= {a: 1}")

    assert case_documents(application, done["id"]) == []
    if told == "time":
        assert done["incidents"][0][0] in {"typesetting_timed_out", "template_refused"}
    else:
        assert told in done["incidents"][0][1]


def test_a_template_that_is_not_there_or_is_no_template_is_refused(application: Application, run: Run) -> None:
    with pytest.raises(DeploymentRefused, match=r"The template letter\.docx is neither deployed"):
        run("document.generate", template="letter.docx", title="x", fields="= {a: 1}")
    with pytest.raises(DeploymentRefused, match="not a Word document"):
        run("document.file", (DeploymentFile(name="x.docx", content=b"text"),), title="x", file_name="x", text="x")
    assert run("document.generate", template="= name", title="x", fields="= {a: 1}", variables={"name": "y.docx"})[
        "incidents"
    ]


def test_templates_that_ship_are_known_by_their_package(application: Application, run: Run) -> None:
    done = run("document.generate", template="offer_approval/approval_sheet.docx", title="x", fields="= {a: 1}")

    assert done["incidents"][0][0] == "template_refused"  # found, and it asks for fields that we did not give
