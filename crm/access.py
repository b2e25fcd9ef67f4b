"""Who may see what of customers and offers, and whose.

A right reaches all customers, or those that somebody's own department, team or they themselves look after. What
hangs on a customer is reached with it. Nobody has to ask for that: `crm.confining` adds the condition to every
statement of somebody whose rights do not reach everything. `seen_by` is the same condition for statements that are
written by hand.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    FromClause,
    SQLColumnExpression,
    String,
    and_,
    bindparam,
    exists,
    func,
    or_,
    true,
)

from core.errors import Forbidden
from core.identity import Actor, Reach
from storage.orm import Base
from storage.unit_of_work import Reading, UnitOfWork

READ = "customer.read"
FINANCIAL = "customer.finance"  # limits, terms, accounts, debts
PRIVATE = "contact.private"  # what people told of themselves: preferences, interests, family
CONFIGURE = "crm.administer"
PEOPLE = bindparam("reach_people", type_=ARRAY(String))  # of whoever executes the statement
TEAMS = bindparam("reach_teams", type_=ARRAY(String))
LENT = bindparam("reach_customers", type_=ARRAY(String))
SEEN = "seen"  # the execution option of a statement that writes what it selects, and has the condition itself
READERS = (
    READ,
    "customer.edit",
    "offer.edit",
    "invoice.edit",
    "payment.edit",
    "activity.edit",
)  # whoever may edit sees what there is to edit


def may_read(actor: Actor) -> bool:
    """Whether somebody may see customers, products, offers and orders at all."""
    return any(actor.may(right) for right in READERS)


def require_read(view: Reading) -> None:
    """Raise `Forbidden` unless the reader may see customers and offers."""
    if not may_read(view.actor):
        raise Forbidden(f"You do not have the right to see customers and offers ({READ}).", permission=READ)


def require_settings(view: Reading) -> None:
    """Raise `Forbidden` unless the reader may see value lists, fields and kinds, which are not about any customer."""
    if not view.actor.may(CONFIGURE):
        require_read(view)


def reach_of(actor: Actor, permission: str | None = None) -> Reach | None:
    """Whose customers somebody sees, in a command that asks for a right those that both reach; None: everybody's.

    `customer.read` says how far somebody sees, and no right reaches further; without it the other rights say.
    """
    if not actor.limits:
        return None
    reach = actor.reach(READ)
    if reach is None and not actor.may(READ):
        held = [actor.reach(right) for right in READERS if actor.may(right)]
        limited = [each for each in held if each is not None]
        if held and len(limited) == len(held):
            reach = limited[0]
            for each in limited[1:]:
                reach |= each
    asked = actor.reach(permission) if permission else None
    if reach is None or asked is None:
        return asked if reach is None else reach
    return reach & asked


def seen_by(view: Reading, customer_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """Whether the reader may see the customer that a column names, for a WHERE; nothing is asked of who sees all."""
    reach = reach_of(view.actor, view.permission if isinstance(view, UnitOfWork) else None)
    return true() if reach is None else is_reached(reach, customer_id)


def is_record_reached(view: Reading, entity: str, record_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """The same of a record that a link names, also in the view of somebody else than whose session it is."""
    reach = reach_of(view.actor)
    if reach is None:
        return true()
    customer = func.record_customer(entity, record_id)
    within = func.customer_is_reached(customer, *map(_names, (reach.people, reach.teams, reach.customers)))
    return or_(customer.is_(None), within)


def is_reached(reach: Reach | None, customer_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """Whether the customer that a column names is within a reach: one look-up by its primary key.

    Without a reach, within the one that `given` says when the statement is executed.
    """
    customer = Base.metadata.tables["customer"].alias()
    there = exists().where(customer.c.id == customer_id, is_within(reach, customer.c))
    return there.correlate_except(customer)


def is_within(reach: Reach | None, customer: Any) -> ColumnElement[bool]:
    """Whether a customer's row is within a reach; one that was merged into another is where that one is.

    `customer` has the columns of the table as attributes.
    """
    kept = Base.metadata.tables["customer"].alias()
    itself = and_(kept.c.id == func.customer_survivor(customer.id), _is_looked_after(reach, kept.c))
    return or_(
        and_(customer.merged_into.is_(None), _is_looked_after(reach, customer)),
        and_(customer.merged_into.is_not(None), exists().where(itself).correlate_except(kept)),
    )


def given(reach: Reach) -> dict[str, list[str]]:
    """The values of a statement whose conditions were made without a reach."""
    return {
        PEOPLE.key: sorted(reach.people),
        TEAMS.key: sorted(reach.teams),
        LENT.key: sorted(reach.customers),
    }


def _is_looked_after(reach: Reach | None, customer: Any) -> ColumnElement[bool]:
    people, teams, lent = PEOPLE, TEAMS, LENT
    if reach is not None:
        people, teams, lent = map(_names, (reach.people, reach.teams, reach.customers))
    return or_(
        customer.owner == func.any(people), customer.owner_team == func.any(teams), customer.id == func.any(lent)
    )


def kept_rights(actor: Actor, permissions: Iterable[str]) -> list[Any]:
    """Those of some rights that the actor has and how far they reach, as JSON: what a worker does later is kept to."""
    limits = [[right, sorted(reach.people), sorted(reach.teams)] for right, reach in actor.limits]
    held: list[Any] = [each for each in permissions if actor.may(each)]
    return [*held, {"limits": limits}] if limits else held


def with_kept_rights(id: str, name: str, kept: Iterable[Any]) -> Actor:  # noqa: A002 -- as the actor calls it
    """Whoever had these rights, with no others."""
    limits: list[tuple[str, Reach]] = []
    permissions = set()
    for each in kept:
        if isinstance(each, str):
            permissions.add(each)
        else:
            limits += [
                (right, Reach(people=frozenset(people), teams=frozenset(teams)))
                for right, people, teams in each["limits"]
            ]
    return Actor(id=id, name=name, permissions=frozenset(permissions), limits=tuple(limits))


def has_kept_rights(actor: Actor, kept: Iterable[Any]) -> bool:
    """Whether somebody still may what was kept, and as far."""
    then = with_kept_rights(actor.id, actor.name, kept)
    if not all(actor.may(each) for each in then.permissions):
        return False
    now, before = reach_of(actor), reach_of(then)
    return now is None or (before is not None and before & now == before)


@lru_cache(maxsize=1024)
def _names(names: frozenset[str]) -> BindParameter[Any]:
    """One parameter, wherever it stands: SQLAlchemy finds it in each form of a statement that it remembers."""
    return bindparam(None, sorted(names), ARRAY(String), unique=True)


def alias_of(table: str) -> FromClause:
    """A table under a name of its own, for a condition inside another statement."""
    return Base.metadata.tables[table].alias()
