"""Drives fines through dunning: every case of a log at its real dates, on a clock that jumps from one date to the next.

The process itself does what is due in between: letters, calls, the hand-over. Nobody but the log pays, appeals or sends
for collection.
"""

import heapq
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text

from benchmarks._fines_log import Fine
from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from core.messages import Command
from core.records import dataclass
from crm.company import SetCurrencyRate
from crm.customers import CreateCustomer
from crm.outbox.batches import BatchPapers, MakeBatch, PostBatch, note_printed
from crm.outbox.channels import Channels
from crm.outbox.errors import NothingToPrint
from crm.payments.importing import PostPayment
from crm.payments.receivables import SetInterestRate
from crm.profiles import Address, Email, Phone, Profile
from crm.queries import customer
from crm.sales.crediting import CreditInvoice
from crm.sales.importing import NEEDED, ImportInvoices
from crm.sales.models import InvoiceRow
from crm.sales.settling import DisputeInvoice, ResolveDispute
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.messages import RouteMessages
from engine.models import IncidentRow, TimerRow
from engine.queries import TaskFilter, tasks
from engine.tasks import CompleteTask
from engine.timers import FireDueTimers
from processes.dunning import PACKAGE, days
from processes.dunning.dispatching import DispatchNextLetter
from processes.dunning.facts import FILE
from processes.dunning.models import DunningItemRow, DunningLetterRow, DunningRow
from processes.dunning.nightly import StartDunnings
from storage.jobs.registry import JOBS
from webapp.accounts.roles import permissions_of
from webapp.bootstrap import Application
from webapp.outbox.channels import Sink
from webapp.outbox.delivery import send_due

NIGHT, MORNING = time(4), time(10)  # UTC: before the timers of a day, and after them
FIRST = date(1990, 1, 1)
RATE, INTEREST = Decimal(4), Decimal("8.05")  # round numbers of no meaning
CLERK, FINANCE = "credit_controller", "finance_director"
PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
WROTE = "An appeal of the log."
NEXT_JOB = text(
    "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE task_name LIKE 'dunning.%'"
    " AND status = 'todo' ORDER BY id LIMIT 1) RETURNING task_name, args"
)
CALLED = {"outcome": "refuses"}
CLARIFIED = {"kind": "paid", "undisputed_amount": 0, "result": "unjustified", "dispute_answer": WROTE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A case at the end of its log: what the log shows, what became of the invoice, and how far it had come."""

    fine: Fine
    outcome: str
    level: int
    letters: int
    is_wrong: bool  # a letter left although nothing was owed

    @property
    def agrees(self) -> bool:
        """Whether it is what the log shows."""
        return self.outcome == self.fine.outcome and not self.is_wrong


@dataclass(slots=True)
class FinesDesk:
    """An installation with the process deployed, the clock, and whoever works there."""

    application: Application
    clock: FixedClock
    invoices: dict[str, str] = field(default_factory=dict)  # of each fine
    done: Counter[str] = field(default_factory=Counter)
    _agenda: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)

    def replay(self, fines: Iterable[Fine], *, progress: Callable[[int, int], None]) -> list[Ended]:
        """Go through all of it, day by day; every case with what became of it."""
        told = list(fines)
        self._prepare()
        for fine in told:
            for at, action in self._steps(fine):
                heapq.heappush(self._agenda, (at, len(self._agenda), action))
        total = len(self._agenda)
        while self._agenda:
            at, _, action = self._agenda[0]
            due = self._next_timer()
            if due is not None and due < at:
                self._move(due)
                self._fire()
            else:
                heapq.heappop(self._agenda)
                self._move(at)
                action()
                progress(total - len(self._agenda), total)
            self._settle()
        self.done["incidents"] = self._incidents()
        return [self._ended(each) for each in told]

    def _prepare(self) -> None:
        sink = Sink()
        self.application.units.ports[Channels] = Channels({"email": sink, "sms": sink})
        files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
        self._do(DeployDefinitions(files=files))
        self._do(SetCurrencyRate(currency="EUR", valid_from=FIRST, rate=RATE, source="round"))
        self._do(SetInterestRate(currency="EUR", valid_from=FIRST, percent=INTEREST, source="round"))

    def _steps(self, fine: Fine) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """What the log says of a case, and the night in which it would be dunned."""
        yield _at(fine.created_on, MORNING), lambda: self._issue(fine)
        falls_on = days.later(fine.due_on, 1 if days.is_open(fine.due_on) else 2)
        yield _at(falls_on, NIGHT), self._night
        for number, (day, amount) in enumerate(fine.payments):
            yield _at(day, MORNING), lambda number=number, amount=amount: self._pay(fine, number, amount)  # type: ignore[misc]
        for day in fine.appealed_on:
            yield _at(day, MORNING), lambda: self._appeal(fine)
        for day in fine.answered_on:
            yield _at(day, MORNING), lambda: self._answer(fine)
        if fine.dismissed_on is not None:
            yield _at(fine.dismissed_on, MORNING), lambda: self._dismiss(fine)
        if fine.collected_on is not None:
            yield _at(fine.collected_on, MORNING), lambda: self._collect(fine)

    def _issue(self, fine: Fine) -> None:
        profile = Profile(
            name=f"Driver {fine.id}",
            country="PL",
            customer_kind="consumer",
            reliability="D",
            addresses=(Address(street="ul. Prosta 1", postal_code="30-102", city="Kraków", country="PL"),),
            emails=(Email(address=f"{fine.id.lower()}@fines.example"),),
            phones=(Phone(number="+48600100200", kind="mobile"),),
        )
        made = self._do(CreateCustomer(profile=profile)).id
        with self.application.units.reading(SYSTEM) as view:
            number = customer(view, made).number
        row = (f"FINE/{fine.id}", number, fine.created_on, fine.due_on, fine.gross, "0.00", "EUR")
        content = "\n".join(",".join(map(str, each)) for each in ((*NEEDED, "currency"), row))
        came = self._do(ImportInvoices(content=content.encode()))
        if came.rejected:
            raise ValueError(came.rejected[0].reason)
        with self.application.units.reading(SYSTEM) as view:
            wanted = select(InvoiceRow.id).where(InvoiceRow.number == f"FINE/{fine.id}")
            self.invoices[fine.id] = view.session.scalars(wanted).one()

    def _night(self) -> None:
        self.done["started"] += self._do(StartDunnings())

    def _pay(self, fine: Fine, number: int, amount: Decimal) -> None:
        self._do(
            PostPayment(
                amount=amount,
                currency="EUR",
                booked_on=self.clock.now().date(),
                reference=f"FINE/{fine.id}",
                account="main",
                customer_id=self._invoice(fine).customer_id,
                key=f"{fine.id}:{number}",
            )
        )

    def _appeal(self, fine: Fine) -> None:
        invoice = self._invoice(fine)
        if invoice.balance > 0 and invoice.dispute is None:
            self._do(DisputeInvoice(invoice_id=invoice.id, reason=WROTE))
            self.done["disputes"] += 1

    def _answer(self, fine: Fine) -> None:
        """Whoever clarifies it answers; without a case somebody does so at the invoice."""
        invoice = self._invoice(fine)
        if invoice.dispute is None:
            return
        for element, paper in (("clarify_dispute", ("dispute_letter",)), ("settle_dispute", ())):
            if self._complete(fine, element, CLERK if paper else FINANCE, CLARIFIED, papers=paper):
                return
        self._do(ResolveDispute(invoice_id=invoice.id, reason=WROTE))

    def _dismiss(self, fine: Fine) -> None:
        if self._invoice(fine).balance > 0:
            self._do(CreditInvoice(invoice_id=self.invoices[fine.id], reason="dismissed"))

    def _collect(self, fine: Fine) -> None:
        self._answer(fine)
        self._settle()
        self._complete(fine, "assemble_file", CLERK, {}, papers=tuple(sorted(FILE)))
        given = {"decision": "collector", "reason": "The log sends it for collection."}
        self._complete(fine, "decide_hand_over", FINANCE, given)

    def _complete(
        self, fine: Fine, element: str, role: str, data: dict[str, Any], *, papers: tuple[str, ...] = ()
    ) -> bool:
        """Complete the open task of this element, if there is one, with papers of these types."""
        actor = _person(role)
        with self.application.units.reading(SYSTEM) as view:
            row = view.session.get(DunningRow, self.invoices[fine.id])
            wanted = TaskFilter(element_id=element, instance_id=row.instance_id if row else "")
            found = tasks(view, wanted, limit=2).items
        for task in found:
            for kind in papers:
                blob = receive(
                    io.BytesIO(PAPER),
                    announced=len(PAPER),
                    limit=1 << 20,
                    store=self.application.blobs,
                    announce=self.application.staging.announce,
                )
                links = (DocumentLink(kind="task", id=task.id),)
                self._do(FileDocument(title=kind, type=kind, blob=blob, file_name=f"{kind}.pdf", links=links), actor)
            self._do(CompleteTask(task_id=task.id, data=data), actor)
        return bool(found)

    def _settle(self) -> None:
        """What follows by itself: jobs, letters, mails, the post, calls, and so on until nothing does."""
        while self._jobs() + self._letters() + self._calls():
            pass

    def _jobs(self) -> int:
        count = 0
        while True:
            with self.application.database.engine.begin() as connection:
                row = connection.execute(NEXT_JOB).first()
            if row is None:
                break
            JOBS.of(row.task_name).function(self.application, row.args["arguments"])
            count += 1
        if count:
            self._do(RouteMessages())
        return count

    def _letters(self) -> int:
        count, last = 0, ""
        while (made := self._do(DispatchNextLetter(after=last))) is not None:
            last = made.letter_id
            count += 1
        if not count:
            return 0
        self.done["letters"] += count
        send_due(self.application)
        try:
            batch = self._do(MakeBatch())
        except NothingToPrint:
            return count
        with self.application.units.begin(SYSTEM) as unit:
            papers = BatchPapers(pages_id=batch, book_id=batch, labels_id=batch, digest="0" * 64)
            note_printed(unit, batch, papers)
            unit.commit()
        self._do(PostBatch(batch_id=batch))
        return count

    def _calls(self) -> int:
        """Nobody is persuaded by a call: the log says when they pay."""
        with self.application.units.reading(SYSTEM) as view:
            found = [each.id for each in tasks(view, TaskFilter(element_id="call_debtor"), limit=100).items]
        for task_id in found:
            self._do(CompleteTask(task_id=task_id, data=CALLED), _person(CLERK))
        self.done["calls"] += len(found)
        return len(found)

    def _fire(self) -> None:
        while self._do(FireDueTimers(limit=100)):
            pass

    def _next_timer(self) -> datetime | None:
        with self.application.units.reading(SYSTEM) as view:
            return view.session.scalar(select(func.min(TimerRow.due_at)).where(~TimerRow.is_held))

    def _move(self, at: datetime) -> None:
        self.clock.set(max(at, self.clock.now()))

    def _invoice(self, fine: Fine) -> InvoiceRow:
        with self.application.units.reading(SYSTEM) as view:
            found = view.session.get_one(InvoiceRow, self.invoices[fine.id])
            view.session.expunge(found)
            return found

    def _ended(self, fine: Fine) -> Ended:
        with self.application.units.reading(SYSTEM) as view:
            invoice = view.session.get_one(InvoiceRow, self.invoices[fine.id])
            row = view.session.get(DunningRow, invoice.id)
            sent = (
                select(DunningLetterRow.sent_at)
                .join(DunningItemRow, DunningItemRow.letter_id == DunningLetterRow.id)
                .where(DunningItemRow.invoice_id == invoice.id, DunningItemRow.state == "sent")
                .where(DunningLetterRow.template != "INT")
            )
            left = [each.date() for each in view.session.scalars(sent) if each]
            return Ended(
                fine=fine,
                outcome=_outcome(fine, invoice, row),
                level=row.level if row else 0,
                letters=len(left),
                is_wrong=fine.outcome == "paid" and any(day > fine.payments[-1][0] for day in left),
            )

    def _incidents(self) -> int:
        """Steps that failed; there must be none."""
        with self.application.units.reading(SYSTEM) as view:
            return view.session.scalar(select(func.count()).select_from(IncidentRow)) or 0

    def _do(self, command: Command, actor: Actor = SYSTEM) -> Any:
        return self.application.executor.execute(command, actor=actor)


def _outcome(fine: Fine, invoice: InvoiceRow, row: DunningRow | None) -> str:
    if row is not None and row.outcome in {"assigned", "handed_over"}:
        return "collection"
    if invoice.balance <= 0:
        ended = row is None or not row.is_running
        settled = "dismissed" if fine.dismissed_on is not None else "paid"
        return settled if ended else "paid, but dunned"
    return "open" if row is not None and row.is_running else "lost"


def _person(role: str) -> Actor:
    return Actor(id=role, name=role, roles=frozenset({role}), permissions=permissions_of((role,)))


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, UTC)
