"""What a segment's rule can ask for, beyond the fields of a customer: purchases, contacts, other segments.

Rules are data of a fixed language: every condition becomes one bound clause, so that a rule over all customers is one
statement and nothing from a person reaches SQL as text. Who fits is worked out whenever it is asked, so nobody stays in
a segment who does not fit any more.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, union_all

from crm.activities.models import ActivityRow
from crm.company import today
from crm.customer_search import LONGEST, MORE, Condition, Criteria, clause, criteria_of
from crm.errors import WrongFields
from crm.models import ContactRow, CustomerRow, OrderLineRow, OrderRow, ProductRow
from crm.segments.models import SegmentMemberRow, SegmentRow
from storage.unit_of_work import Reading

CUSTOMER, CONTACT = "customer", "contact"
RULE, PICKED = "rule", "picked"
YEAR = 365  # days
MOST_DAYS = 36_500
CONTACTED = "contact."


def customers_of(view: Reading, segment: SegmentRow) -> ColumnElement[bool]:
    """Whether a customer is in the segment, in one below it, or has a person there."""
    return CustomerRow.id.in_(_ids(view, segment, CUSTOMER))


def contacts_of(view: Reading, segment: SegmentRow) -> ColumnElement[bool]:
    """Whether a person is; of a segment of customers everybody there."""
    if segment.subject == CUSTOMER:
        return ContactRow.customer_id.in_(_ids(view, segment, CUSTOMER))
    return ContactRow.id.in_(_ids(view, segment, CONTACT))


def checked(view: Reading, subject: str, criteria: Criteria) -> ColumnElement[bool]:
    """The clause of a rule. Raises `WrongFields` for what cannot be asked."""
    return clause(view, criteria) if subject == CUSTOMER else _people(view, criteria, "")


def references(criteria: Criteria) -> set[str]:
    """The segments that a rule names."""
    named = {str(each.value) for each in criteria.conditions if each.field == "segment"}
    for group in criteria.groups:
        named |= references(group)
    return named


def _ids(view: Reading, segment: SegmentRow, wanted: str) -> Any:
    """The ids of its customers, or of its people, those of all groups below included."""
    below = view.session.scalars(
        select(SegmentRow).where(
            SegmentRow.parent_id == segment.id, SegmentRow.subject == segment.subject, ~SegmentRow.is_retired
        )
    ).all()
    found: Any = _own(view, segment)
    if below:
        found = union_all(found, *[_ids(view, each, segment.subject) for each in below])
    if wanted == CUSTOMER and segment.subject == CONTACT:
        return select(ContactRow.customer_id).where(ContactRow.id.in_(found))
    return found


def _own(view: Reading, segment: SegmentRow) -> Any:
    is_customer = segment.subject == CUSTOMER
    if segment.kind == PICKED:
        picked: Any = SegmentMemberRow.customer_id if is_customer else SegmentMemberRow.contact_id
        return select(picked).where(SegmentMemberRow.segment_id == segment.id, picked.is_not(None))
    table: Any = CustomerRow if is_customer else ContactRow
    return select(table.id).where(checked(view, segment.subject, criteria_of(segment.criteria))).correlate(None)


def _people(view: Reading, criteria: Criteria, at: str) -> ColumnElement[bool]:
    if len(criteria.conditions) + len(criteria.groups) > LONGEST or at.count("/groups") > 3:
        raise WrongFields({f"{at}/conditions": f"A rule has {LONGEST} conditions at most, in 3 levels."})
    parts = [_person(view, each, f"{at}/conditions/{index}") for index, each in enumerate(criteria.conditions)]
    parts += [_people(view, each, f"{at}/groups/{index}") for index, each in enumerate(criteria.groups)]
    if not parts:
        return ContactRow.id != ""
    return or_(*parts) if criteria.any_of_them else and_(*parts)


def _person(view: Reading, each: Condition, at: str) -> ColumnElement[bool]:
    """A condition on the person (`contact.…`), or on the firm."""
    if not each.field.startswith(CONTACTED):
        firm = clause(view, Criteria(conditions=(each,)), at.rpartition("/conditions")[0])
        return ContactRow.customer_id.in_(select(CustomerRow.id).where(firm))
    field = each.field.removeprefix(CONTACTED)
    if field.startswith("custom."):
        found: ColumnElement[bool] = ContactRow.custom.contains({field.removeprefix("custom."): each.value})
    elif field in PEOPLE:
        found = PEOPLE[field](each.value)
    else:
        known = ", ".join(f"{CONTACTED}{name}" for name in (*PEOPLE, "custom.<key>"))
        raise WrongFields({f"{at}/field": f"People are not chosen by {each.field}; they are by {known}."})
    return not_(found) if each.is_not else found


def _days(value: Any, at: str) -> int:
    try:
        days = int(str(value))
    except ValueError:
        days = -1
    if not 0 <= days <= MOST_DAYS:
        raise WrongFields({at: f"Write a number of days between 0 and {MOST_DAYS}."})
    return days


def _amount(value: Any, at: str) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise WrongFields({at: "Write an amount in the company's currency, such as 10000."})
    return amount


def _contacted(view: Reading, value: Any, at: str) -> ColumnElement[bool]:
    since = view.clock.now() - timedelta(days=_days(value, at))
    return CustomerRow.id.in_(
        select(ActivityRow.customer_id).where(
            ActivityRow.status == "held", ActivityRow.moment >= since, ActivityRow.customer_id.is_not(None)
        )
    )


def _not_contacted(view: Reading, value: Any, at: str) -> ColumnElement[bool]:
    since = view.clock.now() - timedelta(days=_days(value, at))
    held = (ActivityRow.customer_id == CustomerRow.id) & (ActivityRow.status == "held") & (ActivityRow.moment >= since)
    return ~select(ActivityRow.id).where(held).exists()


def _activity_about(_view: Reading, value: Any, _at: str) -> ColumnElement[bool]:
    return CustomerRow.id.in_(
        select(ActivityRow.customer_id).where(
            ActivityRow.method == str(value), ActivityRow.status == "held", ActivityRow.customer_id.is_not(None)
        )
    )


def _bought(view: Reading, value: Any, at: str) -> ColumnElement[bool]:
    since = today(view) - timedelta(days=_days(value, at))
    return CustomerRow.id.in_(
        select(OrderRow.customer_id).where(OrderRow.state != "cancelled", OrderRow.ordered_on >= since)
    )


def _not_bought(view: Reading, value: Any, at: str) -> ColumnElement[bool]:
    return ~_bought(view, value, at)


def _bought_product(_view: Reading, value: Any, _at: str) -> ColumnElement[bool]:
    lines = select(OrderLineRow.order_id).where(OrderLineRow.sku == str(value))
    return CustomerRow.id.in_(select(OrderRow.customer_id).where(OrderRow.state != "cancelled", OrderRow.id.in_(lines)))


def _bought_category(_view: Reading, value: Any, _at: str) -> ColumnElement[bool]:
    lines = (
        select(OrderLineRow.order_id)
        .join(ProductRow, ProductRow.id == OrderLineRow.product_id)
        .where(ProductRow.category == str(value))
    )
    return CustomerRow.id.in_(select(OrderRow.customer_id).where(OrderRow.state != "cancelled", OrderRow.id.in_(lines)))


def _ordered_for(view: Reading, value: Any, at: str) -> ColumnElement[bool]:
    """Whether the orders of a year are worth an amount at least."""
    worth = func.sum(OrderRow.net * OrderRow.exchange_rate)
    since = today(view) - timedelta(days=YEAR)
    return CustomerRow.id.in_(
        select(OrderRow.customer_id)
        .where(OrderRow.state != "cancelled", OrderRow.ordered_on >= since)
        .group_by(OrderRow.customer_id)
        .having(worth >= _amount(value, at))
    )


def _in_segment(view: Reading, value: Any, at: str) -> ColumnElement[bool]:
    row = view.session.get(SegmentRow, str(value))
    if row is None:
        raise WrongFields({at: f"There is no segment {value}."})
    return customers_of(view, row)


PEOPLE: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "role": lambda value: ContactRow.role == str(value),
    "job_title": lambda value: ContactRow.job_title.icontains(str(value), autoescape=True),
    "is_active": lambda value: ContactRow.is_active.is_(bool(value)),
    "has_email": lambda value: ContactRow.email.is_not(None) if value else ContactRow.email.is_(None),
    "interest": lambda value: ContactRow.interests.contains([str(value)]),
    "birth_month": lambda value: ContactRow.birth_day.startswith(f"{str(value).zfill(2)}-", autoescape=True),
}
MORE.update(
    {
        "contacted_within_days": _contacted,
        "not_contacted_for_days": _not_contacted,
        "had_contact_by": _activity_about,
        "bought_within_days": _bought,
        "not_bought_for_days": _not_bought,
        "bought_product": _bought_product,
        "bought_category": _bought_category,
        "ordered_in_a_year": _ordered_for,
        "segment": _in_segment,
    }
)
