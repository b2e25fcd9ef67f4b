"""What people can tell a running case, and telling it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from processes.notices import TellCase, notices_of
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done, NoticeEntry, NoticeList, NoticeShape
from webapp.web import run, view

routes = Routes("notices")
PATH = "/instances/<id:instance_id>/notices"


class NoticeBody(Body):
    """What is told, with its entries by name."""

    notice: str = Field(min_length=1, max_length=255, examples=["device"])
    values: dict[str, Any] = Field(default_factory=dict)


@routes.get(PATH, "What I can tell the case now", answer=NoticeList, refusals=(404,))
def notices(instance_id: str) -> NoticeList:
    """List what it waits for."""
    with view() as reading:
        found = notices_of(reading, instance_id)
    return NoticeList(
        items=[
            NoticeShape(
                key=each.key,
                title=each.title,
                hint=each.hint,
                entries=[
                    NoticeEntry(
                        name=entry.name,
                        label=entry.label,
                        kind=entry.kind,
                        is_needed=entry.is_needed,
                        choices=[value for value, _ in entry.choices],
                    )
                    for entry in each.entries
                ],
            )
            for each in found
        ]
    )


@routes.post(PATH, "Tell the case what has happened", body=NoticeBody, answer=Done, refusals=(403, 404, 409, 422))
def tell(instance_id: str, body: NoticeBody) -> Done:
    """Tell it."""
    run(TellCase(instance_id=instance_id, notice=body.notice, values=body.values))
    return Done()
