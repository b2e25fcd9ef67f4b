"""Has a worker plan what follows an order, after the transaction that entered, delivered or cancelled it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.identity import SYSTEM
from core.messages import Event
from crm.after_sales.planning import PlanAfterSales, concerned
from crm.events import OrderEntered
from crm.sales.events import OrderMoved
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from webapp.bootstrap import Application

PLAN = "webapp.plan_after_sales"


def note_sales(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Recorder: no order is lost because what follows it cannot be planned."""
    moved = {each.order_id for each in events if isinstance(each, OrderEntered | OrderMoved)}
    if not moved:
        return
    unit.session.flush()  # the orders are looked up as they are stored
    for order_id in sorted(concerned(unit, moved)):
        unit.enqueue(JobRequest(name=PLAN, arguments={"order_id": order_id}, lock=f"{PLAN}:{order_id}"))


@job(PLAN)
def plan_after_sales(application: Application, arguments: dict[str, Any]) -> None:
    """Doing it again is harmless: each step plans once for an order."""
    application.executor.execute(PlanAfterSales(order_id=str(arguments["order_id"])), actor=SYSTEM)
