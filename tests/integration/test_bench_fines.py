"""Cases of a log of fines, driven through dunning at their dates, end as the log shows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks._fines_desk import FinesDesk
from benchmarks._fines_log import Fine
from benchmarks.road_fines import LONG_AGO
from core.clock import FixedClock
from core.settings import Settings
from webapp.bootstrap import build


def make_fine(number: str, outcome: str, **values: Any) -> Fine:
    known: dict[str, Any] = {
        "created_on": date(2006, 1, 10),
        "due_on": date(2006, 5, 9),
        "gross": Decimal("82.50"),
        "has_penalty": True,
        "payments": (),
        "appealed_on": (),
        "answered_on": (),
        "dismissed_on": None,
        "collected_on": None,
    }
    return Fine(id=number, outcome=outcome, **known | values)


IN_TIME, ANSWERED, COLLECTED, DISMISSED, OPEN = "A1", "A2", "A3", "A4", "A5"
FINES = (
    make_fine(IN_TIME, "paid", payments=((date(2006, 3, 1), Decimal("82.50")),)),
    make_fine(
        ANSWERED,
        "paid",
        appealed_on=(date(2006, 5, 12),),
        answered_on=(date(2006, 5, 19),),
        payments=((date(2006, 5, 24), Decimal(40)), (date(2006, 5, 30), Decimal("42.50"))),
    ),
    make_fine(COLLECTED, "collection", collected_on=date(2006, 8, 1)),
    make_fine(DISMISSED, "dismissed", appealed_on=(date(2006, 4, 3),), dismissed_on=date(2006, 8, 1)),
    make_fine(OPEN, "open", due_on=date(2006, 7, 24), payments=((date(2006, 7, 25), Decimal(20)),)),
)


def test_every_case_ends_as_its_log_shows(database_url: str, tmp_path: Path) -> None:
    clock = FixedClock(LONG_AGO)
    application = build(Settings(database_url=database_url, data=tmp_path, dunning_bank_days=0), clock=clock)
    desk = FinesDesk(application, clock)

    try:
        ended = {each.fine.id: each for each in desk.replay(FINES, progress=lambda _done, _total: None)}
    finally:
        application.close()

    assert {number: each.outcome for number, each in ended.items()} == {each.id: each.outcome for each in FINES}
    assert (desk.done["incidents"], [each for each in ended.values() if each.is_wrong]) == (0, [])
    levels = {number: each.level for number, each in ended.items()}
    assert (levels[IN_TIME], levels[COLLECTED], levels[DISMISSED]) == (0, 5, 0)
    assert (ended[COLLECTED].letters, desk.done["disputes"]) == (4, 2)
