"""Customers and offers as their users have them: through the executor, on a database, with what the trail hears."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from core.clock import FixedClock
from core.executor import Executor
from core.identity import Actor
from core.messages import Event
from crm.activities.content import Content
from crm.activities.ports import CaseStages
from crm.activities.registering import RegisterActivity
from crm.customers import CreateCustomer
from crm.offer_content import Line
from crm.offers import CreateOffer
from crm.profiles import Profile
from storage.jobs.queue import JobRequest, Transaction
from storage.unit_of_work import Reading, UnitFactory, UnitOfWork

RIGHTS = frozenset(
    {
        "customer.edit",
        "customer.finance",
        "contact.private",
        "customer.read",
        "offer.edit",
        "invoice.edit",
        "payment.edit",
        "account.administer",
        "person.erase",
        "crm.administer",
        "customer.merge",
        "customer.block",
        "activity.edit",
        "record.link",
    }
)
REP = Actor(id="ewa", name="Ewa Maj", permissions=RIGHTS)
MANAGER = Actor(id="jan", name="Jan Lis", permissions=RIGHTS)
STRANGER = Actor(id="gość", name="Gość")
TEN = datetime(2026, 1, 5, 10, tzinfo=UTC)
TASK = "01TASK00000000000000000000"
CASE = "01CASE00000000000000000000"


class NoJobs:
    """Nothing here enqueues."""

    def enqueue(self, unit: Transaction, requests: Sequence[JobRequest]) -> None:
        raise AssertionError(requests)


@dataclass
class Desk:
    """The context as its users have it, and what it told the trail."""

    units: UnitFactory
    executor: Executor
    events: list[Event] = field(default_factory=list)

    def do(self, command: Any, actor: Actor = REP) -> Any:
        return self.executor.execute(command, actor=actor)

    def ask(self, query: Any, *arguments: Any, actor: Actor = REP, **options: Any) -> Any:
        with self.units.reading(actor) as view:
            return query(view, *arguments, **options)

    def told(self) -> list[str]:
        return [event.type for event in self.events]

    def make_customer(self, **values: Any) -> str:
        created: str = self.do(CreateCustomer(profile=Profile(**{"name": "Młyn", "country": "PL"} | values))).id
        return created

    def make_offer(self, *discounts: str, **values: Any) -> str:
        customer_id = values.pop("customer_id", None) or self.make_customer()
        lines = tuple(make_line(discount=Decimal(each)) for each in discounts or ("0",))
        created: str = self.do(CreateOffer(**{"customer_id": customer_id, "lines": lines} | values)).id
        return created


def make_line(**values: Any) -> Line:
    usual = {"quantity": Decimal(2), "description": "Pompa", "unit_price": Decimal(100), "vat_rate": Decimal(23)}
    return Line(**usual | values)


class NoCases:
    """No process runs beside this context."""

    def stage(self, _view: Reading, _records: Sequence[tuple[str, str]]) -> None:
        """No case, no stage."""


def open_desk(engine: Engine, clock: FixedClock) -> Desk:
    """A desk whose events are kept."""
    units = UnitFactory(engine, queue=NoJobs(), clock=clock, ports={CaseStages: NoCases()})
    desk = Desk(units, Executor(units))

    def record(_unit: UnitOfWork, events: Sequence[Event]) -> None:
        desk.events.extend(events)

    units.recorders.append(record)
    return desk


def register(desk: Desk, **values: Any) -> str:
    """Register a call, planned for ten o'clock unless the values say otherwise; its id."""
    usual: dict[str, Any] = {
        "employee": "ewa",
        "method": "phone",
        "direction": "outgoing",
        "status": "planned",
        "subject": "Rozmowa",
    }
    if values.get("status", "planned") == "planned":
        usual["planned_from"] = TEN
    made: str = desk.do(RegisterActivity(content=Content(**usual | values)))
    return made
