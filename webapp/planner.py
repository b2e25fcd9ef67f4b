"""Tasks that people give one another: cases of the shipped process `planner_task`, so that they are as all tasks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from core.errors import InvalidInput
from core.identity import Actor
from crm.activities.queries import Activity
from engine.instances import EntityLink, StartInstance

TASK_PROCESS = "planner_task"
PRIORITIES = {"high": 80, "medium": 50, "low": 20}
LONGEST = 200  # characters of a title


def variables_of(
    *,
    title: str,
    note: str | None = None,
    assignee: str | None = None,
    groups: Collection[str] = (),
    supervisor: str | None = None,
    due_at: datetime | None = None,
    priority: str = "medium",
) -> dict[str, Any]:
    """What the process needs; a moment without a due date is none."""
    return {
        "title": title[:LONGEST],
        "description": note,
        "assignee": assignee,
        "groups": list(groups),
        "supervisor": supervisor,
        "due_at": due_at.isoformat() if due_at else None,
        "priority": PRIORITIES.get(priority, 50),
        "comment": None,
        "result": None,
    }


def new_task(variables: dict[str, Any], *, about: Activity | None, giver: Actor) -> StartInstance:
    """The command that gives a task, linked to the activity that it comes from and to its customer and contact."""
    if not str(variables["title"]).strip():
        raise InvalidInput("A task needs a title.", fields={"/title": "A task needs a title."})
    if variables["supervisor"] == variables["assignee"] == giver.id:
        told = "Somebody else verifies what you do."
        raise InvalidInput(told, fields={"/supervisor": told})
    links: list[EntityLink] = []
    if about is not None:
        links.append(EntityLink(entity="crm.activity", id=about.id, role="cause"))
        named = (("crm.customer", about.customer_id), ("crm.contact", about.contact_id))
        links += [EntityLink(entity=entity, id=record) for entity, record in named if record]
    return StartInstance(
        definition_key=TASK_PROCESS,
        business_key=str(variables["title"])[:100],
        variables=variables,
        links=tuple(links),
    )
