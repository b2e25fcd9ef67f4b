"""A firm that sells: enquiries, offers and orders with the process deployed, a clock and jobs that the test moves."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text

from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from crm.customers import CreateCustomer
from crm.offers import UpdateOffer
from crm.profiles import Email, Profile
from crm.sales.accepting import MoveOrder
from crm.sales.issuing import InvoiceOrder
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.inbox import TaskFilter, tasks
from engine.instances import StartInstance
from engine.messages import PublishMessage, RouteMessages
from engine.models import IncidentRow
from engine.queries import InstanceDetail, instance
from engine.tasks import CompleteTask
from engine.timers import FireDueTimers
from engine.views import TaskSummary
from processes.offer_approval import PACKAGE as APPROVAL
from processes.offer_approval import news as approval_news
from processes.sales_cycle import PACKAGE
from processes.sales_cycle.news import TELL, publish_news
from tests.offer_case import MANAGER, PDF, REP, make_line, person
from webapp.bootstrap import Application

CLERK = person("Ula", "order_desk")
JOBS = text(
    "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE task_name = :name"
    " AND status = 'todo' ORDER BY id LIMIT 1) RETURNING args"
)
JOBS_OF = ((approval_news.TELL, approval_news.publish_news), (TELL, publish_news))
LEAD = {
    "need": "yes",
    "need_text": "Trzy pompy",
    "product_group": "pumps",
    "budget_known": True,
    "decision_maker_known": True,
    "decision_maker": "p. Lis",
    "timeline_months": 2,
    "est_value": 20000,
    "ad_source": "fair",
}
NEEDS = {
    "meeting_at": "2026-01-08",
    "participants": "p. Lis",
    "requirements": "Trzy pompy do marca",
    "technical_review_needed": False,
    "value": 20000,
    "close_expected": "2026-02-28",
}
ORDER = {"po_number": "PO-7", "delivery_address": "Portowa 1, Gdynia"}


@dataclass
class SalesDesk:
    """An installation with the sales cycle and the approval that it calls."""

    application: Application
    clock: FixedClock

    def __post_init__(self) -> None:
        for package in (APPROVAL, PACKAGE):
            files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in package.files())
            self.do(DeployDefinitions(files=files), SYSTEM)

    def do(self, command: Any, actor: Actor = REP) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def customer(self, **values: Any) -> str:
        known = {"name": "Żuraw", "country": "PL", "payment_days": 30, "abc_class": "A"}
        profile = Profile(**known | {"emails": (Email(address="biuro@zuraw.example"),)} | values)
        created: str = self.do(CreateCustomer(profile=profile), MANAGER).id
        return created

    def start(self, **variables: Any) -> str:
        known = {"product_group": "pumps"} | variables
        started: str = self.do(StartInstance(definition_key="sales_cycle", variables=known)).id
        return started

    def task(self, element: str) -> TaskSummary:
        """The one open task of an element, whoever's it is."""
        with self.application.units.reading(SYSTEM) as view:
            (found,) = [each for each in tasks(view, TaskFilter()).items if each.element_id == element]
        return found

    def open(self) -> list[str]:
        with self.application.units.reading(SYSTEM) as view:
            return sorted(each.element_id for each in tasks(view, TaskFilter()).items)

    def complete(self, element: str, actor: Actor = REP, paper: str | None = None, **data: Any) -> None:
        """Somebody completes the open task, with a paper of a type where it needs one; then jobs run."""
        found = self.task(element)
        if paper:
            here = self.application
            blob = receive(
                io.BytesIO(PDF), announced=len(PDF), limit=1 << 20, store=here.blobs, announce=here.staging.announce
            )
            links = (DocumentLink(kind="task", id=found.id),)
            self.do(FileDocument(title=paper, type=paper, blob=blob, file_name="p.pdf", links=links), actor)
        self.do(CompleteTask(task_id=found.id, data=data), actor)
        self.work()

    def to_the_draft(self, case: str) -> str:
        """Qualify and analyse; the id of the offer that is drafted then."""
        self.complete("qualify_lead", **LEAD)
        self.complete("analyse_needs", paper="meeting_report", **NEEDS)
        return str(self.case(case).variables["offer_id"])

    def to_the_offer(self, case: str, discount: str = "0") -> str:
        """Draft and approve an offer of one line that is valid for two months; its id."""
        offer_id = self.to_the_draft(case)
        last = self.clock.now().date() + timedelta(days=60)
        self.draft(offer_id, discount, last)
        return offer_id

    def draft(self, offer_id: str, discount: str = "0", valid_until: date | None = None) -> None:
        """Enter a line and submit the draft."""
        terms = {"valid_until": valid_until, "payment_days": 14}
        self.do(UpdateOffer(offer_id=offer_id, lines=(make_line(discount),), terms=terms))
        self.complete("draft_offer")

    def tell(self, name: str, **keys: str) -> None:
        self.do(PublishMessage(name=name, keys=keys), SYSTEM)
        self.work()

    def fulfil(self, order_id: str) -> None:
        """Deliver the order and invoice it, as people do."""
        self.do(MoveOrder(order_id=order_id, state="done"), SYSTEM)
        self.do(InvoiceOrder(order_id=order_id), SYSTEM)
        self.work()

    def work(self) -> None:
        """Jobs of the sales cycle until none is left, and messages that waited for somebody."""
        for name, publish in JOBS_OF:
            while True:
                with self.application.database.engine.begin() as connection:
                    row = connection.execute(JOBS, {"name": name}).first()
                if row is None:
                    break
                publish(self.application, row.args["arguments"])
        self.do(RouteMessages(), SYSTEM)
        self.no_incidents()

    def no_incidents(self) -> None:
        with self.application.units.reading(SYSTEM) as view:
            found = view.session.execute(select(IncidentRow.element_id, IncidentRow.message)).all()
        assert not found, found

    def later(self, days: int) -> None:
        """Days go by, and timers fire."""
        self.clock.advance(timedelta(days=days))
        while self.do(FireDueTimers(limit=100), SYSTEM):
            pass
        self.work()

    def case(self, case: str) -> InstanceDetail:
        with self.application.units.reading(SYSTEM) as view:
            return instance(view, case)
