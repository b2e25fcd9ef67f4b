"""Reads scenario files and says what is wrong with them, with the line where it stands."""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import yaml

from engine.bpmn.findings import Findings
from engine.bpmn.model import Process
from engine.feel import compile_expression
from engine.feel.errors import FeelSyntaxError
from engine.spiff.moments import moment

MAXIMUM_SIZE = 1 << 20  # bytes of one scenario file
NEW_YEAR = datetime(2026, 1, 5, 8, tzinfo=UTC)  # where a scenario says nothing
STATES = ("running", "completed", "failed", "cancelled")
# step -> what may stand beside it
STEPS: dict[str, frozenset[str]] = {
    "expect": frozenset(),
    "complete": frozenset({"as", "data", "documents"}),
    "refuse": frozenset({"as", "data", "documents", "because"}),
    "choose": frozenset({"as"}),
    "finish": frozenset({"as"}),
    "advance": frozenset(),
    "set": frozenset(),
    "message": frozenset({"keys", "payload"}),
    "signal": frozenset({"payload"}),
    "job": frozenset({"returns"}),
    "fail": frozenset(),
}
EXPECTATIONS = frozenset(
    {"tasks", "stage", "state", "outcome", "visited", "not_visited", "variables", "incidents", "jobs"}
)
_FILE = frozenset({"process", "file", "beside", "handlers", "scenarios"})
_SCENARIO = frozenset({"name", "at", "start", "steps", "handlers"})
_START = frozenset({"variables", "links", "as", "message", "keys", "payload", "signal", "timer", "business_key"})
_LISTS = {"tasks", "visited", "not_visited", "incidents", "jobs"}
_ELEMENTS = {"tasks", "visited", "not_visited", "incidents"}


MERGE = "tag:yaml.org,2002:merge"


class Located(dict[Any, Any]):
    """A mapping that knows its line."""

    line: int | None = None


class _Loader(yaml.SafeLoader):
    """Safe YAML whose mappings know where they stand, and in which no key stands twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Located:
    found = Located()
    found.line = node.start_mark.line + 1
    seen = set()
    for key_node, _ in node.value:
        if key_node.tag == MERGE:  # what joins by it may be replaced
            continue
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, list | dict) or key in seen:
            what = "stands twice" if not isinstance(key, list | dict) else "cannot be a name"
            raise yaml.MarkedYAMLError(problem=f"{key} {what}", problem_mark=key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    node.value = list({loader.construct_object(each[0], deep=True): each for each in node.value}.values())
    for key_node, value_node in node.value:
        found[loader.construct_object(key_node, deep=True)] = loader.construct_object(value_node, deep=True)
    return found


def _number(loader: _Loader, node: yaml.ScalarNode) -> float:
    found: float = yaml.SafeLoader.construct_yaml_float(loader, node)
    if not math.isfinite(found):
        raise yaml.MarkedYAMLError(problem=f"{node.value} is no number of FEEL", problem_mark=node.start_mark)
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def read(content: bytes, findings: Findings) -> dict[str, Any] | None:
    """The document, None where it is none."""
    if len(content) > MAXIMUM_SIZE:
        findings.error("scenario-size", f"The file is larger than {MAXIMUM_SIZE >> 20} MiB.")
        return None
    try:
        document = yaml.load(content, _Loader)  # noqa: S506 -- a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        told = getattr(error, "problem", None) or error
        findings.error("scenario-yaml", f"The file is not YAML: {told}.", line=mark.line + 1 if mark else None)
        return None
    if not isinstance(document, dict):
        findings.error("scenario-yaml", "The file must hold `process` or `file`, and `scenarios`.")
        return None
    return document


def clock_of(scenario: Mapping[str, Any]) -> datetime:
    """When a scenario begins. Raises `ValueError`."""
    at = scenario.get("at", NEW_YEAR)
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    if isinstance(at, date) and not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=UTC)
    if not isinstance(at, datetime):
        raise ValueError(f"{at} is no date and time")  # noqa: TRY004 -- the value of a file, told as any other
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def check_scenarios(name: str, content: bytes, process: Process | None = None) -> Findings:
    """What is wrong with a scenario file by itself; with its process, which elements are not there, too."""
    findings = Findings(name)
    document = read(content, findings)
    if document is not None:
        _Check(findings, process).file(document)
    return findings


class _Check:
    def __init__(self, findings: Findings, process: Process | None) -> None:
        self._findings = findings
        self._nodes = None if process is None else process.nodes
        self._scenario: str | None = None

    def file(self, document: dict[str, Any]) -> None:
        self._known("file", document, _FILE, "The file")
        scenarios = document.get("scenarios")
        if not isinstance(scenarios, list) or not scenarios:
            self._refuse("scenario-none", "The file has no scenarios.")
            return
        if not (document.get("process") or document.get("file")):
            self._refuse("scenario-process", "The file must say `process: <key>` or `file: <name>.bpmn`.")
        self._answers(document, "The file")
        beside = document.get("beside") or []
        if not isinstance(beside, list) or not all(isinstance(each, str) for each in beside):
            self._refuse("scenario-beside", "`beside` is a list of folders, such as [../offer_approval].", document)
        expectations = sum(self._one(scenario) for scenario in scenarios)
        self._scenario = None
        if not expectations and not self._findings.refuses:
            sentence = "No scenario expects anything; add `expect` steps, or it proves nothing."
            self._refuse("scenario-expect", sentence)

    def _one(self, scenario: Any) -> int:
        steps = scenario.get("steps") if isinstance(scenario, dict) else None
        self._scenario = str(scenario.get("name")) if isinstance(scenario, dict) else None
        if not isinstance(steps, list):
            self._refuse("scenario-steps", "Each scenario needs a list of steps.", scenario)
            return 0
        self._known("scenario", scenario, _SCENARIO, "The scenario")
        self._answers(scenario, "The scenario")
        try:
            clock_of(scenario)
        except ValueError:
            self._refuse("scenario-at", f"`at` is {scenario['at']}; write a date and time of ISO 8601.", scenario)
        self._start(scenario)
        return sum(self._step(step) for step in steps)

    def _answers(self, holder: Mapping[str, Any], where: str) -> None:
        if self._is_mapping(holder, "handlers", where):
            for name in holder.get("handlers") or {}:
                self._is_mapping(holder["handlers"], name, f"{where}, `handlers`")

    def _start(self, scenario: dict[str, Any]) -> None:
        start = scenario.get("start")
        if start is None:
            return
        if not isinstance(start, dict):
            self._refuse("scenario-start", "`start` must hold variables, a message, a signal or a timer.", scenario)
            return
        self._known("start", start, _START, "`start`")
        ways = [way for way in ("message", "signal", "timer") if way in start]
        if len(ways) > 1:
            self._refuse("scenario-start", f"A case starts in one way: {' or '.join(ways)}.", start)
        if "keys" in start and ways != ["message"]:
            self._refuse("scenario-start", "Only a message has `keys`.", start)
        if "payload" in start and ways not in (["message"], ["signal"]):
            self._refuse("scenario-start", "Only a message or a signal has a `payload`.", start)
        for name in ("variables", "links", "keys", "payload"):
            self._is_mapping(start, name, "`start`")

    def _step(self, step: Any) -> bool:
        kinds = [kind for kind in STEPS if isinstance(step, dict) and kind in step]
        if len(kinds) != 1:
            self._refuse("scenario-step", f"A step must be one of: {', '.join(STEPS)}.", step)
            return False
        kind = kinds[0]
        self._known("step", step, STEPS[kind] | {kind}, f"The step `{kind}`")
        for name in ("data", "keys", "payload", "returns"):
            if step.get(name) is not None:
                self._is_mapping(step, name, f"The step `{kind}`")
        check: Callable[[Any, Any], None] | None = {
            "expect": self._expect,
            "complete": self._target,
            "refuse": self._target,
            "choose": self._target,
            "finish": self._target,
            "advance": self._advance,
            "set": self._set,
            "fail": self._fail,
            "job": self._job,
        }.get(kind, self._name)
        if check is not None:
            check(step[kind], step)
        return kind == "expect"

    def _name(self, value: Any, step: Any) -> None:
        if not isinstance(value, str) or not value.strip():
            self._refuse("scenario-step", "A message or signal is named by a text.", step)

    def _target(self, value: Any, step: Any) -> None:
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
            value = value[0]
        if not isinstance(value, str):
            self._refuse("scenario-step", "Name an element, or [element, number] of a multi-instance.", step)
            return
        self._exists([value], step)

    def _advance(self, value: Any, step: Any) -> None:
        if moment(value, NEW_YEAR) is None:
            self._refuse("scenario-step", f"advance is {value}; write an ISO 8601 duration, such as P3D.", step)
        elif str(value).strip().startswith("-"):
            self._refuse("scenario-step", f"advance is {value}; the clock only goes forward.", step)

    def _set(self, value: Any, step: Any) -> None:
        if not isinstance(value, dict):
            self._refuse("scenario-step", "`set` holds variables by name.", step)
            return
        self._formulas(value, step)

    def _job(self, value: Any, step: Any) -> None:
        if not isinstance(value, str) and not (isinstance(value, list) and len(value) == 2):
            self._refuse("scenario-step", "Name a job by its element, handler or topic.", step)

    def _fail(self, value: Any, step: Any) -> None:
        known = {"job", "error", "variables"}
        if not isinstance(value, dict) or "job" not in value or set(value) - known:
            self._refuse(
                "scenario-step", "Write fail: {job: name, error: CODE}; error and variables may be absent.", step
            )

    def _expect(self, wanted: Any, step: Any) -> None:
        if not isinstance(wanted, dict):
            self._refuse("scenario-expect", "`expect` holds what is expected by name.", step)
            return
        self._known("expect", wanted, EXPECTATIONS, "`expect`")
        if "state" in wanted and wanted["state"] not in STATES:
            self._refuse("scenario-expect", f"The state is {wanted['state']}; it is one of {', '.join(STATES)}.", step)
        for name in sorted(_LISTS & set(wanted)):
            if wanted[name] is not None and not isinstance(wanted[name], list):
                self._refuse("scenario-expect", f"`{name}` is a list, such as [{wanted[name]}].", step)
            elif name in _ELEMENTS:
                self._exists(wanted[name] or [], step)
        if self._is_mapping(wanted, "variables", "`expect`"):
            self._formulas(wanted.get("variables") or {}, step)

    def _exists(self, elements: Sequence[Any], step: Any) -> None:
        for element in elements if self._nodes is not None else ():
            if isinstance(element, bool):
                sentence = "An element is named true or false; YAML reads yes, no, on and off so: put it in quotes."
                self._refuse("scenario-element", sentence, step)
            if element in (self._nodes or {}) or not isinstance(element, str):
                continue
            nearest = difflib.get_close_matches(element, self._nodes or {}, n=1, cutoff=0.6)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            self._refuse("scenario-element", f"The process has no element {element}.{hint}", step)

    def _formulas(self, values: Mapping[str, Any], step: Any) -> None:
        for name, value in values.items():
            if isinstance(value, str) and value.startswith("="):
                try:
                    compile_expression(value[1:])
                except FeelSyntaxError as error:
                    self._refuse("scenario-feel", f"{name}: {error.sentence}", step)

    def _is_mapping(self, holder: Mapping[str, Any], name: str, where: str) -> bool:
        if holder.get(name) is None or isinstance(holder[name], dict):
            return True
        self._refuse("scenario-step", f"{where}: `{name}` holds values by name.", holder)
        return False

    def _known(self, what: str, holder: Mapping[str, Any], known: frozenset[str], where: str) -> None:
        for name in sorted(map(str, set(holder) - known)):
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f" Did you mean {nearest[0]}?" if nearest else f" Known are: {', '.join(sorted(known))}."
            self._refuse(f"scenario-{what}", f"{where} has {name}, which is not known.{hint}", holder)

    def _refuse(self, rule: str, sentence: str, at: Any = None) -> None:
        self._findings.error(rule, sentence, line=getattr(at, "line", None), element=self._scenario)
