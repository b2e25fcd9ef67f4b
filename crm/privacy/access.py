"""What somebody asks for who wants to know all that is held about them (GDPR, articles 15 and 20)."""

from typing import ClassVar

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.errors import ContactNotFound
from crm.events import CustomerEvent
from crm.imports.exporting import ordered
from crm.models import ContactRow
from storage.unit_of_work import UnitOfWork

ACCESS = "person.access"
PERSON, ZIP = "person", "zip"
JOB = "webapp.person_file"
SHORTEST, LONGEST = 10, 1000  # characters of a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccess(Command):
    """Have a worker put together all that is held about a person; `reason` is their request and its date."""

    contact_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOrdered(CustomerEvent):
    """All that is held about a person is put together, because they asked for it."""

    type: ClassVar[str] = "contact.access_ordered"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    contact_id: str
    export_id: str
    reason: str

    @property
    def data_subject(self) -> str:
        """The person."""
        return f"contact:{self.contact_id}"


@handles(OrderAccess, needs=ACCESS)
def order_access(command: OrderAccess, unit: UnitOfWork) -> str:
    """The id of the export, which the actor fetches when it is done. Raises `WrongFields`, `ContactNotFound`."""
    person = unit.session.get(ContactRow, command.contact_id)
    if person is None:
        raise ContactNotFound(command.contact_id)
    findings = Findings()
    reason = findings.text("/reason", command.reason, "The reason", longest=LONGEST)
    if reason and len(reason) < SHORTEST:
        findings.add("/reason", "Say why: who asked for it, when and how.")
    findings.refuse()
    made = ordered(unit, PERSON, ZIP, wanted={"contact_id": person.id}, rights=[ACCESS], by=JOB)
    unit.emit(AccessOrdered(customer_id=person.customer_id, contact_id=person.id, export_id=made, reason=reason))
    return made
