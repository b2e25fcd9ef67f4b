"""A firm that duns: customers, invoices, payments, the clock, the jobs and the print run, as its people have them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pypdf import PdfReader
from sqlalchemy import select, text

from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from crm.customers import CreateCustomer
from crm.offer_content import Line
from crm.outbox.batches import BatchPapers, MakeBatch, PostBatch, note_printed
from crm.outbox.channels import Channels
from crm.outbox.errors import NothingToPrint
from crm.payments.importing import PostPayment
from crm.payments.receivables import SetInterestRate
from crm.profiles import Address, Email, Phone, Profile
from crm.sales.issuing import IssueInvoice
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.inbox import TaskFilter, tasks
from engine.messages import RouteMessages
from engine.models import IncidentRow
from engine.queries import InstanceDetail, instance
from engine.tasks import CompleteTask
from engine.timers import FireDueTimers
from engine.views import TaskSummary
from processes.dunning import PACKAGE
from processes.dunning.copies import send_copies
from processes.dunning.dispatching import DispatchNextLetter
from processes.dunning.holds import recall_message
from processes.dunning.letters import COPIES, RECALL
from processes.dunning.models import DunningItemRow, DunningLetterRow, DunningRow
from processes.dunning.nightly import START, StartDunnings, start_batch
from processes.dunning.telling import TELL, publish_news
from tests.offer_case import PDF, person
from webapp.bootstrap import Application
from webapp.outbox.channels import Sink
from webapp.outbox.delivery import send_due

CLERK = person("Piotr", "credit_controller")
FINANCE = person("Anna", "finance_director")
LAWYER = person("Olga", "legal")
SALES = person("Jan", "sales_manager")
JOBS = text(
    "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE task_name = ANY(:names)"
    " AND status = 'todo' ORDER BY id LIMIT 1) RETURNING task_name, args"
)
FUNCTIONS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    TELL: publish_news,
    START: start_batch,
    RECALL: recall_message,
    COPIES: send_copies,
}
ADDRESS = Address(street="ul. Łąkowa 5", postal_code="30-102", city="Kraków", country="PL")


@dataclass
class DunningDesk:
    """An installation with the process deployed, and a clock that the test moves."""

    application: Application
    clock: FixedClock
    paid: int = field(default=0)
    sink: Sink = field(default_factory=Sink)

    def __post_init__(self) -> None:
        self.application.units.ports[Channels] = Channels({"email": self.sink, "sms": self.sink})
        files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
        self.do(DeployDefinitions(files=files), SYSTEM)
        rate = SetInterestRate(currency="PLN", valid_from=date(2020, 1, 1), percent=Decimal("15.75"), source="M.P.")
        self.do(rate, CLERK)

    def do(self, command: Any, actor: Actor = CLERK) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def customer(self, **values: Any) -> str:
        profile = Profile(
            **{
                "name": "Żuraw",
                "country": "PL",
                "reliability": "B",
                "addresses": (ADDRESS,),
                "emails": (Email(address="biuro@zuraw.example"),),
                "phones": (Phone(number="+48600100200", kind="mobile"),),
            }
            | values
        )
        created: str = self.do(CreateCustomer(profile=profile), SALES).id
        return created

    def invoice(self, customer_id: str, net: str = "1000", *, days: int = 14) -> str:
        lines = (Line(quantity=Decimal(1), description="Pompa", unit_price=Decimal(net), vat_rate=Decimal(23)),)
        order = IssueInvoice(customer_id=customer_id, lines=lines, payment_days=days)
        issued: str = self.do(order, SALES).id
        return issued

    def pay(self, invoice_id: str, amount: str) -> str:
        """Money comes with the invoice's number; the id of the payment."""
        from crm.sales.models import InvoiceRow

        self.paid += 1
        with self.application.units.reading(SYSTEM) as view:
            number = view.session.get_one(InvoiceRow, invoice_id).number
        command = PostPayment(
            amount=Decimal(amount),
            currency="PLN",
            booked_on=self.clock.now().date(),
            reference=number,
            account="main",
            key=f"payment {self.paid}",
        )
        found: str = self.do(command)
        return found

    def night(self) -> int:
        """The nightly run and the jobs that it asks for."""
        count: int = self.do(StartDunnings(), SYSTEM)
        self.work()
        self.no_incidents()
        return count

    def work(self) -> None:
        """Jobs of dunning until none is left, and messages that waited for somebody."""
        while True:
            with self.application.database.engine.begin() as connection:
                row = connection.execute(JOBS, {"names": list(FUNCTIONS)}).first()
            if row is None:
                break
            FUNCTIONS[row.task_name](self.application, row.args["arguments"])
        self.do(RouteMessages(), SYSTEM)

    def no_incidents(self) -> None:
        with self.application.units.reading(SYSTEM) as view:
            found = view.session.execute(select(IncidentRow.element_id, IncidentRow.message)).all()
        assert found == []

    def pass_days(self, count: int) -> None:
        """Days go by; every day timers fire, letters are printed and jobs run."""
        for _ in range(count):
            self.clock.advance(timedelta(days=1))
            self.fire()
            self.print_letters()
        self.no_incidents()

    def fire(self) -> None:
        """Timers that are due, and what follows."""
        self.fire_alone()
        self.work()

    def fire_alone(self) -> None:
        """Timers that are due; nobody does the jobs that follow."""
        while self.do(FireDueTimers(limit=100), SYSTEM):
            pass

    def print_letters(self) -> list[str]:
        """Letters are made, mailed, texted, printed and posted; their documents."""
        made = self.make_letters()
        send_due(self.application)
        if (batch := self.print_batch()) is not None:
            self.do(PostBatch(batch_id=batch), SYSTEM)
        self.work()
        send_due(self.application)  # copies
        return made

    def make_letters(self) -> list[str]:
        """What waits goes into the outbox; the documents."""
        made, last = [], ""
        while (done := self.do(DispatchNextLetter(after=last))) is not None:
            last = done.letter_id
            made += [done.document_id] if done.document_id else []
        return made

    def print_batch(self) -> str | None:
        """The letters of the outbox are printed; the post does not have them yet. The batch, if there was any."""
        try:
            batch: str = self.do(MakeBatch(), SYSTEM)
        except NothingToPrint:
            return None
        with self.application.units.begin(SYSTEM) as unit:
            papers = BatchPapers(pages_id=batch, book_id=batch, labels_id=batch, digest="0" * 64)
            note_printed(unit, batch, papers)
            unit.commit()
        return batch

    def row(self, invoice_id: str) -> DunningRow:
        with self.application.units.reading(SYSTEM) as view:
            found = view.session.get_one(DunningRow, invoice_id)
            view.session.expunge(found)
            return found

    def case(self, invoice_id: str) -> InstanceDetail:
        with self.application.units.reading(SYSTEM) as view:
            return instance(view, view.session.get_one(DunningRow, invoice_id).instance_id)

    def letters(self, invoice_id: str, *states: str) -> list[tuple[str, str]]:
        """Template and state of every letter that the invoice was in, in their order."""
        wanted = (
            select(DunningLetterRow.template, DunningItemRow.state)
            .join(DunningItemRow, DunningItemRow.letter_id == DunningLetterRow.id)
            .where(DunningItemRow.invoice_id == invoice_id)
            .order_by(DunningItemRow.id)
        )
        with self.application.units.reading(SYSTEM) as view:
            rows = [(template, state) for template, state in view.session.execute(wanted)]
        return [each for each in rows if not states or each[1] in states]

    def text_of(self, document_id: str) -> str:
        """What a printed letter says."""
        wanted = select(DunningLetterRow.digest).where(DunningLetterRow.document_id == document_id)
        with self.application.units.reading(SYSTEM) as view:
            digest = str(view.session.scalars(wanted).one())
        with self.application.blobs.open(digest) as stored:
            pages = PdfReader(io.BytesIO(stored.read())).pages
        return " ".join(" ".join(page.extract_text() for page in pages).split())

    def tasks(self, invoice_id: str) -> list[TaskSummary]:
        found = self.case(invoice_id).id
        with self.application.units.reading(SYSTEM) as view:
            return [each for each in tasks(view, TaskFilter(), limit=50).items if each.instance_id == found]

    def complete(self, invoice_id: str, element: str, actor: Actor = CLERK, *papers: str, **data: Any) -> None:
        """The open task of this element is completed, with papers of these types."""
        (task,) = [each for each in self.tasks(invoice_id) if each.element_id == element]
        for kind in papers:
            blob = receive(
                io.BytesIO(PDF),
                announced=len(PDF),
                limit=1 << 20,
                store=self.application.blobs,
                announce=self.application.staging.announce,
            )
            links = (DocumentLink(kind="task", id=task.id),)
            self.do(FileDocument(title=kind, type=kind, blob=blob, file_name=f"{kind}.pdf", links=links), actor)
        self.do(CompleteTask(task_id=task.id, data=data), actor)
        self.work()


def start_of_year() -> datetime:
    return datetime(2026, 1, 5, 9, tzinfo=UTC)
