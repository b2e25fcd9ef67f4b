"""Who an enquiry comes from: the customer that it names, and whether a case follows the same matter already."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crm.customer_search import Condition, Criteria, find_customers
from crm.customers import CreateCustomer, create_customer
from crm.models import CustomerRow
from crm.profiles import Email, Phone, Profile
from crm.queries import customer
from engine.models import InstanceEntityRow, InstanceRow
from engine.queries import instance
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork

KEY = "sales_cycle"
MOST_CHAINS = 20  # running opportunities of one customer that are compared
BY = (("tax_id", "tax_id"), ("email", "email"), ("phone", "phone"))  # what an enquiry says: field of a customer


def party(unit: UnitOfWork, told: Mapping[str, Any]) -> tuple[CustomerRow | None, bool]:
    """The customer, found or made, and whether others would fit, too; None where the enquiry names nobody."""
    key = told.get("customer_id") or told.get("customer_number")
    view = ProcessView(unit)
    if key:
        found = customer(view, str(key))  # raises `CustomerNotFound`
        return unit.session.get_one(CustomerRow, found.id), False
    for name, field in BY:
        if told.get(name):
            condition = Condition(field=field, value=str(told[name]).strip())
            hits = find_customers(view, Criteria(conditions=(condition,)), limit=2).items
            if hits:
                return unit.session.get_one(CustomerRow, hits[0].id), len(hits) > 1
    if not told.get("company_name"):
        return None, False
    profile = Profile(
        name=str(told["company_name"]),
        country=str(told.get("country") or "PL"),
        tax_id=told.get("tax_id") or None,
        region=told.get("region") or None,
        emails=(Email(address=str(told["email"])),) if told.get("email") else (),
        phones=(Phone(number=str(told["phone"])),) if told.get("phone") else (),
    )
    made = create_customer(CreateCustomer(profile=profile), unit)
    unit.session.flush()  # read back what was entered
    return unit.session.get_one(CustomerRow, made.id), False


def running_chain(unit: UnitOfWork, customer_id: str, subject: str, besides: str) -> str | None:
    """The oldest other case that follows the same product group of a customer."""
    wanted = (
        select(InstanceRow.id)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .where(
            InstanceEntityRow.entity == "crm.customer",
            InstanceEntityRow.entity_id == customer_id,
            InstanceRow.definition_key == KEY,
            InstanceRow.ended_at.is_(None),
            InstanceRow.id != besides,
        )
        .order_by(InstanceRow.id)
        .limit(MOST_CHAINS)
    )
    view = ProcessView(unit)
    for each in unit.session.scalars(wanted):
        if (instance(view, each).variables.get("product_group") or "") == subject:
            return each
    return None
