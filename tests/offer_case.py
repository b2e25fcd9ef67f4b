"""People, documents and steps of an offer's approval, for tests of the process package."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.identity import SYSTEM, Actor
from crm.customers import CreateCustomer
from crm.offer_content import Line, Terms
from crm.offer_queries import Offer, offer
from crm.offers import CreateOffer
from crm.profiles import Profile
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.inbox import TaskFilter, task, tasks
from engine.instances import EntityLink, StartedInstance, StartInstance
from engine.queries import InstanceDetail, instance
from engine.tasks import CompleteTask, Completion
from engine.views import TaskDetail, TaskSummary
from processes.offer_approval import PACKAGE
from webapp.accounts.roles import permissions_of
from webapp.bootstrap import Application

PDF = b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def person(name: str, *roles: str) -> Actor:
    return Actor(id=name.lower(), name=f"{name} Test", roles=frozenset(roles), permissions=permissions_of(roles))


def make_line(discount: str, *, price: str = "1000") -> Line:
    return Line(
        quantity=Decimal(1),
        description="Pompa",
        unit_price=Decimal(price),
        discount=Decimal(discount),
        vat_rate=Decimal(23),
    )


REP = person("Ewa", "sales_rep")
MANAGER = person("Jan", "sales_manager")
DIRECTOR = person("Maria", "sales_director")
CREDIT = person("Piotr", "credit_controller")
FINANCE = person("Anna", "finance_director")
LEGAL = person("Olga", "legal")
BOARD = person("Zofia", "board")
AUDITOR = person("Adam", "auditor")


@dataclass
class OfferDesk:
    """An installation with the process deployed."""

    application: Application

    def __post_init__(self) -> None:
        files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
        self.do(DeployDefinitions(files=files), SYSTEM)

    def do(self, command: Any, actor: Actor = REP) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def make_customer(self, **values: Any) -> str:
        profile = Profile(**{"name": "Żuraw", "country": "PL", "payment_days": 30} | values)
        created: str = self.do(CreateCustomer(profile=profile)).id
        return created

    def make_offer(
        self, discount: str = "0", *, price: str = "1000", customer_id: str | None = None, actor: Actor = REP
    ) -> str:
        lines = (make_line(discount, price=price),)
        command = CreateOffer(
            customer_id=customer_id or self.make_customer(), lines=lines, terms=Terms(payment_days=14)
        )
        created: str = self.do(command, actor).id
        return created

    def start(self, offer_id: str, actor: Actor = REP, *, sends: bool = False) -> StartedInstance:
        """Have an offer approved; it is sent by others unless the test is about that."""
        found = self.offer(offer_id)
        links = (
            EntityLink(entity="crm.offer", id=found.id),
            EntityLink(entity="crm.customer", id=found.customer_id),
        )
        variables = {"offer_id": found.id, "is_sent_elsewhere": not sends}
        command = StartInstance(
            definition_key="offer_approval", business_key=found.number, variables=variables, links=links
        )
        started: StartedInstance = self.do(command, actor)
        return started

    def attach(self, task_id: str, actor: Actor = REP, *, kind: str = "customer_request", content: bytes = PDF) -> Any:
        """Upload a PDF and attach it to a task."""
        return self.file(DocumentLink(kind="task", id=task_id), actor, kind=kind, content=content)

    def file(
        self, link: DocumentLink, actor: Actor = REP, *, kind: str = "customer_request", content: bytes = PDF
    ) -> Any:
        """Upload a PDF that belongs to a record."""
        blobs, staging = self.application.blobs, self.application.staging
        blob = receive(
            io.BytesIO(content), announced=len(content), limit=1 << 20, store=blobs, announce=staging.announce
        )
        command = FileDocument(title="Zapytanie", type=kind, blob=blob, file_name="zapytanie.pdf", links=(link,))
        return self.do(command, actor)

    def prepare(self, started: StartedInstance, actor: Actor = REP, **data: Any) -> Completion:
        """Attach the request and complete the first task."""
        (first,) = started.tasks
        self.attach(first.id, actor)
        return self.complete(first.id, actor, **{"payment_days": 14} | data)

    def complete(self, task_id: str, actor: Actor, **data: Any) -> Completion:
        completion: Completion = self.do(CompleteTask(task_id=task_id, data=data), actor)
        return completion

    def decide(self, completion: Completion, actor: Actor, decision: str = "approve", **data: Any) -> Completion:
        """The open task that is offered to this person is decided."""
        (own,) = [each for each in self.inbox(actor) if each.instance_id == completion.instance_id]
        return self.complete(own.id, actor, decision=decision, **data)

    def inbox(self, actor: Actor) -> list[TaskSummary]:
        """What is offered to a person or theirs; the board may look at more."""
        with self.application.units.reading(actor) as view:
            seen = tasks(view, TaskFilter()).items
        return [each for each in seen if each.assignee == actor.id or actor.roles & set(each.candidate_groups)]

    def task(self, task_id: str, actor: Actor) -> TaskDetail:
        with self.application.units.reading(actor) as view:
            return task(view, task_id)

    def instance(self, instance_id: str) -> InstanceDetail:
        with self.application.units.reading(SYSTEM) as view:
            return instance(view, instance_id)

    def offer(self, key: str) -> Offer:
        with self.application.units.reading(SYSTEM) as view:
            return offer(view, key)
