"""The worker behind orders: makes what was ordered, as whoever ordered it, with the rights that they have now."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from core.clock import Clock
from core.errors import DomainError, StaleState, Unavailable
from core.executor import Executor
from core.identity import SYSTEM, Actor
from core.messages import Command
from documents.apart import WorkTimedOut
from documents.hosting import Host
from documents.orders.kinds import BY_NAME, ends_order
from documents.orders.models import DocumentOrderRow
from documents.orders.placing import MAKE, EndOrder, OrderEnded, RefuseOrder
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitFactory

KEPT_FOR = timedelta(days=7)  # after its end
GIVEN_UP = timedelta(hours=1)  # after which an order is refused that something away keeps from being made
FORGET = "DELETE FROM document_order WHERE ended_at < %s"
GIVE_UP = """
UPDATE document_order SET state = 'refused', code = 'unavailable', ended_at = %s, address = NULL,
    sentence = 'No worker could make it. Ask your administrator, then order it again.'
WHERE state = 'waiting' AND ordered_at < %s
"""


class Customers(Protocol):
    """Who orders; the composition root fills it."""

    def actor(self, reading: Reading, account: str, address: str | None) -> Actor | None:
        """The account with the rights that it has now; None where it is closed, or gone."""


class _Ending(Executor):
    """Executes the command that files the result together with the end of the order, in one transaction."""

    def __init__(self, host: Host, order_id: str) -> None:
        super().__init__(host.units)
        self._order_id = order_id

    def execute(self, command: Command, *, actor: Actor) -> Any:
        """As the executor does."""
        wanted = EndOrder(order_id=self._order_id, filing=command) if ends_order(command) else command
        return super().execute(wanted, actor=actor)


@dataclass(slots=True)
class _Ordered:
    """The program while it makes what was ordered."""

    units: UnitFactory
    executor: Executor
    clock: Clock


@job(MAKE)
def make_order(host: Host, arguments: dict[str, Any]) -> None:
    """Make it; what is away for the moment is tried again for an hour, whatever else refuses is told to who ordered."""
    order_id = arguments["order_id"]
    with host.units.reading(SYSTEM) as view:
        row = view.session.get(DocumentOrderRow, order_id)
        actor = None if row is None else view.port(Customers).actor(view, row.ordered_by, row.address)
    if row is None or row.state != "waiting":
        return
    try:
        if actor is None:
            _refuse(host, order_id, "forbidden", "The account that ordered it is closed.")
            return
        kind = BY_NAME[row.kind]
        host_of_order = _Ordered(units=host.units, executor=_Ending(host, order_id), clock=host.clock)
        kind.make(host_of_order, kind.load(row.wish), replace(actor, address=row.address), None)
    except OrderEnded:
        return
    except StaleState:
        raise
    except DomainError as error:
        is_away = isinstance(error, Unavailable) and not isinstance(error, WorkTimedOut)
        if is_away and host.clock.now() - row.ordered_at < GIVEN_UP:
            raise
        _refuse(host, order_id, error.code, error.sentence)


def _refuse(host: Host, order_id: str, code: str, sentence: str) -> None:
    host.executor.execute(RefuseOrder(order_id=order_id, code=code, sentence=sentence), actor=SYSTEM)


def forget_orders(host: Host) -> int:
    """Give up those that no worker could make, remove those that ended long ago; what was made stays.

    Returns how many went.
    """
    with host.units.begin(SYSTEM) as unit:
        now = unit.clock.now()
        unit.driver.execute(GIVE_UP, (now, now - 24 * GIVEN_UP))
        count = unit.driver.execute(FORGET, (now - KEPT_FOR,)).rowcount
        unit.commit()
    return count
