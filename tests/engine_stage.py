"""A case in memory for engine tests: started from a diagram in a few lines, gone through a snapshot at every step."""

from datetime import UTC, datetime
from typing import Any

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import runtime
from engine.bpmn import Known, check_bpmn
from engine.rehearsal import Props, Rehearsal
from engine.runtime import Program, load
from engine.spiff import parts
from tests.engine_world import bpmn

runtime.ROUND_TRIPS = True  # every engine test goes through a stored snapshot after each element
parts.CHUNK[0], parts.LONG[0] = 2, 20  # and what is a little longer has parts of its own
ROOTS = (  # what events may refer to
    '<message id="m" name="paid"/><message id="m2" name="shipped"/><signal id="s" name="alarm"/>'
    '<error id="e" errorCode="E1"/><error id="e2" errorCode="E2"/><escalation id="x" escalationCode="X1"/>'
)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def begin(
    content: str | bytes,
    *,
    answers: dict[str, Any] | None = None,
    attributes: str = "",
    called: tuple[bytes, ...] = (),
    **variables: Any,
) -> Rehearsal:
    """A started case of a process with this content; `called` are the files of those that it may call."""
    source = content if isinstance(content, bytes) else bpmn(content, attributes=attributes, roots=ROOTS)
    main, *others = [program for file in (source, *called) for program in programs(file)]
    props = Props(answers=answers or {}, called={each.process.id: each for each in others}.get)
    stage = Rehearsal(main, FixedClock(NOON), props)
    stage.start(variables, SYSTEM)
    return stage


def programs(source: bytes) -> list[Program]:
    """What a file defines, ready to run."""
    checked = check_bpmn("test.bpmn", source, Known())
    assert not checked.findings.refuses, [str(finding) for finding in checked.findings]
    return [load(process) for process in checked.processes]


def callee(content: str, key: str = "called") -> bytes:
    """The file of a process that can be called."""
    return bpmn(content, key=key, roots=ROOTS)


def call(identifier: str = "call", key: str = "called", inner: str = "", attributes: str = "", loop: str = "") -> str:
    """A call activity; `inner` are its extension elements."""
    extensions = f"<extensionElements>{inner}</extensionElements>" if inner else ""
    return f'<callActivity id="{identifier}" calledElement="{key}" {attributes}>{extensions}{loop}</callActivity>'


def do(stage: Rehearsal, element: str, number: int | None = None, **data: Any) -> None:
    """Complete the task at an element."""
    stage.complete(stage.find(element, number, SYSTEM), data, SYSTEM)


def waiting(stage: Rehearsal) -> list[str]:
    return sorted(work.node.id for work in stage.work.values())


def message(stage: Rehearsal, name: str, key: str | None = None, **payload: Any) -> None:
    """Bring a message to the oldest subscription with this name and correlation."""
    found = [
        token
        for token, each in stage.subscriptions.items()
        if (each.kind, each.name, each.key) == ("message", name, key)
    ]
    stage.message(found[0], payload)


def event(tag: str, identifier: str, definition: str, attributes: str = "") -> str:
    """An event with one definition, such as `message m` or `error`."""
    return f'<{tag} id="{identifier}" {attributes}>{definitions(definition)}</{tag}>'


def definitions(text: str) -> str:
    """Event definitions from `message m, timer PT1H`: kind and what it refers to."""
    made = []
    for part in text.split(","):
        kind, _, rest = part.strip().partition(" ")
        match kind:
            case "timer":
                inner = (
                    f"<timeCycle>{rest}</timeCycle>" if rest.startswith("R") else f"<timeDuration>{rest}</timeDuration>"
                )
                made.append(f"<timerEventDefinition>{inner}</timerEventDefinition>")
            case "conditional":
                made.append(f"<conditionalEventDefinition><condition>{rest}</condition></conditionalEventDefinition>")
            case "compensate":
                made.append(
                    f'<compensateEventDefinition activityRef="{rest}"/>' if rest else "<compensateEventDefinition/>"
                )
            case "link":
                made.append(f'<linkEventDefinition name="{rest}"/>')
            case _:
                reference = f'{kind}Ref="{rest}"' if rest else ""
                made.append(f"<{kind}EventDefinition {reference}/>")
    return "".join(made)


def on(identifier: str, definition: str, content: str, *, interrupting: bool = True, attributes: str = "") -> str:
    """An event sub-process with the start `<identifier>_start` and this content."""
    start = event(
        "startEvent", f"{identifier}_start", definition, f'isInterrupting="{str(interrupting).lower()}" {attributes}'
    )
    return f'<subProcess id="{identifier}" triggeredByEvent="true">{start}{content}</subProcess>'


def boundary(identifier: str, host: str, definition: str, *, interrupting: bool = True, attributes: str = "") -> str:
    """A boundary event."""
    cancels = f'attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}" {attributes}'
    return event("boundaryEvent", identifier, definition, cancels)
