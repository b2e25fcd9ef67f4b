"""What the mapper does not see is not confined to what somebody reaches: each place has its condition, or a reason."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READERS = ("crm", "processes", "webapp/api", "webapp/pages", "webapp/inbox", "webapp/searching")
BY_HAND = re.compile(
    r"(?<![\w.])(?<!def )text\(\s*(f?[\"']{1,3}\s*(SELECT|WITH|INSERT|UPDATE|DELETE)|[a-z_]+\))"
    r"|\.fetch\(|exec_driver_sql|driver_connection|__table__\b"
)
KNOWN = {
    "crm/planning/calendar.py": "asks customer_is_reached of each activity",
    "crm/checks.py": "takes locks, reads nothing",
}


def test_sec_02_statements_that_are_written_as_text_have_their_condition_by_hand() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in READERS
        for path in (ROOT / folder).rglob("*.py")
        if BY_HAND.search(path.read_text("utf-8"))
    }

    assert found == KNOWN.keys()
