"""A help desk: the process deployed beside the sales cycle, people who answer, and jobs that the test runs."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from crm.customers import CreateCustomer
from crm.outbox.models import MessageRow
from crm.profiles import Email, Profile
from documents.filing import FileDocument
from documents.intake import receive
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.inbox import TaskFilter, tasks
from engine.messages import RouteMessages
from engine.models import IncidentRow
from engine.queries import InstanceDetail, instance
from engine.tasks import CompleteTask
from engine.timers import FireDueTimers
from engine.views import TaskSummary
from processes.helpdesk import PACKAGE, queries
from processes.helpdesk.queries import Ticket
from processes.helpdesk.tickets import OpenTicket
from processes.sales_cycle import PACKAGE as SALES
from storage.jobs.worker import Worker
from tests.post_office import person
from webapp.bootstrap import Application

DESK = person("ola", "service_desk")
PRODUCT = person("pawel", "product_manager")
BUYER = "lis@zuraw.example"


@dataclass
class HelpDesk:
    """An installation with the process."""

    application: Application
    clock: FixedClock

    def __post_init__(self) -> None:
        for package in (SALES, PACKAGE):
            files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in package.files())
            self.do(DeployDefinitions(files=files), SYSTEM)

    def do(self, command: Any, actor: Actor = DESK) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def customer(self, **values: Any) -> str:
        known = {"name": "Żuraw", "country": "PL", "emails": (Email(address=BUYER),)}
        return str(self.do(CreateCustomer(profile=Profile(**known | values))).id)

    def open(self, **values: Any) -> Ticket:
        known = {"channel": "phone", "subject": "Jak długa jest pompa?", "text": "Pytam o P-1.", "email": BUYER}
        made = self.do(OpenTicket(**known | values))
        self.work()
        return self.ticket(made.id)

    def ticket(self, key: str) -> Ticket:
        with self.application.units.reading(DESK) as view:
            return queries.ticket(view, key)

    def tickets(self) -> list[Ticket]:
        with self.application.units.reading(DESK) as view:
            return [queries.ticket(view, each.id) for each in queries.tickets(view).items]

    def case(self, ticket: Ticket) -> InstanceDetail:
        with self.application.units.reading(SYSTEM) as view:
            return instance(view, str(self.ticket(ticket.id).case_id))

    def tasks(self, actor: Actor = SYSTEM) -> list[TaskSummary]:
        with self.application.units.reading(actor) as view:
            return list(tasks(view, TaskFilter()).items)

    def complete(self, actor: Actor = DESK, **data: Any) -> None:
        (task,) = [each for each in self.tasks() if each.element_id == "work"]
        self.do(CompleteTask(task_id=task.id, data=data), actor)
        self.work()

    def mail(
        self, subject: str, text: str = "Dzień dobry.", sender: str = f"Jan Lis <{BUYER}>", **headers: str
    ) -> None:
        """A mail to the help desk comes in and is filed."""
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = sender, "pomoc@firma.example", subject
        for name, value in headers.items():
            made[name.replace("_", "-")] = value
        made.set_content(text)
        here, content = self.application, bytes(made)
        blob = receive(
            io.BytesIO(content), announced=len(content), limit=1 << 20, store=here.blobs, announce=here.staging.announce
        )
        self.do(FileDocument(title=subject, blob=blob, file_name="m.eml"), SYSTEM)
        self.work()

    def wait(self, **spans: float) -> None:
        self.clock.advance(timedelta(**spans))
        self.do(FireDueTimers(), SYSTEM)
        self.work()

    def sent(self) -> list[MessageRow]:
        with self.application.units.reading(SYSTEM) as view:
            return list(view.session.scalars(select(MessageRow).order_by(MessageRow.id)))

    def link(self) -> str:
        """The path of the newest link that went to a customer."""
        found = [each for row in self.sent() for each in re.findall(r"https://firma\.example(/ticket/\S+)", row.text)]
        return str(found[-1])

    def work(self) -> None:
        for _ in range(3):
            Worker(self.application.database.engine, self.application, threads=1).drain()
            self.do(RouteMessages(), SYSTEM)
        with self.application.units.reading(SYSTEM) as view:
            assert view.session.execute(select(IncidentRow.element_id, IncidentRow.message)).all() == []
