"""A case in memory for engine tests: started from a diagram in a few lines, gone through a snapshot at every step."""

from datetime import UTC, datetime
from typing import Any

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import runtime
from engine.bpmn import Known, check_bpmn
from engine.rehearsal import Props, Rehearsal
from engine.runtime import load
from tests.engine_world import bpmn

runtime.ROUND_TRIPS = True  # every engine test goes through a stored snapshot after each element
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def begin(
    content: str | bytes, *, answers: dict[str, Any] | None = None, attributes: str = "", **variables: Any
) -> Rehearsal:
    """A started case of a process with this content."""
    source = content if isinstance(content, bytes) else bpmn(content, attributes=attributes)
    checked = check_bpmn("test.bpmn", source, Known())
    assert not checked.findings.refuses, [str(finding) for finding in checked.findings]
    stage = Rehearsal(load(checked.processes[0]), FixedClock(NOON), Props(answers=answers or {}))
    stage.start(variables, SYSTEM)
    return stage


def do(stage: Rehearsal, element: str, number: int | None = None, **data: Any) -> None:
    """Complete the task at an element."""
    stage.complete(stage.find(element, number, SYSTEM), data, SYSTEM)


def waiting(stage: Rehearsal) -> list[str]:
    return sorted(work.node.id for work in stage.work.values())
