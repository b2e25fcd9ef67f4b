"""Reads who called an instance and what it called; whoever may see one of them may see them all."""

from sqlalchemy import select

from engine import catalog
from engine.models import InstanceRow
from engine.views import RelatedInstance
from storage.unit_of_work import Reading

MOST = 200  # called instances on one page; all are found with `InstanceFilter(parent=...)`


def caller_of(view: Reading, row: InstanceRow) -> RelatedInstance | None:
    """Who called an instance."""
    if row.parent_id is None:
        return None
    return _related(view, view.session.get_one(InstanceRow, row.parent_id), row.parent_element)


def called_by(view: Reading, row: InstanceRow) -> tuple[RelatedInstance, ...]:
    """What an instance called, the newest first."""
    rows = select(InstanceRow).where(InstanceRow.parent_id == row.id).order_by(InstanceRow.id.desc()).limit(MOST)
    return tuple(_related(view, each, each.parent_element) for each in view.session.scalars(rows))


def by_token(view: Reading, instance_id: str) -> dict[str, str]:
    """What each token of an instance called last."""
    called = select(InstanceRow.parent_token, InstanceRow.id).where(InstanceRow.parent_id == instance_id)
    return {token: each for token, each in view.session.execute(called.order_by(InstanceRow.id)) if token is not None}


def _related(view: Reading, row: InstanceRow, element: str | None) -> RelatedInstance:
    return RelatedInstance(
        id=row.id,
        element_id=element or "",
        definition_key=row.definition_key,
        definition_name=catalog.definition(view, row.definition_id).name,
        state=row.state,
        business_key=row.business_key,
        outcome=row.outcome,
    )
