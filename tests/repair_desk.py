"""A firm that repairs: devices, people of the service and the process deployed, a clock that the test moves."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core.identity import SYSTEM, Actor
from crm.devices.registering import DeviceData, RegisterDevice
from crm.outbox.models import MessageRow
from crm.products import Article, CreateProduct
from documents.access import Target
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from documents.queries import attached
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.messages import RouteMessages
from engine.tasks import CompleteTask
from processes.offer_approval import PACKAGE as APPROVAL
from processes.service_repair import PACKAGE
from processes.service_repair.news import TELL, publish_news
from tests.offer_case import MANAGER, PDF, person
from tests.sales_desk import JOBS, SalesDesk

DESK = person("Ola", "service_desk")
TECH, OTHER = person("Tomek", "technician"), person("Tadek", "technician")
OFFICER, BOSS = person("Iga", "complaints_officer"), person("Szef", "service_manager")
STORE, LOGISTICS = person("Staszek", "parts_store"), person("Lena", "logistics")
TAKEN = {
    "product_name": "Pompa",
    "fault_text": "Nie startuje",
    "condition": "używana",
    "transport": "courier",
    "claim_basis": "guarantee",
    "demand": "repair",
}
FOUND = {
    "cause": "manufacturing",
    "defect_code": "E1",
    "labour_min": 60,
    "repairable": True,
    "essential_repair": False,
}
WORK = {"work_done": "Nowy wirnik", "minutes": 60, "old_parts": "none"}
PASSED = {"check_function": "pass", "check_safety": "pass", "check_fault": "pass", "check_look": "pass"}


@dataclass
class RepairDesk(SalesDesk):
    """An installation with the repair and the approval that it may call."""

    def __post_init__(self) -> None:
        for package in (APPROVAL, PACKAGE):
            files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in package.files())
            self.do(DeployDefinitions(files=files), SYSTEM)

    def product(self, sku: str, price: str = "1000") -> str:
        article = Article(
            sku=sku, name=f"Pompa {sku}", unit="pc", price=Decimal(price), currency="PLN", vat_rate=Decimal(23)
        )
        made: str = self.do(CreateProduct(article=article), MANAGER)
        return made

    def device(self, customer_id: str, *, bought: date, months: int = 24) -> str:
        data = DeviceData(
            product_id=self.product("P-1"),
            serial_number="SN-1",
            customer_id=customer_id,
            purchased_on=bought,
            warranty_months=months,
        )
        made: str = self.do(RegisterDevice(device=data), MANAGER)
        return made

    def report(self, **variables: Any) -> str:
        order = StartInstance(definition_key="service_repair", variables={"serial_number": "SN-1"} | variables)
        started: str = self.do(order, DESK).id
        return started

    def file(self, element: str, kind: str, actor: Actor) -> None:
        """Attach a paper of a type to the open task of an element."""
        here = self.application
        blob = receive(
            io.BytesIO(PDF), announced=len(PDF), limit=1 << 20, store=here.blobs, announce=here.staging.announce
        )
        links = (DocumentLink(kind="task", id=self.task(element).id),)
        self.do(FileDocument(title=kind, type=kind, blob=blob, file_name="p.pdf", links=links), actor)

    def fill(self, element: str, actor: Actor, *kinds: str, **data: Any) -> None:
        for kind in kinds:
            self.file(element, kind, actor)
        self.do(CompleteTask(task_id=self.task(element).id, data=data), actor)
        self.work()

    def to_the_diagnosis(self, case: str, **taken: Any) -> None:
        self.fill("take_in", DESK, **TAKEN | {"serial_number": "SN-1"} | taken)
        self.tell("device.received", key=case)
        self.fill(
            "receive",
            DESK,
            "intake_protocol",
            "photo",
            "photo",
            serial_seen="SN-1",
            serial_match=True,
            seal="ok",
        )

    def repair(self) -> None:
        """Repaired by one, tested by another, sent back."""
        self.fill("repair", TECH, "repair_log", **WORK)
        self.fill("test", OTHER, "test_protocol", test_result="pass", **PASSED)

    def send_back(self) -> None:
        self.fill("return_device", LOGISTICS, "handover_protocol", channel="courier", tracking_number="X1")

    def work(self) -> None:
        while True:
            with self.application.database.engine.begin() as connection:
                row = connection.execute(JOBS, {"name": TELL}).first()
            if row is None:
                break
            publish_news(self.application, row.args["arguments"])
        self.do(RouteMessages(), SYSTEM)
        self.no_incidents()

    def papers(self, case: str) -> set[str | None]:
        target = Target("case", case)
        with self.application.units.reading(SYSTEM) as view:
            return {each.type for each in attached(view, [target])[target]}

    def messages(self) -> list[MessageRow]:
        with self.application.units.reading(SYSTEM) as view:
            return list(view.session.query(MessageRow).order_by(MessageRow.id))
