"""What one question costs: the time that passes, and the processor time of this process and of its server."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from core.records import dataclass
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds; `processor` is what passed where the server's processor time cannot be read."""

    passed: float
    processor: float


class Stopwatch:
    """Measures questions of one thread that are all asked over the connection which the pool gives first."""

    def __init__(self, engine: Engine) -> None:
        with engine.connect() as connection:
            server = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            is_here = engine.url.host is None or engine.url.host == "localhost"
        told = Path(f"/proc/{server}/schedstat")
        self._server = told if is_here and os.access(told, os.R_OK) else None

    def spent(self, act: Callable[[], object]) -> Spent:
        """What it took."""
        processor, passed = self._processor(), time.perf_counter()
        act()
        took = time.perf_counter() - passed
        used = self._processor() - processor
        return Spent(took * 1000, (used if self._server else took) * 1000)

    def _processor(self) -> float:
        server = int(self._server.read_text().split()[0]) / 1e9 if self._server else 0.0
        return time.process_time() + server


def summary(times: Sequence[Spent]) -> dict[str, float]:
    """The middle, the slow end and the slowest."""
    passed, processor = [each.passed for each in times], [each.processor for each in times]
    return {
        "p50": round(statistics.median(passed), 2),
        "p95": round(statistics.quantiles(passed, n=20)[-1], 2),
        "max": round(max(passed), 2),
        "processor_p50": round(statistics.median(processor), 2),
        "processor_p95": round(statistics.quantiles(processor, n=20)[-1], 2),
    }


def server_seconds(database: Database) -> float:
    """Processor seconds of the embedded server's processes that live; 0 for a server of somebody else's."""
    if database.embedded is None:
        return 0.0
    pid = int((Path(database.embedded.folder) / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    server = psutil.Process(pid)
    return sum(sum(each.cpu_times()[:2]) for each in (server, *server.children()))
