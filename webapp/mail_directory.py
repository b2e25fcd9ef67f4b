"""Whose e-mail addresses these are: colleagues, customers and the people at customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select, union_all

from crm.models import ContactRow, CustomerEmailRow
from documents.access import Target
from storage.unit_of_work import Reading
from webapp.accounts.models import AccountRow

CUSTOMER = "crm.customer"


class Directory:
    """Looks into accounts and the CRM."""

    def known(self, reading: Reading, addresses: Collection[str]) -> Mapping[str, frozenset[Target]]:
        """What each known address belongs to; a colleague's to nothing."""
        if not addresses:
            return {}
        found: dict[str, set[Target]] = {}
        colleagues = select(func.lower(AccountRow.email)).where(
            func.lower(AccountRow.email).in_(addresses), AccountRow.is_active
        )
        for address in reading.session.scalars(colleagues):
            found.setdefault(address, set())
        owners = union_all(
            *(
                select(func.lower(column), row.customer_id).where(func.lower(column).in_(addresses))
                for row, column in ((ContactRow, ContactRow.email), (CustomerEmailRow, CustomerEmailRow.address))
            )
        )
        for address, customer_id in reading.session.execute(owners):
            found.setdefault(address, set()).add(Target(CUSTOMER, customer_id))
        return {address: frozenset(targets) for address, targets in found.items()}
