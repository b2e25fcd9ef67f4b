"""The condition of whose rights do not reach everything stands at each place where a statement names a table."""

import pytest
from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from crm.confining import CUSTOMER, criteria, tables_of
from crm.models import ContactRow, CustomerRow, OfferRow

OTHER, OFFER = aliased(CustomerRow), aliased(OfferRow)
STATEMENTS = {
    "a table": (select(CustomerRow.id), 1),
    "an alias": (select(OTHER.id), 1),
    "an alias that is joined": (select(CustomerRow.id).join(OTHER, OTHER.id == CustomerRow.parent_id), 2),
    "a table inside a condition": (select(CustomerRow.id).where(CustomerRow.id.in_(select(OFFER.customer_id))), 2),
    "a sum of two": (select(CustomerRow.id).union_all(select(OTHER.id)), 2),
    "what belongs to a customer": (select(ContactRow.id), 1),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_sec_02_each_table_of_a_statement_is_confined_under_its_own_name(name: str) -> None:
    statement, places = STATEMENTS[name]

    sql = confined(statement)

    assert sql.count("merged_into IS NULL") == places
    if name == "an alias that is joined":
        assert "customer.owner = any" in sql
        assert "customer_1.owner = any" in sql


def confined(statement: Select[tuple[str]]) -> str:
    found = [criteria()[each] for each in sorted(tables_of(statement)) if each in criteria()]
    assert CUSTOMER in tables_of(statement) or found
    return str(statement.options(*found).compile(dialect=postgresql.dialect()))
