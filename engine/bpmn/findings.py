"""A reason why a file is refused, or a remark on it, with its place."""

from typing import Any, Literal

from core.records import dataclass

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about one place of a file; an `error` refuses the file."""

    file: str
    line: int | None
    element: str | None
    rule: str
    severity: Severity
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Plain data, as REST and `obieg check --json` show it."""
        return {
            "file": self.file,
            "line": self.line,
            "element": self.element,
            "rule": self.rule,
            "severity": self.severity,
            "sentence": self.sentence,
        }

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        element = f" {self.element}:" if self.element else ""
        return f"{place}:{element} {self.sentence} [{self.rule}]"


class Findings(list[Finding]):
    """The findings of one file."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file

    def error(self, rule: str, sentence: str, *, line: int | None = None, element: str | None = None) -> None:
        """Add a reason to refuse the file."""
        self._add("error", rule, sentence, line, element)

    def warning(self, rule: str, sentence: str, *, line: int | None = None, element: str | None = None) -> None:
        """Add a remark."""
        self._add("warning", rule, sentence, line, element)

    def _add(self, severity: Severity, rule: str, sentence: str, line: int | None, element: str | None) -> None:
        self.append(
            Finding(file=self.file, line=line, element=element, rule=rule, severity=severity, sentence=sentence)
        )

    @property
    def refuses(self) -> bool:
        """Whether any of them is an error."""
        return any(finding.severity == "error" for finding in self)
