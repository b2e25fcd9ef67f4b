"""Cases that somebody begins for a customer with one click: a special offer, and a case beside the one that runs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import select

from core.errors import Conflict, Forbidden
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.activities.events import ActivityEvent
from crm.activities.models import ActivityRow
from crm.activities.queries import activity
from crm.checks import Findings, one_at_a_time
from crm.company import today
from crm.errors import CustomerNotFound
from crm.merging import family
from crm.models import CustomerRow
from crm.offer_content import MOST_LINES, Line
from crm.offers import CreateOffer, create_offer
from crm.planning.errors import RuleNotFound
from crm.planning.models import ActivityRuleRow, ActivityRuleRunRow
from crm.pricing.lists import price_list
from crm.pricing.prices import PERSONAL, Prices
from crm.queries import kept
from engine.instances import EntityLink, StartInstance, start_instance
from engine.models import InstanceEntityRow, InstanceRow
from storage.unit_of_work import UnitOfWork

APPROVAL = "offer_approval"  # the process that an offer is approved by
ACTIVITY, CUSTOMER = "crm.activity", "crm.customer"
SPECIAL, BESIDE = "special_offer", "beside"  # roles of what such a case is about


class NoKeyAccount(Conflict):
    """Special offers are for key accounts."""

    code = "no_key_account"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is no key account. Mark it as one, or draft an ordinary offer.")


class NoPersonalPrices(Conflict):
    """A special offer has the prices of the customer's own list."""

    code = "no_personal_prices"

    def __init__(self, name: str, currency: str) -> None:
        super().__init__(f"{name} has no price list of its own in {currency} that is valid today. Make one first.")


class NothingJoined(Conflict):
    """Only what was joined to a running case is taken out of it."""

    code = "nothing_joined"

    def __init__(self) -> None:
        super().__init__("This activity was not joined to a running case by that rule, so there is none to leave.")


class SeparateCaseRuns(Conflict):
    """The activity has a case of its own already."""

    code = "separate_case_runs"

    def __init__(self, case_id: str) -> None:
        super().__init__("A case of its own was begun for this activity already. Open that one.", case_id=case_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSpecialOffer(Command):
    """Draft an offer to a key account with all prices of its own list, and begin the approval of it."""

    customer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSeparateCase(Command):
    """Begin a case for an activity that a rule joined to a running one; why has to be said."""

    activity_id: str
    rule_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialOffer:
    """The offer and the case of its approval; `is_new` is false where both were there already."""

    offer_id: str
    case_id: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBegunBeside(ActivityEvent):
    """Somebody wanted a case of its own for what follows the matter of a running case."""

    type: ClassVar[str] = "activity.case_begun_beside"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    process: str
    case_id: str
    running: str
    reason: str

    @property
    def case(self) -> str:
        """The new case."""
        return self.case_id


@handles(StartSpecialOffer, needs="offer.edit")
def start_special_offer(command: StartSpecialOffer, unit: UnitOfWork) -> SpecialOffer:
    """What it began, or what runs of that kind already, for the customer that a merged one became.

    Raises `CustomerNotFound`, `NoKeyAccount`, `NoPersonalPrices`, and what beginning a case raises.
    """
    _may_start(unit)
    customer = kept(unit, unit.session.get(CustomerRow, command.customer_id))
    if customer is None:
        raise CustomerNotFound(command.customer_id)
    one_at_a_time(unit, f"{SPECIAL}:{customer.id}")
    if not customer.key_account:
        raise NoKeyAccount(customer.name)
    running = _running_special(unit, customer.id)
    if running is not None:
        return running
    made = create_offer(CreateOffer(customer_id=customer.id, lines=_personal_lines(unit, customer)), unit)
    links = (
        EntityLink(entity="crm.offer", id=made.id),
        EntityLink(entity=CUSTOMER, id=customer.id, role=SPECIAL),
    )
    variables = {"offer_id": made.id}
    start = StartInstance(definition_key=APPROVAL, business_key=made.number, variables=variables, links=links)
    return SpecialOffer(offer_id=made.id, case_id=start_instance(start, unit).id, is_new=True)


@handles(StartSeparateCase, needs="case.start")
def start_separate_case(command: StartSeparateCase, unit: UnitOfWork) -> str:
    """The id of the case.

    Raises `ActivityNotFound`, `RuleNotFound`, `NothingJoined`, `SeparateCaseRuns`, `WrongFields` without a reason, and
    what beginning a case raises.
    """
    findings = Findings()
    reason = findings.text("/reason", command.reason, "The reason", longest=400)
    findings.refuse()
    activity(unit, command.activity_id)  # refuses what the actor may not see
    one_at_a_time(unit, f"{BESIDE}:{command.activity_id}")
    row = unit.session.get_one(ActivityRow, command.activity_id)
    rule = unit.session.get(ActivityRuleRow, command.rule_id)
    if rule is None:
        raise RuleNotFound(command.rule_id)
    run = unit.session.get(ActivityRuleRunRow, (row.id, rule.id))
    if run is None or run.result != "joined" or run.case_id is None:
        raise NothingJoined
    begun = _case_about(unit, rule.target, ACTIVITY, [row.id], BESIDE)
    if begun is not None:
        raise SeparateCaseRuns(begun.id)
    links = [EntityLink(entity=ACTIVITY, id=row.id, role=BESIDE)]
    if row.customer_id:
        links.append(EntityLink(entity=CUSTOMER, id=row.customer_id))
    variables = {
        "activity_id": row.id,
        "customer_id": row.customer_id,
        "subject": row.subject,
        "separate_reason": reason,  # a process that looks for a running case of its own heeds it
    }
    start = StartInstance(
        definition_key=rule.target, business_key=row.subject[:100], variables=variables, links=tuple(links)
    )
    case_id = start_instance(start, unit).id
    unit.emit(
        CaseBegunBeside(
            activity_id=row.id,
            customer_id=row.customer_id,
            process=rule.target,
            case_id=case_id,
            running=run.case_id,
            reason=reason,
        )
    )
    return case_id


def _may_start(unit: UnitOfWork) -> None:
    if not unit.actor.may("case.start"):
        raise Forbidden("You do not have the right to start cases (case.start).", permission="case.start")


def _personal_lines(unit: UnitOfWork, customer: CustomerRow) -> tuple[Line, ...]:
    """One line for each product of the customer's own valid list, as many as its lowest price asks for."""
    lists = Prices(unit, customer.id, customer.currency, today(unit)).lists
    own = next((row for source, row in lists if source == PERSONAL), None)
    least = {each.product_id: each for each in reversed(price_list(unit, own.id).prices)} if own else {}
    if not least:
        raise NoPersonalPrices(customer.name, customer.currency)
    wanted = sorted(least.values(), key=lambda each: each.sku)[:MOST_LINES]
    return tuple(Line(product_id=each.product_id, quantity=max(each.from_quantity, Decimal(1))) for each in wanted)


def _running_special(unit: UnitOfWork, customer_id: str) -> SpecialOffer | None:
    case = _case_about(unit, APPROVAL, CUSTOMER, family(unit, customer_id), SPECIAL)
    if case is None:
        return None
    about = select(InstanceEntityRow.entity_id).where(
        InstanceEntityRow.instance_id == case.id, InstanceEntityRow.entity == "crm.offer"
    )
    return SpecialOffer(offer_id=unit.session.scalars(about).one(), case_id=case.id, is_new=False)


def _case_about(unit: UnitOfWork, process: str, entity: str, records: Sequence[str], role: str) -> InstanceRow | None:
    """The running case of a process with one of some records in that role."""
    wanted = (
        select(InstanceRow)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .where(
            InstanceEntityRow.entity == entity,
            InstanceEntityRow.entity_id.in_(records),
            InstanceEntityRow.role == role,
            InstanceRow.definition_key == process,
            InstanceRow.ended_at.is_(None),
        )
    )
    return unit.session.scalars(wanted.order_by(InstanceRow.id).limit(1)).first()
