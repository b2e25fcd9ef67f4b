"""What the benchmark of timers asks of the database can be asked."""

from __future__ import annotations

from benchmarks.timers import idle
from webapp.bootstrap import Application


def test_a_look_for_due_timers_reads_as_little_with_many_waiting_as_its_benchmark_tells(
    application: Application,
) -> None:
    figures = idle(application, 2000)

    assert figures["waiting"] == 2000
    assert 0 < figures["pages_of_an_idle_look"] < 10
