"""What is wrong with a decision model, with its place in the file."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from core.errors import InvalidInput
from core.records import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark; an `error` keeps the model from being used, a `warning` does not."""

    rule: str
    severity: str  # error | warning
    sentence: str
    line: int = 0
    element: str = ""


class DmnRefused(InvalidInput):
    """The file is no decision model that can be run right; `findings` tell why."""

    code = "dmn_refused"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        wrong = [finding for finding in self.findings if finding.severity == "error"] or list(self.findings)
        first = wrong[0].sentence if wrong else "The model cannot be used."
        more = f" There are {len(wrong) - 1} more errors." if len(wrong) > 1 else ""
        details: list[dict[str, Any]] = [asdict(finding) for finding in self.findings]
        super().__init__(first + more, findings=details)


def place_in(text: str, start: int, end: int) -> str:
    """Where in an expression something stands, as a person counts: `characters 3 to 5 of 'a + b c'`."""
    shown = f"{text[:77]}..." if len(text) > 80 else text
    return f"characters {start + 1} to {max(end, start + 1)} of {shown!r}"
