"""The operation that changes states of documents, and types of documents that diagrams name."""

from __future__ import annotations

import io
from typing import Any

import pytest

from core.identity import SYSTEM, Actor
from documents.document_types import DefineDocumentType
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from documents.states import ChangeState
from engine.definitions import DeployDefinitions, DeployedDefinition, DeploymentFile
from engine.errors import DocumentsMissing
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from tests.engine_world import bpmn, line
from tests.operation_tasks import calls
from webapp.bootstrap import Application

CLERK = Actor(id="anna", name="Anna", permissions=frozenset({"case.start", "task.work", "document.file"}))
SIGN = (
    '<userTask id="sign" name="Sign"><ioSpecification><dataOutput id="out"/><inputSet/>'
    "<outputSet><dataOutputRefs>out</dataOutputRefs></outputSet></ioSpecification>"
    '<dataOutputAssociation id="a"><sourceRef>out</sourceRef><targetRef>contract</targetRef></dataOutputAssociation>'
    "</userTask>"
)
CONTRACT = (
    '<dataObject id="object"/><dataObjectReference id="contract" name="Contract" obieg:documentType="contract" '
    'dataObjectRef="object"/>'
)


def task(name: str, operation: str, **inputs: str) -> str:
    return calls(operation, **inputs).replace('id="call"', f'id="{name}"')


def deploy(application: Application, nodes: str, *names: str) -> DeployedDefinition:
    content = bpmn(line(nodes, names=names) + (CONTRACT if "contract" in nodes else ""))
    files = (DeploymentFile(name="p.bpmn", content=content),)
    (deployed,) = application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
    found: DeployedDefinition = deployed
    return found


def play(application: Application, **inputs: str) -> dict[str, Any]:
    """A case that files a note, then changes its state."""
    note = task("note", "document.file", title="Note", type="note", file_name="note.txt", text="agreed")
    deploy(application, note + task("set", "document.state", **inputs), "note", "set")
    started = application.executor.execute(StartInstance(definition_key="process"), actor=CLERK)
    incidents = rows(application, "SELECT message FROM incident")
    return {"state": started.state, "documents": rows(application, "SELECT state FROM document"), "told": incidents}


def rows(application: Application, statement: str) -> list[Any]:
    with application.database.engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql(statement)]


def file_contract(application: Application, task_id: str) -> str:
    content = io.BytesIO(b"contract")
    blob = receive(content, announced=None, limit=99, store=application.blobs, announce=application.staging.announce)
    links = (DocumentLink(kind="task", id=task_id, role="attached"),)
    order = FileDocument(title="Umowa", type="contract", blob=blob, file_name="umowa.txt", links=links)
    return str(application.executor.execute(order, actor=CLERK).id)


def test_a_process_puts_the_documents_of_a_type_into_a_state(application: Application) -> None:
    done = play(application, state="approved", type="note", reason="as agreed")

    assert done == {"state": "completed", "documents": ["approved"], "told": []}


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"state": "approved", "type": "letter"}, "no document of the type letter"),
        ({"state": "approved", "document": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "no document 01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ],
)
def test_a_document_that_the_case_does_not_have_is_an_error_of_the_process(
    application: Application, inputs: dict[str, str], told: str
) -> None:
    done = play(application, **inputs)

    assert done["documents"] == ["draft"]
    assert told in done["told"][0]


def test_a_void_document_does_not_count_for_a_task(application: Application) -> None:
    deploy(application, SIGN, "sign")
    started = application.executor.execute(StartInstance(definition_key="process"), actor=CLERK)
    (open_task,) = started.tasks
    filed = file_contract(application, open_task.id)
    application.executor.execute(ChangeState(document_id=filed, state="void", reason="wrong one"), actor=SYSTEM)

    with pytest.raises(DocumentsMissing, match="contract"):
        application.executor.execute(CompleteTask(task_id=open_task.id, data={}), actor=CLERK)
    file_contract(application, open_task.id)

    assert application.executor.execute(CompleteTask(task_id=open_task.id, data={}), actor=CLERK).state == "completed"


def test_a_diagram_that_names_an_unknown_type_is_deployed_with_a_remark(application: Application) -> None:
    assert deploy(application, SIGN, "sign").remarks == ()
    define = DefineDocumentType(key="invoice", name="Faktura")
    application.executor.execute(define, actor=SYSTEM)

    (remark,) = deploy(application, SIGN, "sign").remarks

    assert remark.startswith("Sign names documents of the type contract, which is not defined")
    application.executor.execute(DefineDocumentType(key="contract", name="Umowa"), actor=SYSTEM)
    assert deploy(application, SIGN, "sign").remarks == ()
