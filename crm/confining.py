"""Keeps every statement of somebody whose rights do not reach everything to what they reach.

What is confined follows from the tables: `customer`, what names a customer, and what belongs to such a row. A table
that is added later is confined without a word; one that must not be stands in `OPEN` with its reason.
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, cast

from sqlalchemy import ColumnElement, FromClause, Table, event, exists, or_, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.selectable import AliasedReturnsRows
from sqlalchemy.sql.visitors import iterate

from core.identity import Actor, Reach
from crm.access import SEEN, alias_of, given, is_reached, is_within, reach_of
from crm.errors import CustomerNotFound
from storage.confining import WHOLE
from storage.orm import Base

CUSTOMER = "customer"
OPEN = {  # tables that name what is confined, and that everybody sees whole
    "resource_booking": "a room is taken whoever is met there; the meeting itself is confined",
    "activity_reminder": "is addressed to one person",
    "activity_rule_run": "what the clock remembers",
}
NAMED = {"mass_edited_customer": "customer_id"}  # columns that name a customer without a foreign key


def confine(session: Session, actor: Actor, permission: str | None) -> None:
    """Let a session find and make nothing of customers that are out of the actor's reach."""
    reach = reach_of(actor, permission)
    if reach is not None:
        event.listen(session, "do_orm_execute", partial(_narrow, given(reach)))
        event.listen(session, "before_flush", partial(_refuse, reach))


@cache
def criteria() -> Mapping[str, ExecutableOption]:
    """The condition of each confined table, by its name; whose reach it is comes with the statement's parameters.

    The lambda closes over nothing: SQLAlchemy remembers statements by its code. An expression in its place would not be
    told of the alias that a JOIN gives the table.
    """
    found = {}
    for mapper in Base.registry.mappers:
        name = getattr(mapper.local_table, "name", "")
        if name == CUSTOMER or name in paths():
            found[name] = with_loader_criteria(
                mapper.class_,
                lambda row: _condition(row),  # noqa: PLW0108 -- SQLAlchemy looks into the code of a lambda
                include_aliases=True,
                propagate_to_loaders=False,
                track_closure_variables=False,
            )
    return found


def _condition(row: Any) -> ColumnElement[bool]:
    """Of a mapped class or an alias of it."""
    table = row.__tablename__
    if table == CUSTOMER:
        return is_within(None, row)
    return _follows(table, {name: getattr(row, _attributes(table)[name]) for name, _, _ in paths()[table]})


@cache
def _attributes(table: str) -> Mapping[str, str]:
    """The attributes of a table's class, by the columns that they stand for."""
    mapper = next(each for each in Base.registry.mappers if getattr(each.local_table, "name", "") == table)
    return {column.key: each.key for each in mapper.column_attrs for column in each.columns}


@cache
def paths() -> Mapping[str, tuple[tuple[str, str, bool], ...]]:
    """How the rows of each confined table lead to a customer: column, table that it names, whether it can be empty.

    A row that names a customer follows that one; another one follows what it belongs to.
    """
    found: dict[str, tuple[tuple[str, str, bool], ...]] = {}
    confined = {CUSTOMER}
    while True:
        more = {
            table.name: ways
            for table in Base.metadata.tables.values()
            if table.name not in confined | OPEN.keys() and (ways := _ways(table, confined))
        }
        if not more:
            return found
        found |= more
        confined |= more.keys()


def _ways(table: Any, confined: set[str]) -> tuple[tuple[str, str, bool], ...]:
    keys = [(key.parent.key, key.column.table.name, bool(key.parent.nullable)) for key in table.foreign_keys]
    if table.name in NAMED:
        keys.append((NAMED[table.name], CUSTOMER, False))
    keys = sorted(each for each in keys if each[1] in confined)
    of_customer = tuple(each for each in keys if each[1] == CUSTOMER)
    return of_customer or tuple(each for each in keys if not each[2]) or tuple(keys)


def _follows(table: str, columns: Mapping[str, Any]) -> ColumnElement[bool]:
    condition: list[ColumnElement[bool]] = []
    for name, parent, can_be_empty in paths()[table]:
        column = columns[name]
        if parent == CUSTOMER:
            there = is_reached(None, column)
        else:
            row = alias_of(parent)
            there = (
                exists()
                .where(row.c.id == column, _follows(parent, cast("Mapping[str, Any]", row.c)))
                .correlate_except(row)
            )
        condition.append(or_(column.is_(None), there) if can_be_empty else there)
    found = condition[0]
    for each in condition[1:]:
        found &= each
    return found


def _narrow(names: Mapping[str, list[str]], state: ORMExecuteState) -> None:
    if state.session.info.get(WHOLE):
        return
    chosen = getattr(state.statement, "select", None) if state.is_insert else None
    if chosen is not None and SEEN not in state.execution_options and tables_of(chosen) & criteria().keys():
        raise TypeError("what this statement selects is not confined")  # a programming error
    if state.is_select:
        found = [criteria()[name] for name in tables_of(state.statement) if name in criteria()]
        if found:
            state.statement = state.statement.options(*found)
            state.parameters = {**cast("Mapping[str, Any]", state.parameters or {}), **names}


def tables_of(statement: Any) -> set[str]:
    """The tables that a statement reads, at whatever depth and under whatever alias."""
    found = set()
    for part in iterate(statement):
        table = part if isinstance(part, FromClause) else getattr(part, "table", None)
        while isinstance(table, AliasedReturnsRows):
            table = table.element
        if isinstance(table, Table):
            found.add(table.name)
    return found


def _refuse(reach: Reach, session: Session, context: Any, instances: Any) -> None:
    """Nothing is written to a customer that is out of reach. Raises `CustomerNotFound`."""
    del context, instances
    if session.info.get(WHOLE):
        return
    named: set[str | None] = set()
    fresh = {each.id for each in session.new if each.__tablename__ == CUSTOMER}
    for row in {*session.new, *session.dirty}:
        for column, parent, _ in paths().get(row.__tablename__, ()):
            if parent == CUSTOMER:
                named.add(getattr(row, column))
    for customer_id in sorted(each for each in named - fresh if each is not None):
        table = Base.metadata.tables[CUSTOMER]
        there = select(table.c.id).where(table.c.id == customer_id, is_within(reach, table.c))
        if session.scalar(there) is None:
            raise CustomerNotFound(customer_id)
