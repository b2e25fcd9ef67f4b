"""Reads the DMN Technology Compatibility Kit and judges our engine by it; runs as a script, too."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from engine.dmn import DmnRefused, Model, imported_namespaces, read_model
from engine.feel.compare import equal
from engine.feel.temporal import read_date, read_date_time, read_duration, read_time
from engine.feel.values import plain

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "suites"
KNOWN_FAILURES = Path(__file__).with_name("dmn_known_failures.txt")
_TC = "{http://www.omg.org/spec/DMN/20160719/testcase}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True)
class Result:
    """How one expectation of one case went."""

    level: str
    folder: str
    case: str
    passed: bool
    reason: str = ""

    @property
    def name(self) -> str:
        return f"{self.level}/{self.folder}/{self.case}"


def suite_folder() -> Path:
    """The folder of suites: the environment's SUITES, or the one beside the checkout."""
    return Path(os.environ.get("SUITES", DEFAULT)) / "dmn-tck"


def known_failures() -> dict[str, str]:
    """Case → reason, as committed."""
    lines = KNOWN_FAILURES.read_text().splitlines() if KNOWN_FAILURES.exists() else []
    pairs = (line.split("  # ", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {case.strip(): (reason[0] if reason else "") for case, *reason in pairs}


def run_suite(folder: Path) -> Iterator[Result]:
    """Every case of every test folder of every level."""
    for level in sorted(path for path in folder.iterdir() if path.is_dir()):
        for tests in sorted(path for path in level.iterdir() if path.is_dir()):
            yield from run_folder(level.name, tests)


def run_folder(level: str, tests: Path) -> Iterator[Result]:
    """The cases of one test folder."""
    for file in sorted(tests.glob("*.xml")):
        root = etree.parse(file).getroot()
        name = (root.findtext(f"{_TC}modelName") or f"{tests.name}.dmn").strip()
        model, reason = _load(tests, name)
        for case in root.iter(f"{_TC}testCase"):
            identifier = f"{case.get('id')}"
            verdict = reason if model is None else judge(model, case)
            yield Result(level, tests.name, identifier, not verdict, verdict)


def _load(tests: Path, name: str) -> tuple[Model | None, str]:
    files = {path.name: path.read_bytes() for path in tests.glob("*.dmn")}
    if name not in files:
        return None, f"no model {name}"
    spaces = {etree.fromstring(content).get("namespace"): content for content in files.values()}
    try:
        return _model(files[name], spaces, 0), ""
    except DmnRefused as refused:
        return None, str(refused)


def _model(content: bytes, spaces: dict[str | None, bytes], depth: int) -> Model:
    needed = [space for space in imported_namespaces(content) if space in spaces and depth < 9]
    return read_model(content, {space: _model(spaces[space], spaces, depth + 1) for space in needed}, strict=False)


def judge(model: Model, case: Any) -> str:
    """Why a case fails; empty when it passes."""
    inputs: dict[str, Any] = {}
    for node in case.findall(f"{_TC}inputNode"):
        inputs[node.get("name")] = _value(node)
    for node in case.findall(f"{_TC}resultNode"):
        target = case.get("invocableName") or node.get("name")
        try:
            decided = model.decide(target, inputs)
        except Exception as error:  # noqa: BLE001 – the suite must go on, whatever breaks
            return f"{type(error).__name__}: {error}"
        value = decided.value
        if case.get("invocableName") and isinstance(value, dict) and node.get("name") in value:
            value = value[node.get("name")]
        expected_node = node.find(f"{_TC}expected")
        if expected_node is None and node.get("errorResult") != "true":
            continue
        expected = None if expected_node is None else _value(expected_node)
        if not _same(expected, value):
            problems = "; ".join(problem.message for problem in decided.problems)
            return f"{node.get('name')}: expected {plain(expected)!r}, got {_shown(value)!r}; {problems}"
        if node.get("errorResult") == "true" and not decided.problems:
            return f"{node.get('name')}: null as expected, but without a problem"
    return ""


def _shown(value: Any) -> Any:
    try:
        return plain(value)
    except (TypeError, ValueError):
        return repr(value)


def _same(expected: Any, value: Any) -> bool:
    if isinstance(expected, Decimal) and isinstance(value, Decimal):
        return abs(expected - value) < Decimal("0.00000001")
    if isinstance(expected, list) and isinstance(value, list):
        return len(expected) == len(value) and all(map(_same, expected, value))
    if isinstance(expected, dict) and isinstance(value, dict):
        return expected.keys() == value.keys() and all(_same(expected[key], value[key]) for key in expected)
    return equal(expected, value) is True


def _value(node: Any) -> Any:
    inner = node.find(f"{_TC}list")
    if inner is not None:
        if inner.get(f"{_XSI}nil") == "true":
            return None
        return [_value(item) for item in inner.findall(f"{_TC}item")]
    components = node.findall(f"{_TC}component")
    if components:
        return {part.get("name"): None if part.get(f"{_XSI}nil") == "true" else _value(part) for part in components}
    return _scalar(node.find(f"{_TC}value"))


def _scalar(value: Any) -> Any:
    if value is None or value.get(f"{_XSI}nil") == "true":
        return None
    text = value.text or ""
    kind = (value.get(f"{_XSI}type") or "string").partition(":")[2] or "string"
    readers = {
        "boolean": lambda: text.strip() in {"true", "1"},
        "date": lambda: read_date(text),
        "time": lambda: read_time(text),
        "dateTime": lambda: read_date_time(text),
        "duration": lambda: read_duration(text),
        "dayTimeDuration": lambda: read_duration(text),
        "yearMonthDuration": lambda: read_duration(text),
    }
    if kind in {"decimal", "double", "integer", "int", "long", "float"}:
        return Decimal(text.strip())
    return readers[kind]() if kind in readers else text


def report(results: list[Result]) -> str:
    """`passed/total` per level and per test folder."""
    lines = []
    for level in sorted({result.level for result in results}):
        of_level = [result for result in results if result.level == level]
        lines.append(f"{level}: {sum(result.passed for result in of_level)}/{len(of_level)}")
        totals = Counter(result.folder for result in of_level)
        passed = Counter(result.folder for result in of_level if result.passed)
        lines += [f"  {folder}: {passed[folder]}/{totals[folder]}" for folder in sorted(totals)]
    return "\n".join(lines)


def main() -> int:
    """Print the figures and the failures that nobody knows of."""
    folder = suite_folder()
    if not folder.is_dir():
        sys.stdout.write(f"dmn-tck: skipped, there is no folder {folder}\n")
        return 0
    results = list(run_suite(folder))
    sys.stdout.write(report(results) + "\n")
    known = known_failures()
    new = [result for result in results if not result.passed and result.name not in known]
    for result in new:
        sys.stdout.write(f"FAILED {result.name}: {result.reason}\n")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
