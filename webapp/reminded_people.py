"""Who is reminded: people by their roles, and what they see with their own rights."""

from collections.abc import Sequence

from sqlalchemy import select

from core.errors import DomainError
from documents.orders.making import Customers
from documents.sharing.links import SeenBy
from storage.unit_of_work import UnitOfWork
from webapp.accounts.models import AccountRoleRow, AccountRow


def view_of(unit: UnitOfWork, account: str) -> SeenBy | None:
    """What somebody sees; None for an account that is closed, or gone."""
    try:
        actor = unit.port(Customers).actor(unit, account, None)
    except DomainError:
        return None
    return None if actor is None else SeenBy(unit, actor)


def with_roles(unit: UnitOfWork, roles: Sequence[str]) -> list[str]:
    """The log-in names of those who have one of the roles, in order."""
    query = (
        select(AccountRow.name)
        .join(AccountRoleRow, AccountRoleRow.account_id == AccountRow.id)
        .where(AccountRow.is_active, AccountRoleRow.role.in_(roles))
        .distinct()
        .order_by(AccountRow.name)
    )
    return list(unit.session.scalars(query))
