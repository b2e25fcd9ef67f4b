"""A firm's records in every state, for pictures and walks: rules, dates to come, holds, a disposal that is done."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.identity import SYSTEM
from crm.models import CustomerRow
from documents.links import DocumentLink
from documents.records.holds import PlaceHold
from engine.inbox import TaskFilter, tasks
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from tests.records_office import ADMIN, BOARD, KEEPER, RecordsOffice
from webapp.background import make_worker
from webapp.bootstrap import Application

RULES: tuple[dict[str, Any], ...] = (
    {"key": "letters", "name": "Letters of the day", "period": "P1D", "document_types": ("letter",)},
    {"key": "complaints", "name": "Complaints", "period": "P3M", "document_types": ("complaint",)},
    {"key": "tenders", "name": "Tenders lost", "period": "P8M", "document_types": ("tender",)},
    {"key": "applications", "name": "Applications for a job", "period": "P1Y2M", "document_types": ("application",)},
    {"key": "cases", "name": "Files of cases", "trigger": "case_closed", "period": "P7Y", "document_types": ("note",)},
    {"key": "invoices", "name": "Invoices", "trigger": "filed_year", "period": "P5Y", "document_types": ("invoice",)},
    {"key": "deeds", "name": "Deeds", "trigger": "forever", "period": None, "document_types": ("deed",)},
)
AUTHORITY = {
    "invoices": "Ustawa o rachunkowości, art. 74",
    "applications": "Kodeks pracy, art. 22¹",
    "deeds": "Uchwała zarządu 4/2019",
}
FILED = (("letter", 3), ("complaint", 7), ("tender", 12), ("application", 5), ("invoice", 4), ("deed", 2), ("note", 1))


def fill_records(application: Application) -> None:
    """Rules, documents of all kinds, two holds, one disposal that is certified and one that is asked for."""
    office = RecordsOffice(application)
    overdue = [office.file(f"Zapytanie z targów {n}", kind="flyer") for n in range(1, 5)]
    for kind, count in FILED:
        for number in range(1, count + 1):
            office.file(f"{kind.capitalize()} {number:02d}/2026", kind=kind)
    for values in RULES:
        office.rule(**{"authority": AUTHORITY.get(values["key"], "Instrukcja kancelaryjna"), **values})
    office.rule("flyers", name="Flyers", period="P0D", document_types=("flyer",))
    office.hold("document", overdue[0], "Żuraw v. Wisła, I C 7/26", actor=ADMIN)
    with application.units.reading(SYSTEM) as view:
        customer = view.session.scalars(select(CustomerRow.id).limit(1)).first()
    if customer is not None:
        office.file("Reklamacja partii 17", DocumentLink(kind="crm.customer", id=customer), kind="complaint")
        matter = PlaceHold(
            name="Kontrola UOKiK 2026", kind="crm.customer", target=customer, reason="pismo z 12 stycznia"
        )
        office.do(matter, ADMIN)
    office.compute()
    _dispose(office, done=True)
    for number in range(5, 9):
        office.file(f"Zapytanie z targów {number}", kind="flyer")
    office.compute()
    _dispose(office, done=False)
    for number in range(9, 12):
        office.file(f"Zapytanie z targów {number}", kind="flyer")
    office.compute()


def _dispose(office: RecordsOffice, *, done: bool) -> None:
    case_id = office.do(StartInstance(definition_key="disposal"), KEEPER).id
    if done:
        for actor, decision in ((KEEPER, "ask"), (BOARD, "approve")):
            with office.application.units.reading(SYSTEM) as view:
                (task,) = tasks(view, TaskFilter(instance_id=case_id)).items
            office.do(CompleteTask(task_id=task.id, data={"decision": decision}), actor)
        make_worker(office.application).drain()
