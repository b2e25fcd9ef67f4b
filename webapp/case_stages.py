"""Tells the other contexts where the cases are that their records belong to."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_

from engine.models import InstanceEntityRow, InstanceRow
from storage.unit_of_work import Reading


class LinkedStages:
    """Looks records up among what running cases are about: one statement by an index, whoever asks."""

    def stage(self, view: Reading, records: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
        """Process and stage of the newest running case about one of them."""
        about = tuple_(InstanceEntityRow.entity, InstanceEntityRow.entity_id)
        wanted = (
            select(InstanceRow.definition_key, InstanceRow.stage)
            .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
            .where(about.in_(records), InstanceRow.ended_at.is_(None), InstanceRow.stage.is_not(None))
            .order_by(InstanceRow.id.desc())
            .limit(1)
        )
        row = view.session.execute(wanted).first()
        return None if row is None else (row.definition_key, row.stage)
