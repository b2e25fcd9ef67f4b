"""Reading again: every version, or those that could not be read; asked for in batches, so that it can be stopped."""

from collections.abc import Callable
from typing import Any

from core.identity import SYSTEM
from documents.content.waiting import JOBS, TEXT
from documents.content.working import Host
from storage.unit_of_work import Reading

BATCH = 1000
Progress = Callable[[int, int], None]  # done so far, in all
TOTAL = "SELECT count(*) FROM document_version"
FAILED = "SELECT count(*) FROM extraction WHERE state = 'failed'"
AGAIN = """
INSERT INTO extraction (document_id, n, step, state, attempts, is_partial)
SELECT document_id, n, %(step)s, 'waiting', 0, false FROM document_version
WHERE (document_id, n) > (%(document_id)s, %(n)s) ORDER BY document_id, n LIMIT %(limit)s
ON CONFLICT (document_id, n, step) DO UPDATE SET state = 'waiting', attempts = 0, taken_at = NULL, finding = NULL
RETURNING document_id, n
"""
FAILED_AGAIN = """
UPDATE extraction SET state = 'waiting', attempts = 0, taken_at = NULL, finding = NULL
WHERE (document_id, n, step) IN (
    SELECT document_id, n, step FROM extraction WHERE state = 'failed' AND step = ANY(%(steps)s) LIMIT %(limit)s
)
"""
COUNT = """
SELECT step, count(*) FILTER (WHERE state IN ('waiting', 'taken')), count(*) FILTER (WHERE state = 'done'),
    count(*) FILTER (WHERE state = 'failed')
FROM extraction GROUP BY step
"""


def ask_again_for(host: Host, *, failed: bool, progress: Progress) -> int:
    """Have versions read again, all of them or those that failed; returns how many. Their texts stay until then."""
    return _failed_ones(host, progress) if failed else _all(host, progress)


def _all(host: Host, progress: Progress) -> int:
    total, done, last = _count(host, TOTAL), 0, ("", 0)
    while True:
        with host.units.begin(SYSTEM) as unit:
            values = {"step": TEXT, "document_id": last[0], "n": last[1], "limit": BATCH}
            asked = unit.driver.execute(AGAIN, values).fetchall()
            unit.commit()
        if not asked:
            return done
        last = max(asked)
        done += len(asked)
        progress(done, total)


def _failed_ones(host: Host, progress: Progress) -> int:
    total, done = _count(host, FAILED), 0
    while True:
        with host.units.begin(SYSTEM) as unit:
            asked = unit.driver.execute(FAILED_AGAIN, {"steps": list(JOBS), "limit": BATCH}).rowcount
            unit.commit()
        if not asked:
            return done
        done += asked
        progress(done, total)


def _count(host: Host, query: str) -> int:
    with host.units.begin(SYSTEM) as unit:
        found = unit.driver.execute(query.encode()).fetchone()
    assert found is not None
    return int(found[0])


def counts(view: Reading) -> dict[str, dict[str, int]]:
    """How many versions wait, are done and have failed, by step."""
    found: dict[str, dict[str, int]] = {step: {"waiting": 0, "done": 0, "failed": 0} for step in JOBS}
    rows: Any = view.session.connection().exec_driver_sql(COUNT)
    for step, waiting, done, failed in rows:
        found[step] = {"waiting": waiting, "done": done, "failed": failed}
    return found
