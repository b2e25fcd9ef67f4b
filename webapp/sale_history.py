"""How an order came about, with what its cases know of it."""

from sqlalchemy import select, tuple_

from crm.sales.origins import ACTIVITY, Origin, about, origins
from engine.models import InstanceEntityRow
from storage.unit_of_work import Reading

MOST = 100  # cases of an order


def sale_history(view: Reading, key: str) -> list[Origin]:
    """The steps from campaign to order. Raises `OrderNotFound`."""
    named = tuple_(InstanceEntityRow.entity, InstanceEntityRow.entity_id).in_(about(view, key))
    cases = list(view.session.scalars(select(InstanceEntityRow.instance_id).where(named).distinct().limit(MOST)))
    of_cases = InstanceEntityRow.instance_id.in_(cases), InstanceEntityRow.entity == ACTIVITY
    caused = list(view.session.scalars(select(InstanceEntityRow.entity_id).where(*of_cases)))
    return origins(view, key, cases, caused)
