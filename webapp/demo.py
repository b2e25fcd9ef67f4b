"""Fills an installation for a demonstration: people, sample data, and cases in different stages with real documents.

Each step looks whether it was done before, so that a second run changes nothing and an interrupted one goes on.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select

from core.errors import NotFound
from core.identity import SYSTEM, Actor
from core.messages import Command
from crm.activities.queries import ActivityFilter, activities
from crm.models import OfferRow
from crm.offer_queries import Offer, offer
from crm.queries import customer
from crm.samples import FIRMS, MARK, LoadSamples
from documents.document_types import document_types
from documents.filing import AddVersion, FileDocument
from documents.intake import Received, receive
from documents.links import DocumentLink
from documents.papers import render_pdf
from documents.records.holds import PlaceHold, holds
from documents.records.rules import rules
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import EntityLink, StartInstance
from engine.queries import InstanceFilter, TaskFilter, deployed_content, instances, tasks
from engine.tasks import CompleteTask
from engine.views import TaskSummary
from processes import PACKAGES
from storage.unit_of_work import Reading
from webapp import demo_dunning, demo_opportunities, demo_repairs, demo_sales, demo_waiting
from webapp.accounts.people import AddAccount
from webapp.accounts.queries import account_named
from webapp.bootstrap import Application
from webapp.demo_records import HOLD, HOLD_REASON, RULES, Paper, papers
from webapp.demo_types import define_types

PASSWORD = "most-nad-rzeka"  # noqa: S105 -- of demonstrations, which listen on this machine only
PEOPLE = (  # log-in, name, role
    ("ewa", "Ewa Kowalska", "sales_rep"),
    ("jan", "Jan Lis", "sales_manager"),
    ("maria", "Maria Wójcik", "sales_director"),
    ("anna", "Anna Zielińska", "finance_director"),
    ("piotr", "Piotr Rak", "credit_controller"),
    ("olga", "Olga Dąbrowska", "legal"),
    ("tomasz", "Tomasz Wilk", "technical_reviewer"),
    ("zofia", "Zofia Król", "board"),
    ("iwona", "Iwona Kos", "service_desk"),
    ("bartek", "Bartosz Kruk", "technician"),
    ("irena", "Irena Zawada", "complaints_officer"),
    ("hubert", "Hubert Lach", "service_manager"),
    ("marek", "Marek Sowa", "process_designer"),
    ("adam", "Adam Wrona", "auditor"),
    ("kazik", "Kazimierz Maj", "records_manager"),
    ("kasia", "Katarzyna Bąk", "call_agent"),
    ("oskar", "Oskar Bielak", "operator"),
    ("admin", "Administrator", "admin"),
)
OWNER, RECORDS = "ewa", "kazik"
PROCESS, APPROVAL = "offer_approval", "approve_offer"
CASES = (  # number of the sample offer, and how far its approval has come
    (1, "started"),
    (2, "prepared"),
    (3, "prepared"),
    (4, "prepared"),
    (5, "approved"),
    (6, "returned"),
)
MOST_DECISIONS = 20  # a case that asks for more of them is not of the kind that we know
LETTER = """#import "/paper.typ": *
#show: paper.with(title: data.title, company: data.company, made: data.made, number: data.number)
#data.to

#v(1em)
#for paragraph in data.paragraphs [#par(paragraph)]
#v(2em)
#data.signed
"""
Tell = Callable[[str], None]
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Demo:
    """The steps of the demonstration on one application."""

    application: Application
    tell: Tell

    def fill(self) -> None:
        """Do what is left to do."""
        self.deploy()
        self.add_people()
        self.define_types()
        self.load_samples()
        self.load_sales()
        self.dun()
        self.keep_records()
        done = self.known_cases()
        for number, stage in CASES:
            offer_id = self.sample_offer(number)
            if offer_id is not None and offer_id not in done:
                self.start_case(offer_id, stage)
        demo_opportunities.opportunities(self)
        demo_repairs.repairs(self)
        demo_waiting.waiting(self)

    def deploy(self) -> None:
        """Deploy the shipped packages that bring something new; what a designer changed since stays as it is."""
        known = self.reading(deployed_content)
        for package in PACKAGES:
            files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in package.files())
            if any(hashlib.sha256(file.content).digest() not in known for file in files):
                self.do(DeployDefinitions(files=files), SYSTEM)

    def add_people(self) -> None:
        """Give everybody of the demonstration an account."""
        for name, display_name, role in PEOPLE:
            try:
                self.person(name)
            except NotFound:
                self.tell(f"Adding {display_name} …")
                roles = frozenset({role})
                self.do(AddAccount(name=name, display_name=display_name, roles=roles, password=PASSWORD), SYSTEM)

    def define_types(self) -> None:
        """Say what kinds of documents the firm has; whoever has changed one keeps the change."""
        known = self.reading(lambda view: {each.key for each in document_types(view, all_of_them=True)})
        added = define_types(known, lambda order: self.do(order, SYSTEM))
        if added:
            self.tell(f"Defined {added} types of documents.")

    def load_samples(self) -> None:
        """Enter firms, products, orders and offers, once."""
        loaded = self.do(LoadSamples(), self.person(OWNER))
        if loaded.customers:
            self.tell(f"Entered {loaded.customers} customers, {loaded.products} products, {loaded.offers} offers.")
            self.file_contracts()
            for paper in papers(self.application.clock.now().date()):
                self.file_paper(paper)

    def load_sales(self) -> None:
        """Take over a year of invoices with what was paid of them, and note what people do with customers, once."""
        if self.reading(lambda view: activities(view, ActivityFilter(), limit=1)).items:
            return
        self.tell("Taking over invoices and payments …")
        found = self.reading(
            lambda view: tuple(self.partner(view, f"{MARK}:{number}") for number in range(1, FIRMS + 1))
        )
        now = self.application.clock.now()
        for command in demo_sales.sales(found, now.date()):
            self.do(command, SYSTEM)
        for command in demo_sales.activities(found, (OWNER, "jan", "piotr"), now):
            self.do(command, self.person(OWNER))

    def dun(self) -> None:
        """Start the dunning of some overdue invoices, once."""
        found = self.reading(demo_dunning.overdue)
        if found:
            self.tell(f"Starting the dunning of {len(found)} invoices …")
            for command in demo_dunning.dunning(found, self.application.clock.now().date()):
                self.do(command, SYSTEM)

    @staticmethod
    def partner(view: Reading, key: str) -> demo_sales.Partner:
        """A sample customer with the first person there."""
        found = customer(view, key)
        return demo_sales.Partner(
            id=found.id,
            number=found.number,
            payment_days=found.profile.payment_days or 14,
            contact_id=found.contacts[0].id if found.contacts else None,
        )

    def keep_records(self) -> None:
        """Say how long what is kept, and hold one customer's documents; whoever has changed that keeps the change."""
        manager = self.person(RECORDS)
        known = self.reading(lambda view: {each.key for each in rules(view)})
        for rule in RULES:
            if rule.key not in known:
                self.do(rule, manager)
        if self.reading(lambda view: any(holds(view, standing=each).items for each in (True, False))):
            return
        target = self.reading(lambda view: customer(view, f"{MARK}:1")).id
        self.do(PlaceHold(name=HOLD, kind="crm.customer", target=target, reason=HOLD_REASON), manager)

    def file_paper(self, paper: Paper) -> None:
        """File a paper with its customer, described by its type's fields."""
        found = self.reading(lambda view: customer(view, f"{MARK}:{paper.customer}"))
        name = found.profile.name
        content = self.letter(title=paper.title, number=name, to=name, paragraphs=paper.lines, signed=self.company())
        filing = FileDocument(
            title=f"{paper.title} – {name}",
            type=paper.type,
            blob=self.store(content),
            file_name=f"{paper.title}.pdf",
            links=(DocumentLink(kind="crm.customer", id=found.id),),
            fields={key: name if value == "" else value for key, value in paper.fields.items()},
            tags=paper.tags,
        )
        self.do(filing, self.person(paper.author))

    def start_case(self, offer_id: str, stage: str) -> None:
        """Start an approval and bring it to a stage."""
        rep = self.person(OWNER)
        found = self.reading(lambda view: offer(view, offer_id))
        self.tell(f"Starting the approval of offer {found.number} …")
        links = (
            EntityLink(entity="crm.offer", id=found.id),
            EntityLink(entity="crm.customer", id=found.customer_id),
        )
        command = StartInstance(
            definition_key=PROCESS, business_key=found.number, variables={"offer_id": found.id}, links=links
        )
        started = self.do(command, rep)
        if stage == "started":
            return
        (first,) = started.tasks
        self.attach_request(first.id, found)
        self.do(CompleteTask(task_id=first.id, data={"payment_days": found.terms.payment_days}), rep)
        if stage == "approved":
            self.decide_all(started.id, {"decision": "approve"})
        elif stage == "returned":
            comment = "Proszę uzupełnić termin dostawy i jeszcze raz policzyć rabat."
            self.decide_one(started.id, {"decision": "return", "comment": comment})

    def decide_all(self, instance_id: str, data: dict[str, Any]) -> None:
        """Decide as long as somebody is asked."""
        for _ in range(MOST_DECISIONS):
            if not self.decide_one(instance_id, data):
                return

    def decide_one(self, instance_id: str, data: dict[str, Any]) -> bool:
        """Decide one open task as somebody whom it is offered to; False when there is none."""
        for task in self.reading(lambda view: tasks(view, TaskFilter(instance_id=instance_id))).items:
            approver = self.approver_of(task) if task.element_id == APPROVAL else None
            if approver is not None:
                self.do(CompleteTask(task_id=task.id, data=data), approver)
                return True
        return False

    def approver_of(self, task: TaskSummary) -> Actor | None:
        """Somebody whose role is asked, but not whoever wrote the offer."""
        for name, _, role in PEOPLE:
            if name != OWNER and role in task.candidate_groups:
                return self.person(name)
        return None

    def attach_request(self, task_id: str, found: Offer) -> None:
        """File the letter in which the customer asks for the offer."""
        lines = [f"{line.description}: {line.quantity.normalize():f} {line.unit}" for line in found.lines]
        content = self.letter(
            title="Zapytanie ofertowe",
            number=found.customer_name,
            to=self.company(),
            paragraphs=[
                "Szanowni Państwo,",
                "prosimy o ofertę na następujące pozycje:",
                *lines,
                "Prosimy o podanie terminu dostawy i warunków płatności.",
            ],
            signed=found.customer_name,
        )
        command = FileDocument(
            title=f"Zapytanie ofertowe – {found.customer_name}",
            type="customer_request",
            blob=self.store(content),
            file_name=f"zapytanie {found.number.replace('/', '-')}.pdf",
            links=(DocumentLink(kind="task", id=task_id, role="attached"),),
            fields={"received_on": self.application.clock.now().date().isoformat(), "channel": "e-mail"},
        )
        self.do(command, self.person(OWNER))

    def file_contracts(self) -> None:
        """File a framework contract with a few customers, one of them in two versions."""
        for number in (1, 2, 3):
            self.file_contract(f"{MARK}:{number}", amended=number == 1)

    def file_contract(self, key: str, *, amended: bool) -> None:
        """File a contract with one customer, and its amendment as a second version."""
        rep = self.person(OWNER)
        found = self.reading(lambda view: customer(view, key))
        name = found.profile.name
        command = FileDocument(
            title=f"Umowa ramowa – {name}",
            type="framework_contract",
            blob=self.store(self.contract(name, days=14)),
            file_name=f"umowa ramowa {found.number}.pdf",
            links=(DocumentLink(kind="crm.customer", id=found.id),),
            fields={"counterparty": name, "payment_days": 14},
            tags=("umowy", "handel"),
        )
        filed = self.do(command, rep)
        if amended:
            amendment = AddVersion(
                document_id=filed.id,
                blob=self.store(self.contract(name, days=30)),
                file_name=f"umowa ramowa {found.number} aneks.pdf",
                reason="Aneks: termin płatności 30 dni",
            )
            self.do(amendment, rep)

    def contract(self, name: str, *, days: int) -> bytes:
        """A framework contract as a PDF."""
        return self.letter(
            title="Umowa ramowa",
            number=name,
            to=name,
            paragraphs=[
                f"zawarta pomiędzy {self.company()} a {name}.",
                f"§ 1. Dostawca sprzedaje towary według zamówień, z terminem płatności {days} dni.",
                "§ 2. Ceny wynikają z przyjętych ofert; oferta przyjęta wiąże obie strony.",
                "§ 3. Umowa obowiązuje przez czas nieoznaczony.",
            ],
            signed=self.company(),
        )

    def letter(self, **fields: Any) -> bytes:
        """A letter as a PDF."""
        now = self.application.clock.now()
        data = {"company": self.company(), "made": now.date().isoformat()} | fields
        return render_pdf(LETTER, data, at=now)

    def company(self) -> str:
        """The firm that the demonstration is about."""
        from crm.company import company

        return self.reading(company).name

    def store(self, content: bytes) -> Received:
        """Put a file into the blob store, as an upload would."""
        here = self.application
        source = io.BytesIO(content)
        return receive(
            source, announced=len(content), limit=len(content), store=here.blobs, announce=here.staging.announce
        )

    def sample_offer(self, number: int) -> str | None:
        """The id of one of the sample offers."""
        wanted = select(OfferRow.id).where(OfferRow.external_reference == f"{MARK}:{number}")
        return self.reading(lambda view: view.session.scalar(wanted))

    def known_cases(self) -> set[str]:
        """The offers that a case has been started for."""
        from engine.models import InstanceEntityRow

        any_case = self.reading(lambda view: instances(view, InstanceFilter(definition_key=PROCESS), limit=1))
        if not any_case.items:
            return set()
        wanted = select(InstanceEntityRow.entity_id).where(InstanceEntityRow.entity == "crm.offer")
        return self.reading(lambda view: set(view.session.scalars(wanted)))

    def person(self, name: str) -> Actor:
        """One of the people. Raises `NotFound`."""
        return self.reading(lambda view: account_named(view, name)).actor()

    def do(self, command: Command, actor: Actor) -> Any:
        """Execute a command as somebody."""
        return self.application.executor.execute(command, actor=actor)

    def reading(self, query: Callable[[Reading], Answer]) -> Answer:
        """Ask something as the system."""
        with self.application.units.reading(SYSTEM) as view:
            return query(view)
