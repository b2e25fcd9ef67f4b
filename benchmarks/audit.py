"""The trail: what the sequencer appends, what the check verifies, and what recording costs, on its own installation."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from audit.checking import check_everything
from audit.sequencer import sequence
from audit.tree_check import check_log
from audit.verify import check_chains
from benchmarks import _audit_cost as audit_cost
from core.identity import SYSTEM
from core.messages import Event
from core.records import dataclass
from core.settings import Settings
from webapp.bootstrap import Application, bring_up_to_date, build
from webapp.cli.progress import progress_bar

ENTRIES, QUICK_ENTRIES = 200_000, 10_000
STREAMS = 20  # entries of one stream
AT_ONCE = 1000
COST = 0.35  # of the completions that eight clients get done without the trail
BARS = {"sequenced_per_second": 10_000, "verified_per_second": 50_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Event):
    """Something of the size that events usually have."""

    type: ClassVar[str] = "bench.measured"
    number: int
    words: str

    @property
    def stream(self) -> str:
        """One of many."""
        return f"bench:{self.number // STREAMS:09}"


def run(*, quick: bool = False) -> dict[str, Any]:
    """Entries a second of both, and of the check's two halves: chains, and the log."""
    number = QUICK_ENTRIES if quick else ENTRIES
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        application = build(Settings(data=Path(folder)))
        try:
            bring_up_to_date(application, allowed=True)
            _write(application, number)
            sequencing = _seconds(lambda: sequence(application.database.engine))
            with application.units.reading(SYSTEM) as view:
                findings: list[Any] = []
                chains = _seconds(lambda: findings.extend(check_chains(view)))
                log = _seconds(lambda: findings.extend(check_log(view)))
                both = _seconds(lambda: findings.extend(check_everything(view)))
            cost = audit_cost.measure(application, quick=quick)
        finally:
            application.close()
    speeds = {
        "sequenced_per_second": round(number / sequencing),
        "verified_per_second": round(number / both),
    }
    kept = all(speeds[name] >= bar for name, bar in BARS.items()) and cost["audit_cost"] <= COST
    return (
        speeds
        | cost
        | {
            "benchmark": "audit",
            "entries": number,
            "chains_per_second": round(number / chains),
            "log_per_second": round(number / log),
            "findings": len(findings),
            "bars": BARS | {"audit_cost": COST},
            "within_bars": not findings and kept,
        }
    )


def _write(application: Application, number: int) -> None:
    with progress_bar("Entries") as progress:
        for start in range(0, number, AT_ONCE):
            with application.units.begin(SYSTEM) as unit:
                for place in range(start, start + AT_ONCE):
                    unit.emit(Measured(number=place, words="offer approved " * 15))
                unit.commit()
            progress(start + AT_ONCE, number)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
