"""Who may see what is private: those who take part in it."""

from crm.activities.models import ActivityRow
from storage.unit_of_work import Reading, UnitOfWork


def is_hidden(view: Reading | UnitOfWork, row: ActivityRow) -> bool:
    """Whether an activity is the private business of others."""
    if not row.is_private or view.actor.is_system:
        return False
    return view.actor.id not in {row.employee, row.created_by, *(each.account for each in row.participants)}
