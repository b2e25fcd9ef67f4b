"""Reads how the work of a service task is done outside the transaction: by a job, or by a worker of a topic."""

import re
from collections.abc import Callable
from datetime import timedelta

from core.records import dataclass
from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, CAMUNDA, OBIEG, Xml, flag, local
from engine.feel import compile_expression
from engine.ready import OPERATIONS

MAXIMUM_TRIES = 50
LONGEST = 365 * 86_400.0  # seconds that a pause may last
USUAL = "R5/PT10S"
_CYCLE = re.compile(r"^R(?P<count>\d{1,2})/(?P<span>P[\dTHMSDW.]+)$")
_DURATION = compile_expression("duration(text)")
_NOT_TOGETHER = "A service task has either a handler or a topic: remove obieg:handler or camunda:topic."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`topic` is None where a job runs the handler; `pauses` are the seconds before each further try."""

    topic: str | None
    pauses: tuple[float, ...]
    priority: int = 50


def calls_handler(element: Xml) -> bool:
    """Whether a task calls a handler or asks workers: a service task does, a send task that says so too."""
    named = (f"{{{OBIEG}}}handler", f"{{{CAMUNDA}}}type", f"{{{CAMUNDA}}}topic")
    kind = local(element)
    return kind == "serviceTask" or (kind == "sendTask" and any(element.get(name) is not None for name in named))


def read_outside(element: Xml, findings: Findings) -> Outside | None:
    """How the work is done outside; None for what runs inside the transaction."""

    def refuse(rule: str, sentence: str) -> None:
        findings.error(rule, sentence, line=element.sourceline, element=element.get("id"))

    kind, topic = element.get(f"{{{CAMUNDA}}}type"), element.get(f"{{{CAMUNDA}}}topic")
    operation = OPERATIONS.find(element.get(f"{{{OBIEG}}}handler"))
    is_deferred = flag(element, f"{{{OBIEG}}}deferred", default=operation is not None and operation.place == "outside")
    is_external = kind is not None or topic is not None
    if is_external and (kind != "external" or not (topic or "").strip()):
        refuse(
            "external-topic", 'An external task needs camunda:type="external" and camunda:topic, its workers\' topic.'
        )
    if is_external and (is_deferred or element.get(f"{{{OBIEG}}}handler") is not None):
        refuse("external-handler", _NOT_TOGETHER)
    pauses = _read_pauses(element, refuse, allowed=is_deferred or is_external)
    if not (is_deferred or is_external):
        return None
    return Outside(topic=topic if is_external else None, pauses=pauses, priority=_priority(element, refuse))


def _read_pauses(element: Xml, refuse: Callable[[str, str], None], *, allowed: bool) -> tuple[float, ...]:
    found = element.find(f"{{{BPMN}}}extensionElements/{{{CAMUNDA}}}failedJobRetryTimeCycle")
    if found is not None and not allowed:
        refuse("retries", "Only a deferred or external service task is tried again; remove failedJobRetryTimeCycle.")
    text = "".join(found.itertext()).strip() if found is not None else USUAL
    pauses = read_pauses(text)
    if pauses is None:
        refuse(
            "retries",
            f"{text} does not say when to try again; write R3/PT10M, or PT1M, PT10M, PT1H; no pause above P365D.",
        )
    return pauses or ()


def _priority(element: Xml, refuse: Callable[[str, str], None]) -> int:
    text = (element.get(f"{{{CAMUNDA}}}taskPriority") or "50").strip()
    if not re.fullmatch(r"\d{1,4}", text):
        refuse("priority", f"camunda:taskPriority is {text}; it must be a number from 0 to 9999.")
        return 50
    return int(text)


def read_pauses(text: str) -> tuple[float, ...] | None:
    """Seconds before each further try: `R3/PT10S` tries three times with growing pauses, a list says each of them."""
    cycle = _CYCLE.match(text)
    if cycle is None:
        spans = [_seconds(part.strip()) for part in text.split(",")]
        return (
            None if None in spans or len(spans) >= MAXIMUM_TRIES else tuple(span for span in spans if span is not None)
        )
    tries, span = int(cycle["count"]), _seconds(cycle["span"])
    if span is None or not 1 <= tries <= MAXIMUM_TRIES:
        return None
    return tuple(min(span * 2**number, LONGEST) for number in range(tries - 1))


def _seconds(text: str) -> float | None:
    value = _DURATION.evaluate({"text": text}).value
    is_pause = isinstance(value, timedelta) and 0 < value.total_seconds() <= LONGEST
    return value.total_seconds() if is_pause else None
