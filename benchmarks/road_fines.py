"""Real escalations replayed: fines of a town, with what was paid, appealed and sent for collection, through dunning.

`agree` are cases that end as their log shows; `wrong_letters` went to somebody who owed nothing any more. A larger
log is replayed by the chunk, each in an installation of its own, so that memory and the time of a case stay.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks._fines_desk import Ended, FinesDesk
from benchmarks._fines_log import Fine, read_fines
from benchmarks._telling import telling
from core.clock import FixedClock
from core.settings import Settings

FOLDER = Path(__file__).parents[1].parent / "shared" / "data" / "road-fines"
KINDS = (".csv", ".xes", ".csv.gz", ".xes.gz")
QUICK = 20
CHUNK = 500
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
OUTCOMES = ("paid", "collection", "dismissed", "open")
LEVELS = range(6)


def run(*, quick: bool = False, data: Path | None = None) -> dict[str, Any]:
    """The figures of all logs in a folder, or of one log; `skipped` says why there are none."""
    logs = _logs(data or FOLDER)
    if not logs:
        reason = f"There is no log (.csv or .xes) at {data or FOLDER}."
        print(f"Skipped: {reason}", file=sys.stderr)
        return {"skipped": reason}
    began, ended = time.monotonic(), []
    done: Counter[str] = Counter()
    for log in logs:
        fines = read_fines(log)
        for chunk in _chunks(islice(fines, QUICK) if quick else fines):
            found, counts = replay(chunk, label=log.name)
            ended += found
            done += counts
    took = time.monotonic() - began
    _table(ended)
    return _figures(ended, done, took=took)


def replay(fines: Iterable[Fine], *, label: str) -> tuple[list[Ended], Counter[str]]:
    """A chunk in an installation of its own, and what was done there."""
    from webapp.bootstrap import bring_up_to_date, build

    clock = FixedClock(LONG_AGO)
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        application = build(Settings(data=Path(folder), dunning_bank_days=0), clock=clock)
        try:
            bring_up_to_date(application, allowed=True)
            desk = FinesDesk(application, clock)
            with telling(label) as progress:
                return desk.replay(fines, progress=progress), desk.done
        finally:
            application.close()


def _logs(data: Path) -> list[Path]:
    if data.is_dir():
        return sorted(each for each in data.iterdir() if each.name.lower().endswith(KINDS))
    return [data] if data.is_file() else []


def _chunks(fines: Iterable[Fine]) -> Iterator[list[Fine]]:
    source = iter(fines)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _figures(ended: list[Ended], done: Counter[str], *, took: float) -> dict[str, Any]:
    agree = sum(each.agrees for each in ended)
    wrong = sum(each.is_wrong for each in ended)
    return {
        "cases": len(ended),
        "agree": agree,
        "wrong_letters": wrong,
        "incidents": done["incidents"],
        "letters": sum(each.letters for each in ended),
        "calls": done["calls"],
        "disputes": done["disputes"],
        "paid_before_penalty": sum(each.fine.is_paid_before_penalty for each in ended),
        "seconds": round(took, 1),
        "case_ms": round(took / max(len(ended), 1) * 1000),
        "within_bars": agree == len(ended) and not wrong and not done["incidents"],
    }


def _table(ended: list[Ended]) -> None:
    """What became of the cases, beside what their log shows; where the output goes to a program it is not disturbed."""
    found = Counter((each.fine.outcome, each.outcome) for each in ended)
    columns = [*OUTCOMES, *sorted({ours for _, ours in found} - set(OUTCOMES))]
    _row("log shows \\ became", [*columns, "cases"])
    for theirs in OUTCOMES:
        counts = [found[theirs, ours] for ours in columns]
        _row(theirs, [*counts, sum(counts)])
    _row("all", [*(sum(found[theirs, ours] for theirs in OUTCOMES) for ours in columns), len(ended)])
    print(file=sys.stderr)
    _row("paid or given away at level", [*LEVELS, ""])
    for outcome in ("paid", "collection"):
        levels = Counter(each.level for each in ended if each.outcome == outcome)
        _row(outcome, [*(levels[level] for level in LEVELS), ""])
    for each in ended:
        if not each.agrees:
            print(f"{each.fine.id}: the log shows {each.fine.outcome}, it became {each.outcome}.", file=sys.stderr)


def _row(name: str, cells: Iterable[object]) -> None:
    print(f"{name:<28}" + "".join(f"{each!s:>12}" for each in cells), file=sys.stderr)
