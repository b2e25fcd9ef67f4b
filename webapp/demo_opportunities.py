"""Opportunities of the demonstration: a case of the sales cycle at each of its stages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm.offer_content import Line
from crm.offers import UpdateOffer
from crm.queries import CustomerDetail, customer
from crm.sales.accepting import AcceptOffer
from crm.samples import FIRMS, MARK
from documents.filing import FileDocument
from documents.links import DocumentLink
from engine.instances import StartInstance
from engine.queries import InstanceFilter, TaskFilter, instance, instances, tasks
from engine.tasks import CompleteTask
from storage.unit_of_work import Reading

if TYPE_CHECKING:
    from webapp.demo import Demo

PROCESS = "sales_cycle"
STORIES = (  # product group, what is needed, and how many steps were taken
    ("pompy", "Trzy pompy do nowej hali", 0),
    ("zawory", "Zawory do modernizacji kotłowni", 1),
    ("armatura", "Armatura na przyszły rok", 2),
    ("pompy", "Pompa zapasowa", 3),
    ("silniki", "Dwa silniki do przepompowni", 4),
    ("pompy", "Pompa z osprzętem", 5),
)
EASY = frozenset({"A", "B"})  # reliability of customers whose small offers need nobody's approval
PRICE, VAT, DAYS = Decimal(4200), Decimal(23), 30


def opportunities(demo: Demo) -> None:
    """Start them, once."""
    known = demo.reading(lambda view: instances(view, InstanceFilter(definition_key=PROCESS), limit=1))
    if known.items:
        return
    found = demo.reading(_buyers)
    demo.tell(f"Following {len(found)} opportunities …")
    for buyer, (group, need, steps) in zip(found, STORIES, strict=False):
        _Opportunity(demo, buyer, group, need).walk(steps)


def _buyers(view: Reading) -> list[CustomerDetail]:
    """Customers whose leads go to the department."""
    all_of_them = (customer(view, f"{MARK}:{number}") for number in range(1, FIRMS + 1))
    plain = [each for each in all_of_them if not each.profile.key_account and each.profile.reliability in EASY]
    usual = [each for each in plain if each.profile.region not in {"north", "south"}]
    return sorted(usual, key=lambda each: -each.standing.overdue_days)[-len(STORIES) :]


class _Opportunity:
    """One case, walked on as the representative would."""

    def __init__(self, demo: Demo, buyer: CustomerDetail, group: str, need: str) -> None:
        from webapp.demo import OWNER

        self.demo, self.buyer, self.group, self.need = demo, buyer, group, need
        self.rep = demo.person(OWNER)
        self.today: date = demo.application.clock.now().date()
        variables = {"customer_id": buyer.id, "product_group": group, "need_text": need, "source": "web"}
        order = StartInstance(
            definition_key=PROCESS, business_key=f"{buyer.profile.name}: {group}", variables=variables
        )
        self.case: str = demo.do(order, self.rep).id

    def walk(self, steps: int) -> None:
        """Take so many steps; a case that somebody else must decide on first stays where it is."""
        for step in (self.qualify, self.analyse, self.draft, self.send, self.accept)[:steps]:
            if not step():
                return

    def qualify(self) -> bool:
        """There is a need, and somebody who decides."""
        return self.complete(
            "qualify_lead",
            need="yes",
            need_text=self.need,
            product_group=self.group,
            budget_known=True,
            decision_maker_known=True,
            decision_maker="Dyrektor techniczny",
            timeline_months=2,
            est_value=int(PRICE) * 3,
            ad_source="web",
        )

    def analyse(self) -> bool:
        """What was said at the meeting."""
        return self.complete(
            "analyse_needs",
            report=True,
            meeting_at=self.today.isoformat(),
            participants="Dyrektor techniczny, kierownik utrzymania ruchu",
            requirements=self.need,
            technical_review_needed=False,
            value=int(PRICE) * 3,
            close_expected=(self.today + timedelta(days=DAYS)).isoformat(),
        )

    def draft(self) -> bool:
        """An offer of one line."""
        lines = (Line(quantity=Decimal(3), description=self.need, unit_price=PRICE, vat_rate=VAT),)
        terms = {"valid_until": self.today + timedelta(days=DAYS), "is_prepaid": True, "payment_days": 0}
        self.demo.do(UpdateOffer(offer_id=self.offer(), lines=lines, terms=terms), self.rep)
        return self.complete("draft_offer", delivery_terms="DAP")

    def send(self) -> bool:
        """It was left with the customer."""
        return self.complete("assemble_package", sent_by="in_person")

    def accept(self) -> bool:
        """They said yes; a worker tells the case."""
        self.demo.do(AcceptOffer(offer_id=self.offer()), self.rep)
        return True

    def offer(self) -> str:
        """The offer of the case."""
        return str(self.demo.reading(lambda view: instance(view, self.case)).variables["offer_id"])

    def complete(self, element: str, *, report: bool = False, **data: Any) -> bool:
        """Complete the open task of an element; False where it is not open."""
        found = self.demo.reading(lambda view: tasks(view, TaskFilter(instance_id=self.case))).items
        task = next((each for each in found if each.element_id == element), None)
        if task is None:
            return False
        if report:
            self.file_report(task.id)
        self.demo.do(CompleteTask(task_id=task.id, data=data), self.rep)
        return True

    def file_report(self, task_id: str) -> None:
        """The report of the meeting."""
        name = self.buyer.profile.name
        content = self.demo.letter(
            title="Notatka ze spotkania",
            number=name,
            to=name,
            paragraphs=[f"Potrzeba: {self.need}.", "Decyzja zapadnie w ciągu dwóch miesięcy."],
            signed=self.rep.name,
        )
        order = FileDocument(
            title=f"Notatka ze spotkania – {name}",
            type="meeting_report",
            blob=self.demo.store(content),
            file_name="notatka.pdf",
            links=(DocumentLink(kind="task", id=task_id, role="attached"),),
            fields={"met_on": self.today.isoformat()},
        )
        self.demo.do(order, self.rep)
