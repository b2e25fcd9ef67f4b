"""Earlier repairs of a device: a defect that comes again within ninety days is ours."""

from datetime import timedelta

from sqlalchemy import select

from engine.models import InstanceEntityRow, InstanceRow
from engine.queries import instance
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork

AGAIN = timedelta(days=90)
MOST = 20
REPAIRED = ("repaired_warranty", "repaired_paid")


def closed_repairs(unit: UnitOfWork, device_id: str) -> list[tuple[str, str]]:
    """Defect and case of each repair of a device that ended within ninety days, the last one first."""
    wanted = (
        select(InstanceRow.id)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .where(
            InstanceEntityRow.entity == "crm.device",
            InstanceEntityRow.entity_id == device_id,
            InstanceRow.definition_key == "service_repair",
            InstanceRow.outcome.in_(REPAIRED),
            InstanceRow.ended_at >= unit.clock.now() - AGAIN,
        )
        .order_by(InstanceRow.ended_at.desc(), InstanceRow.id)
        .limit(MOST)
    )
    view = ProcessView(unit)
    found = [(instance(view, each).variables.get("defect_code"), each) for each in unit.session.scalars(wanted)]
    return [(str(defect), case) for defect, case in found if defect]
