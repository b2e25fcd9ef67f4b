"""Decisions on documents, as the finished tasks of their cases tell them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from documents.packages.stamping import Decision
from engine.models import TaskHistoryRow
from storage.unit_of_work import Reading
from webapp.accounts.models import AccountRow

MOST = 200  # decisions on one page
OUTCOMES = ("decision", "outcome", "result", "approved", "verdict")
COMMENTS = ("remark", "comment", "note", "reason", "justification")
DONE = {"approve": "approved", "reject": "rejected", "return": "returned", True: "yes", False: "no"}


class TaskDecisions:
    """Reads what people entered when they completed the tasks that a version was shown in."""

    def on(self, reading: Reading, document_id: str, cases: Sequence[str]) -> Sequence[Decision]:
        """Oldest first."""
        query = (
            select(TaskHistoryRow)
            .where(
                TaskHistoryRow.instance_id.in_(cases),
                TaskHistoryRow.state == "completed",
                TaskHistoryRow.documents.contains([{"document_id": document_id}]),
            )
            .order_by(TaskHistoryRow.ended_at, TaskHistoryRow.id)
            .limit(MOST)
        )
        rows = list(reading.session.scalars(query))
        named = select(AccountRow.name, AccountRow.display_name).where(AccountRow.name.in_({row.actor for row in rows}))
        names = {row.name: row.display_name for row in reading.session.execute(named)}
        return [_decision(row, each, names) for row in rows for each in row.documents if _is(each, document_id)]


def _is(used: dict[str, Any], document_id: str) -> bool:
    return bool(used["document_id"] == document_id)


def _decision(row: TaskHistoryRow, used: dict[str, Any], names: dict[str, str]) -> Decision:
    outcome = next((row.data[name] for name in OUTCOMES if name in row.data), None)
    comment = next((row.data[name] for name in COMMENTS if row.data.get(name)), None)
    return Decision(
        who=names.get(row.actor) or row.actor,
        at=row.ended_at,
        step=row.name,
        outcome=str(DONE.get(outcome, outcome))[:200] if outcome is not None else "completed",
        comment=str(comment)[:2000] if comment is not None else None,
        n=used["version"],
        digest=used["digest"],
    )
