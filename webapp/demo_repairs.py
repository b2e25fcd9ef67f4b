"""Repairs of the demonstration: reported, on the way to us, being diagnosed, and one that waits for consent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from core.identity import SYSTEM
from crm.devices.registering import DeviceData, RegisterDevice
from crm.queries import customer, product
from crm.samples import FIRMS, MARK
from documents.filing import FileDocument
from documents.links import DocumentLink
from engine.instances import StartInstance
from engine.messages import PublishMessage
from engine.queries import InstanceFilter, TaskFilter, instances, tasks
from engine.tasks import CompleteTask

if TYPE_CHECKING:
    from documents.intake import Received
    from webapp.demo import Demo

PROCESS = "service_repair"
DESK, TECHNICIAN = "iwona", "bartek"
STORIES = (  # article, age in days, what is wrong, claimed as, and how many steps were taken
    ("PO-2540", 40, "Hałasuje przy starcie", "guarantee", 0),
    ("PO-4010", 200, "Przecieka na kołnierzu", "guarantee", 1),
    ("PO-2560", 400, "Nie reguluje obrotów", "guarantee", 2),
    ("PO-GL15", 1100, "Nie pompuje", "paid", 4),
)
FIRST = 3  # number of the first sample firm that has a device


def repairs(demo: Demo) -> None:
    """Register the devices and start the repairs, once."""
    known = demo.reading(lambda view: instances(view, InstanceFilter(definition_key=PROCESS), limit=1))
    if known.items:
        return
    demo.tell(f"Taking in {len(STORIES)} repairs …")
    paper = demo.store(
        demo.letter(
            title="Protokół serwisowy",
            number="serwis",
            to=demo.company(),
            paragraphs=["Stan urządzenia i numer seryjny zgodne ze zgłoszeniem."],
            signed=demo.person(DESK).name,
        )
    )
    for number, (sku, age, fault, basis, steps) in enumerate(STORIES):
        firm = FIRST + number % (FIRMS - FIRST)
        _Repair(demo, paper, f"SN-{2600 + number}", firm, (sku, age, fault)).walk(basis, steps)


class _Repair:
    """One case, walked on as the people of the service would."""

    def __init__(self, demo: Demo, paper: Received, serial: str, firm: int, story: tuple[str, int, str]) -> None:
        sku, age, self.fault = story
        self.demo, self.paper, self.serial = demo, paper, serial
        self.desk, self.technician = demo.person(DESK), demo.person(TECHNICIAN)
        self.today: date = demo.application.clock.now().date()
        owner = demo.reading(lambda view: customer(view, f"{MARK}:{firm}"))
        article = demo.reading(lambda view: product(view, sku))
        self.name = article.name
        data = DeviceData(
            product_id=article.id,
            serial_number=serial,
            customer_id=owner.id,
            purchased_on=self.today - timedelta(days=age),
        )
        demo.do(RegisterDevice(device=data), self.desk)
        variables = {"serial_number": serial, "fault_text": self.fault, "subject": self.fault}
        order = StartInstance(
            definition_key=PROCESS, business_key=f"{owner.profile.name}: {serial}", variables=variables
        )
        self.case: str = demo.do(order, self.desk).id

    def walk(self, basis: str, steps: int) -> None:
        """Take so many steps."""
        for step in (self.take_in, self.receive, self.diagnose, self.quote)[:steps]:
            step(basis)

    def take_in(self, basis: str) -> None:
        """The desk writes down what the customer says."""
        demand = {} if basis == "paid" else {"demand": "repair"}
        self.complete(
            "take_in",
            serial_number=self.serial,
            product_name=self.name,
            fault_text=self.fault,
            claim_basis=basis,
            condition="Ślady normalnego użytkowania",
            transport="courier",
            **demand,
        )

    def receive(self, _basis: str) -> None:
        """The courier has brought it."""
        self.demo.do(PublishMessage(name="device.received", keys={"key": self.case}), SYSTEM)
        for kind in ("intake_protocol", "photo", "photo"):
            self.attach("receive", kind)
        self.complete("receive", serial_seen=self.serial, serial_match=True, seal="ok")

    def diagnose(self, _basis: str) -> None:
        """Worn."""
        self.attach("diagnose", "diagnosis_report")
        self.complete(
            "diagnose",
            cause="wear",
            defect_code="WIRNIK",
            other_parts="Wirnik",
            other_parts_price=320,
            labour_min=90,
            repairable=True,
            essential_repair=False,
        )

    def quote(self, _basis: str) -> None:
        """The quote lies with the customer."""
        last = self.today + timedelta(days=30)
        self.complete("prepare_quote", valid_until=last.isoformat())

    def complete(self, element: str, **data: Any) -> None:
        """Complete the open task of an element as whoever does such things."""
        who = self.technician if element == "diagnose" else self.desk
        self.demo.do(CompleteTask(task_id=self.task(element), data=data), who)

    def attach(self, element: str, kind: str) -> None:
        """File a paper with the open task of an element."""
        order = FileDocument(
            title=f"{kind.replace('_', ' ').capitalize()} {self.serial}",
            type=kind,
            blob=self.paper,
            file_name=f"{kind}.pdf",
            links=(DocumentLink(kind="task", id=self.task(element), role="attached"),),
        )
        self.demo.do(order, self.technician if element == "diagnose" else self.desk)

    def task(self, element: str) -> str:
        """The open task of an element."""
        found = self.demo.reading(lambda view: tasks(view, TaskFilter(instance_id=self.case))).items
        return next(each.id for each in found if each.element_id == element)
