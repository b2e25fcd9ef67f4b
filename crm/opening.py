"""Who opened the data of which customer: told in the trail, apart from what happened to the customer."""

from typing import ClassVar

from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from crm.access import require_read
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCustomerOpened(Command):
    """Tell the trail that the actor sees all that there is of a customer."""

    quiet: ClassVar[bool] = True
    customer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerOpened(Event):
    """Somebody opened a customer."""

    type: ClassVar[str] = "customer.opened"

    customer_id: str

    @property
    def stream(self) -> str:
        """Apart from the customer's own, which would be full of it."""
        return f"customer_reads:{self.customer_id}"


@handles(NoteCustomerOpened, needs=None)
def note_customer_opened(command: NoteCustomerOpened, unit: UnitOfWork) -> None:
    """Write it down; whoever asks has found the customer."""
    require_read(unit)
    unit.emit(CustomerOpened(customer_id=command.customer_id))
